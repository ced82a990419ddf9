"""A plan: all that a run needs to know, before any framework is imported; and a run: what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from cnnspec.data.section import Data
from cnnspec.graph.graph import Graph
from cnnspec.training.section import Training


@dataclass(frozen=True)
class Plan:
    """A network, its data and its training. `directory` is the spec's folder, which its paths are relative to;
    `spec_text` is the spec with everything resolved, as the run folder keeps it."""

    name: str
    graph: Graph
    data: Data
    training: Training
    directory: Path
    spec_text: str
    run_root: Path

    @property
    def labelled(self) -> bool:
        """Whether the network learns from labels, or targets."""
        return True

    @property
    def multiply_adds(self) -> int:
        """Those of one image, forwards."""
        return sum(node.multiply_adds or 0 for node in self.graph.nodes)


@dataclass(frozen=True, slots=True)
class Run:
    """What came of a plan.

    `metrics` maps `train`, `validation` and `test` to names and values: those of the best epoch, and of its weights on
    the test split; a split that does not exist is empty. `seconds` is the whole run, `images_per_second` counts the
    training steps of a middling epoch alone.
    """

    folder: Path
    epochs: int
    best_epoch: int
    metrics: Mapping[str, Mapping[str, float]]
    seconds: float
    images_per_second: float
    backend: str
    device: str

    def to_json(self) -> dict[str, Any]:
        """The form that `cnnspec train --json` prints; a number that is none is null."""
        return {
            "run": str(self.folder), "epochs": self.epochs, "best_epoch": self.best_epoch,
            "metrics": {split: _finite(values) for split, values in self.metrics.items()},
            "seconds": round(self.seconds, 3), "images_per_second": round(self.images_per_second, 1),
            "backend": self.backend, "device": self.device,
        }  # fmt: skip


def _finite(values: Mapping[str, float]) -> dict[str, float | None]:
    """JSON has no NaN and no infinity: they become null."""
    return {name: value if isfinite(value) else None for name, value in values.items()}
