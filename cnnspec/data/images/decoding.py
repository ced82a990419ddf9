"""From the bytes of a file to numbers: images in the form that the network takes, and masks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from cnnspec.data.columns import Array
from cnnspec.data.images.fitting import Form, fitted
from cnnspec.data.images.opening import BadImage, Header, loaded, opened, orientation, unpacked, upright

_MODES = {1: "L", 3: "RGB", 4: "RGBA"}
_NO_BYTES = ("I", "F")
_SPARE = 2
"""A JPEG is decoded at a half, a quarter or an eighth of its size where that leaves so many times the size wanted."""


def image(path: Path, form: Form) -> tuple[Array, Header]:
    """A file's image as H×W×C bytes, and its header. Raises `BadImage`.

    The first frame or page, upright by its EXIF data. 16 bits become 8 (the upper ones). Transparent parts are laid
    over white, unless the form has a channel for them.
    """
    with opened(path) as (source, _, found):
        return _decoded(source, form), found


def image_of(content: bytes, form: Form) -> Array:
    """The same of an image that is no file of its own. Raises `BadImage`."""
    with unpacked(content) as source:
        return _decoded(source, form)


def _decoded(source: Image.Image, form: Form) -> Array:
    _sketch(source, form)
    plain = _plain(upright(loaded(source)), _MODES[form.channels])
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
    if image.mode in _NO_BYTES:
        raise BadImage("has pixels of 32 bits, which are not read")
    if image.mode.startswith("I;16"):
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
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
    """The numbers of a mask, H×W, and its header."""

    numbers: Array
    header: Header


def mask(path: Path, form: Form | None = None, coloured: bool = False) -> Mask:
    """A file's mask: the indices of a palette, or the values of grey pixels. Raises `BadImage`.

    With `coloured`, it is the colours as one number each (red·65536 + green·256 + blue).

    With `form`, it is brought into that by nearest neighbours, so that no number comes in between.
    """
    with opened(path) as (source, _, found):
        if source.format in ("JPEG", "MPO"):
            raise BadImage("is a JPEG, whose pixels are not kept exactly; save masks as PNG")
        whole = upright(loaded(source))
        grey = whole.convert("RGB") if coloured else _numbered(whole)
        if form is not None:
            grey = fitted(grey, form, Image.Resampling.NEAREST)
        numbers = np.asarray(grey)
        if coloured:
            red, green, blue = (numbers[..., at].astype(np.int32) for at in range(3))
            numbers = (red << 16) + (green << 8) + blue
        return Mask(numbers, found)


def _few(image: Image.Image) -> str:
    """The most frequent colours of a mask."""
    pixels = np.asarray(image.convert("RGB")).reshape(-1, 3)
    colors, counts = np.unique(pixels, axis=0, return_counts=True)
    most = np.argsort(-counts, kind="stable")[:3]
    return ", ".join("#" + "".join(f"{value:02x}" for value in colors[at]) for at in most) + ", …" * (len(colors) > 3)


def _numbered(image: Image.Image) -> Image.Image:
    """The mask in a mode of one number a pixel."""
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
            raise BadImage(f"has colours ({_few(image)}); write `colors: {{name: [red, green, blue], …}}`")
    raise BadImage(f"is of the kind {image.mode}; save masks as class numbers, in grey or with a palette")
