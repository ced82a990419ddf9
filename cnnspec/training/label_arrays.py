"""Labels as they were read → labels in the form of their meaning: what they look like, and how they are converted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from math import prod
from typing import Any, NamedTuple

import numpy as np

from cnnspec.data.columns import Array, Column, Mapped, blocks, in_memory
from cnnspec.data.errors import DataError
from cnnspec.data.kinds import Kind
from cnnspec.data.label_section import Said
from cnnspec.data.sources import Labels
from cnnspec.data.splits import ALL, Dataset, Split
from cnnspec.training.numbering import classes_without, labels_of
from cnnspec.training.objective import boxed, end_of
from cnnspec.training.plan import Plan
from cnnspec.training.target import Target
from cnnspec.training.targets import Contradiction, Observed, decide, plain_shape

_BYTES = 1 << 24
_LAST_CLASS = np.iinfo(np.int32).max
_ONE = 1e-3
"""How far the shares of a row may be from 1 in sum."""


class Settled(NamedTuple):
    """A data set whose labels are in the form of their meaning, and that meaning by output."""

    data: Dataset
    targets: Mapping[str, Target]


def settled(plan: Plan, data: Dataset, kept: Mapping[str, Target] | None = None) -> Settled:
    """Decide what the labels of each output mean, and bring them into that form; `kept` is what a run decided before.

    Class numbers are whole numbers from 0, of one number per image or pixel; one-hot rows become such numbers, where
    none holds shares of several classes. Tags, shares and numbers to learn stay rows. Raises `DataError`.
    """
    targets = {output: _meaning(plan, data, output, (kept or {}).get(output)) for output in plan.graph.outputs}
    keys = {output: output if output in data.train.y else ALL for output in targets}
    forms = {output: _form(targets[output]) for output in targets}
    shared = {key: len({forms[output] for output in keys if keys[output] == key}) == 1 for key in keys.values()}
    named = {output: keys[output] if shared[keys[output]] else output for output in targets}

    def labels(split: Split) -> Split:
        y: dict[str, Column] = {}
        for output, target in targets.items():
            if named[output] not in y:
                where = labels_of(plan.data.source.entry, output, data)
                written = split.values if target.numbers and keys[output] in split.values else split.y
                loss = plan.training.loss_of(output)
                ignored = loss.ignored if loss is not None else None
                y[named[output]] = _converted(written[keys[output]], target, where, ignored)
        return replace(split, y=y)

    splits = {name: labels(split) for name, split in data.splits().items()}
    counted = {
        output: _counted(plan, data, output, target, named[output], splits) for output, target in targets.items()
    }
    classes = {named[output]: target.classes if not target.numbers else None for output, target in counted.items()}
    tags = {named[output] for output, target in counted.items() if target.kind == "tags" or target.soft}
    found = replace(
        data,
        train=splits["training"],
        validation=splits.get("validation"),
        test=splits.get("test"),
        classes={name: None if name in tags else count for name, count in classes.items()},
        kinds={named[output]: target.kind for output, target in counted.items()},
    )
    return Settled(found, counted)


def _meaning(plan: Plan, data: Dataset, output: str, kept: Target | None) -> Target:
    key = output if output in data.train.y else ALL
    source, end = plan.data.source.entry, end_of(plan.graph, output)
    where = labels_of(source, output, data)
    loss, said = plan.training.loss_of(output), plan.data.said_of(output)
    if kept is not None:
        said = Said(kept.kind, kept.names or (said.names if said else ()), kept.threshold)
    numbers = key in data.train.values  # whole numbers of a table: names of classes (then `y` numbers them), or values
    known = None if numbers else _known(plan, data, output, key)
    columns = [(split.values if numbers else split.y)[key] for split in data.splits().values()]
    seen = None
    if known is None or known.kind is None or (said is not None and said.kind not in (None, known.kind)):
        seen = observed(columns, len(end.shape))
    found = decide(end, loss, said, known, seen, where, boxed(plan.training, output))
    if isinstance(found, Contradiction):
        raise DataError(found.message, found.help)
    assert found is not None
    if numbers and found.numbers:
        return replace(found, names=())
    if numbers:
        found = replace(found, classes=data.classes.get(key))
    if found.numbers and known is not None and known.kind == "classes" and data.names_of(output):
        few = ", ".join((data.names_of(output) or ())[:3])
        message = f"the labels of {where} are names of classes ({few}, …), and the network learns numbers"
        raise DataError(message, "end the network with a unit per class and `softmax`, or give numbers as labels")
    names = found.names or data.names_of(output) or ()
    if len(plan.graph.outputs) > 1 and not found.names and found.classes is not None and len(names) != found.classes:
        names = ()  # they are those of another output
    return replace(found, names=tuple(names))


def _known(plan: Plan, data: Dataset, output: str, key: str) -> Labels | None:
    """What the source knows of the labels: before they were loaded, or now."""
    early = plan.data.source.labels_of(output, plan.graph.inputs)
    shape = data.train.y[key].shape[1:]
    classes = data.classes.get(key) or (early.classes if early is not None else None)
    kind = data.kinds.get(key) or (early.kind if early is not None else None)
    if kind is None and key in data.classes:
        numbers: Kind = "values" if len(shape) < 2 else "value_maps"
        kind = numbers if classes is None else "classes" if not shape else "class_maps"
    if kind is None:
        return None
    if kind in ("tags", "one_hot", "one_hot_maps"):
        shape, classes = shape[:-1], shape[-1]
    return Labels(plain_shape(shape, end_of(plan.graph, output)), classes, kind)


def observed(columns: Sequence[Column], rank: int) -> Observed:
    """What labels look like; of labels with an axis for each that an output of `rank` has, the rows, too."""
    shape = columns[0].shape[1:]
    rows = len(shape) == rank and rank > 0 and shape[-1] > 1
    low, high, whole, hot, shares, most = np.inf, -np.inf, True, rows, rows, 0
    for batch in _batches(columns):
        low, high = min(low, float(batch.min())), max(high, float(batch.max()))
        whole = whole and (batch.dtype.kind in "biu" or bool((batch == np.floor(batch)).all()))
        if not (hot or shares or rows):
            continue
        binary = whole and low >= 0 and high <= 1
        sums = batch.sum(axis=-1, dtype=np.float64) if low >= 0 else np.full(1, -1.0)
        most = max(most, int(min(sums.max(), _LAST_CLASS))) if binary else most
        shares = shares and low >= 0 and bool((np.abs(sums - 1) < _ONE).all())
        hot = shares and binary
    return Observed(shape, low, high, whole, "one_hot" if hot else "shares" if shares else "", most)


def _batches(columns: Sequence[Column]) -> Iterator[Array]:
    for column in columns:
        size = prod(column.shape[1:]) * column.dtype.itemsize
        for part in blocks(len(column), max(1, _BYTES // max(1, size))):
            yield column[np.arange(part.start, part.stop)]


def _form(target: Target) -> str:
    """What labels of this meaning are converted to."""
    if target.one_class and not target.soft:
        return "class numbers"
    return "numbers" if target.numbers else "rows"


def _converted(y: Column, target: Target, where: str, ignored: int | None) -> Column:
    if target.one_class and not target.soft:
        return _class_numbers(y, target, where, ignored)
    if target.numbers and len(y.shape) == 2 and y.shape[1] == 1:
        return _each(y, lambda batch: batch[:, 0], (), y.dtype)
    if target.kind == "tags" and len(y.shape) == len(target.shape) + 1:
        return _each(y, lambda batch: batch[..., np.newaxis], (*y.shape[1:], 1), y.dtype)
    return y


def _class_numbers(y: Column, target: Target, where: str, ignored: int | None) -> Column:
    """Class numbers of 32 bits; masks that are bytes stay so. `ignored` is a number that is of no class."""
    item, rank = y.shape[1:], len(target.shape)
    if len(item) == rank + 1 and item[-1] == 1:
        return _class_numbers(_each(y, lambda batch: batch[..., 0], item[:-1], y.dtype), target, where, ignored)
    if len(item) == rank + 1:
        kind = np.dtype(np.uint8 if rank and item[-1] <= 256 else np.int32)
        return _each(y, lambda batch: batch.argmax(axis=-1), item[:-1], kind)
    least, most = _ends(y, ignored)
    if ignored is None and least == -1 and most == 1 and all((np.abs(batch) == 1).all() for batch in _batches([y])):
        return _each(y, lambda batch: batch > 0, item, np.dtype(np.int32))
    if least < 0:
        help = "class numbers count from 0; write `labels: values` in `data` to learn numbers"
        if rank:
            help = (
                f"if it is of no class, write `loss: {{sparse_categorical_crossentropy: {{ignore_class: {least:g}}}}}`"
            )
        raise DataError(f"{where}: label {least:g} of image {_first_below(y, ignored)} is negative", help)
    if most > _LAST_CLASS:
        raise DataError(
            f"{where}: label {most:g} is no class number", "write `labels: values` in `data` to learn numbers"
        )
    if rank and y.dtype == np.uint8:
        return y
    return _each(y, lambda batch: batch, item, np.dtype(np.uint8 if rank and y.dtype == bool else np.int32))


def _ends(y: Column, ignored: int | None = None) -> tuple[float, float]:
    """The lowest and the highest number; `ignored` is none of them where it is below 0."""
    least, most = np.inf, -np.inf
    for batch in _batches([y]):
        counted = batch[batch != ignored] if ignored is not None and ignored < 0 else batch
        if counted.size:
            least, most = min(least, float(counted.min())), max(most, float(counted.max()))
    return least, most


def _first_below(y: Column, ignored: int | None) -> int:
    at = 0
    for batch in _batches([y]):
        low = np.where(batch == ignored, 0, batch).reshape(len(batch), -1).min(axis=1)
        if (low < 0).any():
            return at + int(np.argmax(low < 0))
        at += len(batch)
    return at


def _each(column: Column, function: Callable[[Array], Array], item: tuple[int, ...], dtype: np.dtype[Any]) -> Column:
    """`function` over a column: at once where it is in memory, else over each batch."""

    def made(batch: Array) -> Array:
        return function(batch).astype(dtype, copy=False)

    return made(column[:]) if in_memory(column) else Mapped(column, made, item, dtype)


def _counted(plan: Plan, data: Dataset, output: str, target: Target, name: str, splits: Mapping[str, Split]) -> Target:
    """The meaning with the number of its classes, where only the labels tell it."""
    if target.numbers or target.soft or target.kind == "tags":
        return target
    columns = [split.y[name] for split in splits.values()]
    if target.classes is not None:
        return target
    classes = max(int(max(_ends(column)[1], 0)) for column in columns) + 1
    loss = plan.training.loss_of(output)
    if loss is not None and loss.ignored == classes - 1:
        classes = classes_without(classes - 1, columns)
    if 0 < len(target.names) < classes:
        message = f"`names` lists {len(target.names)} names, and the labels go up to class {classes - 1}"
        raise DataError(message, "name them all, in the order of their numbers")
    classes = max(classes, len(target.names))
    return replace(target, classes=classes, shape=columns[0].shape[1:])
