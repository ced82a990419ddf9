"""The form that every data set is brought into, and the faults that are found on the way."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnspec.data.arrays import dataset
from cnnspec.data.columns import blocks
from cnnspec.data.errors import DataError
from cnnspec.data.splits import ALL, hold_out, one_hot, order

IMAGES = np.zeros((6, 4, 4, 3), np.uint8)
LABELS = np.array([0, 1, 2, 0, 1, 2])


def test_grey_images_get_a_channel_and_labels_lose_an_idle_axis() -> None:
    data = dataset((np.zeros((6, 4, 5)), LABELS.reshape(-1, 1)), (np.zeros((3, 4, 5)), LABELS[:3]), None, "x")
    assert data.train.x[ALL].shape == (6, 4, 5, 1)
    assert data.train.y[ALL].shape == (6,)
    assert data.test is not None
    assert data.test.x[ALL].shape == (3, 4, 5, 1)
    assert data.classes == {}


@pytest.mark.parametrize("dtype", [np.int64, np.uint8, np.float32, bool])
def test_labels_of_a_source_that_knows_its_classes(dtype: Any) -> None:
    data = dataset((IMAGES, LABELS.astype(dtype)), None, 3, "x")
    assert (data.classes, data.kinds) == ({ALL: 3}, {ALL: "classes"})
    assert data.train.y[ALL].dtype == np.int32
    assert data.train.y[ALL].tolist() == LABELS.astype(dtype).astype(int).tolist()
    masks = dataset((IMAGES, np.ones((6, 4, 4, 1), dtype)), None, 3, "x")
    assert (masks.kinds, masks.train.y[ALL].shape) == ({ALL: "class_maps"}, (6, 4, 4))


@pytest.mark.parametrize("labels", [LABELS, LABELS.astype(float), np.eye(3)[LABELS], LABELS - 1.0, LABELS > 0])
def test_other_labels_stay_as_they_are(labels: Any) -> None:
    data = dataset((IMAGES, labels), None, None, "x")
    assert (data.classes, data.kinds) == ({}, {})
    assert data.train.y[ALL].dtype == labels.dtype
    assert (data.train.y[ALL] == labels).all()


def with_value(value: float, shape: tuple[int, ...] = (6, 4, 4, 3)) -> Any:
    array = np.zeros(shape)
    array[(2, *(0,) * (len(shape) - 1))] = value
    return array


FAULTS: list[tuple[Any, Any, int | None, str]] = [
    (IMAGES[:0], LABELS[:0], None, "there are no images"),
    (IMAGES[:, :0], LABELS, None, "the images are 0×4×3: one axis is empty"),
    (IMAGES, LABELS[:5], None, "6 images, but 5 labels"),
    (with_value(np.nan), LABELS, None, "images[2] holds NaN or infinity"),
    (with_value(np.inf), LABELS, None, "images[2] holds NaN or infinity"),
    (IMAGES, with_value(np.nan, (6,)), None, "labels[2] holds NaN or infinity"),
    (IMAGES, LABELS - 1, 3, "the labels are no class numbers"),
    (IMAGES, LABELS, 2, "label 2 is out of range"),
    (IMAGES, LABELS + 0.5, 3, "the labels are no class numbers"),
    (IMAGES.astype(complex), LABELS, None, "the images are no numbers but complex128"),
    (IMAGES, LABELS.astype(str), None, "the labels are texts, such as `0`"),
    (np.zeros(6), LABELS, None, "images N×H×W×C are wanted, not an array of (6)"),
    (IMAGES, np.array(3), None, "labels N, one each, are wanted, not one number"),
]


@pytest.mark.parametrize(("x", "y", "classes", "words"), FAULTS, ids=[fault[3][:30] for fault in FAULTS])
def test_faults(x: Any, y: Any, classes: int | None, words: str) -> None:
    with pytest.raises(DataError) as caught:
        dataset((x, y), None, classes, "cells.npz")
    assert words in caught.value.message
    assert caught.value.message.startswith("cells.npz")


def test_training_and_test_images_must_be_alike() -> None:
    with pytest.raises(DataError, match="two shapes: 4×4×3 for training, 5×4×3 for testing"):
        dataset((IMAGES, LABELS), (np.zeros((6, 5, 4, 3)), LABELS), None, "x")


def test_the_order_is_a_function_of_seed_and_epoch() -> None:
    orders = {(seed, epoch): order(seed, epoch, 50) for seed in (0, 7) for epoch in range(4)}
    assert all(sorted(found) == list(range(50)) for found in orders.values())
    assert len({tuple(found) for found in orders.values()}) == len(orders)
    assert np.array_equal(order(7, 3, 50), orders[7, 3])


@settings(deadline=None, max_examples=60)
@given(
    counts=st.lists(st.integers(1, 40), min_size=1, max_size=6),
    share=st.floats(0.01, 0.9),
    seed=st.integers(0, 2**32 - 1),
)
def test_what_is_held_out_is_disjoint_whole_and_in_proportion(counts: list[int], share: float, seed: int) -> None:
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    kept, held = hold_out(labels, share, seed, stratify=True)
    length = len(labels)
    assert sorted([*kept, *held]) == list(range(length))
    if length == 1:
        assert len(held) == 0
        return
    assert len(held) == min(max(round(share * length), 1), length - 1)
    for label, count in enumerate(counts):
        assert abs(int((labels[held] == label).sum()) - count * len(held) / length) <= 1


def test_what_is_held_out_follows_the_seed() -> None:
    labels = np.arange(100) % 10
    first, again, other = (hold_out(labels, 0.2, seed, stratify=True)[1] for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert len(hold_out(labels, 0.0, 1, stratify=True)[1]) == 0


def test_as_many_classes_as_images_are_held_out_quickly() -> None:
    labels = np.random.default_rng(0).permutation(100_000)
    kept, held = hold_out(labels, 0.1, seed=1, stratify=True)
    assert (len(kept), len(held)) == (90_000, 10_000)
    assert np.array_equal(np.union1d(kept, held), np.arange(100_000))


def test_one_hot_and_blocks() -> None:
    assert one_hot(np.array([1, 0]), 3).tolist() == [[0, 1, 0], [1, 0, 0]]
    assert one_hot(np.zeros((2, 4, 4), int), 3).shape == (2, 4, 4, 3)
    assert [(part.start, part.stop) for part in blocks(10, 4)] == [(0, 4), (4, 8), (8, 10)]
