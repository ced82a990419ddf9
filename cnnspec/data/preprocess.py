"""Preprocessing: every image passes the layers once, before training, in large batches. Imports Keras."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from cnnspec.data.columns import Array, blocks
from cnnspec.emit.keras import apply
from cnnspec.layers.base import Layer, Shape

_NUMBERS_A_BATCH = 1 << 22


def transform(layers: Sequence[Layer], images: Array) -> Array:
    """The images behind `layers`, as float32."""
    if not layers:
        return np.ascontiguousarray(images, np.float32)
    model = chain(layers, images.shape[1:], "preprocessing")
    shape = model.output_shape[1:]
    result = np.empty((len(images), *shape), np.float32)
    size = max(1, _NUMBERS_A_BATCH // max(1, int(np.prod(images.shape[1:])), int(np.prod(shape))))
    for part in blocks(len(images), size):
        result[part] = keras.ops.convert_to_numpy(model(images[part].astype(np.float32), training=False))
    return result


def chain(layers: Sequence[Layer], shape: Shape, name: str) -> Any:
    """`layers` one after another as a Keras model for images of `shape`, computed in float32."""
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        tensor = entering = keras.Input(shape)
        for index, layer in enumerate(layers):
            tensor = apply(layer.calls(shape), [tensor], f"{name}_{index}_{layer.entry}")
            shape = layer.output_shape(shape)
        return keras.Model(entering, tensor, name=name)
    finally:
        keras.config.set_dtype_policy(policy)
