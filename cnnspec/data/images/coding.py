"""Which class each number or colour in masks stands for, and what stands for none."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from cnnspec.data.columns import Array
from cnnspec.data.images.decoding import Mask
from cnnspec.data.images.opening import BadImage
from cnnspec.data.mask_colours import as_text, unpacked

_BLUR = 48
"""How far JPEG may take a part of a colour from what it was, at most."""


@dataclass(frozen=True, slots=True)
class Coding:
    """The class of each number, or with `coloured` of each packed colour.

    What a JPEG holds is read as the nearest of them: where there are two, always; of more, where it is nearer to one
    than half of the least distance between two, and no further than 48 of 255. In between lies what JPEG has mixed at
    edges, which may look like a third class: of no class, unless one is for what is ignored.
    """

    classes: tuple[tuple[int, int], ...]
    coloured: bool = False
    ignored: int | None = None

    def classes_of(self, mask: Mask) -> Array:
        """The class of each pixel; −1 where it has none."""
        if mask.coloured and not self.coloured:
            raise BadImage("has colours, and the others hold numbers; save masks in one way")
        if mask.lossy:
            return self._nearest(mask.numbers)
        if self.coloured:
            codes, inverse = np.unique(mask.numbers, return_inverse=True)
            known = dict(self.classes)
            return np.array([known.get(int(code), -1) for code in codes], np.int64)[inverse].reshape(mask.numbers.shape)
        table = _table(self.classes)
        within = np.clip(mask.numbers.astype(np.int64), 0, len(table) - 1)
        return np.where(within == mask.numbers, table[within], -1)

    def _nearest(self, numbers: Array) -> Array:
        codes, inverse = np.unique(numbers, return_inverse=True)
        there, wanted = self._parts(codes), self._parts(np.array([code for code, _ in self.classes]))
        between = np.abs(wanted[:, np.newaxis] - wanted).max(axis=-1)
        limit = 256
        if len(wanted) > 2:
            limit = min(int(between[~np.eye(len(wanted), dtype=bool)].min() - 1) // 2, _BLUR)
        place, distance = np.zeros(len(codes), np.int64), np.full(len(codes), 1 << 16, np.int64)
        for index, colour in enumerate(wanted):
            far = np.abs(there - colour).max(axis=-1)
            place, distance = np.where(far < distance, index, place), np.minimum(far, distance)
        classes = np.array([number for _, number in self.classes], np.int64)[place]
        spare = -1 if self.ignored is None else self.ignored
        return np.where(distance <= limit, classes, spare)[inverse].reshape(numbers.shape)

    def _parts(self, codes: Array) -> Array:
        """Numbers as rows of one part, colours of three."""
        numbers = codes.astype(np.int64)
        if not self.coloured:
            return numbers[:, np.newaxis]
        return np.stack([numbers >> 16, numbers >> 8 & 255, numbers & 255], axis=-1)

    def exact(self, mask: Mask) -> Array:
        """Which pixels hold just a number or colour of a class."""
        return np.isin(mask.numbers, [code for code, _ in self.classes])

    def shown(self, code: int) -> str:
        """A number or colour as messages write it."""
        return shown(code, self.coloured)


def shown(code: int, coloured: bool) -> str:
    """A number or colour as messages write it."""
    return f"{as_text(unpacked(code))} {list(unpacked(code))}" if coloured else f"{code}"


@cache
def _table(classes: tuple[tuple[int, int], ...]) -> Array:
    """The class of each number; −1 where it has none."""
    table = np.full(max(value for value, _ in classes) + 1, -1, np.int64)
    for value, number in classes:
        table[value] = number
    return table
