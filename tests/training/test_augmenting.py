"""Augmentation of images with their labels, class by class and pixel by pixel, on whichever backend there is."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from cnnspec.data.section import Data
from cnnspec.training.augmenting import Follower, augmenting
from cnnspec.training.errors import TrainingError
from cnnspec.training.rand_augment import RandAugment
from cnnspec.training.weighing import Weighing

ENTRIES = [
    {"random_flip": {}},
    {"random_rotation": {"factor": 0.2}},
    {"random_zoom": {"height_factor": (-0.4, 0.4)}},
    {"random_translation": {"height_factor": 0.3, "width_factor": 0.3}},
    {"random_shear": {"x_factor": 0.3, "y_factor": 0.3}},
    {"random_perspective": {"factor": 1.0, "scale": 0.5}},
    {"random_crop": {"height": 12, "width": 10}},
    {"rand_augment": {"factor": 0.8, "value_range": (0, 8)}},
    {"cut_mix": {}},
    {"zero_padding2d": 2},
    {"center_crop": {"height": 8, "width": 8}},
]
MASKS = np.kron(np.random.default_rng(1).integers(0, 5, (12, 4, 5)), np.ones((1, 4, 4), int)).astype("int32")


def layers(*entries: Any) -> tuple[Any, ...]:
    data = Data.read({"source": "digits", "augmentation": entries})
    return tuple(layer for layer, _ in data.stages("augmentation", "input", {"input": (16, 20, 1)}))


def augmented(*entries: Any, labels: Any, follower: Follower, images: Any = None, weights: Any = None) -> list[Any]:
    keras.utils.set_random_seed(4)
    images = MASKS[..., None].astype("float32") if images is None else images
    model = augmenting(layers(*entries), images.shape[1:], {"out": follower}, weights is not None, "augmentation")
    found = model([images, labels, *([] if weights is None else [weights])], training=True)
    return [keras.ops.convert_to_numpy(tensor) for tensor in found]


def plain(entry: Any) -> Any:
    """The entry with nearest neighbours, so that an image stays one of whole numbers."""
    ((name, arguments),) = entry.items()
    nearest = isinstance(arguments, dict) and name.startswith("rand") and "flip" not in name and "crop" not in name
    return {name: {**arguments, "interpolation": "nearest"}} if nearest else entry


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: next(iter(entry)))
def test_masks_go_where_their_images_go(entry: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """An image of class numbers stays its own mask, where its colours stay."""
    monkeypatch.setattr(RandAugment, "_coloured", lambda self, images, sign: [images] * 7)
    images, masks = augmented(plain(entry), labels=MASKS, follower=Follower(MASKS.shape[1:], "int32", "numbers"))
    assert masks.dtype == np.int32
    assert images.shape[:3] == masks.shape
    assert "cut" in str(entry) or images.shape != MASKS.shape[:1] or (masks != MASKS).any()
    assert (images[..., 0] == masks).mean() > 0.995


@pytest.mark.parametrize("entry", ENTRIES[1:6], ids=lambda entry: next(iter(entry)))
def test_one_hot_masks_stay_one_hot(entry: Any) -> None:
    one_hot = np.eye(5, dtype="float32")[MASKS]
    ((name, arguments),) = entry.items()
    constant = {} if name == "random_perspective" else {"fill_mode": "constant"}
    follower = Follower(one_hot.shape[1:], "float32", "one_hot", empty=3)
    _, found = augmented({name: {**arguments, **constant}}, labels=one_hot, follower=follower)
    assert np.isin(found, (0.0, 1.0)).all()
    assert (found.sum(axis=-1) == 1).all()
    assert (found[..., 3].mean() > one_hot[..., 3].mean()) == bool(constant or name == "random_perspective")


def test_empty_places_are_of_the_class_that_is_ignored() -> None:
    masks = np.zeros((6, 16, 20), "uint8")
    entry = {"random_translation": {"height_factor": (0.5, 0.5), "width_factor": 0, "fill_mode": "constant"}}
    _, found = augmented(
        entry, {"zero_padding2d": 1}, labels=masks, follower=Follower((16, 20), "uint8", "numbers", 255)
    )
    assert set(np.unique(found)) == {0, 255}
    assert (found[:, 2:8] == 255).all()
    assert (found[:, 10:17, 1:-1] == 0).all()


def test_images_to_learn_move_and_keep_their_values() -> None:
    images = np.random.default_rng(1).random((6, 16, 16, 3)).astype("float32")
    large = images.repeat(2, axis=1).repeat(2, axis=2)
    follower = Follower(large.shape[1:], "float32", "as_is")
    entries = [{"random_flip": "horizontal"}, {"random_brightness": {"factor": 0.3, "value_range": (0, 1)}}]
    changed, targets = augmented(*entries, labels=large, follower=follower, images=images)
    flipped = [not np.allclose(target, before) for target, before in zip(targets, large, strict=True)]
    assert 0 < sum(flipped) < 6
    for target, before, turned in zip(targets, large, flipped, strict=True):
        assert np.allclose(target, before[:, ::-1] if turned else before)
    assert not np.allclose(changed.mean(axis=(1, 2, 3)), images.mean(axis=(1, 2, 3)), atol=0.01)


@pytest.mark.parametrize("entry", [{"mix_up": 0.5}, {"cut_mix": 1.0}, {"mix_up": {"alpha": 1, "factor": 0.5}}], ids=str)
def test_labels_are_mixed_as_images_are(entry: Any) -> None:
    numbers = np.arange(12, dtype="float32")
    images = np.ones((12, 10, 10, 3), "float32") * numbers[:, None, None, None]
    one_hot = np.eye(12, dtype="float32")
    follower = Follower((12,), "float32", "one_hot")
    mixed, labels, weights = augmented(entry, labels=one_hot, follower=follower, images=images, weights=numbers)
    assert labels.sum(axis=-1) == pytest.approx(np.ones(12), abs=1e-5)
    assert mixed.mean(axis=(1, 2, 3)) == pytest.approx(labels @ numbers, abs=1e-3)
    assert weights == pytest.approx(labels @ numbers, abs=1e-3)
    parts = (labels > 1e-6).sum(axis=-1)
    assert parts.max() == 2
    assert (parts == 1).sum() >= (3 if "factor" in str(entry) else 0)
    assert len(np.unique(mixed[:, :, :, 0].reshape(12, -1)[parts == 2][0])) == (2 if "cut_mix" in entry else 1)


def test_nothing_is_drawn_twice_alike() -> None:
    model = augmenting(layers({"rand_augment": {"value_range": (0, 8)}}), (16, 20, 1), {}, False, "augmentation")
    images = MASKS[..., None].astype("float32")
    first, second = (keras.ops.convert_to_numpy(model([images], training=True)[0]) for _ in range(2))
    assert not np.allclose(first, second)
    assert (first.min(), first.max()) >= (0.0, 4.0)
    assert first.max() <= 8


def test_an_elastic_transform_moves_masks_where_it_draws_by_seed() -> None:
    entry = {"random_elastic_transform": {"factor": 1.0, "scale": (1.0, 1.0), "interpolation": "nearest"}}
    follower = Follower(MASKS.shape[1:], "int32", "numbers")
    if keras.backend.backend() == "torch":
        with pytest.raises(TrainingError, match="without a seed"):
            augmented(entry, labels=MASKS, follower=follower)
        return
    images, masks = augmented(entry, labels=MASKS, follower=follower)
    assert (masks != MASKS).any()
    assert (images[..., 0] == masks).mean() > 0.99


@pytest.mark.parametrize(
    ("form", "labels", "expected"),
    [
        ("numbers", [0, 2, 1, 255], [1, 5, 2, 5]),
        ("one_hot", [[1, 0, 0], [0, 0.5, 0.5]], [1, 3.5]),
        ("column", [[0.0], [1.0], [0.25]], [1, 2, 1.25]),
    ],
)
def test_what_a_label_weighs(form: Any, labels: Any, expected: list[float]) -> None:
    weighing = Weighing({"out": np.array([1.0, 2.0, 5.0])}, {"out": form})
    labels = np.array(labels)
    assert keras.ops.convert_to_numpy(weighing(labels, None)).tolist() == expected
    images = np.arange(len(labels), dtype="float32")
    both = keras.ops.convert_to_numpy(weighing({"out": labels}, images)["out"])
    assert both.tolist() == (np.array(expected) * images).tolist()
    maps = np.stack([labels, labels])
    assert keras.ops.convert_to_numpy(weighing(maps, np.array([0.0, 2.0])))[1].tolist() == [
        2 * each for each in expected
    ]
    assert Weighing({}, {"out": form})(labels, None) is None


def test_of_a_mixture_metrics_see_the_larger_part() -> None:
    mixture = np.array([[0.4, 0.6, 0.0], [1.0, 0.0, 0.0]], "float32")
    decided = Weighing({}, {"out": "one_hot"}).decided(mixture)
    assert keras.ops.convert_to_numpy(decided).tolist() == [[0, 1, 0], [1, 0, 0]]
    column = Weighing({}, {"out": "column"}).decided({"out": np.array([[0.7], [0.2]], "float32")})["out"]
    assert keras.ops.convert_to_numpy(column).tolist() == [[1], [0]]
