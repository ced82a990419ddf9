"""Splits of a data set: what is trained on, validated with, and tested with; and the order of an epoch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from cnnspec.data.columns import Array, Column, take
from cnnspec.data.kinds import Kind

ALL = ""
"""The name of images that are for every input, and of labels that are for every output."""


T = TypeVar("T")


def meant_for(named: Mapping[str, T], name: str) -> T:
    """What is meant for an input or output: what bears its name, or what is for all of them."""
    return named[name] if name in named else named[ALL]


@dataclass(frozen=True, slots=True)
class Split:
    """Samples: images N×H×W×C by the input that they are for, and labels by the output, under `ALL` without names.

    `weights` is how much each sample counts, `groups` what it belongs to (a patient, a film): whole numbers. `values`
    are the labels of outputs (by the same names) as numbers to learn, where these may be meant as well as the class
    numbers in `y`: labels that are texts of whole numbers, such as ages in a table.
    """

    x: Mapping[str, Column]
    y: Mapping[str, Column]
    weights: Array | None = None
    groups: Array | None = None
    values: Mapping[str, Array] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(next(iter(self.x.values())))

    def take(self, indices: Array) -> Split:
        """The samples at `indices`."""
        x, y = ({name: take(column, indices) for name, column in part.items()} for part in (self.x, self.y))
        weights, groups = (None if part is None else part[indices] for part in (self.weights, self.groups))
        values = {name: part[indices] for name, part in self.values.items()}
        return Split(x, y, weights, groups, values)


@dataclass(frozen=True, slots=True)
class Dataset:
    """What a source holds. `classes` is None where the labels of an output are values rather than class numbers;
    `names` are those of the classes or tags by their numbers, where the source knows them (`named` by output, where
    these differ, or those of several values), `kinds` what the labels of an output are, where the source knows it;
    `notes` is what to tell the user."""

    train: Split
    test: Split | None
    classes: Mapping[str, int | None]
    validation: Split | None = None
    names: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    named: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def names_of(self, output: str) -> tuple[str, ...] | None:
        """The names of the classes, tags or values of an output."""
        return self.named.get(output, self.named.get(ALL, self.names))

    def splits(self) -> dict[str, Split]:
        """The splits that there are, by name."""
        named = {"training": self.train, "validation": self.validation, "test": self.test}
        return {name: split for name, split in named.items() if split is not None}


def one_hot(labels: Array, classes: int) -> Array:
    """Class numbers as rows (or pixels) with a single one. Shape … → …×`classes`."""
    result = np.zeros((*labels.shape, classes), np.float32)
    np.put_along_axis(result, labels[..., np.newaxis].astype(np.int64), 1.0, axis=-1)
    return result


def order(seed: int, epoch: int, length: int) -> Array:
    """The order in which epoch `epoch` (from 0) sees the training images: a function of seed and epoch alone."""
    return np.random.default_rng((seed, epoch)).permutation(length)


def hold_out(labels: Array, share: float, seed: int, stratify: bool) -> tuple[Array, Array]:
    """Indices to train on and indices to validate with, each in rising order.

    `round(share · N)` are held out (at least one, and one stays to train on), drawn with `seed`; with `stratify`,
    every class gives its share, to within one image.
    """
    return draw(len(labels), wanted(share, len(labels)), (seed, _HOLD_OUT), labels if stratify else None)


_HOLD_OUT = 1 << 40  # a stream of its own, apart from every epoch's


def wanted(share: float, length: int) -> int:
    """How many of `length` images are the `share`: at least one, and one is left."""
    return min(max(round(share * length), 1), length - 1) if share and length > 1 else 0


def draw(length: int, count: int, seed: tuple[int, ...], labels: Array | None = None) -> tuple[Array, Array]:
    """Indices below `length` that are left, and `count` that are drawn with `seed`, each in rising order.

    With `labels`, every class gives its share, to within one image.
    """
    generator = np.random.default_rng(seed)
    shuffled = generator.permutation(length)
    if labels is not None and count:
        shuffled = _in_proportion(labels[shuffled], shuffled, count, generator)
    return np.sort(shuffled[count:]), np.sort(shuffled[:count])


def _in_proportion(labels: Array, shuffled: Array, count: int, generator: np.random.Generator) -> Array:
    """`shuffled`, with `count` first that hold each class in proportion (by largest remainders, ties drawn)."""
    classes, inverse, counts = np.unique(labels, return_inverse=True, return_counts=True)
    quota, remainder = np.divmod(counts * count, len(labels))
    drawn = generator.permutation(len(classes))
    largest = drawn[np.argsort(-remainder[drawn], kind="stable")]
    quota[largest[: count - quota.sum()]] += 1
    place = np.empty(len(labels), np.int64)  # the how-manieth of its class each image is
    place[np.argsort(inverse, kind="stable")] = np.arange(len(labels)) - np.repeat(np.cumsum(counts) - counts, counts)
    first = place < quota[inverse]
    return np.concatenate([shuffled[first], shuffled[~first]])
