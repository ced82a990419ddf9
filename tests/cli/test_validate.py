"""`validate` on many files, its formats, and its fixes, as a user runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
import pytest
from click.testing import CliRunner

from cnnspec.cli.validate import command
from tests.cli.test_validate_and_summary import BAD, GOOD, ROOT, run
from tests.language.test_render import SCHEMA

TYPO = "input: [8, 8, 1]  # in\nlayers:\n  - flaten  # oh\n  - dens: 3\n"
MENDED = "input: [8, 8, 1]  # in\nlayers:\n  - flatten  # oh\n  - dense: 3\n"
BASE = "input: [8, 8, 1]\nlayers:\n  - flatten\n  - dense: {units: 3, activtion: relu}\n"
WARNS = "input: [8, 8, 1]\nlayers:\n  - conv2d: {filters: 2, kernel_size: 3, name: a}\n  - flatten: {inputs: input}\n  - dense: 3\n"


class Done(NamedTuple):
    code: int
    out: str
    err: str


def validate(*arguments: str, stdin: str | bytes = "") -> Done:
    """In this process."""
    done = CliRunner().invoke(command, arguments, input=stdin, standalone_mode=False)
    if done.exception is not None:
        raise done.exception
    return Done(done.return_value, done.stdout, done.stderr)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("GITHUB_WORKSPACE", "CNNSPEC_STRICT", "FORCE_COLOR", "CLICOLOR_FORCE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def files(folder: Path, **texts: str) -> list[str]:
    for name, text in texts.items():
        path = folder / f"{name.replace('__', '/')}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return [f"{name.replace('__', '/')}.yaml" for name in texts]


def test_the_last_line_sums_up(folder: Path) -> None:
    done = validate(*files(folder, a=TYPO, b=GOOD, c=WARNS))
    assert done.code == 1
    assert done.out.startswith("b.yaml: ok, 3 layers, 239 parameters, output (3)\nc.yaml: ok, ")
    last = done.out.splitlines()[-1]
    assert (
        last == "2 errors and 1 warning in 2 of 3 specs; `--fix` can mend 2; `cnnspec explain unknown-layer` says more"
    )


def test_a_file_named_twice_is_checked_once(folder: Path) -> None:
    files(folder, a=TYPO)
    (folder / "link.yaml").symlink_to("a.yaml")
    done = validate("a.yaml", "./a.yaml", str(folder / "a.yaml"), "link.yaml", "--format", "concise")
    assert done.out.count("flaten") == 1


def test_a_mistake_that_several_inherit_is_told_once(folder: Path) -> None:
    named = files(
        folder,
        one="extends: base.yaml\n",
        two="extends: base.yaml\nname: other\n",
        sub__three="extends: ../base.yaml\n",
    )
    files(folder, base=BASE)
    done = validate(*named, "--format", "json")
    assert [found["code"] for found in json.loads(done.out)["diagnostics"]] == ["unknown-argument"]
    text = validate(*named).out
    assert "1 error in 3 of 3 specs; 1 fix in base.yaml: name it, too, to have it mended" in text
    assert validate(*named, "base.yaml", "--format", "concise").out.count("activtion") == 1


def test_a_folder_stands_for_the_specs_below_it(folder: Path) -> None:
    files(
        folder, specs__a=TYPO, specs__deep__b=GOOD, specs__blocks__mine="blocks:\n  mine:\n    layers: [relu]\n", specs__child="extends: a.yaml\n",
        specs__compose="services:\n  web: {image: x}\n", specs__serverless="layers:\n  one: {path: x}\n", specs__lint="extends: airbnb\n",
        specs__broken="input: [8, 8, 1]\nlayers: [\n", specs__chart="{{ range }}\nblocks\n",
    )  # fmt: skip
    files(folder, **{"specs__.hidden__x": TYPO, "specs__node_modules__y": TYPO})
    (folder / "specs" / "old.yml").write_text(TYPO)
    (folder / "specs" / "notes.txt").write_text(TYPO)
    done = validate("specs", "--format", "concise")
    assert {line.split(":")[0] for line in done.out.splitlines()} == {
        "specs/a.yaml",
        "specs/broken.yaml",
        "specs/old.yml",
    }
    assert "\n5 errors in 4 of 6 specs; " in validate("specs").out


def test_a_folder_without_a_spec_is_told(folder: Path) -> None:
    files(folder, other__compose="services: {}\n")
    done = validate("other")
    assert (done.code, done.out) == (2, "")
    assert done.err == "error: no spec in other: a spec has `layers`, `blocks` or `cnnspec`\n"
    assert validate("other", "--only-specs") == (0, "", "")


def test_only_specs_passes_over_other_files(folder: Path) -> None:
    named = files(folder, compose="services:\n  a: {blocks: []}\n", a=TYPO, b="key: [\n", c="")
    done = validate(*named, "--only-specs", "--format", "concise")
    assert done.code == 1
    assert {line.split(":")[0] for line in done.out.splitlines()} == {"a.yaml"}
    assert validate("nowhere.yaml", "--only-specs").code == 2


def test_a_file_of_blocks_alone(folder: Path) -> None:
    named = files(
        folder, mine="parameters: {m: 0.9}\nblocks:\n  mine:\n    layers: [{batch_normalization: {momentum: $m}}]\n"
    )
    assert validate(*named) == (0, "mine.yaml: ok, a file of blocks\n", "")
    files(folder, mine="blocks:\n  mine:\n    layers: [rellu]\n")
    done = validate("mine.yaml", "--fix")
    assert (done.code, done.out) == (0, "mine.yaml: ok, a file of blocks\n1 fixed\n")
    assert "[relu]" in (folder / "mine.yaml").read_text()
    assert validate("-", stdin="blocks:\n  mine:\n    layers: [rellu]\n").out.count("did you mean `relu`?") == 1


@pytest.mark.parametrize("path", ["./mine.yaml", "sub/../mine.yaml", "sub//mine.yaml"])
@pytest.mark.parametrize(
    ("text", "mended"), [(TYPO, MENDED), ("blocks: {a: {layers: [rellu]}}\n", "blocks: {a: {layers: [relu]}}\n")]
)
def test_fix_mends_a_file_however_its_path_is_written(folder: Path, path: str, text: str, mended: str) -> None:
    (folder / "sub").mkdir()
    Path(path).write_text(text)
    assert validate(path, "--fix").code == 0
    assert Path(path).read_text() == mended


def test_stdin_filename_names_standard_input_and_its_folder(folder: Path) -> None:
    files(folder, sub__base=GOOD)
    done = validate("-", "--stdin-filename", "sub/new.yaml", stdin="extends: base.yaml\nlayrs: []\n")
    assert " --> sub/new.yaml:2:1\n" in done.out
    assert validate("-", "--stdin-filename", "sub/new.yaml", stdin="extends: base.yaml\n").code == 0
    assert validate("-", stdin="extends: base.yaml\n").code == 1


UNUSUAL = {
    "nothing.yaml": b"", "utf16.yaml": "input: [1]".encode("utf-16"), "bytes.yaml": b"a: \xff\n", "nul.yaml": b"\x00", "bracket.yaml": b"[",
    "good.yaml": GOOD.encode(), "bad.yaml": BAD.encode(), "warns.yaml": WARNS.encode(), "mark.yaml": b"\xef\xbb\xbf" + BAD.encode(),
    "old\nmac%.yaml": BAD.replace("\n", "\r").encode(), "größe, a:b.yaml": BAD.encode(),
}  # fmt: skip


@pytest.mark.parametrize("format_", ["json", "sarif", "github"])
def test_formats_for_machines_are_whole_whatever_is_wrong(folder: Path, format_: str) -> None:
    for name, data in UNUSUAL.items():
        (folder / name).write_bytes(data)
    (folder / "empty").mkdir()
    (folder / "gone.yaml").symlink_to("nowhere.yaml")
    every = [*UNUSUAL, "empty", "gone.yaml", "nowhere.yaml", "-"]
    for arguments, code in [
        (every, 2),
        *(([name], None) for name in every),
        (["good.yaml"], 0),
        (["bad.yaml", "good.yaml"], 1),
    ]:
        done = validate(*arguments, "--format", format_, stdin=BAD)
        assert done.code == code or code is None
        assert done.err == ""
        if format_ == "json":
            assert list(json.loads(done.out)) == ["diagnostics"]
            assert bool(json.loads(done.out)["diagnostics"]) == (arguments != ["good.yaml"])
        elif format_ == "sarif":
            document = json.loads(done.out)
            jsonschema.validators.validator_for(SCHEMA)(SCHEMA).validate(document)
            assert document["runs"][0]["invocations"][0]["exitCode"] == done.code
        else:
            assert all(line.startswith(("::error ", "::warning ")) for line in done.out.splitlines())
            assert bool(done.out) == (arguments != ["good.yaml"])


def test_paths_are_told_from_the_root_of_the_repository(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files(folder, repo__sub__a=TYPO, elsewhere=TYPO)
    (folder / "repo" / ".git").mkdir()
    monkeypatch.chdir(folder / "repo" / "sub")
    lines = validate("a.yaml", "../../elsewhere.yaml", "--format", "github").out.splitlines()
    assert lines[0].startswith(
        "::error file=sub/a.yaml,line=3,col=5,endLine=3,endColumn=11,title=cnnspec%3A unknown-layer::"
    )
    assert lines[-1].startswith(f"::error file={folder}/elsewhere.yaml,")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(folder))
    assert "file=repo/sub/a.yaml," in validate("a.yaml", "--format", "github").out
    (result, _) = json.loads(validate("a.yaml", "--format", "sarif").out)["runs"][0]["results"]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]
    assert uri == {"uri": "repo/sub/a.yaml", "uriBaseId": "%SRCROOT%"}
    monkeypatch.setenv("GITHUB_WORKSPACE", "/somewhere/else")
    assert "file=sub/a.yaml," in validate("a.yaml", "--format", "github").out


def test_strict_makes_errors_of_warnings(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (path,) = files(folder, a=WARNS)
    assert validate(path).code == 0
    done = validate(path, "--strict", "--format", "json")
    assert (done.code, json.loads(done.out)["diagnostics"][0]["severity"]) == (1, "error")
    monkeypatch.setenv("CNNSPEC_STRICT", "1")
    assert "::error " in validate(path, "--format", "github").out
    monkeypatch.setenv("CNNSPEC_STRICT", "")
    assert validate(path).code == 0


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [({}, False), ({"FORCE_COLOR": "1"}, True), ({"CLICOLOR_FORCE": "1"}, True), ({"FORCE_COLOR": "0"}, False),
     ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False)],
)  # fmt: skip
def test_colour_can_be_asked_for(
    folder: Path, environment: dict[str, str], coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_COLOR", *environment):
        monkeypatch.setenv(name, environment.get(name, ""))
    (path,) = files(folder, a=TYPO)
    for format_ in ("text", "concise"):
        assert ("\x1b[" in validate(path, "nowhere.yaml", "--format", format_).out) == coloured
    assert "\x1b" not in validate(path, "--format", "json").out


def test_fix_mends_in_place_and_says_what_is_left(folder: Path) -> None:
    named = files(folder, a=TYPO, b=GOOD, c=TYPO + "  - dense: {units: 0}\n")
    done = validate(*named, "--fix")
    assert done.code == 1
    assert (folder / "a.yaml").read_text() == MENDED
    assert (folder / "b.yaml").read_text() == GOOD
    assert (folder / "c.yaml").read_text() == MENDED + "  - dense: {units: 0}\n"
    assert done.out.splitlines()[-1] == "4 fixed, 1 error in 1 of 3 specs; `cnnspec explain out-of-range` says more"
    again = validate(*named, "--fix")
    assert (again.code, again.out.splitlines()[-1]) == (
        1,
        "1 error in 1 of 3 specs; `cnnspec explain out-of-range` says more",
    )


def test_a_fix_that_is_left_out_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cnnspec.fixing._better", lambda old, new, edits: False)
    (path,) = files(folder, a=TYPO)
    done = validate(path, "--fix")
    assert (done.code, (folder / path).read_text()) == (1, TYPO)
    assert done.out.splitlines()[-1].startswith("2 errors; 2 fixes left out, with which more would be wrong; ")


def test_fix_leaves_files_that_are_not_named(folder: Path) -> None:
    (path,) = files(folder, child="extends: base.yaml\ntraning: {epochs: 3}\n")
    files(folder, base=BASE)
    done = validate(path, "--fix")
    assert (folder / "base.yaml").read_text() == BASE
    assert "1 fix in base.yaml: name it, too, to have it mended" in done.out
    assert "\ntraining: {epochs: 3}" in (folder / path).read_text()
    assert validate(path, "base.yaml", "--fix").code == 0
    assert (folder / "base.yaml").read_text() == BASE.replace("activtion", "activation")


def test_fix_of_standard_input_goes_to_standard_output() -> None:
    data = b"\xef\xbb\xbf" + TYPO.replace("\n", "\r\n").encode()
    done = run("validate", "--fix", "-", stdin=data)
    assert done.returncode == 0
    assert done.stdout.encode() == b"\xef\xbb\xbf" + MENDED.replace("\n", "\r\n").encode()
    assert done.stderr == "-: ok, 2 layers, 195 parameters, output (3)\n2 fixed\n"


def test_fix_hands_on_what_it_cannot_mend() -> None:
    for text in ("", "- 3\n", BAD.replace("flaten", "xyzzyx")):
        done = validate("--fix", "-", stdin=text)
        assert (done.code, done.out) == (1, text)
        assert "error[" in done.err


def test_fix_of_a_file_that_cannot_be_written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (path,) = files(folder, a=TYPO)
    monkeypatch.setattr("os.access", lambda *arguments: False)
    done = validate(path, "--fix")
    assert done.code == 2
    assert done.err == "error: cannot write a.yaml: the file is read-only\n"
    assert "2 errors" in done.out
    assert (folder / "a.yaml").read_text() == TYPO


def test_diff_writes_nothing(folder: Path) -> None:
    named = files(folder, a=TYPO, b=GOOD)
    done = validate(*named, "--diff")
    assert done.code == 1
    assert done.out.splitlines()[:2] == ["--- a.yaml", "+++ a.yaml"]
    assert [line for line in done.out.splitlines() if line[0] in "+-"][2:] == [
        "-  - flaten  # oh",
        "-  - dens: 3",
        "+  - flatten  # oh",
        "+  - dense: 3",
    ]
    assert done.err.endswith("\n2 would be fixed\n")
    assert (folder / "a.yaml").read_text() == TYPO
    assert validate("b.yaml", "--diff")[:2] == (0, "")


def test_diff_sees_the_fixes_of_the_files_it_extends(folder: Path) -> None:
    named = files(folder, base=BASE, child="extends: base.yaml\n")
    done = validate(*named, "--diff", "--format", "json")
    assert json.loads(done.err) == {"diagnostics": []}
    assert "+  - dense: {units: 3, activation: relu}" in done.out


def test_an_internal_error_still_gives_a_document(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = files(folder, a=TYPO, b=GOOD)
    whole = "cnnspec.pipeline.check_bytes"
    from cnnspec import pipeline

    check = pipeline.check_bytes

    def broken(data: bytes, file: str, **options: Any) -> pipeline.Report:
        if file == "b.yaml":
            raise KeyError("x")
        return check(data, file, **options)

    monkeypatch.setattr(whole, broken)
    runner = CliRunner()
    for format_ in ("json", "sarif", "github"):
        done = runner.invoke(command, [*named, "--format", format_], standalone_mode=False)
        assert isinstance(done.exception, KeyError)
        assert "flaten" in done.stdout
        assert "this is a mistake in cnnspec, not in your spec (KeyError)" in done.stdout
        if format_ == "sarif":
            (invocation,) = json.loads(done.stdout)["runs"][0]["invocations"]
            assert (invocation["exitCode"], invocation["executionSuccessful"]) == (70, False)


@pytest.mark.parametrize("format_", ["text", "json"])
def test_a_closed_pipe_ends_quietly(format_: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    line = [
        sys.executable,
        "-m",
        "cnnspec",
        "validate",
        "tests/bad/layer_typo.yaml",
        "specs/digits.yaml",
        "--format",
        format_,
    ]
    done = subprocess.run(line, stdout=writer, stderr=subprocess.PIPE, text=True, cwd=ROOT, timeout=60, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "arguments", [("-", "--watch"), ("a.yaml", "--watch", "--fix"), ("a.yaml", "--watch", "--format", "json")]
)
def test_watch_takes_files_alone(arguments: tuple[str, ...]) -> None:
    done = CliRunner().invoke(command, arguments)
    assert done.exit_code == 2
    assert "--watch takes" in done.stderr
