"""Batches in an order that depends on seed and epoch alone. Imports Keras."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from math import ceil, prod
from typing import Any

import keras
import numpy as np

from cnnspec.data.columns import Array
from cnnspec.data.splits import order
from cnnspec.training.prepare import Part

_AHEAD = 1 << 26
"""How many bytes of batches are read ahead; two batches at least."""


class Order:
    """The order in which the current epoch sees the images. The trainer turns it as each epoch begins.

    Without a seed they come as they stand.
    """

    def __init__(self, length: int, batch_size: int, seed: int | None = None) -> None:
        self.length, self.batch_size, self.seed = length, batch_size, seed
        self.indices = np.arange(length) if seed is None else order(seed, 0, length)
        self._followers: list[Callable[[Array], Any]] = []

    @property
    def steps(self) -> int:
        """How many batches an epoch has; the last one may be smaller."""
        return ceil(self.length / self.batch_size)

    def of(self, step: int) -> Array:
        """The indices of batch `step`."""
        return self.indices[step * self.batch_size : (step + 1) * self.batch_size]

    def turn_to(self, epoch: int) -> None:
        """Take the order of `epoch` (from 0)."""
        if self.seed is not None:
            self.indices = order(self.seed, epoch, self.length)
        for follow in self._followers:
            follow(self.indices)

    def follow(self, follow: Callable[[Array], Any]) -> None:
        """Have `follow` called with the indices whenever they turn."""
        self._followers.append(follow)


class Feed:
    """What `fit` and `evaluate` take of a part, batch by batch in `order`.

    `failure` is what went wrong while a batch was read: frameworks bury it in errors of their own.
    """

    def __init__(self, part: Part, order: Order) -> None:
        self.part, self.order = part, order
        self.failure: Exception | None = None
        self._tensors: Any = None

    def batches(self, start: int = 0) -> Any:
        """The batches of an epoch from batch `start` on, as Keras takes them."""
        backend = keras.backend.backend()
        if backend == "tensorflow" and self.part.in_memory:
            return self._held(start)
        batches = _Batches(self, start)
        return _loader(batches) if backend == "torch" else batches

    def _held(self, start: int) -> Any:
        """Images and order are held by TensorFlow, and its own threads gather the batches: no Python between steps."""
        import tensorflow as tf

        part, order = self.part, self.order
        with tf.device("CPU"):
            if self._tensors is None:  # for the rest of an epoch and for those behind it
                self._tensors = keras.tree.map_structure(tf.convert_to_tensor, (part.inputs, part.targets))
                if part.weights is not None:
                    self._tensors = (*self._tensors, tf.convert_to_tensor(part.weights))
            held = self._tensors
            indices = tf.Variable(order.indices, trainable=False)
        order.follow(indices.assign)

        def gather(step: Any) -> Any:
            first = step * order.batch_size
            index = indices[first : first + order.batch_size]
            return tf.nest.map_structure(lambda tensor: tf.gather(tensor, index), held)

        steps = tf.data.Dataset.range(start, order.steps)
        return steps.map(gather, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True).prefetch(tf.data.AUTOTUNE)


class _Batches(keras.utils.PyDataset):  # type: ignore[misc]
    """Batches that Python gathers: from memory when they are asked for, else ahead of that, in threads."""

    def __init__(self, feed: Feed, start: int) -> None:
        super().__init__()
        self._feed, self._start = feed, start
        size = sum(prod(column.shape[1:]) * column.dtype.itemsize for column in feed.part.x.values())
        self._ahead = max(2, _AHEAD // max(1, size * feed.order.batch_size)) if not feed.part.in_memory else 0
        self._waiting: dict[int, Future[Any]] = {}
        self._threads = ThreadPoolExecutor(min(4, os.cpu_count() or 1), "batches") if self._ahead else None
        feed.order.follow(self._forget)

    def __len__(self) -> int:
        return self._feed.order.steps - self._start

    def __getitem__(self, step: int) -> Any:
        step += self._start
        try:
            return self._gather(self._feed.order.of(step)) if self._threads is None else self._read(step)
        except Exception as error:
            self._feed.failure = error
            raise

    def _read(self, step: int) -> Any:
        assert self._threads is not None
        order = self._feed.order
        for ahead in range(step, min(step + self._ahead, order.steps)):
            if ahead not in self._waiting:
                self._waiting[ahead] = self._threads.submit(self._gather, order.of(ahead))
        return self._waiting.pop(step).result()

    def _gather(self, indices: Array) -> Any:
        return self._feed.part.batch(indices)

    def _forget(self, indices: Array) -> None:
        for future in self._waiting.values():
            future.cancel()
        self._waiting.clear()


def _loader(batches: _Batches) -> Any:
    """Batches as PyTorch takes them. Each loader draws a number as it begins: from a generator of its own, for dropout
    draws from that of all, and a run that goes on makes more loaders than one that was not stopped."""
    from torch import Generator
    from torch.utils.data import DataLoader

    return DataLoader(batches, batch_size=None, collate_fn=_tensors, generator=Generator())


def _tensors(batch: Any) -> Any:
    return keras.tree.map_structure(keras.ops.convert_to_tensor, batch)
