"""Batches in an order that depends on seed and epoch alone. Imports Keras."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import Any

import keras

from cnnspec.data.arrays import Array, order


class Order:
    """The order in which the current epoch sees the images. The trainer turns it as each epoch begins."""

    def __init__(self, length: int, batch_size: int, seed: int) -> None:
        self.length, self.batch_size, self.seed = length, batch_size, seed
        self.indices = order(seed, 0, length)
        self._followers: list[Callable[[Array], Any]] = []

    @property
    def steps(self) -> int:
        """How many batches an epoch has; the last one may be smaller."""
        return ceil(self.length / self.batch_size)

    def turn_to(self, epoch: int) -> None:
        """Take the order of `epoch` (from 0)."""
        self.indices = order(self.seed, epoch, self.length)
        for follow in self._followers:
            follow(self.indices)

    def follow(self, follow: Callable[[Array], Any]) -> None:
        """Have `follow` called with the indices whenever they turn."""
        self._followers.append(follow)


def batches(x: Any, y: Any, order: Order) -> Any:
    """What `fit` takes: batches of `x` and `y` (each an array, or a mapping of them) in `order`."""
    return _tensorflow(x, y, order) if keras.backend.backend() == "tensorflow" else _Batches(x, y, order)


def _tensorflow(x: Any, y: Any, order: Order) -> Any:
    """Images and order are held by TensorFlow, and its own threads gather the batches: no Python between steps."""
    import tensorflow as tf

    with tf.device("CPU"):
        held = keras.tree.map_structure(tf.convert_to_tensor, (x, y))
        indices = tf.Variable(order.indices, trainable=False)
    order.follow(indices.assign)

    def gather(step: Any) -> Any:
        start = step * order.batch_size
        index = indices[start : start + order.batch_size]
        return tf.nest.map_structure(lambda tensor: tf.gather(tensor, index), held)

    steps = tf.data.Dataset.range(order.steps)
    return steps.map(gather, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True).prefetch(tf.data.AUTOTUNE)


class _Batches(keras.utils.PyDataset):  # type: ignore[misc]
    """The same for the other backends."""

    def __init__(self, x: Any, y: Any, order: Order) -> None:
        super().__init__()
        self._x, self._y, self._order = x, y, order

    def __len__(self) -> int:
        return self._order.steps

    def __getitem__(self, step: int) -> Any:
        size = self._order.batch_size
        index = self._order.indices[step * size : (step + 1) * size]
        return keras.tree.map_structure(lambda array: array[index], (self._x, self._y))
