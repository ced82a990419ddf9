"""What checking costs at most: expressions draw on one budget, files and standard input have limits."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from cnnspec import check
from cnnspec.language.expressions import ExpressionError, compute

SPEC = "input: [8, 8, 1]\nlayers:\n"


def nothing(name: str) -> object:
    raise ExpressionError("unknown-parameter", name)


def doubled(times: int) -> str:
    """An expression, not closed yet, whose list holds 2 ** `times` values."""
    text = "[1]"
    for _ in range(times):
        text = f"[[n, n] for n in [{text}]]"
    return f"$({text}"


@pytest.mark.parametrize(
    "text",
    [
        "$(round(1, -10**9))",
        "$(round(1, -1000000000) * 2)",
        doubled(30) + " == 1)",
        doubled(30) + ")",
        "$(sum([[range(5000), range(5000)] for n in range(50)], []))",
    ],
)
def test_bombs_are_refused_at_once(text: str) -> None:
    start = time.process_time()
    with pytest.raises(ExpressionError):
        compute(text, nothing)
    assert time.process_time() - start < 0.5


def test_all_expressions_share_one_budget_and_tell_it_once() -> None:
    layers = "".join(f"  - dense: $(len([a for a in range(4000) if a >= 0]) + {number})\n" for number in range(3000))
    start = time.process_time()
    found = check(SPEC + "  - flatten\n" + layers).diagnostics
    assert time.process_time() - start < 3
    assert [each.code for each in found if "together" in each.message] == ["expression-limit"]


@pytest.mark.parametrize("name", ["x", "n", "word"])
def test_any_name_runs_in_a_comprehension(name: str) -> None:
    assert compute(f"$(sum([{name} for {name} in [3, 7]]))", nothing) == 10


def test_x_between_numbers_is_still_told() -> None:
    with pytest.raises(ExpressionError, match="it is `\\*`"):
        compute("$(3 x 4)", nothing)


def test_files_together_have_a_limit(tmp_path: Path) -> None:
    for number in range(6):
        (tmp_path / f"{number}.yaml").write_text("blocks:\n  a: [flatten]\n" + "# filler\n" * 110_000)
    text = "imports: [" + ", ".join(f"{number}.yaml" for number in range(6)) + "]\n" + SPEC + "  - flatten\n"
    (tmp_path / "spec.yaml").write_text(text)
    assert any("4 MiB" in each.message for each in check(tmp_path / "spec.yaml").diagnostics)


@pytest.mark.parametrize("word", ["extends: {}", "imports: [{}]"])
@pytest.mark.parametrize(
    "secret", ["root:x:0:0:root:/root:/bin/sh\n", "TOKEN=hunter2\n", "kind: Secret\ndata: {k: hunter2}\n"]
)
def test_what_is_no_spec_is_named_and_not_quoted(tmp_path: Path, word: str, secret: str) -> None:
    (tmp_path / "secret.yaml").write_text(secret)
    (tmp_path / "spec.yaml").write_text(word.format("secret.yaml") + "\n" + SPEC + "  - flatten\n")
    report = check(tmp_path / "spec.yaml")
    assert "is not a spec" in str(report)
    assert "hunter2" not in str(report)
    assert "/bin/sh" not in str(report)
