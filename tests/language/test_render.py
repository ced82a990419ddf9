"""The formats of diagnostics: widths, colours, escapes, and the forms that services ask for."""

from __future__ import annotations

import json
import re
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from cnnspec import pipeline
from cnnspec.language import render
from cnnspec.language.diagnostics import Diagnostic, Fix, Related
from cnnspec.language.render.common import cells, fold
from cnnspec.language.render.github import github
from cnnspec.language.render.sarif import Rule, sarif
from cnnspec.language.spans import Span
from tests.test_bad import FOLDER, SPECS

# The schema of OASIS, as the package `schemastore` (Apache-2.0) carries it.
SCHEMA = json.loads((Path(__file__).parent / "sarif-schema-2.1.0.json").read_text(encoding="utf-8"))
WIDE = (
    "a: 漢字かな交じり文, b: ünïcödé, c: [1, 2, 3], wrong: 4, d: e\u0301, e: the rest of a line that goes on for long"
)


@cache
def bad() -> tuple[pipeline.Report, ...]:
    return tuple(pipeline.check_bytes(path.read_bytes(), path.name, directory=FOLDER) for path in SPECS)


def at(line: str, word: str, **others: Any) -> Diagnostic:
    column = line.index(word) + 1
    fields = {"message": "a message", "label": "", **others}
    return Diagnostic("a-code", span=Span("a.yaml", 1, column, 1, column + len(word)), **fields)


def columns_under_carets(text: str) -> list[str]:
    """What stands above each run of carets, by the columns of a terminal."""
    found, lines = [], text.splitlines()
    for above, below in pairwise(lines):
        if (run := re.search(r"\^+", below)) and "|" in below:
            start = cells(below[: run.start()])
            taken = [
                character for at, character in enumerate(above) if start <= cells(above[:at]) < start + len(run[0])
            ]
            found.append("".join(character for character in taken if cells(character)))
    return found


@pytest.mark.parametrize("width", [None, 40, 53, 80, 200])
@pytest.mark.parametrize("word", ["漢字かな", "ünïcödé", "wrong", "long"])
def test_carets_stand_under_their_word(width: int | None, word: str) -> None:
    text = render.text([at(WIDE, word)], {"a.yaml": WIDE}, width=width)
    assert columns_under_carets(text) == [word]
    assert width is None or max(map(cells, text.splitlines())) <= width


@pytest.mark.parametrize("width", [61, 100])
def test_on_a_terminal_no_line_is_too_wide(width: int) -> None:
    for report in bad():
        text = render.text(report.diagnostics, report.sources, width=width)
        long = [line for line in text.splitlines() if cells(line) > width]
        assert not [line for line in long if not line.lstrip().startswith(("-->", ":::")) and "/" not in line], (
            report.file
        )


@pytest.mark.parametrize("column", [90, 400, 900])
def test_a_place_past_the_end_of_a_line_ends(column: int) -> None:
    found = Diagnostic("a-code", "a message", Span("a.yaml", 1, column, 1, column + 1))
    assert "^" in render.text([found], {"a.yaml": WIDE}, width=60)


def test_marks_far_apart_are_shown_each() -> None:
    line = f"first: 1, {'x' * 300}, second: 2"
    other = Related("of this one", Span("a.yaml", 1, line.index("second") + 1, 1, line.index("second") + 7))
    text = render.text([at(line, "first", related=(other,))], {"a.yaml": line}, width=80)
    assert columns_under_carets(text) == ["first"]
    shown = text.splitlines()
    assert shown[-2].endswith("second: 2")
    assert shown[-2].index("second") == shown[-1].index("------ of this one")


def test_a_long_label_goes_below_its_carets() -> None:
    label = "a label with so many words that they do not fit beside the carets of a line"
    text = render.text([at(WIDE, "wrong", label=label)], {"a.yaml": WIDE}, width=60)
    assert columns_under_carets(text) == ["wrong"]
    below = text[text.index("^^^^^") + 5 :]
    assert " ".join(below.replace("|", " ").split()) == label


def test_fold() -> None:
    assert fold("a bc def", None, 5) == ["a bc def"]
    assert fold("one two three", 9, first=3, rest=2) == ["one", "two", "three"]
    assert fold("incompressible", 5) == ["incompressible"]
    assert fold("", 5) == [""]


def test_nothing_moves_the_cursor() -> None:
    line = "a: \x1b[2J\u202e\x07 wrong"
    found = at(line, "wrong", message="bell \x07 \x9b1m", label="\x1b", help="\u2066")
    for text in (render.text([found], {"a.yaml": line}), render.concise([found], {})):
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    assert columns_under_carets(render.text([found], {"a.yaml": line})) == ["wrong"]


def test_colours_do_not_move_anything() -> None:
    report = bad()[0]
    painted = render.text(report.diagnostics, report.sources, lambda text, role: f"\x1b[1m{text}\x1b[0m", width=70)
    plain = render.text(report.diagnostics, report.sources, width=70)
    assert [line.rstrip() for line in re.sub("\x1b\\[[01]m", "", painted).splitlines()] == plain.splitlines()


def locate(file: str) -> str | None:
    return None if file.startswith("<") else f"some folder/{file}"


def test_github_commands() -> None:
    span = Span("a,b:c%.yaml", 3, 5, 3, 9)
    one = Diagnostic(
        "shape-window", "100 % of\nit: a, b", span, "why", (Related("here", Span("x.yaml", 1, 1, 1, 2)),), "write `b`"
    )
    several = Diagnostic("unused-output", "m", Span("a.yaml", 3, 5, 4, 2), severity="warning")
    stdin = Diagnostic("unused-output", "m", Span("<stdin>", 3, 5, 3, 6))
    assert github([one, several, stdin], locate).splitlines() == [
        "::error file=some folder/a%2Cb%3Ac%25.yaml,line=3,col=5,endLine=3,endColumn=9,title=cnnspec%3A shape-window::"
        "100 %25 of%0Ait: a, b%0Awhy%0Asome folder/x.yaml:1: here%0Ahelp: write `b`",
        "::warning file=some folder/a.yaml,line=3,endLine=4,title=cnnspec%3A unused-output::m",
        "::error title=cnnspec%3A unused-output::<stdin>: m",
    ]  # fmt: skip


def test_every_github_command_is_one_line() -> None:
    found = [each for report in bad() for each in report.diagnostics]
    lines = github(found, locate).split("\n")
    assert len(lines) == len(found)
    form = re.compile(r"::(error|warning) (\w+=[^,:\r\n]*)(,\w+=[^,:\r\n]*)*::[^\r\n]+")
    assert not [line for line in lines if not form.fullmatch(line)]


def document(found: list[Diagnostic], exit_code: int = 1, **options: Any) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(sarif(found, locate, version="1.2.3", exit_code=exit_code, **options))
    validator = jsonschema.validators.validator_for(SCHEMA)(SCHEMA)
    assert [error.message for error in validator.iter_errors(made)] == []
    return made


def test_sarif_of_every_bad_spec_fits_its_schema() -> None:
    from cnnspec.cli.output import _rule

    found = [each for report in bad() for each in report.diagnostics]
    (run,) = document(found, rule=_rule)["runs"]
    assert len(run["results"]) == len(found)
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(set(rules)) == len(rules)
    for each, result in zip(found, run["results"], strict=True):
        assert rules[result["ruleIndex"]] == result["ruleId"] == each.code
        assert result["message"]["text"].startswith(each.message)
        assert ("fixes" in result) == (each.fix is not None)
    assert any("fixes" in result for result in run["results"])
    assert any("help" in rule for rule in run["tool"]["driver"]["rules"])


def test_sarif_of_one_diagnostic() -> None:
    span = Span("größe.yaml", 3, 5, 3, 9)
    found = Diagnostic(
        "a-code", "m", span, related=(Related("r", Span("<stdin>", 1, 1, 1, 2)),), help="h", fix=Fix(span, "")
    )
    lost = Diagnostic("file-unreadable", "cannot read x", Span("x", 1, 1, 1, 1))
    (run,) = document([found, lost], 2, rule=lambda code: Rule("a title", "One `word`.\n\nTwo.", "warning"))["runs"]
    artifact = {"uri": "some%20folder/gr%C3%B6%C3%9Fe.yaml", "uriBaseId": "%SRCROOT%"}
    region = {"startLine": 3, "startColumn": 5, "endLine": 3, "endColumn": 9}
    (result,) = run["results"]
    assert result["locations"] == [{"physicalLocation": {"artifactLocation": artifact, "region": region}}]
    assert result["relatedLocations"] == [
        {"id": 1, "logicalLocations": [{"name": "<stdin>"}], "message": {"text": "r"}}
    ]
    assert result["fixes"] == [
        {
            "description": {"text": "h"},
            "artifactChanges": [{"artifactLocation": artifact, "replacements": [{"deletedRegion": region}]}],
        }
    ]
    assert run["tool"]["driver"]["rules"] == [
        {
            "id": "a-code",
            "shortDescription": {"text": "A title."},
            "fullDescription": {"text": "One word."},
            "help": {"text": "One word.\n\nTwo.", "markdown": "One `word`.\n\nTwo."},
            "defaultConfiguration": {"level": "warning"},
        }
    ]
    (invocation,) = run["invocations"]
    assert (invocation["exitCode"], invocation["executionSuccessful"]) == (2, False)
    assert [each["message"]["text"] for each in invocation["toolExecutionNotifications"]] == ["cannot read x"]


def test_sarif_of_nothing_is_valid() -> None:
    (run,) = document([], 0)["runs"]
    assert (run["results"], run["tool"]["driver"]["rules"]) == ([], [])
    assert run["invocations"] == [{"executionSuccessful": True, "exitCode": 0}]
