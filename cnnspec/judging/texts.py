"""What was judged, as tables for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cnnspec.judging.judged import Evaluation, Judged

_WIDEST = 20
"""More classes than these have their most frequent confusions shown, not the matrix."""

_WIDTH = 96
_NAME = 24
_ROWS = 40


def text(evaluation: Evaluation) -> str:
    """The whole report."""
    head = f"{evaluation.run}: {evaluation.examples:,} {evaluation.split} examples on {evaluation.device}"
    parts = [head, _metrics(evaluation.metrics)]
    for name, judged in evaluation.outputs.items():
        tables = list(_tables(judged))
        parts += [f"output {name}", *tables] if len(evaluation.outputs) > 1 and tables else tables
    return "\n\n".join(parts)


def _metrics(metrics: Mapping[str, float]) -> str:
    width = max(map(len, metrics))
    return "\n".join(f"{name:<{width}}  {_number(value)}" for name, value in metrics.items())


def _tables(judged: Judged) -> Iterable[str]:
    if judged.per_class:
        rows, more = _most(judged.per_class)
        yield _titled("classes", _table(rows), more)
    if judged.confusion_matrix is not None and 1 < len(judged.classes) <= _WIDEST:
        matrix = _matrix(judged)
        if matrix:
            yield matrix
    if judged.confusions and not (judged.confusion_matrix and len(judged.classes) <= _WIDEST and _matrix(judged)):
        yield _titled("most frequent confusions", _table(judged.confusions))
    if judged.calibration:
        rows = [
            {"confidence": f"{row['low']:.2f} to {row['high']:.2f}", "examples": row["count"],
             "mean": row["confidence"], "accuracy": row["accuracy"]}
            for row in judged.calibration
        ]  # fmt: skip
        yield _titled("calibration", _table(rows))
    if judged.per_value:
        rows, more = _most(judged.per_value)
        yield _titled("values", _table(rows), more)


def _most(rows: Sequence[Mapping[str, Any]]) -> tuple[Sequence[Mapping[str, Any]], str]:
    """The rows to show; of a great many those that went worst."""
    if len(rows) <= _ROWS:
        return rows, ""
    key = next(name for name in ("f1", "r2_score") if name in rows[0])
    shown = sorted(rows, key=lambda row: float(row[key]))[: _ROWS // 2]
    return shown, f"the {len(shown)} lowest by {key} of {len(rows):,}; --json has all"


def _titled(title: str, table: str, more: str = "") -> str:
    return f"{title} ({more})\n{table}" if more else f"{title}\n{table}"


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    columns = list(rows[0])
    cells = [columns, *([_cell(row[column]) for column in columns] for row in rows)]
    words = [any(isinstance(row[column], str) for row in rows) for column in columns]
    return "\n".join(_aligned(cells, words))


def _aligned(cells: Sequence[Sequence[str]], words: Sequence[bool]) -> Iterable[str]:
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for line in cells:
        shown = [
            cell.ljust(width) if left else cell.rjust(width)
            for cell, width, left in zip(line, widths, words, strict=True)
        ]
        yield ("  " + "  ".join(shown)).rstrip()


def _matrix(judged: Judged) -> str:
    """The confusion matrix, zeros as dots; nothing where it would be wider than a screen."""
    assert judged.confusion_matrix is not None
    names = [_short(str(name)) for name in judged.classes]
    counts = [[f"{count:,}" if count else "·" for count in row] for row in judged.confusion_matrix]
    wide = max(map(len, names)) > 5
    heads = [str(at) for at in range(len(names))] if wide else names
    labels = [f"{at} {name}" for at, name in zip(heads, names, strict=True)] if wide else names
    lines = list(_aligned([["", *heads], *([label, *row] for label, row in zip(labels, counts, strict=True))],
                          [True] + [False] * len(heads)))  # fmt: skip
    if max(map(len, lines)) > _WIDTH:
        return ""
    return "confusion matrix: a row for each true class, a column for each that was told\n" + "\n".join(lines)


def _short(name: str) -> str:
    return name if len(name) <= _NAME else name[: _NAME - 1] + "…"


def _cell(value: Any) -> str:
    return (
        _number(value) if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else _short(str(value))
    )


def _number(value: float) -> str:
    return f"{value:.4f}" if 1e-3 <= abs(value) < 1e4 or value == 0 else f"{value:.3e}"
