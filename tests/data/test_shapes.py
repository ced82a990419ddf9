"""Drawn shapes: the same pictures every time, and labels that are true of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cnnspec.data import drawn
from cnnspec.data.columns import fingerprint, in_memory
from cnnspec.data.drawing import KINDS, Pictures
from cnnspec.data.entries.drawn import KINDS as NAMES
from cnnspec.data.sources import SOURCES, Labels
from cnnspec.data.splits import ALL, Dataset
from cnnspec.language.entries import Invalid, read_entry

ALL_KINDS = tuple(KINDS)


def source(**arguments: Any) -> Any:
    return read_entry({"shapes": {"count": 40, "test_count": 10, "image_size": 32, **arguments}}, SOURCES)


def load(**arguments: Any) -> Dataset:
    return source(**arguments).load(Path(), {})


def pictures(several: bool = False, seed: int = 0, size: tuple[int, int] = (48, 64)) -> Pictures:
    return Pictures(size, 3, ALL_KINDS, several, seed, 0)


def test_the_kinds_that_can_be_named_can_be_drawn() -> None:
    assert NAMES == ALL_KINDS


def test_a_picture_depends_on_seed_split_and_number_alone() -> None:
    few, many = load(count=20), load(count=40)
    assert (few.train.x[ALL] == many.train.x[ALL][:20]).all()
    assert (few.train.y[ALL] == many.train.y[ALL][:20]).all()
    assert (pictures().images(np.array([7, 3])) == pictures().images(np.arange(8))[[7, 3]]).all()
    assert (load(seed=1).train.x[ALL] != many.train.x[ALL]).any()
    assert many.test is not None
    assert not (many.test.x[ALL][:, None] == many.train.x[ALL][None]).all(axis=(2, 3, 4)).any()


def test_classification() -> None:
    data = load(count=300)
    assert data.train.x[ALL].shape == (300, 32, 32, 3)
    assert data.train.x[ALL].dtype == np.uint8
    assert data.classes == {ALL: 5}
    assert data.names == ALL_KINDS
    assert np.bincount(data.train.y[ALL][:]).min() > 30


def test_masks_hold_the_class_of_every_pixel() -> None:
    data = load(task="segmentation", kinds=("star", "cross"), channels=1)
    assert data.train.x[ALL].shape == (40, 32, 32, 1)
    assert data.train.y[ALL].shape == (40, 32, 32)
    assert data.classes == {ALL: 3}
    assert data.names == ("background", "star", "cross")
    assert set(np.unique(data.train.y[ALL][:])) == {0, 1, 2}


def test_a_mask_is_where_the_picture_differs_from_its_ground() -> None:
    drawn = pictures(several=True)
    indices = np.arange(60)
    images, masks = drawn.images(indices).astype(int), drawn.masks(indices)
    for image, mask in zip(images, masks, strict=True):
        ground = np.median(image[mask == 0], axis=0)
        far = (np.abs(image - ground) > 60).all(axis=-1)
        assert (far == (mask > 0)).mean() > 0.95


def test_a_circle_has_the_area_of_a_circle() -> None:
    drawn = Pictures((96, 96), 1, ("circle", "square"), False, 0, 0)
    indices = np.arange(40)
    widths = 96 * np.diff(drawn.boxes(indices)[:, ::2], axis=1)[:, 0]
    circles = drawn.classes(indices) == 0
    areas = (drawn.masks(indices) > 0).sum(axis=(1, 2))
    assert areas[circles] == pytest.approx(np.pi / 4 * widths[circles] ** 2, rel=0.03)


def test_boxes_hold_their_shape_closely() -> None:
    drawn, indices = pictures(), np.arange(200)
    boxes, masks = drawn.boxes(indices) * [64, 48, 64, 48], drawn.masks(indices) > 0
    assert boxes.dtype == np.float64
    for (left, top, right, bottom), mask in zip(boxes, masks, strict=True):
        rows, columns = np.nonzero(mask)
        assert 0 <= left < right <= 64
        assert 0 <= top < bottom <= 48
        assert left <= columns.min() + 0.5 <= left + 3
        assert top <= rows.min() + 0.5 <= top + 3
        assert right - 3 <= columns.max() + 0.5 <= right
        assert bottom - 3 <= rows.max() + 0.5 <= bottom


def test_boxes_are_for_two_outputs() -> None:
    data = load(task="boxes")
    assert data.classes == {"class": 5, "box": None}
    assert data.train.y["class"].shape == (40,)
    assert data.train.y["box"].shape == (40, 4)
    assert source(task="boxes").labels_named() == ("class", "box")


def test_what_is_known_without_drawing() -> None:
    assert source().image_shape == (32, 32, 3)
    assert source().labels_of("any", {}) == Labels((), 5, "classes")
    assert source(task="segmentation", image_size=(48, 64)).labels_of("any", {}) == Labels((48, 64), 6, "class_maps")
    boxes = source(task="boxes")
    assert boxes.labels_of("class", {}) == Labels((), 5, "classes")
    assert boxes.labels_of("box", {}) == Labels((4,), None, "boxes")
    assert boxes.labels_of("other", {}) is None


def test_many_pictures_are_drawn_when_they_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = load(task="segmentation")
    monkeypatch.setattr(drawn, "_KEPT", 0)
    lazy = load(task="segmentation")
    for kept, anew in ((whole.train.x[ALL], lazy.train.x[ALL]), (whole.train.y[ALL], lazy.train.y[ALL])):
        assert not in_memory(anew)
        assert anew.shape == kept.shape
        assert anew.dtype == kept.dtype
        assert (anew[np.array([5, 2, 5])] == kept[[5, 2, 5]]).all()
    assert fingerprint(lazy.train.x[ALL]) == fingerprint(load(task="segmentation").train.x[ALL])
    assert fingerprint(lazy.train.x[ALL]) != fingerprint(load(task="segmentation", seed=1).train.x[ALL])
    assert fingerprint(lazy.train.x[ALL]) != fingerprint(lazy.train.y[ALL])


def test_no_test_split() -> None:
    assert load(test_count=0).test is None


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"task": "segment"}, "bad-choice"),
        ({"kinds": ("circle", "hexagon")}, "bad-choice"),
        ({"kinds": ("circle", "circle")}, "bad-choice"),
        ({"kinds": ("circle",)}, "wrong-length"),
        ({"kinds": "circle"}, "wrong-type"),
        ({"image_size": 8}, "wrong-type"),
        ({"image_size": (8, 32)}, "out-of-range"),
        ({"image_size": (32, 32, 3)}, "wrong-length"),
        ({"count": 0}, "out-of-range"),
        ({"seed": -1}, "out-of-range"),
    ],
)
def test_refused(arguments: dict[str, Any], code: str) -> None:
    with pytest.raises(Invalid) as caught:
        source(**arguments)
    assert [problem.code for problem in caught.value.problems] == [code]
