"""Arrays as they were read → splits: one form for all sources, and the checks that every one of them passes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import prod
from typing import NamedTuple, TypeAlias

import numpy as np

from cnnspec.data.columns import Array, Column, blocks, in_memory
from cnnspec.data.errors import DataError
from cnnspec.data.kinds import Kind
from cnnspec.data.splits import ALL, Dataset, Split
from cnnspec.layers.base import show

Arrays: TypeAlias = Array | Mapping[str, Array]
"""An array, or several by the input or output that they are for."""

Images: TypeAlias = Column | Mapping[str, Array]
"""The same of images, which may be any column."""

Pair: TypeAlias = tuple[Images, Arrays]
"""The images and the labels of a split."""


class _Read(NamedTuple):
    """Images by input and labels by output, checked."""

    x: dict[str, Column]
    y: dict[str, Array]


_BLOCK_BYTES = 1 << 24


def dataset(
    train: Pair,
    test: Pair | None,
    classes: int | None,
    where: str,
    weights: Array | None = None,
    groups: Array | None = None,
    validation: Pair | None = None,
) -> Dataset:
    """Check and normalise arrays as they were read. Raises `DataError`, naming `where` they come from.

    `classes` is how many there are where the source knows that labels are class numbers; else labels stay as they are,
    and what they mean is decided later (`training.targets`). `weights` and `groups` are those
    of the training images. Of a file that is mapped into memory, images and masks stay where they are.
    """
    given = {"training": train, "validation": validation, "test": test}
    read = {name: _read(*pair, f"{where}, {name} split") for name, pair in given.items() if pair is not None}
    _check_alike(read, where)
    splits = {
        name: Split(part.x, {**part.y} if classes is None else _known_classes(part, classes, f"{where}, {name} split"))
        for name, part in read.items()
    }
    kept, what = splits["training"], f"{where}, training split"
    if weights is not None:
        kept = replace(kept, weights=_weights(weights, len(kept), what))
    if groups is not None:
        kept = replace(kept, groups=_groups(groups, len(kept), what))
    kinds: dict[str, Kind] = {
        name: "classes" if len(y.shape) == 1 else "class_maps" for name, y in kept.y.items() if classes is not None
    }
    return Dataset(kept, splits.get("test"), dict.fromkeys(kinds, classes), splits.get("validation"), kinds=kinds)


_DOING = {"validation": "validating", "test": "testing"}


def _check_alike(read: Mapping[str, _Read], where: str) -> None:
    """Every split has images and labels of the shapes that the training split has."""
    train = read["training"]
    for split, part in read.items():
        for name, column in part.x.items():
            shapes = train.x[name].shape[1:], column.shape[1:]
            if shapes[0] != shapes[1]:
                both = f"{show(shapes[0])} for training, {show(shapes[1])} for {_DOING[split]}"
                raise DataError(f"{where}: the images{_of(name)} have two shapes: {both}")
        for name, labels in part.y.items():
            if train.y[name].shape[1:] != labels.shape[1:]:
                both = f"{train.y[name].shape[1:]} and {labels.shape[1:]}"
                raise DataError(f"{where}: training and {split} labels{_of(name)} differ in shape: {both}")


def _weights(array: Array, length: int, where: str) -> Array:
    """What each image counts."""
    array = _each_one(array, length, where, "weights")
    if array.dtype.kind not in "biuf":
        raise DataError(f"{where}: the weights are no numbers but {array.dtype}")
    bad = ~(np.isfinite(array) & (array >= 0))
    if bad.any():
        at = int(np.argmax(bad))
        raise DataError(f"{where}: weight {array[at]} of image {at} is no number from 0")
    if not array.any():
        raise DataError(f"{where}: every weight is 0", "weigh some images more than that")
    return array.astype(np.float32)


def _groups(array: Array, length: int, where: str) -> Array:
    """What each image belongs to, as whole numbers; numbers and texts name groups alike."""
    array = _each_one(array, length, where, "groups")
    if array.dtype.kind not in "biufUS":
        raise DataError(f"{where}: the groups are neither numbers nor texts but {array.dtype}")
    return np.unique(array, return_inverse=True)[1].reshape(-1)


def _each_one(array: Array, length: int, where: str, kind: str) -> Array:
    """An array with a value for each image."""
    if array.shape not in ((length,), (length, 1)):
        held = show(array.shape) if array.ndim else "one value"
        raise DataError(f"{where}: {kind} for {length:,} images are wanted, one each, not {held}")
    return np.array(array).reshape(-1)


def _known_classes(part: _Read, classes: int, where: str) -> dict[str, Column]:
    """Labels of a source that knows that they are class numbers, below `classes`."""
    found: dict[str, Column] = {}
    for name, labels in part.y.items():
        y = labels[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels
        y = y[..., 0] if y.ndim == 4 and y.shape[-1] == 1 else y
        low, high = y.min(), y.max()
        if low < 0 or (y.dtype.kind == "f" and not (y == np.floor(y)).all()):
            raise DataError(f"{where}: the labels are no class numbers", f"give whole numbers from 0 to {classes - 1}")
        if high >= classes:
            raise DataError(f"{where}: label {high} is out of range", f"the {classes} classes are 0 to {classes - 1}")
        found[name] = y if y.ndim > 1 and y.dtype == np.uint8 else y.astype(np.int32)
    return found


def _read(x: Images, y: Arrays, where: str) -> _Read:
    """One split, with a channel axis. Raises `DataError`."""
    images: Mapping[str, Column] = x if isinstance(x, Mapping) else {ALL: x}
    labels = y if isinstance(y, Mapping) else {ALL: y}
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
    with_channels = {
        name: column[..., np.newaxis] if len(column.shape) == 3 else column for name, column in images.items()
    }
    return _Read(with_channels, {name: _in_reach(array) for name, array in labels.items()})


def _of(name: str) -> str:
    return f" of `{name}`" if name else ""


def _check_array(array: Column, rank: int, where: str, kind: str, name: str) -> None:
    what = f"{where}: the {kind}{_of(name)}"
    if len(array.shape) < rank:
        wanted = {"images": "N×H×W×C", "labels": "N, one each,"}[kind]
        held = f"an array of {show(array.shape)}" if array.shape else "one number"
        raise DataError(f"{where}: {kind} {wanted} are wanted{f' for `{name}`' if name else ''}, not {held}")
    if len(array) == 0:
        raise DataError(f"{where}: there are no {kind}{_of(name)}")
    if not prod(array.shape):
        raise DataError(f"{what} are {show(array.shape[1:])}: one axis is empty")
    if array.dtype.kind in "SU" and kind == "labels":
        raise DataError(
            f"{what} are texts, such as `{_text(array)}`, not class numbers",
            "number the classes: save `y` of `names, y = np.unique(labels, return_inverse=True)`",
        )
    if array.dtype.kind not in "biuf":
        raise DataError(f"{what} are no numbers but {array.dtype}")
    _finite(array, where, kind, name)


def _text(array: Column) -> str:
    first = array[:1].reshape(-1)[0]
    return first.decode("utf-8", "replace") if isinstance(first, bytes) else str(first)


def _in_reach(y: Array) -> Array:
    """Labels without an idle axis; those of a file that is mapped into memory are read where they are one number per
    image, or a row."""
    y = np.array(y) if y.ndim <= 2 and not in_memory(y) else y
    return y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y


def _finite(array: Column, where: str, kind: str, name: str) -> None:
    if array.dtype.kind != "f" or not isinstance(array, np.ndarray):
        return
    for part in blocks(len(array), max(1, _BLOCK_BYTES // max(1, prod(array.shape[1:]) * array.itemsize))):
        block = array[part]
        fine = np.isfinite(block).reshape(len(block), -1).all(axis=1)
        if not fine.all():
            at = part.start + int(np.argmin(fine))
            raise DataError(
                f"{where}: {kind}[{at}]{_of(name)} holds NaN or infinity", "clean the data; no network learns from it"
            )
