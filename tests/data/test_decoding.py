"""From files to numbers: formats, modes, orientation, and the ways to fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from cnnspec.data.images.decoding import image, mask
from cnnspec.data.images.fitting import Form, fitted, placed
from cnnspec.data.images.opening import BadImage, header
from tests.data.pictures import BAD, noise, packed, save, smooth, spoil


def decoded(path: Path, form: Form) -> Any:
    return image(path, form)[0]


@pytest.mark.parametrize("name", ["a.png", "a.webp", "a.bmp", "a.tif", "a.ppm"])
def test_formats_without_loss_give_the_pixels(tmp_path: Path, name: str) -> None:
    pixels = noise(6, 9)
    save(tmp_path / name, pixels, **({"lossless": True} if name.endswith("webp") else {}))
    assert np.array_equal(decoded(tmp_path / name, Form(6, 9)), pixels)


def test_the_ending_does_not_decide_the_format(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(packed(noise(4, 4), "PNG"))
    assert np.array_equal(decoded(tmp_path / "a.jpg", Form(4, 4)), noise(4, 4))


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG", "TIFF"])
def test_of_several_frames_the_first_is_taken(tmp_path: Path, form: str) -> None:
    first, second = (Image.new("RGB", (5, 4), colour) for colour in ("red", "blue"))
    options = {"lossless": True} if form == "WEBP" else {}
    first.save(tmp_path / "a.gif", form, save_all=True, append_images=[second], **options)
    assert np.array_equal(decoded(tmp_path / "a.gif", Form(4, 5)), np.full((4, 5, 3), (255, 0, 0)))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_images_are_upright(tmp_path: Path, form: str, orientation: int) -> None:
    """What a viewer shows: of each orientation, where row 0 and column 0 of the file are (EXIF 2.32, tag 274)."""
    upright = smooth(24, 40)
    stored = {
        1: upright, 2: upright[:, ::-1], 3: upright[::-1, ::-1], 4: upright[::-1],
        5: upright.transpose(1, 0, 2), 6: upright.transpose(1, 0, 2)[::-1],
        7: upright.transpose(1, 0, 2)[::-1, ::-1], 8: upright.transpose(1, 0, 2)[:, ::-1],
    }[orientation]  # fmt: skip
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / "a.jpg"
    Image.fromarray(np.ascontiguousarray(stored)).save(path, form, exif=exif, quality=95)
    assert header(path).size == (40, 24)
    assert np.abs(decoded(path, Form(24, 40)).astype(int) - upright).max() <= 12


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@pytest.mark.parametrize("exif", [b"", b"Exif\0\0nonsense", b"Exif\0\0II*\0\x08\0\0\0\xff\xff"])
def test_exif_that_does_not_read_turns_nothing(tmp_path: Path, exif: bytes) -> None:
    save(tmp_path / "a.jpg", smooth(8, 8), exif=exif)
    assert decoded(tmp_path / "a.jpg", Form(8, 8)).shape == (8, 8, 3)


def test_a_large_photo_is_sketched_and_stays_the_same_picture(tmp_path: Path) -> None:
    pixels = smooth(400, 640)
    save(tmp_path / "a.jpg", pixels, quality=95)
    whole = np.asarray(fitted(Image.fromarray(pixels), Form(20, 32), Image.Resampling.BILINEAR))
    assert np.abs(decoded(tmp_path / "a.jpg", Form(20, 32)).astype(int) - whole).max() <= 4


RED, GREY = (255, 0, 0), (76, 76, 76)


def _moded(mode: str) -> Image.Image:
    """A red picture of a mode, the left half transparent where the mode has that."""
    if mode in ("RGBA", "LA", "PA"):
        clear = Image.new("RGBA", (4, 2), (*RED, 255))
        clear.paste((0, 0, 0, 0), (0, 0, 2, 2))
        return clear.convert(mode) if mode != "PA" else clear.quantize(4).convert("RGBA").convert("PA")
    return Image.new("RGB", (4, 2), RED).convert(mode)


@pytest.mark.parametrize(
    ("mode", "form", "left", "right"),
    [
        ("RGB", "PNG", RED, RED), ("L", "PNG", GREY, GREY), ("P", "PNG", RED, RED), ("CMYK", "TIFF", RED, RED),
        ("1", "PNG", None, None), ("YCbCr", "TIFF", RED, RED), ("RGBA", "PNG", (255, 255, 255), RED),
        ("LA", "PNG", (255, 255, 255), GREY), ("RGBA", "WEBP", (255, 255, 255), RED), ("RGBA", "GIF", (255, 255, 255), RED),
    ],
)  # fmt: skip
def test_every_kind_of_pixel_becomes_rgb(tmp_path: Path, mode: str, form: str, left: Any, right: Any) -> None:
    options = {"lossless": True} if form == "WEBP" else {}
    _moded(mode).save(tmp_path / "a.png", form, **options)
    colour = decoded(tmp_path / "a.png", Form(2, 4))
    grey = decoded(tmp_path / "a.png", Form(2, 4, 1))
    assert colour.dtype == grey.dtype == np.uint8
    assert (colour.shape, grey.shape) == ((2, 4, 3), (2, 4, 1))
    if left is not None:
        assert np.abs(colour[0, 0].astype(int) - left).max() <= 2
        assert np.abs(colour[0, -1].astype(int) - right).max() <= 2
        assert np.abs(grey[0, 0].astype(int) - colour[0, 0] @ [0.299, 0.587, 0.114]).max() <= 1


def test_four_channels_keep_what_is_transparent(tmp_path: Path) -> None:
    _moded("RGBA").save(tmp_path / "a.png")
    assert decoded(tmp_path / "a.png", Form(2, 4, 4))[0, :, 3].tolist() == [0, 0, 255, 255]
    save(tmp_path / "b.png", noise(2, 4))
    assert (decoded(tmp_path / "b.png", Form(2, 4, 4))[..., 3] == 255).all()


def test_a_colour_that_a_png_calls_transparent_is_laid_over_white(tmp_path: Path) -> None:
    pixels = np.zeros((2, 2, 3), np.uint8)
    pixels[0] = 7
    save(tmp_path / "a.png", pixels, transparency=(7, 7, 7))
    assert decoded(tmp_path / "a.png", Form(2, 2)).tolist() == [[[255] * 3] * 2, [[0] * 3] * 2]


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_decoded_says_why(tmp_path: Path, name: str) -> None:
    how, reason = BAD[name]
    spoil(tmp_path / name, how)
    with pytest.raises(BadImage) as told:
        image(tmp_path / name, Form(8, 8))
    assert told.value.reason.startswith(reason)


@pytest.mark.parametrize("name", [name for name in BAD if not name.startswith(("flipped", "float", "none"))])
def test_headers_and_ends_tell_before_anything_is_decoded(tmp_path: Path, name: str) -> None:
    how, reason = BAD[name]
    spoil(tmp_path / name, how)
    with pytest.raises(BadImage) as told:
        header(tmp_path / name)
    assert told.value.reason.startswith(reason)


def test_a_file_that_lacks_only_its_end_is_no_bad_one(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(packed(noise(4, 4), "PNG") + b"trailing")
    assert header(tmp_path / "a.png").size == (4, 4)
    assert decoded(tmp_path / "a.png", Form(4, 4)).shape == (4, 4, 3)


SIDES = st.integers(1, 300)


@given(st.tuples(SIDES, SIDES), SIDES, SIDES, st.sampled_from(["stretch", "crop", "pad"]))
def test_where_images_are_put(size: tuple[int, int], height: int, width: int, resize: str) -> None:
    form = Form(height, width, 3, resize)
    (left, top, right, bottom), inner, corner = placed(size, form)
    assert 0 <= left < right <= size[0] + 1e-9
    assert 0 <= top < bottom <= size[1] + 1e-9
    assert all(at >= 0 and at + side <= most for at, side, most in zip(corner, inner, (width, height), strict=True))
    scales = inner[0] / (right - left), inner[1] / (bottom - top)
    if resize == "crop":
        assert inner == (width, height)
        assert scales[0] == pytest.approx(scales[1])
        assert left == pytest.approx(size[0] - right, abs=1e-6)
        assert (right - left, bottom - top) >= (size[0] - 1e-9, 0) or bottom - top == pytest.approx(size[1])
    if resize == "pad":
        assert (right - left, bottom - top) == size
        assert inner[0] == width or inner[1] == height
        assert all(
            abs(side - old * min(width / size[0], height / size[1])) <= 1 for side, old in zip(inner, size, strict=True)
        )


def test_padding_is_black_and_around(tmp_path: Path) -> None:
    save(tmp_path / "a.png", np.full((4, 8, 3), 200, np.uint8))
    padded = decoded(tmp_path / "a.png", Form(8, 8, 3, "pad"))
    assert (padded[2:6] == 200).all()
    assert not padded[:2].any()
    assert not padded[6:].any()


def test_cropping_takes_the_middle(tmp_path: Path) -> None:
    pixels = noise(4, 8)
    save(tmp_path / "a.png", pixels)
    assert np.array_equal(decoded(tmp_path / "a.png", Form(4, 4, 3, "crop")), pixels[:, 2:6])


def test_shrinking_averages(tmp_path: Path) -> None:
    board = np.indices((64, 64)).sum(0) % 2 * 255
    save(tmp_path / "a.png", board.astype(np.uint8))
    small = decoded(tmp_path / "a.png", Form(8, 8, 1))
    assert np.abs(small.astype(int) - 127).max() <= 3


@pytest.mark.parametrize("resize", ["stretch", "crop", "pad"])
@pytest.mark.parametrize("kind", ["L", "P", "I;16", "1"])
def test_masks_keep_their_numbers(tmp_path: Path, resize: str, kind: str) -> None:
    numbers = (noise(30, 50, 1) % 4).astype(np.uint8)
    if kind == "I;16":
        stored = Image.fromarray(numbers.astype(np.uint16) * 300)
    elif kind == "1":
        stored = Image.fromarray(numbers > 1)
    else:
        stored = Image.fromarray(numbers)
        if kind == "P":
            stored.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9])
    stored.save(tmp_path / "a.png")
    found = mask(tmp_path / "a.png", Form(13, 17, 3, resize)).numbers
    assert found.shape == (13, 17)
    assert set(np.unique(found).tolist()) == {"I;16": {0, 300, 600, 900}, "1": {0, 255}}.get(kind, {0, 1, 2, 3})
    assert np.array_equal(
        mask(tmp_path / "a.png").numbers,
        {"I;16": numbers.astype(int) * 300, "1": (numbers > 1) * 255}.get(kind, numbers),
    )


@pytest.mark.parametrize("resize", ["stretch", "crop", "pad"])
def test_masks_and_images_are_placed_alike(tmp_path: Path, resize: str) -> None:
    """A white square on black, as an image and as a mask: they agree but for the blurred edge."""
    square = np.zeros((60, 100), np.uint8)
    square[20:40, 40:70] = 255
    save(tmp_path / "a.png", square)
    form = Form(48, 64, 1, resize)
    picture, numbers = decoded(tmp_path / "a.png", form)[..., 0], mask(tmp_path / "a.png", form).numbers
    sharp = (picture < 5) | (picture > 250)
    assert sharp.mean() > 0.9
    assert np.array_equal(picture[sharp] > 127, numbers[sharp] > 0)


def test_masks_that_are_no_class_numbers(tmp_path: Path) -> None:
    save(tmp_path / "a.jpg", noise(4, 4, 1))
    save(tmp_path / "b.png", noise(4, 4))
    save(tmp_path / "c.png", np.repeat(noise(4, 4, 1)[..., None], 3, -1))
    for name, reason in (("a.jpg", "is a JPEG"), ("b.png", "has colours")):
        with pytest.raises(BadImage, match=reason):
            mask(tmp_path / name)
    assert np.array_equal(mask(tmp_path / "c.png").numbers, noise(4, 4, 1))
