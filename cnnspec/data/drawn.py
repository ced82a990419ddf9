"""Drawn pictures as a data set: in memory where they are few, else drawn anew whenever they are asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from math import prod
from typing import Any

import numpy as np

from cnnspec.data.columns import Array, Column
from cnnspec.data.drawing import Pictures
from cnnspec.data.splits import ALL, Dataset, Split

_KEPT = 1 << 29
"""Bytes up to which pictures are drawn once."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A column of pictures, or of their masks, that are drawn when they are asked for."""

    pictures: Pictures
    draw: Callable[[Pictures, Array], Array]
    length: int
    item: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """As `Column.shape`."""
        return (self.length, *self.item)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Bytes."""
        return np.dtype(np.uint8)

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, indices: Any, /) -> Array:
        wanted = np.arange(self.length)[indices]
        return self.draw(self.pictures, wanted.reshape(-1)).reshape(*wanted.shape, *self.item)

    def fingerprint(self) -> str:
        """A digest of what is drawn."""
        told = f"{self.shape} {self.pictures} {self.draw.__name__}"
        return blake2b(told.encode(), digest_size=16).hexdigest()


def drawn(
    task: str,
    counts: tuple[int, int],
    size: tuple[int, int],
    channels: int,
    kinds: tuple[str, ...],
    seed: int,
) -> Dataset:
    """The pictures of `task`: `counts` for training and testing, which are different ones."""
    train, test = (
        _split(task, Pictures(size, channels, kinds, task == "segmentation", seed, split), count) if count else None
        for split, count in enumerate(counts)
    )
    assert train is not None
    classes: dict[str, int | None] = {ALL: len(kinds) + (task == "segmentation")}
    if task == "boxes":
        classes = {"class": len(kinds), "box": None}
    return Dataset(train, test, classes, names=("background", *kinds) if task == "segmentation" else kinds)


def _split(task: str, pictures: Pictures, count: int) -> Split:
    images = {ALL: _column(pictures, Pictures.images, count, (*pictures.size, pictures.channels))}
    everything = np.arange(count)
    if task == "segmentation":
        return Split(images, {ALL: _column(pictures, Pictures.masks, count, pictures.size)})
    if task == "boxes":
        return Split(images, {"class": pictures.classes(everything), "box": pictures.boxes(everything)})
    return Split(images, {ALL: pictures.classes(everything)})


def _column(pictures: Pictures, draw: Callable[[Pictures, Array], Array], count: int, item: tuple[int, ...]) -> Column:
    column = Drawn(pictures, draw, count, item)
    return column[:] if count * prod(item) <= _KEPT else column
