"""What judging an output found, as plain data: metrics by name, and tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any, TypeAlias

from cnnspec.judging.heads import Class, Kind

Row: TypeAlias = Mapping[str, Any]
"""One line of a table: column by name."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What was found of one output.

    `per_class` has a row for each class, `confusion_matrix` a row for each true class with the counts of what was told
    of it (None for values, and where there are too many classes), `confusions` the most frequent mistakes,
    `calibration` the bins of confidence that hold items, `per_value` a row for each number of an output of numbers.
    """

    kind: Kind
    metrics: Mapping[str, float]
    classes: tuple[Class, ...] = ()
    confusion_matrix: Sequence[Sequence[int]] | None = None
    per_class: Sequence[Row] = ()
    confusions: Sequence[Row] = ()
    calibration: Sequence[Row] = ()
    per_value: Sequence[Row] = ()

    def to_json(self) -> dict[str, Any]:
        """The tables, as far as there are any."""
        tables: dict[str, Any] = {"kind": self.kind, "metrics": finite(self.metrics)}
        if self.classes:
            tables |= {"classes": list(self.classes), "confusion_matrix": self.confusion_matrix}
        for name in ("per_class", "confusions", "calibration", "per_value"):
            rows = getattr(self, name)
            if rows:
                tables[name] = [finite(row) for row in rows]
        return tables


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How a run does on a split.

    `metrics` are the loss and the metrics of the spec as Keras computes them, then what else is known; with several
    outputs each name bears that of its output before it. `outputs` has the tables of each, `note` what is to be known
    of the data.
    """

    run: Path
    split: str
    examples: int
    metrics: Mapping[str, float]
    outputs: Mapping[str, Judged]
    backend: str
    device: str
    note: str | None = field(default=None, compare=False)

    @property
    def only(self) -> Judged | None:
        """What was found of the only output; None where there are several."""
        return next(iter(self.outputs.values())) if len(self.outputs) == 1 else None

    @property
    def classes(self) -> tuple[Class, ...] | None:
        """The classes of the only output, if it tells any."""
        return (self.only.classes or None) if self.only else None

    @property
    def confusion_matrix(self) -> Sequence[Sequence[int]] | None:
        """That of the only output: a row for each true class, a column for each that was told."""
        return self.only.confusion_matrix if self.only else None

    def to_json(self) -> dict[str, Any]:
        """The form that `cnnspec evaluate --json` prints; a number that is none is null."""
        return {
            "run": str(self.run), "split": self.split, "examples": self.examples, "metrics": finite(self.metrics),
            "classes": list(self.classes) if self.classes else None, "confusion_matrix": self.confusion_matrix,
            "outputs": {name: judged.to_json() for name, judged in self.outputs.items()},
            "backend": self.backend, "device": self.device, "note": self.note,
        }  # fmt: skip


def finite(values: Mapping[str, Any]) -> dict[str, Any]:
    """JSON has no NaN and no infinity: they become null."""
    return {name: None if isinstance(value, float) and not isfinite(value) else value for name, value in values.items()}
