"""Which images are trained on, which validate and which test, where the source does not say."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np

from cnnspec.data.columns import Array
from cnnspec.data.errors import DataError
from cnnspec.data.splits import Dataset, Split, draw, wanted

By: TypeAlias = Literal["label", "group", "random"]
"""What is kept in proportion (`label`) or together (`group`)."""

_VALIDATION, _TEST = 1 << 40, (1 << 40) + 1  # streams of their own, apart from every epoch's


@dataclass(frozen=True, slots=True)
class Shares:
    """The shares of the images for training that are set apart, and how they are drawn; None is what fits the data:
    by groups where the source knows them, else by labels."""

    validation: float = 0.0
    test: float = 0.0
    by: By | None = None


def parted(data: Dataset, shares: Shares, seed: int, source: str) -> Dataset:
    """`data` with images set apart to validate and to test with, drawn with `seed`.

    A split that the source gives stays as it is. Both shares are of all images that were there for training.
    Raises `DataError` where there are too few images, or nothing to part them by.
    """
    train, count = data.train, len(data.train)
    asked = 0.0 if data.test is not None else shares.test, 0.0 if data.validation is not None else shares.validation
    if not any(asked):
        return data
    if count <= sum(map(bool, asked)):
        images = "a single image" if count == 1 else f"{count} images"
        raise DataError(f"{source}: {images} cannot be split", "write `validation_split: null`")
    by = shares.by or ("group" if train.groups is not None else "label")
    keys = _keys(train, data, by, shares.by is not None, source)
    test, validation = (wanted(share, count) for share in asked)
    left, tested = _drawn(np.arange(count), keys, by, test, (seed, _TEST), source)
    left, validated = _drawn(left, keys, by, validation, (seed, _VALIDATION), source)
    return replace(
        data,
        train=train.take(left),
        validation=train.take(validated) if validation else data.validation,
        test=train.take(tested) if test else data.test,
    )


def _keys(train: Split, data: Dataset, by: By, written: bool, source: str) -> Array | None:
    """The label or the group of each image; None where all are alike."""
    if by == "random":
        return None
    if by == "group":
        if train.groups is None:
            help = "write `split_by: label`, or give `image_folder` a CSV with a column `group`"
            raise DataError(f"{source} has no groups to split by", help)
        return train.groups
    classes = [train.y[name] for name, count in data.classes.items() if count is not None]
    labels = next((column[:] for column in classes if len(column.shape) == 1), None)
    if labels is None and written:
        raise DataError(f"the labels of {source} are not one class an image", "write `split_by: random`")
    return labels


def _drawn(
    indices: Array, keys: Array | None, by: By, count: int, seed: tuple[int, ...], source: str
) -> tuple[Array, Array]:
    """What is left of `indices`, and what is drawn."""
    if not count:
        return indices, indices[:0]
    chosen = None if keys is None else keys[indices]
    if by == "group":
        assert chosen is not None
        held = whole_groups(chosen, count, seed)
        if held.all() or not held.any():
            raise DataError(f"{source}: there are too few groups to split by", "write `split_by: label`")
        return indices[~held], indices[held]
    left, drawn = draw(len(indices), count, seed, chosen)
    return indices[left], indices[drawn]


def whole_groups(groups: Array, count: int, seed: tuple[int, ...]) -> Array:
    """Which of `groups` are drawn with `seed`: whole ones, about `count` images in all.

    In a drawn order, each is taken that brings the number nearer to `count`; the smallest where none does. One group
    is left in any case.
    """
    names, inverse, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    taken = np.zeros(len(names), bool)
    total = 0
    for group in np.random.default_rng(seed).permutation(len(names)):
        nearer = abs(total + sizes[group] - count) < abs(total - count)
        if nearer and taken.sum() < len(names) - 1:
            taken[group] = True
            total += sizes[group]
    if not taken.any() and len(names) > 1:
        taken[np.argmin(sizes)] = True
    return np.asarray(taken[inverse])
