"""Mixing the images of a batch, with what goes with them, as Keras layers. Imports Keras."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops


class Together(keras.layers.Layer):  # type: ignore[misc]
    """The base of layers over a list: images, then maps that are moved with them, then what each image has besides.

    `maps` says how many of the list are maps. All of them keep their shapes.
    """

    def __init__(self, maps: int = 0, seed: int | None = None, name: str | None = None) -> None:
        super().__init__(name=name)
        self.maps = maps
        self.generator = keras.random.SeedGenerator(seed)

    def compute_output_spec(self, tensors: Sequence[Any]) -> list[Any]:
        return [keras.KerasTensor(tensor.shape, tensor.dtype) for tensor in tensors]


class _Mixing(Together):
    """Mixes each image with another of its batch."""

    def __init__(self, alpha: float, factor: float, **more: Any) -> None:
        super().__init__(**more)
        self.alpha, self.factor = alpha, factor

    def call(self, tensors: Sequence[Any]) -> list[Any]:
        images, *others = tensors
        size = ops.shape(images)[0]
        order = ops.argsort(keras.random.uniform((size,), seed=self.generator))
        share = keras.random.beta((size,), self.alpha, self.alpha, seed=self.generator)
        chosen = keras.random.uniform((size,), seed=self.generator) < self.factor
        share = ops.where(chosen, share, ops.ones_like(share))  # how much of each image stays
        mixed, share = self.mix([images, *others[: self.maps]], order, share)
        return [*mixed, *(blend(tensor, order, share) for tensor in others[self.maps :])]

    def mix(self, maps: Sequence[Any], order: Any, share: Any) -> tuple[list[Any], Any]:
        """Images and maps mixed, and how much of each stayed."""
        raise NotImplementedError


class MixUp(_Mixing):
    """Blends them."""

    def __init__(self, alpha: float = 0.2, factor: float = 1.0, **more: Any) -> None:
        super().__init__(alpha, factor, **more)

    def mix(self, maps: Sequence[Any], order: Any, share: Any) -> tuple[list[Any], Any]:
        return [blend(tensor, order, share) for tensor in maps], share


class CutMix(_Mixing):
    """Puts a rectangle of the other image into each."""

    def __init__(self, alpha: float = 1.0, factor: float = 1.0, **more: Any) -> None:
        super().__init__(alpha, factor, **more)

    def mix(self, maps: Sequence[Any], order: Any, share: Any) -> tuple[list[Any], Any]:
        side = ops.sqrt(1.0 - share) / 2.0
        size = ops.shape(share)[0]
        y, x = (keras.random.uniform((size,), seed=self.generator) for _ in range(2))
        cut = [inside(tensor, y, x, side) for tensor in maps]
        mixed = [
            ops.where(_spread(box, tensor), ops.take(tensor, order, axis=0), tensor)
            for box, tensor in zip(cut, maps, strict=True)
        ]
        return mixed, 1.0 - ops.mean(ops.cast(cut[0], share.dtype), axis=(1, 2))


def inside(tensor: Any, y: Any, x: Any, side: Any) -> Any:
    """Which pixels (batch×height×width) lie within `side` of the place (`y`, `x`), all as shares of the size."""
    height, width = ops.shape(tensor)[1:3]
    rows, columns = ((ops.arange(n, dtype="float32") + 0.5) / n for n in (height, width))
    tall = ops.abs(rows[None, :] - y[:, None]) < side[:, None]
    wide = ops.abs(columns[None, :] - x[:, None]) < side[:, None]
    return ops.logical_and(tall[:, :, None], wide[:, None, :])


def blend(tensor: Any, order: Any, share: Any) -> Any:
    """`share` of each item, and for the rest the one that `order` puts beside it."""
    share = _spread(ops.cast(share, tensor.dtype), tensor)
    return share * tensor + (1 - share) * ops.take(tensor, order, axis=0)


def _spread(values: Any, tensor: Any) -> Any:
    """`values` with as many axes as `tensor`."""
    return ops.reshape(values, (*ops.shape(values), *(1,) * (len(tensor.shape) - len(values.shape))))
