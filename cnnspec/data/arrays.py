"""Images and labels in memory: one form for all sources, and the checks that every one of them passes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from cnnspec.data.errors import DataError
from cnnspec.layers.base import show

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]

_BLOCK = 4096
_LAST_CLASS = np.iinfo(np.int32).max


@dataclass(frozen=True, slots=True)
class Split:
    """Images N×H×W×C with their labels, one each."""

    x: Array
    y: Array

    def __len__(self) -> int:
        return len(self.x)

    def take(self, indices: Array) -> Split:
        """The images and labels at `indices`."""
        return Split(self.x[indices], self.y[indices])


@dataclass(frozen=True, slots=True)
class Dataset:
    """What a source holds. `classes` is None where the labels are values rather than class numbers."""

    train: Split
    test: Split | None
    classes: int | None


def dataset(train: tuple[Array, Array], test: tuple[Array, Array] | None, classes: int | None, where: str) -> Dataset:
    """Check and normalise arrays as they were read. Raises `DataError`, naming `where` they come from.

    `classes` is how many there are where the source knows it; else the training labels tell.
    """
    checked = split(*train, f"{where}, training split")
    tested = split(*test, f"{where}, test split") if test is not None else None
    if tested is not None and tested.x.shape[1:] != checked.x.shape[1:]:
        shapes = f"{show(checked.x.shape[1:])} for training, {show(tested.x.shape[1:])} for testing"
        raise DataError(f"{where}: the images have two shapes: {shapes}")
    if tested is not None and tested.y.shape[1:] != checked.y.shape[1:]:
        raise DataError(
            f"{where}: training and test labels differ in shape: {checked.y.shape[1:]} and {tested.y.shape[1:]}"
        )
    splits = [part for part in (checked, tested) if part is not None]
    if not all(_are_class_numbers(part.y) for part in splits):
        if classes is not None:
            raise DataError(f"{where}: the labels are no class numbers", f"give whole numbers from 0 to {classes - 1}")
        return Dataset(checked, tested, None)
    found = max(int(part.y.max()) for part in splits) + 1
    if classes is not None and found > classes:
        raise DataError(f"{where}: label {found - 1} is out of range", f"the {classes} classes are 0 to {classes - 1}")
    numbers = [Split(part.x, part.y.astype(np.int32)) for part in splits]
    return Dataset(numbers[0], numbers[1] if len(numbers) > 1 else None, classes or found)


def split(x: Array, y: Array, where: str) -> Split:
    """One split, with a channel axis; labels lose idle axes, one-hot rows become class numbers. Raises `DataError`."""
    if x.ndim < 2 or y.ndim < 1:
        held = [show(array.shape) if array.ndim else "one number" for array in (x, y)]
        raise DataError(f"{where}: images N×H×W×C and labels N are wanted, not arrays of {held[0]} and {held[1]}")
    if len(x) == 0:
        raise DataError(f"{where}: there are no images")
    if x.size == 0 or y.size == 0:
        raise DataError(
            f"{where}: the images are {show(x.shape[1:])}, the labels {show(y.shape[1:])}: one axis is empty"
        )
    if x.ndim == 3:
        x = x[..., np.newaxis]
    if len(x) != len(y):
        raise DataError(f"{where}: {len(x):,} images, but {len(y):,} labels")
    for name, array in (("images", x), ("labels", y)):
        if array.dtype.kind not in "biuf":
            raise DataError(f"{where}: the {name} are no numbers but {array.dtype}")
        _finite(array, where, name)
    if y.ndim == 2:
        y = y[:, 0] if y.shape[1] == 1 else np.argmax(y, axis=1) if _is_one_hot(y) else y
    if y.ndim == 1 and y.dtype.kind == "f" and y.min() >= 0 and y.max() <= _LAST_CLASS and (y == np.floor(y)).all():
        y = y.astype(np.int64)
    if y.ndim == 1 and y.dtype.kind in "iu" and y.min() < 0:
        at = int(np.argmin(y))
        raise DataError(
            f"{where}: label {y[at]} of image {at} is negative",
            "class numbers count from 0; save values to learn as floats",
        )
    return Split(x, y)


def _is_one_hot(y: Array) -> bool:
    return bool(((y == 0) | (y == 1)).all() and (y.sum(axis=1) == 1).all())


def _are_class_numbers(y: Array) -> bool:
    return y.ndim != 2 and y.dtype.kind in "biu" and int(y.max()) <= _LAST_CLASS


def _finite(array: Array, where: str, name: str) -> None:
    if array.dtype.kind != "f":
        return
    for start in range(0, len(array), _BLOCK):
        block = array[start : start + _BLOCK]
        fine = np.isfinite(block).reshape(len(block), -1).all(axis=1)
        if not fine.all():
            at = start + int(np.argmin(fine))
            raise DataError(f"{where}: {name}[{at}] holds NaN or infinity", "clean the data; no network learns from it")


def blocks(length: int, size: int = _BLOCK) -> Iterator[slice]:
    """Slices that cover `length` items, `size` at a time."""
    for start in range(0, length, size):
        yield slice(start, min(start + size, length))


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
    length = len(labels)
    wanted = min(max(round(share * length), 1), length - 1) if share and length > 1 else 0
    generator = np.random.default_rng((seed, _HOLD_OUT))
    shuffled = generator.permutation(length)
    if stratify and wanted:
        shuffled = _in_proportion(labels[shuffled], shuffled, wanted, generator)
    return np.sort(shuffled[wanted:]), np.sort(shuffled[:wanted])


_HOLD_OUT = 1 << 40  # a stream of its own, apart from every epoch's


def _in_proportion(labels: Array, shuffled: Array, wanted: int, generator: np.random.Generator) -> Array:
    """`shuffled`, with `wanted` first that hold each class in proportion (by largest remainders, ties drawn)."""
    classes, inverse, counts = np.unique(labels, return_inverse=True, return_counts=True)
    quota, remainder = np.divmod(counts * wanted, len(labels))
    drawn = generator.permutation(len(classes))
    largest = drawn[np.argsort(-remainder[drawn], kind="stable")]
    quota[largest[: wanted - quota.sum()]] += 1
    place = np.empty(len(labels), np.int64)  # the how-manieth of its class each image is
    place[np.argsort(inverse, kind="stable")] = np.arange(len(labels)) - np.repeat(np.cumsum(counts) - counts, counts)
    first = place < quota[inverse]
    return np.concatenate([shuffled[first], shuffled[~first]])
