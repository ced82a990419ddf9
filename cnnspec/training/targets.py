"""What the labels of an output mean: decided here, once, from what the spec says, the source, the loss, the network's
end and the labels themselves. Pure.

`decide` is the whole of it. What it finds is printed when a run starts, kept with the run, and read by everything
after: the default loss and metrics, class weights, augmentation, `evaluate`, `predict`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from cnnspec.data.kinds import NUMBERS, ONE_CLASS, Kind
from cnnspec.data.label_section import Said
from cnnspec.data.sources import Labels
from cnnspec.layers.base import Shape, show
from cnnspec.training.losses import Loss
from cnnspec.training.target import HALF, Target

Rows: TypeAlias = Literal["one_hot", "shares", ""]
"""What rows of labels are, along the last axis: a single 1 among zeros; shares from 0 that sum to 1; or neither."""

_SQUASHED = ("sigmoid", "hard_sigmoid")
_SHARES = ("softmax", "log_softmax", "sparsemax")


class End(NamedTuple):
    """The network's end at an output: its shape without the batch, and its last activation (`linear`, …)."""

    shape: Shape
    activation: str


@dataclass(frozen=True, slots=True)
class Observed:
    """What labels look like, whatever numbers they are stored as: the shape of an item's, the lowest and the highest
    value, whether all are whole numbers, and what rows along the last axis are. `most` is the largest number of ones in
    a row of zeros and ones."""

    shape: Shape
    low: float
    high: float
    whole: bool
    rows: Rows = ""
    most: int = 0

    @property
    def binary(self) -> bool:
        """Whether there is nothing but 0 and 1."""
        return self.whole and self.low >= 0 and self.high <= 1

    def span(self) -> str:
        """The values, as a message names them."""
        kind = "whole numbers from" if self.whole else "numbers from"
        return (
            f"all {_number(self.low)}"
            if self.low == self.high
            else f"{kind} {_number(self.low)} to {_number(self.high)}"
        )


def _number(value: float) -> str:
    return f"{value:.4g}"


class Contradiction(NamedTuple):
    """Two facts about labels that do not fit, and what to write. `code` is that of the diagnostic."""

    message: str
    help: str | None = None
    code: Literal["label-kind", "loss-labels", "loss-values"] = "loss-labels"


def decide(
    end: End, loss: Loss | None, said: Said | None, known: Labels | None, seen: Observed | None, source: str,
    boxed: bool = False,
) -> Target | Contradiction | None:  # fmt: skip
    """The meaning of the labels of one output, or why there is none; None where only the labels tell (`seen` is None).

    `said` is what the spec says of them, `known` what the source knows, `seen` what they look like. `boxed` says that a
    metric takes them for boxes. `source` is what messages call where they come from.
    """
    said = said or Said()
    if said.kind is not None:
        kind, why, other = said.kind, "`data.labels` says so", None
        if known is not None and known.kind is not None and (message := _unlike(kind, known)):
            return Contradiction(
                f"`labels: {kind}`, but the labels of {source} are {message}",
                f"write `labels: {known.kind}`, or leave it out",
                "label-kind",
            )
    elif known is not None and known.kind is not None:
        kind, why, other = known.kind, f"{source} says so", None
        kind = _read_as(kind, end, loss, known)
        if kind != known.kind:
            why, other = _because(kind, end, loss, source), f"labels: {known.kind}"
    elif seen is not None:
        kind = _taken(end, loss, seen, boxed)
        why, other = _because(kind, end, loss, source), _otherwise(kind, end, seen)
    else:
        return None
    if seen is not None and (found := _unfit(kind, end, loss, said, seen, source)) is not None:
        return found
    if (found := _untrainable(kind, end, loss, source, said, seen)) is not None:
        return found
    shape, classes, soft = _normal(kind, end, known, seen)
    names = said.names
    if names and classes is not None and kind not in NUMBERS and len(names) < classes:
        return Contradiction(
            f"`names` lists {len(names)} names, {source} has {classes} classes", "name them all", "label-kind"
        )
    return Target(kind, shape, classes, names, soft, said.threshold or HALF, why, other)


def _read_as(kind: Kind, end: End, loss: Loss | None, known: Labels) -> Kind:
    """Class numbers of a source that are learnt as numbers: a regression loss and one value to give."""
    several = known.classes is None or known.classes > 2
    if kind == "classes" and several and end.shape == (1,) and loss is not None and _regression(loss):
        return "values"
    return kind


def _unlike(kind: Kind, known: Labels) -> str | None:
    """What the labels of a source are that cannot be of `kind`; None where they can."""
    there = known.kind
    assert there is not None
    alike: dict[Kind, frozenset[Kind]] = {
        "classes": frozenset({"classes", "values"}),
        "class_maps": frozenset({"class_maps", "value_maps"}),
        "values": frozenset({"values", "boxes", "tags"}),
        "boxes": frozenset({"boxes", "values"}),
        "tags": frozenset({"tags", "values"}),
        "one_hot": frozenset({"one_hot", "values", "tags"}),
        "one_hot_maps": frozenset({"one_hot_maps", "value_maps", "tags"}),
        "value_maps": frozenset({"value_maps"}),
    }
    return None if kind in alike[there] else Target(there, known.shape, known.classes).text()


def _taken(end: End, loss: Loss | None, seen: Observed, boxed: bool) -> Kind:
    """What labels are taken for that nobody has said anything of."""
    rank, units = len(end.shape), end.shape[-1]
    item = plain_shape(seen.shape, end)
    if len(item) == rank:  # a number for each that the network gives
        if seen.rows == "one_hot":
            return "one_hot" if rank == 1 else "one_hot_maps"
        if _shares_of_classes(end, loss, seen, item):
            return "one_hot" if rank == 1 else "one_hot_maps"
        told_apart = loss is not None and loss.classifies
        open_end = loss is None and end.activation == "linear" and rank == 1
        if seen.binary and (end.activation in (*_SQUASHED, *_SHARES) or told_apart or open_end):
            return "tags"
        return _numbers(rank, item, boxed)
    if not seen.whole or units is None:
        return _numbers(rank, item, boxed) if not seen.whole else _classes(rank)
    if units > 1:
        return _classes(rank)
    if seen.low < 0:
        signs = loss is not None and _hinge(loss) and seen.low == -1 and seen.high == 1
        return _classes(rank) if signs or (loss is not None and loss.classifies) else _numbers(rank, item, boxed)
    if loss is None:
        telling = end.activation in _SQUASHED or (end.activation == "linear" and seen.binary)
        return _classes(rank) if telling else _numbers(rank, item, boxed)
    telling = loss.classifies or loss.sparse or (end.activation in _SQUASHED and seen.binary)
    return _classes(rank) if telling else _numbers(rank, item, boxed)


def _shares_of_classes(end: End, loss: Loss | None, seen: Observed, item: Shape) -> bool:
    """Whether rows hold shares of classes: they sum to 1, and what the network gives does, or its loss compares so."""
    shares = seen.rows == "shares" and item[-1] == end.shape[-1] and not (loss is not None and _regression(loss))
    return shares and (end.activation in _SHARES or _of_shares(loss))


def plain_shape(item: Shape, end: End) -> Shape:
    """The shape of an item's labels without an idle last axis: H×W×1 masks are H×W, N×1 labels one number each."""
    return item[:-1] if item and item[-1] == 1 and len(item) == len(end.shape) else item


def _classes(rank: int) -> Kind:
    return "classes" if rank == 1 else "class_maps"


def _numbers(rank: int, item: Shape, boxed: bool) -> Kind:
    if rank > 1:
        return "value_maps"
    return "boxes" if boxed and item == (4,) else "values"


def _regression(loss: Loss) -> bool:
    return not any(part.classifies or part.sparse for part in loss.parts)


def _hinge(loss: Loss) -> bool:
    return any("hinge" in part.entry and not part.entry.startswith("categorical") for part in loss.parts)


def _of_shares(loss: Loss | None) -> bool:
    """Whether a loss compares distributions over classes."""
    return loss is not None and any((part.over_classes or part.of_shares) and not part.sparse for part in loss.parts)


def _because(kind: Kind, end: End, loss: Loss | None, source: str) -> str:
    """What labels were taken for, and by what."""
    ends = f"an end of {show(end.shape)}" + (f" with `{end.activation}`" if end.activation else "")
    return f"from the numbers in {source}, {ends}" + (f" and `{loss.entry}`" if loss is not None else "")


def _otherwise(kind: Kind, end: End, seen: Observed) -> str | None:
    """What to write where labels are meant otherwise than they are taken; None where nothing else would do."""
    if kind in ONE_CLASS and seen.rows == "one_hot" and len(plain_shape(seen.shape, end)) == len(end.shape):
        return "labels: tags"
    if kind in ONE_CLASS and end.shape[-1] == 1:
        return "labels: values" if len(end.shape) == 1 else "labels: value_maps"
    if kind in NUMBERS and seen.whole and seen.low >= 0 and len(plain_shape(seen.shape, end)) < len(end.shape):
        return f"labels: {_classes(len(end.shape))}"
    return "labels: values" if kind == "tags" else None


def _unfit(kind: Kind, end: End, loss: Loss | None, said: Said, seen: Observed, source: str) -> Contradiction | None:
    """Why labels that look so are not of `kind`, or cannot be learnt by this end."""
    item, rank, units = plain_shape(seen.shape, end), len(end.shape), end.shape[-1]
    by_said = said.kind is not None
    code: Literal["label-kind", "loss-labels"] = "label-kind" if by_said else "loss-labels"
    rows = kind in ("one_hot", "one_hot_maps", "tags")
    meant = (
        f"`labels: {kind}`"
        if by_said
        else f"`{loss.entry}`"
        if loss is not None
        else f"the network gives {show(end.shape)}"
    )
    if rows and len(item) != rank and not (kind == "tags" and units == 1 and seen.binary):
        what = "one number per image" if not item else f"of {show(item)}"
        help = "write `labels: classes`, or save a row for each image" if not item else f"save rows of {units}"
        return Contradiction(f"{meant} takes rows of {units}, but the labels of {source} are {what}", help, code)
    if kind == "tags" and not seen.binary:
        return Contradiction(
            f"tags are 0 or 1, but the labels of {source} are {seen.span()}", "write `labels: values`", code
        )
    if kind in ("one_hot", "one_hot_maps") and seen.rows == "":
        what = f"rows with up to {seen.most} ones" if seen.binary else seen.span()
        help = "write `labels: tags`, and end with `sigmoid`" if seen.binary else "write `labels: values`"
        return Contradiction(f"one-hot rows hold a single 1, but the labels of {source} are {what}", help, code)
    if kind in ("classes", "class_maps"):
        if len(item) == rank and (seen.rows != "one_hot" or not by_said):
            return None  # their shape is what does not fit
        if not seen.whole:
            such = (
                f"`{loss.entry}` takes class numbers"
                if loss is not None and not by_said
                else f"`labels: {kind}` are whole numbers"
                if by_said
                else f"an end of {show(end.shape)} tells classes apart"
            )
            return Contradiction(f"{such}, but the labels of {source} are {seen.span()}", AS_CLASSES, code)
    return None


OTHER_LOSS = "write another `loss:`, such as `mean_squared_error`"
AS_CLASSES = (
    "save class numbers as whole numbers from 0 (`y.astype(int)`); to learn values, write another `loss:`, such as "
    "`mean_squared_error`"
)


def _untrainable(
    kind: Kind, end: End, loss: Loss | None, source: str, said: Said, seen: Observed | None
) -> Contradiction | None:
    """Why a loss, or the network's end, cannot learn labels of `kind`."""
    if kind == "tags" and end.activation in _SHARES and end.shape[-1] != 1:
        message = f"`{end.activation}` shares 1 among the classes, but {_tagged(source, said)}"
        return Contradiction(
            message, "end the network with `activation: sigmoid`, and write `loss: binary_crossentropy`"
        )
    if loss is None:
        return None
    for part in loss.parts:
        if kind == "tags" and (part.sparse or part.over_classes or part.of_shares):
            message = f"`{part.entry}` takes one class per image, but {_tagged(source, said)}"
            return Contradiction(message, "write `binary_crossentropy`, and end with `activation: sigmoid`")
        if kind in ("one_hot", "one_hot_maps") and part.sparse and seen is not None and seen.rows == "shares":
            message = f"`{part.entry}` takes class numbers, but the labels of {source} are shares of classes"
            return Contradiction(message, "write `categorical_crossentropy`")
        if kind in NUMBERS and getattr(part, "from_logits", False) and not (part.sparse or part.over_classes):
            message = (
                f"`{part.entry}` with `from_logits` takes scores, but the labels of {source} are values: what the "
                "network gives would be none"
            )
            help = "leave `from_logits` out, and end the network with `activation: sigmoid`"
            return Contradiction(message, help, "loss-values")
        if kind in NUMBERS and (part.sparse or part.over_classes or "hinge" in part.entry):
            takes = "class numbers" if part.sparse else "classes"
            such = f" ({seen.span()})" if seen is not None else ""
            learnt = f"`labels: {kind}`" if said.kind else f"the labels of {source} are values{such}"
            help = AS_CLASSES if seen is not None else OTHER_LOSS
            if seen is not None and seen.whole and seen.low == -1 and seen.high == 1:
                help = "save tags as 0 and 1 (`(y + 1) // 2`); the loss counts 0 as −1"
            return Contradiction(f"`{part.entry}` takes {takes}, but {learnt}", help, "loss-values")
        if part.embeds and len(end.shape) != 1:
            message = f"`{part.entry}` compares one vector per image, and the network gives {show(end.shape)}"
            return Contradiction(message, "end the network with `global_average_pooling2d` and `unit_normalization`")
        if kind in ONE_CLASS and end.shape[-1] == 1 and (part.over_classes or part.of_shares):
            message = f"`{part.entry}` compares the classes with each other, and the network gives one value"
            return Contradiction(
                message, "write `binary_crossentropy`, or give the last layer a unit per class and `softmax`"
            )
    return None


def _tagged(source: str, said: Said) -> str:
    return (
        "`labels: tags` may be several" if said.kind else f"the labels of {source} are tags: several may hold at once"
    )


def _normal(kind: Kind, end: End, known: Labels | None, seen: Observed | None) -> tuple[Shape, int | None, bool]:
    """The shape of an item's labels in normal form, how many classes there are, and whether rows hold shares."""
    given = known.classes if known is not None else None
    if seen is None:
        shape = known.shape if known is not None else end.shape if kind in NUMBERS else end.shape[:-1]
        rows = kind in ("tags", "one_hot", "one_hot_maps")
        return shape, (given or end.shape[-1]) if rows else given, False
    item = plain_shape(seen.shape, end)
    if kind in NUMBERS:
        whole = (*item, 1) if len(item) == len(end.shape) - 1 > 0 else item
        return whole, None, False
    if kind in ("one_hot", "one_hot_maps"):
        return item[:-1], item[-1], seen.rows == "shares"
    if kind == "tags":
        return (item[:-1], item[-1], False) if len(item) == len(end.shape) else (item, 1, False)
    if len(item) == len(end.shape) and seen.rows == "one_hot":
        return item[:-1], item[-1], False
    return item, given, False
