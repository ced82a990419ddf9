"""How much memory training takes, before it does: pure arithmetic over a graph. No framework is imported."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import nlargest
from itertools import chain
from typing import Any, NamedTuple

from cnnspec.graph.graph import Graph
from cnnspec.layers.base import Shape
from cnnspec.training.liveness import Peaks, in_turn, peaks, with_sizes
from cnnspec.training.plan import Learner

_FLOAT = 4


class _Habits(NamedTuple):
    """How a framework holds memory: how often its activations take what the arithmetic says, and the bytes that it
    takes for itself (threads, compiled code) beyond what importing it took, in all and for each layer."""

    activations: float
    own: int
    a_layer: int


_HABITS = {
    "tensorflow": _Habits(1.0, 20 << 20, 2 << 20),
    "torch": _Habits(1.7, 50 << 20, 5 << 20),
    "jax": _Habits(1.4, 200 << 20, 0),
}
"""Measured on a CPU."""
_ON_GPU = _Habits(1.0, 300 << 20, 0)
"""Not measured."""
_LITTLE = 1 << 24
"""Numbers of activations that need no thought."""
_UPDATES = 2
"""Copies of a weight that are alive while the optimizer moves it. Measured with Adam on TensorFlow."""
_THREADS = 2
"""How many weights are moved at once."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """The memory that training takes at its peak, in bytes, by what takes it.

    `activations` are those of a batch at the fullest moment of a step (or of validation, where that is fuller), with
    their gradients; None where the network leaves a size open. `kept` of them wait for the backward pass all at once.
    `data` is what is held in memory beside the batches. The framework's own share beyond its import is `framework`.
    """

    batch_size: int
    weights: int
    gradients: int
    optimizer: int
    activations: int | None
    kept: int = 0
    data: int = 0
    framework: int = 0

    @property
    def total(self) -> int:
        """All of it."""
        return sum(size for _, size in self.rows())

    @property
    def sure(self) -> int:
        """What it takes for certain: weights, what the optimizer keeps, what waits for the backward pass; or three
        fifths of all but the framework: no estimate that was measured was more than half too large."""
        return max(self.weights + self.optimizer + self.kept, (self.total - self.framework) * 3 // 5)

    def rows(self) -> tuple[tuple[str, int], ...]:
        """What takes memory, and how much."""
        found = [("weights", self.weights), ("gradients", self.gradients), ("optimizer", self.optimizer)]
        if self.activations is not None:
            found.append((f"activations of {self.batch_size:,} image{'s' * (self.batch_size != 1)}", self.activations))
        found += [("data", self.data)] if self.data else []
        return (*found, ("framework", self.framework))

    def line(self) -> str:
        """`1.9 GB (activations of 32 images 1.6 GB, weights 94 MB, …)`, the largest first; crumbs are left out."""
        parts = [row for row in sorted(self.rows(), key=lambda row: -row[1]) if row[1] >= self.total / 100]
        return f"{spoken(self.total)} ({', '.join(f'{name} {spoken(size)}' for name, size in parts)})"

    def table(self) -> str:
        """A line for each share, and the sum."""
        rows = [*self.rows(), ("in all", self.total)]
        width = max(len(name) for name, _ in rows)
        return "\n".join(f"{name:<{width}}  {spoken(size):>8}" for name, size in rows)

    def to_json(self) -> dict[str, Any]:
        """The shares in bytes, by name."""
        names = ("weights", "gradients", "optimizer", "activations", "data", "framework", "total")
        return {name: getattr(self, name) for name in names}


def estimate(
    learners: Sequence[Learner], batch_size: int, precision: str = "float32", *,
    shapes: Mapping[str, Shape] | None = None, evaluated: int | None = None, data: int = 0, on: str = "tensorflow",
) -> Estimate:  # fmt: skip
    """What training networks in one step takes, each behind the one whose tensors enter it.

    `shapes` are those of the inputs, where a graph leaves sizes open; `evaluated` is the batch size of validation
    (that of training), `data` the bytes of images and labels that are held, `on` the backend, or `gpu`.

        weights      4 bytes each, and 2 more in mixed precision
        gradients    4 bytes for each that learns, and copies of the largest while the optimizer moves them
        optimizer    4 bytes for each that learns and each `Optimizer.slots`
        activations  see `liveness.peaks`; 4 bytes each, 2 in mixed precision
    """
    habits = _HABITS.get(on, _ON_GPU)
    size = _FLOAT if precision == "float32" else _FLOAT // 2
    parameters = sum(node.parameters for each in learners for node in each.graph.nodes)
    learning = [_learning(each.graph) for each in learners]
    found = in_turn([(peaks(with_sizes(each.graph, shapes or {})), each.times) for each in learners])
    return Estimate(
        batch_size,
        weights=_FLOAT * parameters + (size * parameters if size < _FLOAT else 0),
        gradients=_FLOAT * (sum(map(sum, learning)) + _UPDATES * sum(nlargest(_THREADS, chain(*learning)))),
        optimizer=_FLOAT * sum(each.optimizer.slots * sum(own) for each, own in zip(learners, learning, strict=True)),
        activations=None
        if found is None
        else round(habits.activations * size * _numbers(found, batch_size, evaluated or batch_size)),
        kept=0 if found is None else size * batch_size * found.saved,
        data=data,
        framework=habits.own + habits.a_layer * sum(each.times * len(each.graph.nodes) for each in learners),
    )


def _learning(graph: Graph) -> list[int]:
    """The sizes of the weights that learn."""
    return [weight.size for node in graph.nodes for weight in node.weights if weight.trainable]


def _numbers(found: Peaks, batch_size: int, evaluated: int) -> int:
    return max(batch_size * found.training, evaluated * found.evaluation)


def evaluation_batch(
    graph: Graph, batch_size: int, shapes: Mapping[str, Shape] | None = None, images: int = 256
) -> int:
    """The batch size to evaluate `images` with: 256 where that takes little, or no more than a training step does."""
    found = peaks(with_sizes(graph, shapes or {}))
    most = max(batch_size * found.training, _LITTLE) if found is not None else 0
    room = most // max(1, found.evaluation) if found is not None else 0
    return max(batch_size, min(256, images, room))


def state_bytes(learners: Iterable[Learner]) -> tuple[int, int]:
    """Bytes of the weights, and of what the optimizers keep beside them: what a checkpoint holds."""
    each = [
        (sum(node.parameters for node in graph.nodes), optimizer.slots * sum(node.trainable for node in graph.nodes))
        for graph, optimizer, _ in learners
    ]
    return _FLOAT * sum(weights for weights, _ in each), _FLOAT * sum(slots for _, slots in each)


def halves(batch_size: int) -> Iterable[int]:
    """The powers of two below a batch size, the largest first."""
    return (1 << power for power in range((batch_size - 1).bit_length() - 1, -1, -1))


def spoken(size: int) -> str:
    """A number of bytes in words: `340 MB`, `1.9 GB`."""
    for unit, name in ((10**12, "TB"), (10**9, "GB")):
        if size >= unit:
            return f"{size / unit:,.1f} {name}"
    return f"{size / 1e6:,.0f} MB" if size >= 10**7 else f"{size / 1e6:.1f} MB"
