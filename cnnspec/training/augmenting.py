"""Augmentation as a Keras model: the images of an input, and the labels that are changed with them. Imports Keras."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from cnnspec.data.augmentations import Augmentation
from cnnspec.emit.keras import apply, resolve
from cnnspec.layers.base import Layer, Shape
from cnnspec.training.component import Form
from cnnspec.training.errors import TrainingError


@dataclass(frozen=True, slots=True)
class Follower:
    """Labels that are changed with images: their shape and numbers, the form that the loss takes them in, and the class
    of places that nothing is known of (`empty`)."""

    shape: tuple[int, ...]
    dtype: str
    form: Form
    empty: int = 0

    @property
    def is_map(self) -> bool:
        """Whether they have a height and a width."""
        return len(self.shape) == (2 if self.form == "numbers" else 3)

    def entering(self, labels: Any) -> Any:
        """Labels in the form in which layers move them: with channels, and 0 for `empty`."""
        if self.form == "numbers" and self.is_map:
            return ops.cast(labels[..., None], "float32") - self.empty
        return labels

    def leaving(self, labels: Any) -> Any:
        """The way back. Motion of a one-hot map that became empty are of the class `empty`."""
        if self.form == "numbers" and self.is_map:
            return ops.cast(ops.round(labels[..., 0]), "int32") + self.empty
        if self.form == "one_hot" and self.is_map:
            background = [float(number == self.empty) for number in range(self.shape[-1])]
            missing = 1.0 - ops.sum(labels, axis=-1, keepdims=True)
            return labels + missing * ops.convert_to_tensor(background, "float32")
        return labels


def augmenting(
    layers: Sequence[Layer], shape: Shape, followers: Mapping[str, Follower], weighed: bool, name: str
) -> Any:
    """A model of images of `shape`, the labels in `followers`, and (`weighed`) what each image weighs, to the same.

    It takes and gives a list in this order. Layers that move pixels act on maps with the same seed.
    """
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        image = keras.Input(shape)
        labels = {output: keras.Input(each.shape, dtype=each.dtype) for output, each in followers.items()}
        weights = [keras.Input(())] if weighed else []
        taken = [image, *labels.values(), *weights]
        moved = {output: followers[output].entering(tensor) for output, tensor in labels.items()}
        for index, layer in enumerate(layers):
            own = f"{name}_{index}_{layer.entry}"
            if isinstance(layer, Augmentation):
                image, moved, weights = _together(layer, image, moved, weights, followers, own)
            else:
                image, moved = _beside(layer, image, moved, followers, own)
        left = [followers[output].leaving(tensor) for output, tensor in moved.items()]
        return keras.Model(taken, [image, *left, *weights], name=name)
    finally:
        keras.config.set_dtype_policy(policy)


def _together(
    layer: Augmentation, image: Any, labels: Mapping[str, Any], weights: list[Any],
    followers: Mapping[str, Follower], name: str,
) -> tuple[Any, dict[str, Any], list[Any]]:  # fmt: skip
    """A layer of ours, which takes all there is."""
    maps = [output for output in labels if followers[output].is_map]
    rest = [output for output in labels if output not in maps]
    (call,) = layer.calls()
    made = resolve(call.name)(**call.kwargs, maps=len(maps), name=name)
    image, *found = made([image, *(labels[output] for output in (*maps, *rest)), *weights])
    mixed = dict(zip((*maps, *rest), found, strict=False))
    return image, {output: mixed[output] for output in labels}, found[len(mixed) :]


def _beside(
    layer: Layer, image: Any, labels: Mapping[str, Any], followers: Mapping[str, Follower], name: str
) -> tuple[Any, dict[str, Any]]:
    """A layer of Keras: one for the images, and where it moves pixels, one of the same seed for each map."""
    maps = [output for output in labels if followers[output].is_map and layer.motion == "move"]
    if maps and layer.entry == "random_elastic_transform" and keras.backend.backend() == "torch":
        message = "on PyTorch, `random_elastic_transform` draws without a seed and cannot move labels with their images"
        raise TrainingError(message, "take it out, or train with `--backend tensorflow` or `jax`")
    if maps and getattr(layer, "seed", 0) is None:
        layer = layer.model_copy(update={"seed": random.randint(1, 10**9)})
    moved = dict(labels)
    for number, output in enumerate(maps):
        twin = layer if followers[output].form == "as_is" else layer.on_masks()
        moved[output] = apply(twin.calls(labels[output].shape[1:]), [labels[output]], f"{name}_label_{number}")
    return apply(layer.calls(image.shape[1:]), [image], name), moved
