"""`validate` and `summary` as a user runs them: output, exit codes, JSON, and what is not imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
GOOD = "input: [8, 8, 1]\nlayers:\n  - conv2d: {filters: 2, kernel_size: 3, name: c}\n  - flatten\n  - dense: 3\n"
BAD = "input: [8, 8, 1]\nlayers:\n  - conv2d: {filters: 2, kernel_size: 9}\n  - flaten\n"


def run(*arguments: str, stdin: str | bytes = "", **environment: str) -> subprocess.CompletedProcess[str]:
    data = stdin.encode() if isinstance(stdin, str) else stdin
    done = subprocess.run(
        [sys.executable, "-m", "cnnspec", *arguments],
        input=data,
        capture_output=True,
        timeout=120,
        env={**os.environ, **environment},
        cwd=ROOT,
        check=False,
    )
    assert b"Traceback" not in done.stderr
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def test_a_good_spec() -> None:
    done = run("validate", "-", stdin=GOOD)
    assert (done.returncode, done.stdout, done.stderr) == (0, "-: ok, 3 layers, 239 parameters, output (3)\n", "")


def test_a_bad_spec_exits_1_and_says_all() -> None:
    done = run("validate", "-", stdin=BAD)
    assert done.returncode == 1
    assert done.stderr == ""
    assert "error[shape-window]: kernel 9×9 does not fit its 8×8 input" in done.stdout
    assert "did you mean `flatten`?" in done.stdout
    assert done.stdout.endswith("\n\n2 errors; `--fix` can mend 1; `cnnspec explain shape-window` says more\n")
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize(
    ("command", "path"), [("validate", "nowhere.yaml"), ("summary", "nowhere.yaml"), ("summary", "specs")]
)
def test_an_unreadable_file_exits_2(command: str, path: str) -> None:
    done = run(command, path)
    assert done.returncode == 2
    assert f"cannot read {path}" in done.stderr
    assert done.stdout == ""


def test_several_files_are_all_checked(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text(GOOD)
    bad.write_text(BAD)
    done = run("validate", str(bad), str(good), str(tmp_path / "none.yaml"), "--format", "concise")
    assert done.returncode == 2
    assert [line.split(": ")[1] for line in done.stdout.splitlines()] == ["error[shape-window]", "error[unknown-layer]"]


def test_json_has_the_documented_form() -> None:
    done = run("validate", "-", "--format", "json", stdin=BAD)
    assert done.returncode == 1
    window, layer = json.loads(done.stdout)["diagnostics"]
    assert set(window) == {
        "code",
        "severity",
        "message",
        "help",
        "file",
        "line",
        "column",
        "end_line",
        "end_column",
        "related",
        "fix",
    }
    assert (window["code"], window["severity"], window["file"]) == ("shape-window", "error", "<stdin>")
    assert [window[key] for key in ("line", "column", "end_line", "end_column")] == [3, 39, 3, 40]
    assert window["fix"] is None
    assert window["related"] == [{"message": "8×8×1 comes from here", "file": "<stdin>", "line": 1, "column": 8}]
    assert layer["fix"] == {"line": 4, "column": 5, "end_line": 4, "end_column": 11, "text": "flatten"}
    assert layer["help"] == "did you mean `flatten`?"


@pytest.mark.parametrize("stdin", [GOOD, BAD, "", "[", b"\xff\xfe"])
def test_json_is_always_one_document(stdin: str | bytes) -> None:
    found = json.loads(run("validate", "-", "--format", "json", stdin=stdin).stdout)["diagnostics"]
    assert bool(found) == (stdin != GOOD)


def test_json_of_an_unreadable_file() -> None:
    done = run("validate", "nowhere.yaml", "--format", "json")
    assert done.returncode == 2
    (found,) = json.loads(done.stdout)["diagnostics"]
    assert (found["code"], found["file"]) == ("file-unreadable", "nowhere.yaml")


def test_summary_shows_the_formula_with_its_numbers() -> None:
    done = run("summary", "specs/simple_cnn.yaml")
    assert done.returncode == 0
    assert "⌊(28 + 2·1 − 3)/1⌋ + 1 = 28" in done.stdout
    assert "421,642" in done.stdout
    assert max(map(len, done.stdout.splitlines())) > 80  # nothing is wrapped when piped


def test_summary_json_has_the_documented_form() -> None:
    done = run("summary", "-", "--json", stdin=GOOD)
    found: dict[str, Any] = json.loads(done.stdout)
    assert set(found) == {"name", "layers", "totals"}
    assert found["totals"] == {"parameters": 239, "trainable": 239, "multiply_adds": 864, "activations": 211}
    assert found["layers"][0] == {
        "name": "c", "layer": "conv2d", "inputs": ["input"], "output_shape": [6, 6, 2], "parameters": 20, "trainable": 20,
        "multiply_adds": 648, "receptive_field": [3, 3], "formula": "⌊(8 + 2·0 − 3)/1⌋ + 1 = 6", "line": 3,
    }  # fmt: skip


def test_summary_of_a_bad_spec_says_why_on_stderr() -> None:
    done = run("summary", "-", "--json", stdin=BAD)
    assert (done.returncode, done.stdout) == (1, "")
    assert "error[shape-window]" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "Usage"), (("validate",), "SPEC"), (("valdate", "x"), "did you mean `validate`?"), (("validate", "-", "--frmat", "json"), "--format"),
        (("summary", "-", "--set", "nothing"), "PATH=VALUE"), (("validate", "-", "--format", "xml"), "json"),
    ],
)  # fmt: skip
def test_usage_errors_exit_2(arguments: tuple[str, ...], words: str) -> None:
    done = run(*arguments)
    assert done.returncode in ((0, 2) if not arguments else (2,))
    assert words in done.stderr + done.stdout


def test_help_and_version() -> None:
    assert "validate" in run("--help").stdout
    assert run("--version").stdout.startswith("cnnspec, version ")


def test_set_overrides() -> None:
    done = run("summary", "-", "--json", "--set", "layers.2.dense=7", stdin=GOOD)
    assert json.loads(done.stdout)["layers"][-1]["output_shape"] == [7]


def test_a_closed_pipe_is_no_error() -> None:
    command = f"{sys.executable} -m cnnspec summary specs/unet.yaml | head -1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, cwd=ROOT, timeout=60, check=False)
    assert done.returncode == 0
    assert "rror" not in done.stderr


def test_no_color_and_a_terminal() -> None:
    import pty

    def on_a_terminal(**environment: str) -> bytes:
        master, slave = pty.openpty()
        process = subprocess.Popen(
            [sys.executable, "-m", "cnnspec", "validate", "-"],
            stdin=subprocess.PIPE,
            stdout=slave,
            stderr=slave,
            env={**os.environ, **environment},
            cwd=ROOT,
        )
        process.communicate(BAD.encode(), timeout=60)
        os.close(slave)
        text = os.read(master, 100_000)
        os.close(master)
        return text

    assert b"\x1b[31m" in on_a_terminal(NO_COLOR="")
    assert b"\x1b" not in on_a_terminal(NO_COLOR="1")


@pytest.mark.parametrize("command", ["validate", "summary"])
def test_no_framework_is_imported(command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "cnnspec", command, "specs/resnet_small.yaml"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
        check=True,
    )
    imported = {line.rpartition("|")[2].strip().split(".")[0] for line in done.stderr.splitlines() if "|" in line}
    assert "pydantic" in imported
    assert not imported & {"keras", "tensorflow", "numpy", "sklearn", "scipy", "jax", "torch", "rich"}


@pytest.mark.slow
def test_deep_compares_with_keras() -> None:
    done = run("validate", "--deep", "-", stdin=GOOD)
    assert (done.returncode, done.stdout) == (0, "-: ok, 3 layers, 239 parameters, output (3)\n")


def test_an_internal_error_says_so(tmp_path: Path) -> None:
    code = (
        "import sys, cnnspec.pipeline as p\ndef broken(*a, **k): raise KeyError('x')\np.check_bytes = broken\n"
        "sys.argv = ['cnnspec', 'validate', '-']\nfrom cnnspec.cli.main import main\nmain()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
        check=False,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert done.returncode == 70
    assert "internal error" in done.stderr
    assert "Traceback" not in done.stderr
    (report,) = tmp_path.glob("cnnspec-error-*.txt")
    assert "KeyError" in report.read_text()
    assert str(report) in done.stderr
