"""False alarms: every good spec of the project is free of warnings, or says in a comment why it has one."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from textwrap import dedent

import pytest

from cnnspec.importing.keras_files import applications
from cnnspec.layers import LAYERS
from cnnspec.pipeline import check_file, check_text

ROOT = Path(__file__).parents[2]
FOLDERS = ("specs", "specs/zoo", "cnnspec/templates", "cnnspec/blocks")
SPECS = [path for folder in FOLDERS for path in sorted((ROOT / folder).glob("*.yaml"))]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_BLOCK = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
_IGNORE = re.compile(r"# cnnspec: ignore\[[\w-]+\] (.*)")
_MISSING = {"data-missing", "weights-missing"}
"""Files that only a person's own folder has."""


@pytest.mark.parametrize("path", SPECS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_specs(path: Path) -> None:
    report = check_file(path, strict=True)
    assert report.diagnostics == (), str(report)


def test_the_applications_are_among_them() -> None:
    names = {path.stem for path in SPECS if path.parent.name == "zoo"}
    assert len(SPECS) > 100
    assert len(applications()) == 40 <= len(names)


def test_whoever_ignores_a_warning_says_why() -> None:
    comments = [
        (path, line)
        for path in SPECS
        for line in path.read_text(encoding="utf-8").splitlines()
        if "cnnspec: ignore" in line
    ]
    assert {path.stem for path, _ in comments} == {"resnet50", "vae_decoder"}
    for _, line in comments:
        found = _IGNORE.search(line)
        assert found
        assert len(found[1].split()) >= 3


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_docs(page: Path) -> None:
    for match in _BLOCK.finditer(page.read_text(encoding="utf-8")):
        if re.search(r"^(layers|extends):", match[1], re.MULTILINE):
            report = check_text(match[1], directory=ROOT)
            told = [found for found in report.diagnostics if found.code not in _MISSING]
            if page.name == "language.md":
                told = [found for found in told if found.code != "parameter-hides"]
            assert told == [], str(report)


def test_the_manuals_of_the_layers() -> None:
    for entry, cls in LAYERS.items():
        _, _, spec = inspect.cleandoc(cls.__doc__ or "").partition("\nExample:\n")
        report = check_text(dedent(spec) + "\n")
        assert report.diagnostics == (), f"{entry}: {report}"
