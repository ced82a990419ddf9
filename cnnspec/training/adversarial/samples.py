"""What a generator makes, and how it is shown. Imports Keras."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, isqrt
from typing import Any

import keras
import numpy as np

from cnnspec.data.columns import Array, blocks
from cnnspec.graph.graph import Graph
from cnnspec.training.folder_files import File
from cnnspec.training.objective import RANGES, final_activation

_STREAM = 8
_GAP = 2
_MODES = {1: "L", 3: "RGB", 4: "RGBA"}


def range_of(generator: Graph) -> tuple[float, float] | None:
    """What the last activation of a generator can give, where that has bounds."""
    return RANGES.get(final_activation(generator, next(iter(generator.outputs))))


def making(generator: Any, count: int, seed: int, batch_size: int) -> Iterator[Array]:
    """What a generator makes, in batches. The noise follows from the seed alone: more of it begins with the same."""
    drawn = np.random.default_rng((seed, _STREAM))
    for part in blocks(count, batch_size):
        noise = drawn.standard_normal((part.stop - part.start, *generator.input_shape[1:]), np.float32)
        yield keras.ops.convert_to_numpy(generator(noise, training=False))


def pixels(images: Array, low: float, high: float) -> Array:
    """Images of H×W×C as bytes: `low` becomes black, `high` white. Of a number of channels that no picture has, the
    first is taken."""
    channels = images.shape[-1] if images.shape[-1] in _MODES else 1
    scaled = (images[..., :channels].astype(np.float32) - low) * (255.0 / max(high - low, 1e-9))
    found: Array = np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
    return found


def grid(pictures: Array) -> Array:
    """Pictures side by side in rows, with gaps: about as many rows as stand in one."""
    count, height, width, channels = pictures.shape
    columns = isqrt(count - 1) + 1
    height, width = height + _GAP, width + _GAP
    whole = np.full((ceil(count / columns) * height + _GAP, columns * width + _GAP, channels), 255, np.uint8)
    for index, picture in enumerate(pictures):
        top, left = _GAP + index // columns * height, _GAP + index % columns * width
        whole[top : top + height - _GAP, left : left + width - _GAP] = picture
    return whole


def write_png(file: File, pixels: Array) -> None:
    """Write a picture, whole or not at all."""
    from PIL import Image

    picture: Any = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
    with file.replaced() as stream:
        picture.save(stream, format="PNG")
