"""The hooks for pre-commit and the action for GitHub: what they install, and what they run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from packaging.requirements import Requirement

from cnnspec.cli.validate import command

ROOT = Path(__file__).parents[2]
HOOKS: list[dict[str, Any]] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
LIGHT = {"click", "pydantic", "pyyaml"}
"""What checking a spec needs of the dependencies."""

TYPO = "input: [8, 8, 1]\nlayers:\n  - flaten\n  - dense: 3\n"


def dependencies() -> dict[str, Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {each.name: each for each in map(Requirement, project["dependencies"])}


def closure(names: set[str]) -> set[str]:
    """What these packages need in turn, where it is installed here."""
    found: set[str] = set()
    while names:
        name = names.pop().lower().replace("_", "-")
        found.add(name)
        needed = map(Requirement, metadata.requires(name) or ())
        plain = {
            each.name.lower().replace("_", "-")
            for each in needed
            if each.marker is None or each.marker.evaluate({"extra": ""})
        }
        names |= plain - found
    return found


def test_nothing_else_is_imported_when_a_spec_is_checked() -> None:
    code = (
        "import sys; from cnnspec.cli.main import cli\n"
        "for format in ('text', 'json', 'github', 'sarif'):\n"
        "    cli(['validate', '--strict', '--diff', '--format', format, '-'], standalone_mode=False)\n"
        "print(*{name.split('.')[0] for name in sys.modules} - sys.stdlib_module_names, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], input=TYPO, capture_output=True, text=True, cwd=ROOT, timeout=60, check=True
    )
    ours = {"cnnspec", "__main__", "yaml", "cython_runtime"}
    allowed = {name.replace("-", "_") for name in closure(set(LIGHT))} | ours
    imported = {name for name in done.stderr.splitlines()[-1].split() if not name.startswith(("_", "__editable__"))}
    assert imported <= allowed


def test_hooks() -> None:
    assert [hook["id"] for hook in HOOKS] == ["cnnspec-validate", "cnnspec-fix"]
    for hook in HOOKS:
        assert (hook["language"], hook["types"], hook["require_serial"]) == ("python", ["yaml"], True)
        assert {name for name in ("a.yaml", "b/c.yml", "c.yaml.txt", "yaml") if re.search(hook["files"], name)} == {
            "a.yaml",
            "b/c.yml",
        }
        first, *others = hook["additional_dependencies"]
        assert first == "--no-deps"
        listed = {each.name: each for each in map(Requirement, others)}
        assert set(listed) == closure(set(LIGHT))
        for name, wanted in dependencies().items():
            assert name not in listed or name == "pydantic" or listed[name].specifier == wanted.specifier


def test_hooks_pin_what_fits_together() -> None:
    listed = {each.name: each for each in map(Requirement, HOOKS[0]["additional_dependencies"][1:])}
    (version,) = (each.version for each in listed["pydantic"].specifier)
    (core,) = (each.version for each in listed["pydantic-core"].specifier)
    assert version in dependencies()["pydantic"].specifier
    if metadata.version("pydantic") != version:
        pytest.skip(f"pydantic {version} is not installed here")
    needed = {each.name.replace("_", "-"): each for each in map(Requirement, metadata.requires("pydantic") or ())}
    assert str(needed["pydantic-core"].specifier) == f"=={core}"


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_a_hook_does_its_work(hook: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.yaml").write_text(TYPO)
    Path("compose.yaml").write_text("services:\n  web: {}\n")
    _, name, *arguments = hook["entry"].split()
    assert name == command.name
    done = CliRunner().invoke(command, [*arguments, "a.yaml", "compose.yaml"], standalone_mode=False)
    assert done.return_value == (0 if hook["id"] == "cnnspec-fix" else 1)
    assert ("flatten" in Path("a.yaml").read_text()) == (hook["id"] == "cnnspec-fix")


def step(name: str) -> dict[str, Any]:
    (found,) = (each for each in ACTION["runs"]["steps"] if name in each.get("name", ""))
    return found


def test_the_action_is_well_formed() -> None:
    assert ACTION["runs"]["using"] == "composite"
    assert all("shell" in each for each in ACTION["runs"]["steps"] if "run" in each)
    text = (ROOT / "action.yml").read_text(encoding="utf-8")
    assert set(re.findall(r"inputs\.([\w-]+)", text)) == set(ACTION["inputs"])
    assert not [
        each for each in ACTION["runs"]["steps"] if "${{" in each.get("run", "")
    ]  # nothing is put into a script


def test_the_action_installs_what_checking_needs() -> None:
    line = next(line for line in step("Install")["run"].splitlines() if "click" in line)
    assert {each.name: each.specifier for each in map(Requirement, re.findall('"([^"]+)"', line))} == {
        name: wanted.specifier for name, wanted in dependencies().items() if name in LIGHT
    }


@pytest.mark.parametrize(("version", "installed"), [("", "/the/action"), ("1.2.3", "cnnspec==1.2.3")])
def test_the_action_installs_itself_or_a_release(version: str, installed: str, tmp_path: Path) -> None:
    pip = tmp_path / "cnnspec" / "bin" / "python"
    pip.parent.mkdir(parents=True)
    pip.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/log\n')
    pip.chmod(0o755)
    environment = {
        **os.environ,
        "PYTHON": "true",
        "RUNNER_TEMP": str(tmp_path),
        "VERSION": version,
        "ACTION": "/the/action",
    }
    subprocess.run(["bash", "-e", "-c", step("Install")["run"]], env=environment, check=True, timeout=60)
    assert (tmp_path / "log").read_text().splitlines()[-1].endswith(f"install --no-deps {installed}")


@pytest.mark.parametrize("output", ["", "found.sarif"])
def test_the_action_runs_validate(output: str, tmp_path: Path) -> None:
    script = tmp_path / "cnnspec" / "bin" / "cnnspec"
    script.parent.mkdir(parents=True)
    script.write_text(f'#!/bin/sh\necho "$CNNSPEC_STRICT" "$@"\n{sys.executable} -m cnnspec "$@"\n')
    script.chmod(0o755)
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "a.yaml").write_text(TYPO)
    environment = {
        **os.environ, "RUNNER_TEMP": str(tmp_path), "FILES": "specs", "ARGUMENTS": "--set name=x --allow-large", "FORMAT": "github",
        "OUTPUT": output, "CNNSPEC_STRICT": "false", "PYTHONPATH": str(ROOT), "GITHUB_WORKSPACE": str(tmp_path),
    }  # fmt: skip
    done = subprocess.run(
        ["bash", "-e", "-c", step("cnnspec validate")["run"]], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (1, "")
    text = (tmp_path / output).read_text() if output else done.stdout
    first, second = text.splitlines()
    assert first == "false validate --format github --set name=x --allow-large specs"
    assert second.startswith("::error file=specs/a.yaml,line=3,")
