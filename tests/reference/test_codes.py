"""The pages of the codes: there is one for every code, and its examples show what it says."""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner, Result

import cnnspec
from cnnspec import pipeline
from cnnspec.cli.main import cli
from cnnspec.lints import LINTS, code_of
from cnnspec.reference import codes
from cnnspec.reference.codes import Code
from cnnspec.reference.kinds import vocabularies

PAGES = codes.codes()
WITHOUT_EXAMPLE = {
    "deep-difference": "only a mistake in cnnspec brings it about",
    "file-unreadable": "it is about a file that is no spec",
    "internal-error": "only a mistake in cnnspec brings it about",
    "limit-diagnostics": "it takes more than a thousand mistakes",
    "limit-files": "it takes more than a hundred files",
}
SHOWN = [name for name in PAGES if name not in WITHOUT_EXAMPLE]

# Codes in the source: constants and f-strings where a diagnostic, or what becomes one, is made.
_CODE = re.compile(r"[a-z]+(?:-[a-z]+)+|version")
_PLACES = re.compile(
    r"contradiction|diagnostic|problem|error|refuse|unknown|stop|warn|lint|doubt|finding", re.IGNORECASE
)


def _texts(node: ast.expr) -> Iterator[str]:
    """The texts that an expression may be, as patterns: `"a" if x else "b"`, `f"unknown-{what}"`."""
    match node:
        case ast.Constant(value=str() as text) if _CODE.fullmatch(text):
            yield text
        case ast.JoinedStr(values=parts):
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "[a-z-]+" for part in parts)
            if re.fullmatch(r"(?:[a-z]+-)+\[a-z-\]\+|\[a-z-\]\+(?:-[a-z]+)+", text):
                yield text
        case ast.IfExp(body=body, orelse=orelse):
            yield from _texts(body)
            yield from _texts(orelse)


def _codes_in(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if _PLACES.search(name):
                for argument in (*node.args, *(word.value for word in node.keywords if word.arg == "code")):
                    yield from _texts(argument)
            case ast.Return(value=ast.Tuple(elts=[first, *_])):
                yield from _texts(first)
            case (
                ast.Assign(targets=[ast.Name(id="code")], value=value)
                | ast.AnnAssign(target=ast.Name(id="code"), value=ast.expr() as value)
            ):
                yield from _texts(value)


@pytest.fixture(scope="module")
def in_source() -> set[str]:
    files = Path(cnnspec.__file__).parent.rglob("*.py")
    made = {code for path in files for code in _codes_in(ast.parse(path.read_text(encoding="utf-8")))}
    return made | set(map(code_of, LINTS))


def test_every_code_of_the_source_has_a_page(in_source: set[str]) -> None:
    assert len(in_source) > 90
    assert [code for code in sorted(in_source) if not any(re.fullmatch(code, page) for page in PAGES)] == []


def test_every_page_is_of_a_code_in_the_source(in_source: set[str]) -> None:
    assert [page for page in PAGES if not any(re.fullmatch(code, page) for code in in_source)] == []


def test_every_kind_of_entry_has_a_page_for_unknown_names() -> None:
    kinds = {kind.replace(" ", "-") for kind in vocabularies()}
    assert {f"unknown-{kind}" for kind in kinds} <= PAGES.keys()


def test_codes_computed_from_other_words() -> None:
    """Of the f-strings in the source, what they can be."""
    words = {"extends-cycle", "imports-cycle", "missing-input", "missing-output", "unknown-input", "unknown-output"}
    assert words | {"unknown-argument", "unknown-key"} <= PAGES.keys()


@pytest.mark.parametrize("code", PAGES.values(), ids=PAGES)
def test_form(code: Code) -> None:
    assert code.family in codes.FAMILIES
    assert code.severity in ("error", "warning", "error or warning")
    assert 10 <= len(code.title) <= 80
    assert not code.title.endswith(".")
    assert code.title[0].islower() or code.title.split()[0] in ("YAML", "UTF-8", "Keras")
    assert 45 <= len(code.text.split()) <= 210
    assert "```" not in code.text
    assert bool(code.bad) == bool(code.good) == (code.code not in WITHOUT_EXAMPLE)


@pytest.mark.parametrize("name", SHOWN)
def test_examples(name: str, tmp_path: Path) -> None:
    code = PAGES[name]
    found = code.check(code.bad, tmp_path).diagnostics
    assert {each.code for each in found} == {name}
    assert len(found) <= 2
    assert {each.severity for each in found} <= set(code.severity.split(" or "))
    mended = code.check(code.good, tmp_path)
    assert mended.ok, str(mended)
    assert mended.diagnostics == (), str(mended)


def explain(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["explain", *arguments], standalone_mode=False)


@pytest.mark.parametrize("code", PAGES.values(), ids=PAGES)
def test_explain_prints_the_page(code: Code) -> None:
    printed = explain(code.code).stdout
    assert code.title in printed.splitlines()[0]
    assert f"[{code.code}]" in printed.splitlines()[0]
    assert " ".join(code.text.split()) in " ".join(printed.split())
    assert "\x1b" not in printed
    assert "/tmp" not in printed
    for line in (code.bad + code.good).splitlines():
        assert line in printed
    if code.bad:
        says = printed.split("` says\n", 1)[1].split("\nRight\n", 1)[0]
        assert re.search(rf"^    (?:error|warn)\[{code.code}\]: .+\n *--> ", says, re.MULTILINE), says


def test_the_output_is_that_of_validate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code = PAGES["shape-window"]
    Path("spec.yaml").write_text(code.bad, encoding="utf-8")
    told = CliRunner().invoke(cli, ["validate", "spec.yaml"], standalone_mode=False).stdout
    assert code.output(code.bad) in told


def test_all_codes_are_listed_by_family() -> None:
    printed = explain().stdout
    listed = re.findall(r"^  ([\w-]+)  +(.*)$", printed, re.MULTILINE)
    assert listed == [(code.code, code.title) for code in PAGES.values()]
    families = [line for line in printed.splitlines() if line and not line.startswith((" ", "`"))]
    assert families == list(dict.fromkeys(code.family for code in PAGES.values()))


@pytest.mark.parametrize(
    "written",
    [
        "error[shape-window]", "error[shape-window]:", "warn[shape-window]", "warning[shape-window]", "[shape-window]",
        "SHAPE-WINDOW", "Error[Shape-Window]", "shape_window", "`shape-window`", "shape-window:",
        "error[shape-window]: kernel 7×7 does not fit its 5×5 input",
    ],
)  # fmt: skip
def test_a_code_is_known_as_it_is_pasted(written: str) -> None:
    assert explain(written).stdout == explain("shape-window").stdout


def test_several_codes_are_printed_once_each_in_order() -> None:
    printed = explain("shape-rank", "yaml-tag", "SHAPE-RANK").stdout
    assert re.findall(r"^error\[([\w-]+)\]", printed, re.MULTILINE) == ["shape-rank", "yaml-tag"]


@pytest.mark.parametrize(
    ("written", "help"),
    [
        ("shape-windw", "did you mean `shape-window`?"),
        ("wat", "`cnnspec explain` lists all"),
        ("../codes", "lists all"),
    ],
)
def test_a_code_that_there_is_not(written: str, help: str) -> None:
    error = explain("yaml-tag", written).exception
    assert error is not None
    assert help in str(error.format_message())  # type: ignore[attr-defined]
    result = CliRunner().invoke(cli, ["explain", written])
    assert help in result.stderr
    assert result.stdout == ""


def test_text_keeps_to_the_width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    lines = explain("loss-activation").stdout.split("\nWrong\n")[0].splitlines()[1:]
    assert 50 < max(map(len, lines)) <= 60
    assert any(line.startswith("- a softmax") for line in lines)
    assert any(line.startswith("  ") for line in lines)


def test_colour_changes_no_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = explain("import-empty", "yaml-encoding", "parameter-hides").stdout
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    painted = explain("import-empty", "yaml-encoding", "parameter-hides").stdout
    assert "\x1b[" in painted
    assert re.sub(r"\x1b\[[\d;]*m", "", painted) == plain


def test_json() -> None:
    (record,) = json.loads(explain("--json", "import-empty").stdout)["codes"]
    assert record["code"] == "import-empty"
    assert record["files"].keys() == {"base.yaml"}
    assert record["output"] == PAGES["import-empty"].output(record["bad"])
    listed = json.loads(explain("--json").stdout)["codes"]
    assert [set(each) for each in listed] == [{"code", "family", "severity", "title"}] * len(PAGES)
    assert json.loads(explain("--json", "deep-difference").stdout)["codes"][0]["output"] is None


def test_completion() -> None:
    command = cli.get_command(None, "explain")  # type: ignore[arg-type]
    assert command is not None
    with command.make_context("explain", []) as context:
        found = command.params[0].shell_complete(context, "shape-w")
    assert [item.value for item in found] == ["shape-window"]


# The codes without an example are there nevertheless.


def test_too_many_files(tmp_path: Path) -> None:
    for number in range(101):
        (tmp_path / f"{number}.yaml").write_text(f"blocks: {{b{number}: {{layers: [relu]}}}}\n", encoding="utf-8")
    imports = ", ".join(f"{number}.yaml" for number in range(101))
    text = f"imports: [{imports}]\ninput: [8, 8, 1]\nlayers: [b0, flatten]\n"
    assert "limit-files" in {found.code for found in pipeline.check_text(text, directory=tmp_path).diagnostics}


def test_too_many_mistakes() -> None:
    text = "input: [8]\nlayers:\n" + "".join(f"  - dense: {{units: 1, wrong{number}: 1}}\n" for number in range(1100))
    assert "limit-diagnostics" in {found.code for found in pipeline.check_text(text).diagnostics}


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    arguments = ["validate", "--format", "json", str(tmp_path / "nothing.yaml")]
    printed = CliRunner().invoke(cli, arguments, standalone_mode=False).stdout
    assert [found["code"] for found in json.loads(printed)["diagnostics"]] == ["file-unreadable"]


def test_a_rule_that_keras_does_not_follow(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    deep = SimpleNamespace(differences=lambda graph: [(graph.nodes[0], "another shape")])
    monkeypatch.setitem(sys.modules, "cnnspec.emit.deep", deep)
    monkeypatch.setitem(sys.modules, "cnnspec.training.device", SimpleNamespace(start=lambda **options: None))
    (tmp_path / "spec.yaml").write_text("input: [8]\nlayers: [{dense: 2}]\n", encoding="utf-8")
    arguments = ["validate", "--deep", "--format", "json", str(tmp_path / "spec.yaml")]
    printed = CliRunner().invoke(cli, arguments, standalone_mode=False).stdout
    assert [found["code"] for found in json.loads(printed)["diagnostics"]] == ["deep-difference"]


def test_a_mistake_in_cnnspec(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(pipeline, "check_bytes", lambda *arguments, **options: 1 / 0)
    (tmp_path / "spec.yaml").write_text("input: [8]\nlayers: [{dense: 2}]\n", encoding="utf-8")
    result = CliRunner().invoke(cli, ["validate", "--format", "json", str(tmp_path / "spec.yaml")])
    assert isinstance(result.exception, ZeroDivisionError)
    assert [found["code"] for found in json.loads(result.stdout)["diagnostics"]] == ["internal-error"]
