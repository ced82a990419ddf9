"""The numbers that labels hold: how many classes they tell apart, and what is odd where there are too many."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from math import prod
from typing import NamedTuple

import numpy as np

from cnnspec.data.columns import Array, Column, blocks
from cnnspec.data.errors import DataError
from cnnspec.data.splits import Dataset, meant_for
from cnnspec.layers.base import Shape
from cnnspec.training.losses import Loss
from cnnspec.training.objective import Objective
from cnnspec.training.plan import Plan
from cnnspec.training.shapes import fits
from cnnspec.training.target import Target

_BYTES = 1 << 24
_FEW = 8


def labels_of(source: str, output: str, data: Dataset) -> str:
    """What messages call the source of the labels of an output."""
    return f"{source} for `{output}`" if output in data.classes else source


def _known(plan: Plan, data: Dataset, output: str) -> bool:
    """Whether the source says how many classes there are, and does not leave it to the numbers."""
    labels = plan.data.source.labels_of(output, plan.graph.inputs)
    return data.names_of(output) is not None or (labels is not None and labels.classes is not None)


def spare(plan: Plan, data: Dataset, aims: Mapping[str, Objective]) -> Iterator[str]:
    """A word on outputs with more scores than the data has classes, where only the data tells how many these are."""
    for output, aim in aims.items():
        classes, units = aim.target.classes, aim.shape[-1] or 0
        known = plan.data.source.labels_of(output, plan.graph.inputs)
        early = known is not None and known.classes is not None
        of_classes = aim.target.one_class and aim.form != "column" and aim.reads != "vectors"
        if of_classes and units > (classes or 0) and not early:
            source = labels_of(plan.data.source.entry, output, data)
            yield f"the network gives {units} values, {source} has {classes} classes"


def check_numbers(plan: Plan, data: Dataset, targets: Mapping[str, Target]) -> None:
    """Class numbers that are too large for an output because they start late, leave some out, or mark what has no
    class. Raises `DataError`."""
    for output, target in targets.items():
        loss, shape = plan.training.loss_of(output), plan.graph.output_shapes[output]
        units, labels = max(shape[-1] or 0, 2), meant_for(data.train.y, output).shape[1:]
        apart = loss is None or (loss.ignored is None and not loss.embeds and (loss.classifies or shape[-1] != 1))
        learnt = target.one_class and not target.soft and not _known(plan, data, output)
        if not (learnt and apart and fits(labels, shape[:-1])) or (target.classes or 0) <= units:
            continue
        numbers = held(meant_for(split.y, output) for split in data.splits().values())
        if odd := oddity(numbers, units, _ignoring(loss, shape) if labels else None):
            raise DataError(f"the labels of {labels_of(plan.data.source.entry, output, data)} {odd.message}", odd.help)


def _ignoring(loss: Loss | None, shape: Shape) -> str | None:
    """A loss that ignores a number, for an output of maps; None where the one that is given cannot."""
    if shape[-1] == 1 or (loss is not None and not loss.sparse):
        return None
    scores = "from_logits: true, " if loss is not None and loss.scores else ""
    return f"loss: {{{{sparse_categorical_crossentropy: {{{{{scores}ignore_class: {{}}}}}}}}}}"


class Oddity(NamedTuple):
    """What is odd about labels (behind "the labels of …"), and what to write."""

    message: str
    help: str


def held(columns: Iterable[Column]) -> Array:
    """The different numbers that labels hold, in order."""
    found = np.empty(0, np.int64)
    for batch in _batches(columns):
        found = np.union1d(found, batch)
    return found


def classes_without(ignored: int, columns: Iterable[Column]) -> int:
    """How many classes there are where labels of the number `ignored` are of none."""
    return max((int(batch[batch != ignored].max(initial=0)) for batch in _batches(columns)), default=0) + 1


def oddity(numbers: Array, units: int, loss: str | None) -> Oddity | None:
    """Why class numbers are more than `units` scores tell apart, though the classes need not be.

    `loss` is what to write for masks that ignore a number (with `{}` in its place); None where nothing can.
    """
    if len(numbers) < 2:
        return None
    least, most = int(numbers[0]), int(numbers[-1])
    listed = ", ".join(map(str, numbers[:_FEW])) + ", …" * (len(numbers) > _FEW)
    if len(numbers) == most - least + 1:
        listed = f"{least} to {most}"
    if least > 0 and most - least < units:
        return Oddity(
            f"start at {least}, class numbers at 0: they are {listed}",
            f"save them as `y - {least}`, which are 0 to {most - least}",
        )
    if loss is not None and len(numbers) > 2 and numbers[-2] < units:
        return Oddity(
            f"hold {most} beside 0 to {numbers[-2]}", f"if {most} is of no class, write `{loss.format(most)}`"
        )
    if len(numbers) <= units:
        renumbered = "save `np.unique(y, return_inverse=True)[1].reshape(y.shape)`"
        return Oddity(f"leave numbers out: they are {listed}", f"number them from 0: {renumbered}")
    return None


def _batches(columns: Iterable[Column]) -> Iterator[Array]:
    for column in columns:
        size = prod(column.shape[1:]) * column.dtype.itemsize
        for part in blocks(len(column), max(1, _BYTES // max(1, size))):
            yield column[np.arange(part.start, part.stop)]
