"""Readers of files: what makes an item of a column out of a file."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from cnnspec.data.columns import Array
from cnnspec.data.images.decoding import image, mask
from cnnspec.data.images.fitting import Form
from cnnspec.data.images.opening import BadImage, Header


@dataclass(frozen=True, slots=True)
class ImageReader:
    """Images as H×W×C bytes."""

    form: Form

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width, channels."""
        return self.form.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Bytes."""
        return np.dtype(np.uint8)

    def __call__(self, path: Path) -> tuple[Array, Header]:
        return image(path, self.form)


@dataclass(frozen=True, slots=True)
class MaskReader:
    """Masks as H×W class numbers. `classes` maps the numbers in the files to them."""

    form: Form
    classes: tuple[tuple[int, int], ...]

    @property
    def shape(self) -> tuple[int, int]:
        """Height, width."""
        return self.form.height, self.form.width

    @property
    def dtype(self) -> np.dtype[Any]:
        """The smallest that holds every class."""
        return np.dtype(np.uint8 if max(number for _, number in self.classes) < 256 else np.int32)

    def __call__(self, path: Path) -> tuple[Array, Header]:
        found = mask(path, self.form)
        table = _table(self.classes)
        known = np.clip(found.numbers.astype(np.int64), 0, len(table) - 1)
        numbers = np.where(known == found.numbers, table[known], -1)
        if numbers.min() < 0:
            raise BadImage(f"holds {int(found.numbers[numbers < 0].min())}, which is no class")
        return numbers.astype(self.dtype), found.header


@cache
def _table(classes: tuple[tuple[int, int], ...]) -> Array:
    """The class of each number; −1 where it has none."""
    table = np.full(max(value for value, _ in classes) + 1, -1, np.int64)
    for value, number in classes:
        table[value] = number
    return table
