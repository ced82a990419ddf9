"""Masks and images as PNG files."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TypeAlias

import numpy as np
from PIL import Image

from cnnspec.data.columns import Array
from cnnspec.training.run_folder import writing

Span: TypeAlias = tuple[Array, Array]
"""The numbers of black and of white, for all channels or for each."""

_PALETTE = 256


def mask_picture(mask: Array, size: tuple[int, int] | None) -> Image.Image:
    """The classes of an H×W mask as a picture: indices of a palette, or 16 bits where there are more than 256.

    With `size` (width, height) it is brought to that by nearest neighbours.
    """
    if mask.max(initial=0) < _PALETTE:
        picture = Image.fromarray(mask.astype(np.uint8), "L")
        picture.putpalette(palette())
    else:
        picture = Image.fromarray(mask.astype(np.uint16))
    return picture if size is None or size == picture.size else picture.resize(size, Image.Resampling.NEAREST)


@cache
def palette() -> bytes:
    """256 colours that differ well: the bits of a number go in turn to red, green and blue, high ones first, as in the
    masks of PASCAL VOC. The first is black."""
    numbers = np.arange(_PALETTE)
    colours = np.zeros((_PALETTE, 3), np.uint8)
    for bit in range(8):
        colours[:, bit % 3] |= (((numbers >> bit) & 1) << (7 - bit // 3)).astype(np.uint8)
    return colours.tobytes()


def image_picture(numbers: Array, span: Span) -> Image.Image:
    """An H×W×C image as a picture; what lies beyond black and white is cut off."""
    black, white = span
    width = np.where(white == black, 1.0, white - black)
    values = np.nan_to_num((numbers.astype(np.float64) - black) / width)
    pixels = np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8)
    return Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)


def write(picture: Image.Image, path: Path) -> None:
    """Write a PNG. Raises `TrainingError` where the disk refuses it."""
    with writing(path, "name another folder with -o"):
        path.parent.mkdir(parents=True, exist_ok=True)
        picture.save(path, "PNG")


def write_array(numbers: Array, path: Path) -> None:
    """Write numbers that are no picture. Raises `TrainingError`."""
    with writing(path, "name another folder with -o"):
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, numbers)
