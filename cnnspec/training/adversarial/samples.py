"""What a generator makes, as a picture: the same noise in every epoch. Imports NumPy and Pillow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from cnnspec.data.columns import Array
from cnnspec.layers.base import Shape, known

ROWS = 8
_GAP = 2
_MODES = {1: "L", 3: "RGB", 4: "RGBA"}
RANGES = {"tanh": (-1.0, 1.0), "sigmoid": (0.0, 1.0)}
"""What a last activation can give."""


def fixed_noise(shape: Shape, seed: int) -> Array:
    """The inputs of a generator for a grid of images: a function of the seed alone."""
    return np.random.default_rng((seed, ROWS)).standard_normal((ROWS * ROWS, *(known(shape) or ())), np.float32)


def grid(images: Array, low: float, high: float) -> Array:
    """Images of H×W×C in rows, with gaps, as bytes: `low` becomes black, `high` white. Images of a number of channels
    that no picture has are shown by their first."""
    channels = images.shape[-1] if images.shape[-1] in _MODES else 1
    scaled = (images[..., :channels].astype(np.float32) - low) * (255.0 / max(high - low, 1e-9))
    pixels = np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
    height, width = (size + _GAP for size in images.shape[1:3])
    whole = np.full((ROWS * height + _GAP, ROWS * width + _GAP, channels), 255, np.uint8)
    for index, image in enumerate(pixels):
        top, left = _GAP + index // ROWS * height, _GAP + index % ROWS * width
        whole[top : top + height - _GAP, left : left + width - _GAP] = image
    return whole


def write_png(path: Path, pixels: Array) -> None:
    """Write a picture, whole or not at all."""
    from PIL import Image

    temporary = path.with_name(f".part-{path.name}")
    path.parent.mkdir(exist_ok=True)
    try:
        picture: Any = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
        picture.save(temporary, format="PNG")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
