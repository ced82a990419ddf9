"""From the bytes of a file to numbers: images in the form that the network takes, and masks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from cnnspec.data.columns import Array
from cnnspec.data.images.deep import scaled
from cnnspec.data.images.fitting import Form, fitted
from cnnspec.data.images.opening import (
    DEEP,
    BadImage,
    Header,
    depth,
    loaded,
    opened,
    orientation,
    turned,
    unpacked,
    upright,
)
from cnnspec.data.mask_colours import Colour

_MODES = {1: "L", 3: "RGB", 4: "RGBA"}
_SPARE = 2
"""A JPEG is decoded at a half, a quarter or an eighth of its size where that leaves so many times the size wanted."""


def image(path: Path, form: Form, turn: int = 1) -> tuple[Array, Header]:
    """A file's image as H×W×C numbers from 0 to 255, and its header. Raises `BadImage`.

    They are bytes, or floats where the file has grey values deeper than 8 bits. The first frame or page, upright by its
    EXIF data, or by `turn`, which another file says of it. Transparent parts are laid over white, unless the form has a
    channel for them.
    """
    with opened(path) as (source, _, found):
        return _decoded(source, form, turn), found


def image_of(content: bytes, form: Form) -> Array:
    """The same of an image that is no file of its own, as bytes. Raises `BadImage`."""
    with unpacked(content) as source:
        return as_bytes(_decoded(source, form, 1))


def as_bytes(pixels: Array) -> Array:
    """Numbers from 0 to 255 as bytes, rounded."""
    return pixels if pixels.dtype == np.uint8 else np.rint(pixels).astype(np.uint8)


def _decoded(source: Image.Image, form: Form, turn: int) -> Array:
    deep = depth(source)
    _sketch(source, form)
    whole = turned(upright(loaded(source)), turn)
    if deep in DEEP:
        grey = np.asarray(fitted(scaled(whole, deep, form.scale), form, Image.Resampling.BILINEAR))
        pixels = np.repeat(grey.reshape(*form.shape[:2], 1), form.channels, axis=-1)
        if form.channels == 4:  # what padding adds is transparent
            pixels[..., 3] = np.asarray(fitted(Image.new("L", whole.size, 255), form, Image.Resampling.BILINEAR))
        return pixels
    if deep == "16 colour" and form.scale.bits not in (None, 8, 16):
        raise BadImage(f"has colours of 16 bits, of which the upper 8 are read, and the spec says {form.scale.bits}")
    plain = _plain(whole, _MODES[form.channels])
    return np.asarray(fitted(plain, form, Image.Resampling.BILINEAR)).reshape(form.shape)


def _sketch(source: Image.Image, form: Form) -> None:
    """Have a large JPEG decoded no larger than it has to be."""
    if source.format in ("JPEG", "MPO"):
        width, height = (form.height, form.width) if orientation(source) >= 5 else (form.width, form.height)
        source.draft(_MODES[form.channels], (_SPARE * width, _SPARE * height))


def _plain(image: Image.Image, mode: str) -> Image.Image:
    """`image` in `mode`: L, RGB or RGBA."""
    if image.mode == mode and "transparency" not in image.info:
        return image
    try:
        if image.has_transparency_data and mode != "RGBA":
            image = image.convert("RGBA")
            image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
        if image.mode == "CMYK":
            image = image.convert("RGB")
        return image.convert(mode)
    except ValueError:
        raise BadImage(f"has colours of the kind {image.mode}, which are not read") from None


@dataclass(frozen=True, slots=True)
class Mask:
    """What a mask holds, H×W, and its header: numbers (palette indices, grey values), or with `coloured` colours, each
    packed into one number. `lossy` says that a JPEG has blurred them; `palette` is the colour of each index."""

    numbers: Array
    header: Header
    coloured: bool = False
    lossy: bool = False
    palette: tuple[Colour, ...] = ()


def mask(path: Path, form: Form | None = None) -> Mask:
    """A file's mask: the indices of a palette, or the values of grey pixels. Raises `BadImage`.

    With `form`, it is brought into that by nearest neighbours, so that no number comes in between.
    """
    found = held(path, form)
    if found.lossy:
        raise BadImage("is a JPEG, whose pixels are not kept exactly; save masks as PNG")
    if found.coloured:
        raise BadImage("has colours; save masks as class numbers, in grey or with a palette")
    return found


def held(path: Path, form: Form | None = None, colours: bool = False, turn: int = 1) -> Mask:
    """What a file holds that is a mask; with `colours`, also grey values and palettes as the colours that they are.
    `turn` is how another file says that it is turned. Raises `BadImage`."""
    with opened(path) as (source, _, found):
        lossy = source.format in ("JPEG", "MPO")
        picture = turned(upright(loaded(source)), turn)
        plain = _in_colours(picture) if colours else _numbered(picture)
        if form is not None:
            plain = fitted(plain, form, Image.Resampling.NEAREST)
        if plain.mode == "RGB":
            red, green, blue = (np.asarray(plain)[..., part].astype(np.int32) for part in range(3))
            return Mask(red << 16 | green << 8 | blue, found, True, lossy)
        return Mask(np.asarray(plain), found, False, lossy, _palette(plain))


def _palette(image: Image.Image) -> tuple[Colour, ...]:
    listed = (image.getpalette("RGB") or []) if image.mode == "P" else []
    return tuple(zip(listed[::3], listed[1::3], listed[2::3], strict=True))


def _in_colours(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I") or image.mode == "F":
        raise BadImage("has grey values deeper than 8 bits, and `colors` are of 8: write `values` for it")
    return image.convert("RGBA").convert("RGB") if image.mode in ("P", "PA") else image.convert("RGB")


def _numbered(image: Image.Image) -> Image.Image:
    """The mask in a mode of one number a pixel, or in RGB where it has colours."""
    match image.mode:
        case "P" | "L" | "I;16" | "I":
            return image
        case "1":
            return image.convert("L")
        case "LA" | "La":
            return image.getchannel("L")
        case "PA":
            return image.getchannel("P")
        case "I;16B" | "I;16L" | "I;16N":
            return Image.fromarray(np.asarray(image).astype(np.uint16))
        case "RGB" | "RGBA" | "RGBX":
            red, green, blue = (image.getchannel(name) for name in "RGB")
            if red.tobytes() == green.tobytes() == blue.tobytes():
                return red
            return image.convert("RGB")
        case "CMYK" | "YCbCr" | "HSV" | "LAB":
            return image.convert("RGB")
    raise BadImage(f"is of the kind {image.mode}; save masks as class numbers, in grey or with a palette")
