"""Masks as people have them: coloured, JPEG, under other names, beside their images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from cnnspec.data.errors import DataError
from cnnspec.data.sources import SOURCES
from cnnspec.data.splits import ALL
from cnnspec.language.entries import Invalid, read_entry

COLORS = {"road": (128, 64, 128), "car": (0, 0, 142), "sky": "#4682b4"}
RGB = np.array([[128, 64, 128], [0, 0, 142], [70, 130, 180]], np.uint8)
RANDOM = np.random.default_rng(0)
NUMBERS = RANDOM.integers(0, 3, (4, 6, 8))


def folder(path: Path, name: str = "{stem}", kind: str = "png", mode: str = "RGB", where: str = "masks") -> None:
    for at, numbers in enumerate(NUMBERS):
        (path / "images").mkdir(exist_ok=True, parents=True)
        (path / where).mkdir(exist_ok=True, parents=True)
        Image.fromarray(RANDOM.integers(0, 255, (6, 8, 3)).astype(np.uint8)).save(path / "images" / f"a{at}.jpg")
        mask = Image.fromarray(RGB[numbers])
        if mode == "P":
            mask = Image.fromarray(numbers.astype(np.uint8))
            mask.putpalette(RGB.tobytes())
        mask.convert(mode).save(path / where / f"{name.format(stem=f'a{at}')}.{kind}")


def load(path: Path, **more: Any) -> Any:
    given = {"images": "images", "masks": "masks", "image_size": (6, 8), **more}
    return read_entry({"segmentation_folder": given}, SOURCES).load(path, {"input": (6, 8, 3)})  # type: ignore[attr-defined]


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_colours_become_classes_by_a_table(mode: str, tmp_path: Path) -> None:
    folder(tmp_path, mode=mode)
    data = load(tmp_path, colors=COLORS)
    assert (data.names, data.classes) == (("road", "car", "sky"), {ALL: 3})
    assert (data.train.y[ALL][:] == NUMBERS).all()


def test_a_colour_that_is_not_in_the_table_is_told(tmp_path: Path) -> None:
    folder(tmp_path)
    with pytest.raises(DataError) as caught:
        load(tmp_path, colors={"road": (128, 64, 128), "car": (0, 0, 142)})
    count = (NUMBERS[0] == 2).sum()
    assert f"a0.png holds #4682b4 [70, 130, 180] ({count} pixels): not among `colors`" in caught.value.message


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("png", ("have colours", "#4682b4 [70, 130, 180]", "write `colors: {class_0: '#")),
        ("jpg", ("are JPEGs", "save masks as PNG")),
    ],
)
def test_the_real_fault_is_told_also_where_every_file_has_it(kind: str, words: tuple[str, ...], tmp_path: Path) -> None:
    folder(tmp_path, kind=kind)
    with pytest.raises(DataError) as caught:
        load(tmp_path)
    assert all(word in f"{caught.value.message} {caught.value.help}" for word in words)
    assert "nothing but 0" not in caught.value.message


@pytest.mark.parametrize("name", ["{stem}_mask", "mask_{stem}", "seg-{stem}.v1"])
def test_masks_under_other_names(name: str, tmp_path: Path) -> None:
    folder(tmp_path, name)
    with pytest.raises(DataError) as caught:
        load(tmp_path, colors=COLORS)
    assert caught.value.help == f'write `mask_name: "{name}"`'
    assert (load(tmp_path, colors=COLORS, mask_name=name).train.y[ALL][:] == NUMBERS).all()


def test_masks_beside_their_images(tmp_path: Path) -> None:
    folder(tmp_path, "{stem}_mask", where="images")
    data = load(tmp_path, masks="images", colors=COLORS, mask_name="{stem}_mask")
    assert (data.train.y[ALL][:] == NUMBERS).all()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"colors": {"a": (0, 0, 0)}}, "`colors` takes the colours of two classes or more"),
        ({"colors": {"a": (0, 0, 0), "b": (0, 0, 0)}}, "`a` and `b` have the same colour"),
        ({"colors": {"a": (0, 0, 0), "b": (0, 0, 256)}}, "`b` takes a colour"),
        ({"colors": {"a": "#000000", "b": "red"}}, "`b` takes a colour"),
        ({"colors": COLORS, "classes": 3}, "`colors` says which classes there are, and so does `classes`"),
        ({"mask_name": "mask"}, "`mask` is no pattern of names with one `{stem}`"),
    ],
)
def test_what_is_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(Invalid) as caught:
        read_entry({"segmentation_folder": {"images": "a", "masks": "b", **given}}, SOURCES)
    assert words in str(caught.value)
