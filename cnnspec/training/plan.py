"""A plan: all that a run needs to know, before any framework is imported; and a run: what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple

from cnnspec.data.section import Data
from cnnspec.graph.graph import Graph
from cnnspec.layers.base import Shape
from cnnspec.training.freeze import frozen
from cnnspec.training.optimizers import Optimizer
from cnnspec.training.section import Training


class Learner(NamedTuple):
    """A network that learns, the optimizer that moves it, and how often a step runs it."""

    graph: Graph
    optimizer: Optimizer
    times: int = 1


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
    at_sizes: Callable[[Mapping[str, Shape]], str | None] = field(
        default=lambda shapes: None, kw_only=True, compare=False, repr=False
    )
    """What is wrong with the spec where images have these shapes at inputs that take any size."""

    @property
    def labelled(self) -> bool:
        """Whether the network learns from labels, or targets."""
        return True

    @property
    def multiply_adds(self) -> int:
        """Those of one image, forwards."""
        runs = self.learners(self.training)
        return sum(each.times * (node.multiply_adds or 0) for each in runs for node in each.graph.nodes)

    @property
    def pictures(self) -> int:
        """The bytes of the pictures that a run leaves behind, at most."""
        return 0

    def learners(self, training: Training) -> tuple[Learner, ...]:
        """The networks that learn in a phase, each behind the one whose tensors enter it."""
        return (Learner(frozen(self.graph, training.freeze), training.optimizer),)


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
