"""Masks that are no plain class numbers: JPEG, colours, palettes; what is told of them, and how they are read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from cnnspec.data.errors import DataError
from cnnspec.data.images.coding import Coding
from cnnspec.data.images.decoding import Mask
from cnnspec.data.images.opening import Header
from cnnspec.data.mask_colours import as_text, packed, unpacked
from cnnspec.data.splits import ALL, Dataset
from cnnspec.language.entries import Invalid
from tests.data.pictures import noise, save, source

ROAD, CAR, SKY, VOID = (128, 64, 128), (0, 0, 142), (70, 130, 180), (0, 0, 0)
CLASSES = np.repeat(np.repeat(np.array([[0, 1], [2, 1]]), 8, 0), 8, 1)
COLOURS = {"road": list(ROAD), "car": "#00008e", "sky": "4682B4"}


def painted(numbers: Any, *colours: tuple[int, ...]) -> Any:
    return np.array(colours, np.uint8)[numbers]


def pair(folder: Path, name: str, mask: Any, ending: str = "png", **options: Any) -> None:
    save(folder / f"images/{name}.png", noise(*np.shape(mask)[:2]))
    save(folder / f"masks/{name}.{ending}", mask, **options)


def load(folder: Path, **arguments: Any) -> Dataset:
    given = {"images": "images", "masks": "masks", "image_size": 16, **arguments}
    return source({"segmentation_folder": given}).load(folder, {})


def masks(data: Dataset) -> Any:
    return data.train.y[ALL][np.arange(len(data.train))]


def told(folder: Path, **arguments: Any) -> DataError:
    with pytest.raises(DataError) as error:
        load(folder, **arguments)
    return error.value


def test_colours_are_classes_by_a_table(tmp_path: Path) -> None:
    pair(tmp_path, "a", painted(CLASSES, ROAD, CAR, SKY))
    pair(tmp_path, "b", painted(CLASSES, SKY, SKY, ROAD))
    data = load(tmp_path, colors=COLOURS)
    assert (data.classes, data.names, data.kinds) == ({ALL: 3}, ("road", "car", "sky"), {ALL: "class_maps"})
    assert np.array_equal(masks(data), np.stack([CLASSES, np.array([2, 2, 0])[CLASSES]]))
    assert not data.notes


def test_an_ignored_colour_is_255(tmp_path: Path) -> None:
    pair(tmp_path, "a", painted(CLASSES, ROAD, CAR, VOID))
    for ignore in (list(VOID), "#000000"):
        data = load(tmp_path, colors={"road": list(ROAD), "car": list(CAR)}, ignore=ignore)
        assert (data.classes, np.unique(masks(data)).tolist()) == ({ALL: 2}, [0, 1, 255])
        assert ((masks(data)[0] == 255) == (CLASSES == 2)).all()


def test_palettes_and_grey_are_colours_too(tmp_path: Path) -> None:
    indexed = Image.fromarray(CLASSES.astype(np.uint8))
    indexed.putpalette([*CAR, *ROAD, *SKY])
    (tmp_path / "masks").mkdir()
    indexed.save(tmp_path / "masks/a.png")
    save(tmp_path / "images/a.png", noise(16, 16))
    pair(tmp_path, "b", np.full((16, 16), 9, np.uint8))
    data = load(tmp_path, colors={**COLOURS, "dark": [9, 9, 9]})
    assert np.array_equal(masks(data)[0], np.array([1, 0, 2])[CLASSES])
    assert (masks(data)[1] == 3).all()


def test_a_colour_of_no_class_is_told_with_file_and_count(tmp_path: Path) -> None:
    mask = painted(CLASSES, ROAD, CAR, SKY)
    pair(tmp_path, "a", mask)
    mask[0, :3] = (1, 2, 3)
    pair(tmp_path, "b", mask)
    message = told(tmp_path, colors=COLOURS).message
    assert "1 file of 2" in message
    assert "masks/b.png holds #010203 [1, 2, 3] (3 pixels): not among `colors`" in message


@pytest.mark.parametrize("skip", ["error", "skip"])
def test_colours_without_a_table_are_told_also_when_all_have_them(tmp_path: Path, skip: str) -> None:
    for name in "abc":
        pair(tmp_path, name, painted(CLASSES, ROAD, CAR, SKY))
    error = told(tmp_path, on_bad_file=skip)
    assert "3 of 3 masks have colours, and no table says which class each is" in error.message
    assert "#00008e [0, 0, 142]: 384 pixels" in error.message
    assert error.help is not None
    assert "`colors: {class_0: '#00008e', class_1: '#4682b4', class_2: '#804080'}`" in error.help
    assert "nothing but 0" not in error.message


def test_what_the_help_says_can_be_read(tmp_path: Path) -> None:

    pair(tmp_path, "a", painted(CLASSES, ROAD, CAR, SKY))
    help = told(tmp_path).help or ""
    written = yaml.safe_load(help.split("`")[1])
    assert load(tmp_path, **written).classes == {ALL: 3}


def test_jpegs_are_told_also_when_all_are(tmp_path: Path) -> None:
    for name in "ab":
        pair(tmp_path, name, (CLASSES == 1).astype(np.uint8) * 255, "jpg", quality=30)
    error = told(tmp_path)
    assert "2 of 2 masks are JPEGs, which blur class numbers, such as " in error.message
    assert "255: " in error.message
    assert "write `values: [0, 255]`" in (error.help or "")
    data = load(tmp_path, values=[0, 255])
    assert np.array_equal(masks(data)[1], CLASSES == 1)


def test_a_blurred_jpeg_is_read_as_the_nearer_of_two_and_told(tmp_path: Path) -> None:
    blobs = (np.hypot(*(np.indices((16, 16)) - 7.5)) < 5).astype(np.uint8) * 255
    pair(tmp_path, "a", blobs, "jpg", quality=20)
    stored = np.asarray(Image.open(tmp_path / "masks/a.jpg"))
    data = load(tmp_path, values=[0, 255])
    assert np.array_equal(masks(data)[0], stored > 127)
    share = ((stored != 0) & (stored != 255)).mean()
    assert share > 0
    assert data.notes[0].startswith(f"1 mask is a JPEG, with {share:.1%} of the pixels blurred")


def test_jpegs_of_several_colours_are_read_where_they_are_sure(tmp_path: Path) -> None:
    flat = np.zeros((16, 16), int)
    for name, number in (("a", 0), ("b", 1), ("c", 2)):
        pair(tmp_path, name, painted(flat + number, ROAD, CAR, SKY), "jpg", quality=60)
    assert [int(mask.max()) for mask in masks(load(tmp_path, colors=COLOURS))] == [0, 1, 2]
    pair(tmp_path, "d", painted(CLASSES, ROAD, CAR, SKY), "jpg", quality=5)
    assert "d.jpg holds #" in told(tmp_path, colors=COLOURS).message
    data = load(tmp_path, colors=COLOURS, ignore=[255, 255, 255])
    assert (masks(data)[3] == 255).any()


def test_the_error_for_coloured_jpegs_names_the_table(tmp_path: Path) -> None:
    pair(tmp_path, "a", painted(CLASSES, ROAD, CAR, SKY), "jpg", quality=10)
    error = told(tmp_path)
    assert "1 of 1 masks is a JPEG" in error.message
    assert "under `colors`" in (error.help or "")


def test_a_single_mask_of_another_kind_is_told_by_name(tmp_path: Path) -> None:
    for name in "abc":
        pair(tmp_path, name, CLASSES.astype(np.uint8))
    pair(tmp_path, "d", painted(CLASSES, ROAD, CAR, SKY))
    pair(tmp_path, "e", CLASSES.astype(np.uint8), "jpg")
    message = told(tmp_path).message
    assert "masks/d.png has colours" in message
    assert "masks/e.jpg is a JPEG" in message


def test_three_equal_channels_are_grey(tmp_path: Path) -> None:
    pair(tmp_path, "a", np.repeat(CLASSES[..., None], 3, -1).astype(np.uint8))
    assert np.array_equal(masks(load(tmp_path))[0], CLASSES)


def test_palettes_that_contradict_are_told(tmp_path: Path) -> None:
    (tmp_path / "masks").mkdir()
    for name, colours in (("a", [*VOID, *ROAD, *CAR]), ("b", [*VOID, *CAR, *ROAD])):
        save(tmp_path / f"images/{name}.png", noise(16, 16))
        indexed = Image.fromarray(CLASSES.astype(np.uint8))
        indexed.putpalette(colours)
        indexed.save(tmp_path / f"masks/{name}.png")
    error = told(tmp_path)
    assert "the palettes of the masks differ: 1 is #804080 in " in error.message
    assert "a.png, and #00008e in " in error.message
    assert "class_1: '#804080'" in (error.help or "")
    data = load(tmp_path, colors={"void": list(VOID), "road": list(ROAD), "car": list(CAR)})
    assert np.array_equal(masks(data), np.stack([CLASSES, np.array([0, 2, 1])[CLASSES]]))
    data = load(tmp_path, classes=3)
    assert np.array_equal(masks(data)[1], CLASSES)
    assert "the palettes of the masks differ, and their indices are read" in data.notes[0]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("square", [True, False])
def test_masks_turn_with_their_images(tmp_path: Path, orientation: int, square: bool) -> None:
    """A mask made of the pixels as they are stored agrees with its image, whatever the camera's hold."""
    shape = (16, 16) if square else (12, 20)
    stored = np.zeros(shape, np.uint8)
    stored[:5, :3] = 1
    exif = Image.Exif()
    exif[0x0112] = orientation
    (tmp_path / "images").mkdir()
    Image.fromarray(stored * 255).save(tmp_path / "images/a.png", exif=exif)
    save(tmp_path / "masks/a.png", stored)
    height, width = shape[::-1] if orientation >= 5 else shape
    data = load(tmp_path, image_size=[height, width], channels=1)
    picture = data.train.x[ALL][np.arange(1)][0, ..., 0]
    assert np.array_equal(masks(data)[0], picture // 255)
    assert picture.sum() == 15 * 255
    assert [("turned with its image" in note) for note in data.notes] == [True] * (orientation > 1)


def test_masks_that_are_upright_already_stay_so(tmp_path: Path) -> None:
    seen = np.zeros((20, 12), np.uint8)
    seen[:5, :3] = 1
    exif = Image.Exif()
    exif[0x0112] = 6
    (tmp_path / "images").mkdir()
    Image.fromarray(seen * 255).transpose(Image.Transpose.ROTATE_90).save(tmp_path / "images/a.png", exif=exif)
    save(tmp_path / "masks/a.png", seen)
    data = load(tmp_path, image_size=[20, 12], channels=1)
    assert np.array_equal(masks(data)[0], data.train.x[ALL][np.arange(1)][0, ..., 0] // 255)
    assert "is upright already, by its size" in data.notes[0]


COLOUR = st.tuples(*[st.integers(0, 255)] * 3)


@given(COLOUR)
def test_colours_pack_and_are_written(colour: tuple[int, int, int]) -> None:
    assert unpacked(packed(colour)) == colour
    read = source({"segmentation_folder": {"images": "i", "masks": "m", "colors": {"a": as_text(colour), "b": [1, 2, 4] if colour != (1, 2, 4) else [9, 9, 9]}}})  # fmt: skip
    assert read.colors["a"] == colour  # type: ignore[attr-defined]


@given(st.lists(COLOUR, min_size=2, max_size=6, unique=True), st.lists(COLOUR, min_size=1, max_size=20))
def test_the_nearest_colour_of_a_jpeg(table: list[tuple[int, int, int]], pixels: list[tuple[int, int, int]]) -> None:
    """By a plain search over all colours, one pixel at a time."""

    def far(one: tuple[int, ...], other: tuple[int, ...]) -> int:
        return max(abs(a - b) for a, b in zip(one, other, strict=True))

    coding = Coding(tuple((packed(colour), number) for number, colour in enumerate(table)), True)
    numbers = np.array([[packed(pixel) for pixel in pixels]])
    found = coding.classes_of(Mask(numbers, Header(0, 0, (1, 1)), True, True))[0].tolist()
    closest = min(far(a, b) for index, a in enumerate(table) for b in table[:index])
    limit = min((closest - 1) // 2, 48) if len(table) > 2 else 256
    for pixel, number in zip(pixels, found, strict=True):
        distances = [far(pixel, colour) for colour in table]
        best = distances.index(min(distances))
        assert number == (best if distances[best] <= limit else -1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"colors": {"a": [0, 0, 0], "b": None}}, "takes a colour, not nothing"),
        ({"colors": {"a": [0, 0, 0], "b": [0, 0, 256]}}, "a colour with parts of 0 to 255, not [0, 0, 256]"),
        ({"colors": {"a": [0, 0, 0], "b": "red"}}, "takes a colour, not"),
        ({"colors": {"a": [0, 0, 0], "b": "#000000"}}, "`a` and `b` have the same colour, #000000"),
        ({"colors": {"a": [0, 0, 0]}}, "two classes or more, and there are 1"),
        ({"colors": [[0, 0, 0], [1, 1, 1]]}, "two classes or more, by their names, not"),
        ({"colors": {"a": [0, 0, 0], "b": [1, 1, 1]}, "values": [0, 1]}, "and so does `values`"),
        ({"colors": {"a": [0, 0, 0], "b": [1, 1, 1]}, "classes": 3}, "and so does `classes`"),
        ({"colors": {"a": [0, 0, 0], "b": [1, 1, 1]}, "ignore": 255}, "`ignore` is the number 255"),
        ({"colors": {"a": [0, 0, 0], "b": [1, 1, 1]}, "ignore": [1, 1, 1]}, "#010101 is both `b` and what to ignore"),
        ({"ignore": [1, 1, 1]}, "there are no `colors`"), ({"ignore": 70000}, "`ignore` is 70000"),
        ({"ignore": True}, "takes a number or a colour"),
    ],
)  # fmt: skip
def test_tables_that_are_wrong(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(Invalid) as invalid:
        source({"segmentation_folder": {"images": "x", "masks": "y", **arguments}})
    assert any(message in problem.message for problem in invalid.value.problems)
