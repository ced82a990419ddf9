"""Batches in an order that depends on seed and epoch alone. Imports Keras."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil
from typing import Any

import keras
import numpy as np

from cnnspec.data.arrays import Array, order


class Order:
    """Which images make up the batches of the current epoch. The trainer sets `epoch` as each one begins."""

    def __init__(self, length: int, batch_size: int, seed: int) -> None:
        self.length, self.batch_size, self.seed, self.epoch = length, batch_size, seed, 0

    @property
    def steps(self) -> int:
        """How many batches an epoch has; the last one may be smaller."""
        return ceil(self.length / self.batch_size)

    def permutation(self) -> Array:
        """This epoch's order."""
        return order(self.seed, self.epoch, self.length)

    def tables(self) -> Iterator[Array]:
        """This epoch's indices, a row for each batch: the full batches, then the remainder."""
        indices = self.permutation()
        full = self.length - self.length % self.batch_size
        yield indices[:full].reshape(-1, self.batch_size)
        if full < self.length:
            yield indices[full:].reshape(1, -1)


def batches(x: Array, y: Any, order: Order) -> Any:
    """What `fit` takes: batches of `x` and `y` (an array, or a mapping of them) in `order`."""
    return _tensorflow(x, y, order) if keras.backend.backend() == "tensorflow" else _Batches(x, y, order)


def _tensorflow(x: Array, y: Any, order: Order) -> Any:
    """Python gives an epoch's indices once; gathering runs in TensorFlow's own threads."""
    import tensorflow as tf

    with tf.device("CPU"):
        held = keras.tree.map_structure(tf.convert_to_tensor, (x, y))
    rows = tf.data.Dataset.from_generator(order.tables, output_signature=tf.TensorSpec([None, None], tf.int64))
    indices = rows.flat_map(tf.data.Dataset.from_tensor_slices)
    gathered = indices.map(
        lambda index: tf.nest.map_structure(lambda tensor: tf.gather(tensor, index), held),
        num_parallel_calls=tf.data.AUTOTUNE, deterministic=True,
    )  # fmt: skip
    return gathered.apply(tf.data.experimental.assert_cardinality(order.steps)).prefetch(tf.data.AUTOTUNE)


class _Batches(keras.utils.PyDataset):  # type: ignore[misc]
    """The same for the other backends."""

    def __init__(self, x: Array, y: Any, order: Order) -> None:
        super().__init__()
        self._x, self._y, self._order = x, y, order
        self._known: tuple[int, Array] = (-1, np.empty(0, np.int64))

    def __len__(self) -> int:
        return self._order.steps

    def __getitem__(self, step: int) -> tuple[Array, Any]:
        if self._known[0] != self._order.epoch:
            self._known = self._order.epoch, self._order.permutation()
        size = self._order.batch_size
        index = self._known[1][step * size : (step + 1) * size]
        return self._x[index], keras.tree.map_structure(lambda array: array[index], self._y)
