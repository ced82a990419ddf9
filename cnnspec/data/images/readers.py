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
    coloured: bool = False

    @property
    def shape(self) -> tuple[int, int]:
        """Height, width."""
        return self.form.height, self.form.width

    @property
    def dtype(self) -> np.dtype[Any]:
        """The smallest that holds every class."""
        return np.dtype(np.uint8 if max(number for _, number in self.classes) < 256 else np.int32)

    def __call__(self, path: Path) -> tuple[Array, Header]:
        found = mask(path, self.form, self.coloured)
        values, numbers = _table(self.classes)
        places = np.minimum(np.searchsorted(values, found.numbers), len(values) - 1)
        strange = values[places] != found.numbers
        if strange.any():
            raise BadImage(f"holds {int(found.numbers[strange].min())}, which is no class")
        return numbers[places].astype(self.dtype), found.header


@cache
def _table(classes: tuple[tuple[int, int], ...]) -> tuple[Array, Array]:
    """The numbers in files in rising order, and the class of each."""
    ordered = sorted(classes)
    return np.array([value for value, _ in ordered]), np.array([number for _, number in ordered])
