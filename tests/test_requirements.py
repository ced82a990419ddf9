"""What is installed where TensorFlow is not."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from cnnspec.requirements import package, requirements

PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]


@pytest.mark.parametrize("extras", [(), ("jax",), ("torch",), ("torch", "test")], ids=" ".join)
def test_all_but_tensorflow(extras: tuple[str, ...]) -> None:
    asked = [*PROJECT["dependencies"], *(line for extra in extras for line in PROJECT["optional-dependencies"][extra])]
    told = [line.lower() for line in requirements(*extras)]
    assert len(told) == len(asked) - 1
    assert {line.lower() for line in asked} - {*told} == {"tensorflow>=2.18"}


def test_as_pip_reads_it() -> None:
    command = [sys.executable, "-S", "-c", "import sys; sys.path += sys.argv[1:2]; import cnnspec.requirements as r"]
    root = str(Path(__file__).parents[1])
    assert subprocess.run([*command, root], capture_output=True, text=True, cwd="/").stderr == ""
    told = subprocess.run([sys.executable, "-m", "cnnspec.requirements", "jax"], capture_output=True, text=True)
    assert told.stdout.splitlines() == requirements("jax")
    told = subprocess.run([sys.executable, "-m", "cnnspec.requirements", "jay"], capture_output=True, text=True)
    assert (told.returncode, told.stderr) == (
        1,
        f"there is no extra `jay`: {', '.join(sorted(PROJECT['optional-dependencies']))}\n",
    )


def test_modules_and_their_packages() -> None:
    assert [package(name) for name in ("PIL.Image", "yaml", "keras", "os", "cnnspec")] == [
        "pillow",
        "pyyaml",
        "keras",
        None,
        None,
    ]


def test_a_command_says_what_it_lacks() -> None:
    program = "import sys; sys.modules['lsprotocol'] = None; from cnnspec.cli.main import main; main()"
    told = subprocess.run([sys.executable, "-c", program, "lsp"], capture_output=True, text=True)
    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr == "Error: pygls is not installed, which this command needs\n  help: pip install pygls\n"
