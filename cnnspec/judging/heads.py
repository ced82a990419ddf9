"""What each output of a network tells, and how its numbers are read. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from cnnspec.graph.graph import Graph
from cnnspec.layers.base import Shape, known
from cnnspec.training.component import Reading
from cnnspec.training.objective import Objective, final_activation
from cnnspec.training.outputs import inputs_target
from cnnspec.training.plan import Plan
from cnnspec.training.target import HALF, Target, from_json

Kind: TypeAlias = Literal["classes", "tags", "masks", "vectors", "values", "boxes", "images"]
"""One class an item; any number of classes; a class for each pixel; a vector to compare with others; numbers; four of
them that are a box; a picture."""

Scores: TypeAlias = Reading
"""What the numbers are: probabilities, what softmax or sigmoid makes probabilities of, or what has none."""

Class: TypeAlias = str | int
"""A class: its name, or its number."""

UNSURE = ("margins", "scores", "vectors")
"""What gives no probabilities."""


@dataclass(frozen=True, slots=True)
class Head:
    """An output: its kind, its shape without the batch, how its numbers are read, and its classes.

    `binary` is one unit that tells two classes apart; `ignored` is a class that does not count; `activation` is what
    the numbers come from; `box` is how a box is written (`xyxy`, …); `thresholds` are those of tags.
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
    thresholds: tuple[float, ...] = ()

    @property
    def drawn(self) -> bool:
        """Whether it is a picture rather than numbers to print."""
        arrays = self.kind in ("values", "tags", "vectors") and len(self.shape) > 1
        return self.kind in ("masks", "images") or arrays

    @property
    def probable(self) -> bool:
        """Whether its scores are probabilities, or become such."""
        return self.scores not in UNSURE


def head(aim: Objective, plan: Plan, thresholds: Mapping[str, Sequence[float]] | None = None) -> Head:
    """The head of one output with its objective; `thresholds` are those that a run found for its tags."""
    target = aim.target
    binary = aim.facing.told == "yes_no"
    box = _box(aim, plan) if target.kind in ("boxes", "values") and aim.shape == (4,) else None
    kind = "boxes" if box else _kind(aim)
    units = aim.shape[-1] if aim.shape else None
    count = (2 if binary else units or 0) if kind in ("classes", "tags", "masks") else 0
    found = _cuts(aim, count, (thresholds or {}).get(aim.output, ())) if kind == "tags" else ()
    return Head(
        aim.output, kind, aim.shape, aim.reads, classes_named(count, target.names), binary, aim.ignored,
        aim.activation, box, found,
    )  # fmt: skip


def cuts(target: Target, count: int) -> tuple[float, ...]:
    """The probability above which each tag is given, as the spec says it."""
    said = target.threshold
    if isinstance(said, Mapping):
        return tuple(said.get(str(name), HALF) for name in classes_named(count, target.names))
    return (said if isinstance(said, float) else HALF,) * count


def _cuts(aim: Objective, count: int, found: Sequence[float]) -> tuple[float, ...]:
    if aim.reads == "margins":
        return (0.0,) * count
    return tuple(found) if len(found) == count else cuts(aim.target, count)


def _box(aim: Objective, plan: Plan) -> str | None:
    """How the four values of an output are a box, if they are one."""
    form = next((metric.bounding_box_format for metric in aim.metrics if metric.entry == "box_iou"), None)  # type: ignore[attr-defined]
    return form or ("xyxy" if plan.data.source.entry == "shapes" else None)


def classes_named(count: int, names: Sequence[str] | None) -> tuple[Class, ...]:
    """The classes by their names; those that have none by their numbers."""
    known_ones = tuple(names or ())[:count]
    return (*known_ones, *range(len(known_ones), count))


def _kind(aim: Objective) -> Kind:
    if aim.target.kind == "tags":
        return "tags"
    if aim.reads == "vectors":
        return "vectors"
    if aim.target.one_class:
        return "classes" if len(aim.shape) == 1 else "masks"
    return "images" if is_picture(aim.shape) else "values"


def is_picture(shape: Shape) -> bool:
    """Whether a tensor has the shape of an image that can be written."""
    return len(shape) == 3 and shape[-1] in (1, 3, 4)


def recorded(plan: Plan, noted: Mapping[str, Any]) -> dict[str, Target]:
    """The meaning of the labels of each output, as a run kept it (`environment.json`).

    A run of an older version kept only how many classes there were; what it did not keep is judged from the network.
    """
    labels, classes, names = noted.get("labels"), noted.get("classes"), noted.get("class_names")
    found = {}
    for output in plan.graph.outputs:
        kept = from_json(labels.get(output)) if isinstance(labels, Mapping) else None
        if kept is None and isinstance(classes, Mapping):
            count = classes.get(output, classes.get(""))
            known = output in classes or "" in classes
            kept = _older(plan, output, count, names) if known and (count is None or isinstance(count, int)) else None
        if kept is not None:
            found[output] = kept
    return found


def judged_alone(plan: Plan, output: str) -> Target:
    """The meaning of labels that nothing is known of, judged from the network alone."""
    loss = plan.training.loss_of(output)
    return _older(plan, output, guessed(plan.graph, output, bool(loss and loss.classifies)), None)


def _older(plan: Plan, output: str, count: int | None, names: Any) -> Target:
    shape = plan.graph.output_shapes[output]
    if plan.data.targets == "inputs":
        return inputs_target(plan.graph, output)
    loss = plan.training.loss_of(output)
    if count is None:
        tags = loss is not None and loss.classifies and len(shape) == 1
        kind: Target = (
            Target("tags", (), shape[-1]) if tags else Target("values" if len(shape) == 1 else "value_maps", shape)
        )
        return kind
    named = tuple(map(str, names)) if isinstance(names, list) and len(names) == count else ()
    return Target("classes" if len(shape) == 1 else "class_maps", shape[:-1], count, named)


def guessed(graph: Graph, output: str, classifies: bool) -> int | None:
    """How many classes the labels of an output have, judged from the network alone; None: they are values.

    `classifies` says whether the output has a loss that tells classes apart.
    """
    shape = graph.output_shapes[output]
    units = shape[-1] if shape else None
    telling = classifies or final_activation(graph, output) == "softmax"
    telling = telling or (final_activation(graph, output) == "sigmoid" and units == 1 and known(shape) == (1,))
    return (2 if units == 1 else units) if telling else None
