"""`cnnspec schema` as a user runs it."""

from __future__ import annotations

import json
import subprocess
import sys

from cnnspec.reference.schema import as_text, schema
from tests.cli.test_validate_and_summary import run


def test_it_prints_the_schema() -> None:
    done = run("schema")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == as_text(schema())
    assert json.loads(done.stdout)["$schema"] == "http://json-schema.org/draft-07/schema#"


def test_no_framework_is_imported() -> None:
    code = """
import sys
from cnnspec.cli.main import cli
for arguments in (["schema"], ["layers"], ["layers", "conv2d"], ["new", "-"]):
    cli(arguments, standalone_mode=False)
print(*sorted({"keras", "tensorflow", "numpy", "sklearn"} & set(sys.modules)), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stderr.strip() == ""
