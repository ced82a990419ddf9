"""RandAugment as a Keras layer: operations drawn for each image, computed for the whole batch. Imports Keras."""

from __future__ import annotations

from collections.abc import Sequence
from math import pi
from typing import Any

import keras
from keras import ops

from cnnspec.training.mixing import Together

_TURN, _SHEAR, _SHIFT, _BLEND = pi / 6, 0.3, 0.45, 0.9
"""The strongest rotation, shearing, translation (shares of the size) and change of colours."""
_MOVES, _COLOURS = 5, 7
_GREY = (0.299, 0.587, 0.114)


class RandAugment(Together):
    """Images in `value_range`; maps are moved with them."""

    def __init__(
        self,
        factor: float = 0.5,
        num_ops: int = 2,
        value_range: Sequence[float] | None = None,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        **more: Any,
    ) -> None:
        super().__init__(**more)
        self.factor, self.num_ops = factor, num_ops
        self.low, self.high = map(float, value_range or (0, 255))
        self.fill_mode, self.interpolation = fill_mode, interpolation

    def call(self, tensors: Sequence[Any]) -> list[Any]:
        images, *others = tensors
        maps, rest = others[: self.maps], others[self.maps :]
        size = ops.shape(images)[0]
        images = (images - self.low) / (self.high - self.low)
        for _ in range(self.num_ops):
            # 0 is nothing, then come the moves, then the colours
            drawn = ops.floor(keras.random.uniform((size,), 0, 1 + _MOVES + _COLOURS, seed=self.generator))
            sign = ops.where(keras.random.uniform((size,), seed=self.generator) < 0.5, -self.factor, self.factor)
            amounts = [ops.where(drawn == 1 + move, sign, ops.zeros_like(sign)) for move in range(_MOVES)]
            images = self._moved(images, amounts, self.interpolation)
            maps = [self._moved(tensor, amounts, "nearest") for tensor in maps]
            colours = self._coloured(images, ops.reshape(sign, (-1, 1, 1, 1)))
            for index, coloured in enumerate(colours):
                chosen = ops.reshape(drawn == 1 + _MOVES + index, (-1, 1, 1, 1))
                images = ops.where(chosen, ops.clip(coloured, 0.0, 1.0), images)
        return [images * (self.high - self.low) + self.low, *maps, *rest]

    def _moved(self, images: Any, amounts: Sequence[Any], interpolation: str) -> Any:
        """Images rotated, sheared and shifted by `amounts`, about their middles."""
        turn, shear_x, shear_y, shift_x, shift_y = amounts
        height, width = ops.shape(images)[1:3]
        cos, sin = ops.cos(turn * _TURN), ops.sin(turn * _TURN)
        along_x, along_y = shear_x * _SHEAR - sin, shear_y * _SHEAR + sin
        middle_x, middle_y = (width - 1) / 2.0, (height - 1) / 2.0
        offset_x = middle_x - cos * middle_x - along_x * middle_y + shift_x * _SHIFT * width
        offset_y = middle_y - along_y * middle_x - cos * middle_y + shift_y * _SHIFT * height
        none = ops.zeros_like(turn)
        matrix = ops.stack([cos, along_x, offset_x, along_y, cos, offset_y, none, none], axis=1)
        return ops.image.affine_transform(
            images, matrix, interpolation=interpolation, fill_mode=self.fill_mode, data_format="channels_last"
        )

    def _coloured(self, images: Any, sign: Any) -> list[Any]:
        """Images after each of the changes of colours; `sign` is the strength of those that have two directions."""
        more = 1.0 + sign * _BLEND
        grey = images
        if images.shape[-1] == 3:
            grey = ops.sum(images * ops.convert_to_tensor(_GREY, images.dtype), axis=-1, keepdims=True)
        mean = ops.mean(grey, axis=(1, 2, 3), keepdims=True)
        bits = 2.0 ** (8 - round(4 * self.factor))
        low, high = (reduce(images, axis=(1, 2), keepdims=True) for reduce in (ops.min, ops.max))
        width = ops.where(high > low, high - low, ops.ones_like(high))
        return [
            images * more,
            mean + (images - mean) * more,
            grey + (images - grey) * more,
            _blurred(images) * (1.0 - more) + images * more,
            ops.minimum(ops.floor(images * bits), bits - 1) / (bits - 1),
            ops.where(images > 1.0 - self.factor, 1.0 - images, images),
            ops.where(high > low, (images - low) / width, images),
        ]


def _blurred(images: Any) -> Any:
    """Each pixel with its neighbours, which count a fifth of it; the border repeats itself."""
    height, width = ops.shape(images)[1:3]
    padded = ops.pad(images, [[0, 0], [1, 1], [1, 1], [0, 0]], mode="symmetric")
    total = 4.0 * images
    for top in range(3):
        for left in range(3):
            total = total + padded[:, top : top + height, left : left + width, :]
    return total / 13.0
