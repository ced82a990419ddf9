"""Files that belong together: names with a beginning or an end of their own, in one folder or in two."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from cnnspec.data.errors import DataError
from cnnspec.data.splits import ALL, Dataset
from cnnspec.language.entries import Invalid
from tests.data.pictures import noise, save, source

MASK = np.arange(16, dtype=np.uint8).reshape(4, 4) % 3


def write(folder: Path, images: list[str], masks: list[str]) -> None:
    for name in images:
        save(folder / name, noise(4, 4))
    for number, name in enumerate(masks):
        save(folder / name, np.roll(MASK, number))


def load(folder: Path, **arguments: Any) -> Dataset:
    given = {"images": "images", "masks": "masks", "image_size": 4, "classes": 3, **arguments}
    return source({"segmentation_folder": given}).load(folder, {})


def told(folder: Path, **arguments: Any) -> DataError:
    with pytest.raises(DataError) as error:
        load(folder, **arguments)
    return error.value


@pytest.mark.parametrize(
    ("images", "masks", "written"),
    [
        (["0.jpg", "1.jpg"], ["0_mask.png", "1_mask.png"], {"mask_name": "{stem}_mask"}),
        (["0.jpg", "1.jpg", "10.jpg"], ["m0.png", "m1.png", "m10.png"], {"mask_name": "m{stem}"}),
        (["a.jpg", "b.jpg"], ["gt_a_L.png", "gt_b_L.png", "gt_b_C.png"], {"mask_name": "gt_{stem}_L"}),
        (["only.jpg"], ["only_segmentation.png"], {"mask_name": "{stem}_segmentation"}),
        (["s/a.jpg", "t/b.jpg"], ["s/a_mask.png", "t/b_mask.png"], {"mask_name": "{stem}_mask"}),
        (
            ["x_leftImg8bit.png", "y_leftImg8bit.png"],
            ["x_gtFine.png", "y_gtFine.png"],
            {"image_name": "{stem}_leftImg8bit", "mask_name": "{stem}_gtFine"},
        ),
        (
            ["img_001.png", "img_002.png"],
            ["mask_001.png", "mask_002.png"],
            {"image_name": "img_{stem}", "mask_name": "mask_{stem}"},
        ),
    ],
)
def test_the_help_is_the_pattern_that_makes_all_match(
    tmp_path: Path, images: list[str], masks: list[str], written: dict[str, str]
) -> None:
    write(tmp_path, [f"images/{name}" for name in images], [f"masks/{name}" for name in masks])
    error = told(tmp_path)
    assert "has a mask of its name" in error.message
    parts = (error.help or "").split("`")[1::2]
    assert {key: value for part in parts for key, value in yaml.safe_load(part).items()} == written
    data = load(tmp_path, **written)
    assert len(data.train) == len(images)
    wanted = [np.roll(MASK, number) for number in range(len(images))]
    assert {mask.tobytes() for mask in data.train.y[ALL][np.arange(len(images))]} == {mask.tobytes() for mask in wanted}


def test_no_pattern_is_made_up(tmp_path: Path) -> None:
    write(tmp_path, ["images/a.jpg", "images/b.jpg"], ["masks/a_mask.png", "masks/c_mask.png"])
    assert "name each mask as its image" in (told(tmp_path).help or "")


@pytest.mark.parametrize(
    ("images", "masks", "written"),
    [
        (["a.jpg", "b.jpg"], ["a_mask.png", "b_mask.png"], "{stem}_mask"),
        (["a.png", "ab.png"], ["a_L.png", "ab_L.png"], "{stem}_L"),
        (["a.jpg", "b.jpg"], ["a.png", "b.png"], "{stem}.png"),
    ],
)
def test_images_and_masks_in_one_folder(tmp_path: Path, images: list[str], masks: list[str], written: str) -> None:
    write(tmp_path / "all", images, masks)
    error = told(tmp_path, images="all", masks="all")
    assert "is given for images and for masks" in error.message
    assert f'`mask_name: "{written}"`' in (error.help or "")
    data = load(tmp_path, images="all", masks="all", mask_name=written)
    found = data.train.y[ALL][np.arange(len(images))]
    assert [mask.tolist() for mask in found] == [np.roll(MASK, number).tolist() for number in range(len(images))]


def test_masks_in_a_folder_within_that_of_the_images(tmp_path: Path) -> None:
    write(tmp_path, ["all/a.jpg", "all/b.jpg"], ["all/masks/a.png", "all/masks/b.png"])
    assert len(load(tmp_path, images="all", masks="all/masks").train) == 2


def test_what_lacks_its_other_half_is_named_with_what_is_wanted(tmp_path: Path) -> None:
    write(tmp_path, ["images/a.jpg", "images/b.jpg"], ["masks/a_mask.png", "masks/c_mask.png", "masks/other.png"])
    lines = told(tmp_path, mask_name="{stem}_mask").message.replace(f"{tmp_path}/", "").splitlines()[1:]
    assert [line.strip() for line in lines] == ["images/b.jpg has no mask b_mask", "masks/c_mask.png has no image"]
    data = load(tmp_path, mask_name="{stem}_mask", on_bad_file="skip")
    assert len(data.train) == 1
    assert any("1 image named otherwise than" in note and "other.png" in note for note in data.notes)


def test_formats_that_are_not_read_are_the_reason(tmp_path: Path) -> None:
    write(tmp_path, ["images/a.jpg"], ["masks/a.png", "masks/b.png"])
    (tmp_path / "images/b.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    message = told(tmp_path).message
    assert "b.heic is HEIC, which is not read: convert it to JPEG or PNG" in message
    assert "has no image" not in message


def test_heic_under_another_ending(tmp_path: Path) -> None:
    write(tmp_path, ["images/a.jpg"], ["masks/a.png", "masks/b.png"])
    (tmp_path / "images/b.jpg").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    assert "b.jpg is HEIC, which is not read: convert it to JPEG or PNG" in told(tmp_path).message


def test_folders_without_images(tmp_path: Path) -> None:
    write(tmp_path, ["images/a.jpg"], [])
    (tmp_path / "masks").mkdir()
    error = told(tmp_path)
    assert error.message == f"{tmp_path / 'masks'} holds no images"
    assert error.help == "give the folder of the masks"


def test_sizes_that_differ_name_both(tmp_path: Path) -> None:
    write(tmp_path, ["images/a.jpg", "images/b.jpg"], ["masks/a.png"])
    save(tmp_path / "masks/b.png", np.zeros((5, 3), np.uint8))
    assert "masks/b.png is 3×5 pixels, its image 4×4" in told(tmp_path).message


@pytest.mark.parametrize("pattern", ["mask", "{name}_mask", "{stem}{stem}", "masks/{stem}", 3, ""])
def test_patterns_that_are_none(pattern: Any) -> None:
    with pytest.raises(Invalid) as invalid:
        source({"segmentation_folder": {"images": "x", "masks": "y", "mask_name": pattern}})
    (problem,) = invalid.value.problems
    assert "no pattern of names" in problem.message
    assert problem.help
