"""Compiling whole steps on JAX where Keras would not. Imports Keras."""

from __future__ import annotations

from functools import partial
from typing import Any

import keras

_HELD_BACK = (
    keras.layers.RandomCrop, keras.layers.RandomPerspective, keras.layers.RandomRotation, keras.layers.RandomShear,
    keras.layers.RandomTranslation, keras.layers.RandomZoom,
)  # fmt: skip


def allow_jit(model: Any) -> None:
    """On JAX, let steps of `model` be compiled whatever moves pixels in it. To be called before `compile`.

    TensorFlow's XLA lacks operations of these layers, and on their account Keras compiles no step on JAX either: every
    operation would run by itself, many times slower.
    """
    if keras.backend.backend() != "jax":
        return
    for layer in model._flatten_layers():
        if layer.supports_jit or not isinstance(layer, _HELD_BACK):
            continue
        layer.supports_jit = True
        if isinstance(layer, keras.layers.RandomCrop):
            layer.transform_images = partial(_cropped, layer, layer.transform_images)


def _cropped(layer: Any, genuine: Any, images: Any, transformation: Any, training: bool = True) -> Any:
    """What `RandomCrop` makes of images, with a place that is known to the compiled step alone."""
    if not training or isinstance(transformation[0], int):
        return genuine(images, transformation, training=training)
    starts, sizes = [0] * len(images.shape), list(images.shape)
    starts[layer.height_axis], starts[layer.width_axis] = transformation
    sizes[layer.height_axis], sizes[layer.width_axis] = layer.height, layer.width
    return keras.ops.slice(keras.ops.cast(images, layer.compute_dtype), starts, sizes)
