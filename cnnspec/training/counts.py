"""How many images of each class the splits hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cnnspec.data.columns import Array, Column, blocks, in_memory
from cnnspec.data.splits import Dataset

_CLASSES = 20
"""The images of more classes are not counted one by one."""
_WIDTH = 100
_BLOCK = 256


@dataclass(frozen=True, slots=True)
class Counts:
    """The images of each class in each split, for the output `output` (none for all of them)."""

    output: str
    names: tuple[str, ...]
    splits: Mapping[str, Array]

    def lines(self) -> Iterator[str]:
        """A table with a column for each class, or a line for each where that is too wide."""
        yield f"images of each class{self._of}:"
        rows = [["", *self.names], *([split, *(f"{n:,}" for n in found)] for split, found in self.splits.items())]
        if len(_aligned(rows)[0]) > _WIDTH:
            rows = [list(column) for column in zip(*rows, strict=True)]
        yield from _aligned(rows)

    def missing(self) -> Iterator[str]:
        """What splits lack."""
        for split, found in self.splits.items():
            lacking = [f"`{name}`" for name, count in zip(self.names, found, strict=True) if count == 0]
            if lacking:
                classes = f"class{'es' * (len(lacking) > 1)} {', '.join(lacking)}{self._of}"
                yield f"no {split} image is of the {classes}"

    @property
    def _of(self) -> str:
        return f" of `{self.output}`" if self.output else ""


def each_class(data: Dataset) -> Iterator[Counts]:
    """The counts of labels that are one class an image, of 20 classes at most."""
    for output, classes in data.classes.items():
        labels = {name: split.y[output] for name, split in data.splits().items()}
        one_each = all(len(column.shape) == 1 and in_memory(column) for column in labels.values())
        if classes is not None and 1 < classes <= _CLASSES and one_each:
            known = data.names_of(output) or ()
            names = known if len(known) == classes else tuple(map(str, range(classes)))
            yield Counts(output, names, {name: class_counts(column[:], classes) for name, column in labels.items()})


def class_counts(labels: Array, classes: int) -> Array:
    """How often each class number below `classes` is among `labels`; others are not counted."""
    return np.bincount(labels[(labels >= 0) & (labels < classes)].reshape(-1), minlength=classes)


def balanced(labels: Column, classes: int, ignored: int | None = None) -> Array:
    """A weight for each class, of images or pixels: N / (classes · labels of the class). A class without any weighs 1,
    and is not counted among the classes."""
    counts = np.zeros(classes, np.int64)
    for part in blocks(len(labels), _BLOCK):
        counts += class_counts(labels[np.arange(part.start, part.stop)], classes)
    if ignored is not None and 0 <= ignored < classes:
        counts[ignored] = 0
    there = counts > 0
    return np.where(there, counts.sum() / (there.sum() * np.maximum(counts, 1)), 1.0).astype(np.float32)


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  " + "  ".join([f"{row[0]:<{widths[0]}}", *map(str.rjust, row[1:], widths[1:])]) for row in rows]
