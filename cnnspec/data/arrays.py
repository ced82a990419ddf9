"""Images and labels in memory: one form for all sources, and the checks that every one of them passes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from cnnspec.data.errors import DataError
from cnnspec.layers.base import show

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]
Arrays: TypeAlias = Array | Mapping[str, Array]
"""An array, or several by the input or output that they are for."""

_BLOCK = 4096
_LAST_CLASS = np.iinfo(np.int32).max


ALL = ""
"""The name of images that are for every input, and of labels that are for every output."""


@dataclass(frozen=True, slots=True)
class Split:
    """Samples: images N×H×W×C by the input that they are for, and labels by the output, under `ALL` without names."""

    x: Mapping[str, Array]
    y: Mapping[str, Array]

    def __len__(self) -> int:
        return len(next(iter(self.x.values())))

    def take(self, indices: Array) -> Split:
        """The samples at `indices`."""
        return Split(*({name: array[indices] for name, array in part.items()} for part in (self.x, self.y)))


@dataclass(frozen=True, slots=True)
class Dataset:
    """What a source holds. `classes` is None where the labels of an output are values rather than class numbers."""

    train: Split
    test: Split | None
    classes: Mapping[str, int | None]


def dataset(
    train: tuple[Arrays, Arrays], test: tuple[Arrays, Arrays] | None, classes: int | None, where: str
) -> Dataset:
    """Check and normalise arrays as they were read. Raises `DataError`, naming `where` they come from.

    `classes` is how many there are where the source knows it; else the training labels tell.
    """
    checked = split(*train, f"{where}, training split")
    tested = split(*test, f"{where}, test split") if test is not None else None
    for name, array in tested.x.items() if tested else ():
        shapes = checked.x[name].shape[1:], array.shape[1:]
        if shapes[0] != shapes[1]:
            both = f"{show(shapes[0])} for training, {show(shapes[1])} for testing"
            raise DataError(f"{where}: the images{_of(name)} have two shapes: {both}")
    found = {name: _classes(name, checked, tested, classes, where) for name in checked.y}
    numbers = {name for name, count in found.items() if count is not None}
    splits = [_as_numbers(part, numbers) if part is not None else None for part in (checked, tested)]
    assert splits[0] is not None
    return Dataset(splits[0], splits[1], found)


def _classes(name: str, train: Split, test: Split | None, classes: int | None, where: str) -> int | None:
    """How many classes the labels of an output tell apart; None where they are values."""
    labels = [part.y[name] for part in (train, test) if part is not None]
    if labels[0].shape[1:] != labels[-1].shape[1:]:
        shapes = f"{labels[0].shape[1:]} and {labels[-1].shape[1:]}"
        raise DataError(f"{where}: training and test labels{_of(name)} differ in shape: {shapes}")
    if not all(map(_are_class_numbers, labels)):
        if classes is not None:
            raise DataError(f"{where}: the labels are no class numbers", f"give whole numbers from 0 to {classes - 1}")
        return None
    found = max(int(array.max()) for array in labels) + 1
    if classes is not None and found > classes:
        raise DataError(f"{where}: label {found - 1} is out of range", f"the {classes} classes are 0 to {classes - 1}")
    return classes or found


def _as_numbers(part: Split, names: set[str]) -> Split:
    return Split(part.x, {name: y.astype(np.int32) if name in names else y for name, y in part.y.items()})


def split(x: Arrays, y: Arrays, where: str) -> Split:
    """One split, with a channel axis; labels lose idle axes, one-hot rows become class numbers. Raises `DataError`."""
    images, labels = (arrays if isinstance(arrays, Mapping) else {ALL: arrays} for arrays in (x, y))
    for name, array in images.items():
        _check_array(array, 2, where, "images", name)
    for name, array in labels.items():
        _check_array(array, 1, where, "labels", name)
    lengths = [(len(array), f"images{_of(name)}") for name, array in images.items()]
    lengths += [(len(array), f"labels{_of(name)}") for name, array in labels.items()]
    first, what = lengths[0]
    for length, other in lengths:
        if length != first:
            raise DataError(f"{where}: {first:,} {what}, but {length:,} {other}")
    with_channels = {name: array[..., np.newaxis] if array.ndim == 3 else array for name, array in images.items()}
    return Split(with_channels, {name: _plain_labels(array, where, name) for name, array in labels.items()})


def _of(name: str) -> str:
    return f" of `{name}`" if name else ""


def _check_array(array: Array, rank: int, where: str, kind: str, name: str) -> None:
    what = f"{where}: the {kind}{_of(name)}"
    if array.ndim < rank:
        wanted = {"images": "N×H×W×C", "labels": "N, one each,"}[kind]
        held = f"an array of {show(array.shape)}" if array.ndim else "one number"
        raise DataError(f"{where}: {kind} {wanted} are wanted{f' for `{name}`' if name else ''}, not {held}")
    if len(array) == 0:
        raise DataError(f"{where}: there are no {kind}{_of(name)}")
    if array.size == 0:
        raise DataError(f"{what} are {show(array.shape[1:])}: one axis is empty")
    if array.dtype.kind not in "biuf":
        raise DataError(f"{what} are no numbers but {array.dtype}")
    _finite(array, where, kind, name)


def _plain_labels(y: Array, where: str, name: str) -> Array:
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
    return y


def _is_one_hot(y: Array) -> bool:
    return bool(((y == 0) | (y == 1)).all() and (y.sum(axis=1) == 1).all())


def _are_class_numbers(y: Array) -> bool:
    return y.ndim != 2 and y.dtype.kind in "biu" and int(y.max()) <= _LAST_CLASS


def _finite(array: Array, where: str, kind: str, name: str) -> None:
    if array.dtype.kind != "f":
        return
    for start in range(0, len(array), _BLOCK):
        block = array[start : start + _BLOCK]
        fine = np.isfinite(block).reshape(len(block), -1).all(axis=1)
        if not fine.all():
            at = start + int(np.argmin(fine))
            raise DataError(
                f"{where}: {kind}[{at}]{_of(name)} holds NaN or infinity", "clean the data; no network learns from it"
            )


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
