"""What each output of a network tells, and how its numbers are read. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from cnnspec.graph.graph import Graph
from cnnspec.layers.base import Shape, known
from cnnspec.training.losses import Loss
from cnnspec.training.objective import Objective, Truth, final_activation, tells_classes
from cnnspec.training.plan import Plan

Kind: TypeAlias = Literal["classes", "tags", "masks", "values", "boxes", "images"]
"""One class an item; any number of classes; a class for each pixel; numbers; four of them that are a box; a picture."""

Scores: TypeAlias = Literal["probabilities", "softmax", "sigmoid", "margins"]
"""What the numbers are: probabilities, what softmax or sigmoid makes probabilities of, or margins, which have none."""

Class: TypeAlias = str | int
"""A class: its name, or its number."""


@dataclass(frozen=True, slots=True)
class Head:
    """An output: its kind, its shape without the batch, how its numbers are read, and its classes.

    `binary` is one unit that tells two classes apart; `ignored` is a class that does not count; `activation` is what
    the numbers come from; `box` is how a box is written (`xyxy`, …).
    """

    output: str
    kind: Kind
    shape: Shape
    scores: Scores = "probabilities"
    classes: tuple[Class, ...] = ()
    binary: bool = False
    ignored: int | None = None
    activation: str = ""
    box: str | None = None

    @property
    def drawn(self) -> bool:
        """Whether it is a picture rather than numbers to print."""
        return self.kind in ("masks", "images") or (self.kind == "values" and len(self.shape) > 1)


def head(aim: Objective, given: Truth, plan: Plan, names: Sequence[str] | None) -> Head:
    """The head of one output with its objective; `names` are those of the classes."""
    units = aim.shape[-1] if aim.shape else None
    binary = units == 1 and given == "numbers"
    box = _box(aim, plan) if given == "values" and aim.shape == (4,) else None
    kind = "boxes" if box else _kind(aim, given)
    count = (2 if binary else units or 0) if kind in ("classes", "tags", "masks") else 0
    if names is not None and len(plan.graph.outputs) > 1 and len(names) != count:
        names = None  # they are those of another output
    return Head(
        aim.output, kind, aim.shape, _scores(aim.loss, binary or kind == "tags"), classes_named(count, names), binary,
        aim.ignored, final_activation(plan.graph, aim.output), box,
    )  # fmt: skip


def _box(aim: Objective, plan: Plan) -> str | None:
    """How the four values of an output are a box, if they are one."""
    form = next((metric.bounding_box_format for metric in aim.metrics if metric.entry == "box_iou"), None)  # type: ignore[attr-defined]
    return form or ("xyxy" if plan.data.source.entry == "shapes" else None)


def classes_named(count: int, names: Sequence[str] | None) -> tuple[Class, ...]:
    """The classes by their names; those that have none by their numbers."""
    known_ones = tuple(names or ())[:count]
    return (*known_ones, *range(len(known_ones), count))


def _kind(aim: Objective, given: Truth) -> Kind:
    if given == "numbers":
        return "classes" if tells_classes(aim.shape) else "masks"
    if given == "values" and any(part.classifies for part in aim.loss.parts) and tells_classes(aim.shape):
        return "tags"
    return "images" if is_picture(aim.shape) else "values"


def is_picture(shape: Shape) -> bool:
    """Whether a tensor has the shape of an image that can be written."""
    return len(shape) == 3 and shape[-1] in (1, 3, 4)


def _scores(loss: Loss, each: bool) -> Scores:
    if any("hinge" in part.entry for part in loss.parts):
        return "margins"
    if not loss.scores:
        return "probabilities"
    return "sigmoid" if each or any(part.entry.startswith("binary") for part in loss.parts) else "softmax"


def guessed(graph: Graph, output: str, classifies: bool) -> int | None:
    """How many classes the labels of an output have, judged from the network alone; None: they are values.

    `classifies` says whether the output has a loss that tells classes apart.
    """
    shape = graph.output_shapes[output]
    units = shape[-1] if shape else None
    telling = classifies or final_activation(graph, output) == "softmax"
    telling = telling or (final_activation(graph, output) == "sigmoid" and units == 1 and known(shape) == (1,))
    return (2 if units == 1 else units) if telling else None


def counts(graph: Graph, given: Mapping[str, int | None]) -> dict[str, int | None]:
    """The classes of each output from those that a source gave by name, or for all."""
    return {output: given.get(output, given.get("")) for output in graph.outputs}
