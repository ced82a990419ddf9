"""`segmentation_folder`: pairs, the numbers in masks, and all that can be wrong with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cnnspec.data.errors import DataError
from cnnspec.data.images import checking
from cnnspec.data.splits import ALL, Dataset
from cnnspec.language.entries import Invalid
from tests.data.pictures import noise, save, source


@pytest.fixture(params=["at once", "one by one"])
def either(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param != "at once":
        monkeypatch.setattr(checking, "READ_AT_ONCE", 0)


def pair(folder: Path, name: str, numbers: Any, split: str = "") -> None:
    numbers = np.asarray(numbers, np.uint8)
    save(folder / "images" / split / f"{name}.jpg", noise(*numbers.shape))
    save(folder / "masks" / split / f"{name}.png", numbers)


def load(folder: Path, **arguments: Any) -> Dataset:
    given = {"images": "images", "masks": "masks", "image_size": 4, **arguments}
    return source({"segmentation_folder": given}).load(folder, {})


def masks(data: Dataset) -> Any:
    return data.train.y[ALL][np.arange(len(data.train))]


GROUND = np.zeros((4, 4), int)


def spotted(*numbers: int) -> Any:
    mask = GROUND.copy()
    mask.reshape(-1)[: len(numbers)] = numbers
    return mask


@pytest.mark.parametrize(
    ("first", "second", "arguments", "classes", "found"),
    [
        (spotted(1, 2), spotted(), {}, 3, [1, 2, 0]),
        (spotted(255), spotted(), {}, 2, [1, 0, 0]),
        (spotted(255), spotted(), {"classes": 2}, 2, [1, 0, 0]),
        (spotted(255, 128), spotted(), {"values": [0, 128, 255]}, 3, [2, 1, 0]),
        (spotted(255, 128), spotted(), {"values": [255, 128, 0]}, 3, [0, 1, 2]),
        (spotted(3), spotted(), {"classes": 7}, 7, [3, 0, 0]),
        (spotted(1, 255), spotted(2), {"ignore": 255}, 3, [1, 255, 0]),
        (spotted(1, 255), spotted(), {"classes": 21, "ignore": 255}, 21, [1, 255, 0]),
        (spotted(128, 9), spotted(), {"values": [0, 128], "ignore": 9}, 2, [1, 9, 0]),
        (spotted(), spotted(), {"classes": 2}, 2, [0, 0, 0]),
    ],
)
def test_what_the_numbers_mean(
    tmp_path: Path, either: None, first: Any, second: Any, arguments: Any, classes: int, found: list[int]
) -> None:
    pair(tmp_path, "a", first)
    pair(tmp_path, "b", second)
    data = load(tmp_path, **arguments)
    assert data.classes == {ALL: classes}
    assert masks(data)[0].reshape(-1)[:3].tolist() == found
    assert (data.train.x[ALL].shape, data.train.y[ALL].shape) == ((2, 4, 4, 3), (2, 4, 4))


@pytest.mark.parametrize(
    ("numbers", "arguments", "message"),
    [
        (spotted(1, 5), {}, "hold 0, 1, 5, which are not all numbers from 0"),
        (spotted(1, 2, 255), {}, "hold 0 to 2, and 255"),
        (spotted(), {}, "nothing but 0"),
        (spotted(3), {"classes": 3}, r"a\.png holds 3: not among the classes, 0 to 2"),
        (spotted(7), {"values": [0, 8]}, r"a\.png holds 7: not among `values`"),
    ],
)
def test_numbers_that_mean_nothing(tmp_path: Path, numbers: Any, arguments: Any, message: str) -> None:
    pair(tmp_path, "a", numbers)
    with pytest.raises(DataError, match=message):
        load(tmp_path, **arguments)


def test_splits_and_folders_within(tmp_path: Path, either: None) -> None:
    for name, split in (("a", "train"), ("deep/b", "train"), ("c", "val"), ("d", "test")):
        pair(tmp_path, name, spotted(1), split)
    (tmp_path / "masks/val").rename(tmp_path / "masks/validation")
    data = load(tmp_path)
    assert data.validation is not None
    assert data.test is not None
    assert (len(data.train), len(data.validation), len(data.test)) == (2, 1, 1)


def test_everything_wrong_with_pairs_is_told(tmp_path: Path, either: None) -> None:
    for name in "abcdef":
        pair(tmp_path, name, spotted(1))
    (tmp_path / "masks/a.png").unlink()
    (tmp_path / "images/b.jpg").unlink()
    save(tmp_path / "masks/c.png", np.zeros((5, 4), np.uint8))
    (tmp_path / "masks/d.png").write_bytes(b"")
    (tmp_path / "images/e.jpg").write_bytes(b"text")
    save(tmp_path / "images/f.png", noise(4, 4))
    (tmp_path / "masks/notes.txt").write_text("hello")
    with pytest.raises(DataError) as told:
        load(tmp_path)
    lines = {line.strip() for line in told.value.message.replace(str(tmp_path) + "/", "").splitlines()[1:]}
    assert lines == {
        "images/a.jpg has no mask", "masks/b.png has no image", "masks/c.png is 4×5 pixels, its image 4×4",
        "masks/d.png is empty", "images/e.jpg is text, no image", "images/f.png has the name of f.jpg, but for the ending",
    }  # fmt: skip
    data = load(tmp_path, on_bad_file="skip")
    assert len(data.train) == 1
    assert data.notes[0].startswith("6 files of ")
    assert data.notes[1].endswith("masks/notes.txt")


def test_folders_that_do_not_go_together(tmp_path: Path) -> None:
    pair(tmp_path, "a", spotted(1))
    (tmp_path / "masks/a.png").rename(tmp_path / "masks/a_mask.png")
    with pytest.raises(DataError, match=r"no image in .* has a mask of its name"):
        load(tmp_path)
    with pytest.raises(DataError, match="is not there"):
        load(tmp_path, masks="nowhere")
    pair(tmp_path / "other", "a", spotted(1), "train")
    with pytest.raises(DataError, match=r"has a folder for `train`, .* has none"):
        load(tmp_path, masks="other/masks")


def test_a_network_that_takes_any_size(tmp_path: Path) -> None:
    pair(tmp_path, "a", spotted(1))
    folder = source({"segmentation_folder": {"images": "images", "masks": "masks"}})
    with pytest.raises(DataError, match="needs `image_size`"):
        folder.load(tmp_path, {"input": (None, None, 3)})
    data = folder.load(tmp_path, {"input": (6, 8, 1)})
    assert (data.train.x[ALL].shape, data.train.y[ALL].shape) == ((1, 6, 8, 1), (1, 6, 8))


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"values": [0, 255, 0]}, "mask-values"), ({"values": [0]}, "mask-values"), ({"values": [0, 1], "classes": 3}, "mask-values"),
        ({"values": [0, 255], "ignore": 255}, "mask-values"), ({"classes": 3, "ignore": 2}, "mask-values"),
        ({"values": [0, -1]}, "out-of-range"), ({"classes": 0}, "out-of-range"), ({"values": 255}, "wrong-type"),
    ],
)  # fmt: skip
def test_arguments_that_are_wrong(arguments: dict[str, Any], code: str) -> None:
    with pytest.raises(Invalid) as invalid:
        source({"segmentation_folder": {"images": "x", "masks": "y", **arguments}})
    assert {problem.code for problem in invalid.value.problems} == {code}
