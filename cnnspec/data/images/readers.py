"""Readers of files: what makes an item of a column out of a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from cnnspec.data.columns import Array
from cnnspec.data.images.coding import Coding
from cnnspec.data.images.decoding import as_bytes, held, image
from cnnspec.data.images.deep import depth_notes
from cnnspec.data.images.fitting import Form
from cnnspec.data.images.opening import BadImage, Depth, Header

_WHITE = 255.0

Turns = Mapping[Path, int]
"""How files are turned by what others say of them: images whose EXIF data their masks lack."""


@dataclass(frozen=True, slots=True)
class ImageReader:
    """Images as H×W×C numbers from 0 to 255: bytes, or with `deep` floats, for images deeper than 8 bits. What does
    not decide how a set of bytes is read stays out of digests."""

    form: Form
    deep: bool = field(default=False, repr=False)
    turns: Turns = field(default_factory=dict, repr=False)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width, channels."""
        return self.form.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Bytes or floats."""
        return np.dtype(np.float32 if self.deep else np.uint8)

    def __call__(self, path: Path) -> tuple[Array, Header]:
        pixels, found = image(path, self.form, self.turns.get(path, 1))
        return (pixels.astype(np.float32) if self.deep else as_bytes(pixels)), found

    def deeper(self) -> ImageReader | None:
        """The reader that keeps the depth of images deeper than 8 bits."""
        return None if self.deep else replace(self, deep=True)

    def notes(self, paths: Sequence[Path], depths: Sequence[Depth]) -> Iterable[str]:
        """What is deeper than 8 bits, and how it is read."""
        return depth_notes(paths, depths, self.form.scale)


@dataclass(frozen=True, slots=True)
class TargetReader:
    """Images to give, as H×W×C floats; `range` is what black and white become."""

    form: Form
    range: tuple[float, float]
    turns: Turns = field(default_factory=dict, repr=False)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width, channels."""
        return self.form.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Floats."""
        return np.dtype(np.float32)

    def __call__(self, path: Path) -> tuple[Array, Header]:
        pixels, found = image(path, self.form, self.turns.get(path, 1))
        low, high = self.range
        return (low + pixels.astype(np.float64) * ((high - low) / _WHITE)).astype(np.float32), found

    def deeper(self) -> TargetReader | None:
        """None: it keeps every depth."""
        return None

    def notes(self, paths: Sequence[Path], depths: Sequence[Depth]) -> Iterable[str]:
        """What is deeper than 8 bits, and how it is read."""
        return depth_notes(paths, depths, self.form.scale)


@dataclass(frozen=True, slots=True)
class MaskReader:
    """Masks as H×W class numbers. `classes` maps the numbers in the files to them; with `coloured`, packed colours."""

    form: Form
    classes: tuple[tuple[int, int], ...]
    coloured: bool = field(default=False, repr=False)
    turns: Turns = field(default_factory=dict, repr=False)
    ignored: int | None = field(default=None, repr=False)

    @property
    def shape(self) -> tuple[int, int]:
        """Height, width."""
        return self.form.height, self.form.width

    @property
    def dtype(self) -> np.dtype[Any]:
        """The smallest that holds every class."""
        return np.dtype(np.uint8 if max(number for _, number in self.classes) < 256 else np.int32)

    def __call__(self, path: Path) -> tuple[Array, Header]:
        found = held(path, self.form, self.coloured, self.turns.get(path, 1))
        coding = Coding(self.classes, self.coloured, self.ignored)
        numbers = coding.classes_of(found)
        if numbers.min() < 0:
            raise BadImage(f"holds {coding.shown(int(found.numbers[numbers < 0].min()))}, which is no class")
        return numbers.astype(self.dtype), found.header

    def deeper(self) -> MaskReader | None:
        """None: masks are numbers as they are."""
        return None

    def notes(self, paths: Sequence[Path], depths: Sequence[Depth]) -> Iterable[str]:
        """Nothing: the depth of masks says nothing."""
        return ()
