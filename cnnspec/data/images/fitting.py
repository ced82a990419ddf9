"""How an image of one size is brought to another: stretched, cropped or padded. Pure, but for `fitted`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from PIL import Image

from cnnspec.data.scale import BY_DEPTH, Scale

Size = tuple[int, int]
"""Width and height, in Pillow's order."""


@dataclass(frozen=True, slots=True)
class Form:
    """What images are brought into."""

    height: int
    width: int
    channels: int = 3
    resize: str = "stretch"
    scale: Scale = field(default=BY_DEPTH, repr=False)  # not in digests of data: earlier runs have theirs without it

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width, channels."""
        return self.height, self.width, self.channels


class Placed(NamedTuple):
    """The part of an image that is taken (left, top, right, bottom), the size that it gets, and where it is put."""

    box: tuple[float, float, float, float]
    size: Size
    corner: Size


def placed(size: Size, form: Form) -> Placed:
    """Where an image of `size` goes.

    `stretch` takes all of it to all of the form. `crop` scales so that the shorter side fits, and takes the middle.
    `pad` scales so that all of it fits, and puts it in the middle.
    """
    width, height = size
    whole, target = (0.0, 0.0, float(width), float(height)), (form.width, form.height)
    ratios = form.width / width, form.height / height
    if form.resize == "crop":
        scale = max(ratios)
        taken = min(form.width / scale, width), min(form.height / scale, height)
        left, top = (width - taken[0]) / 2, (height - taken[1]) / 2
        return Placed((left, top, left + taken[0], top + taken[1]), target, (0, 0))
    if form.resize == "pad":
        scale = min(ratios)
        inner = tuple(min(max(round(side * scale), 1), most) for side, most in zip(size, target, strict=True))
        return Placed(whole, (inner[0], inner[1]), ((form.width - inner[0]) // 2, (form.height - inner[1]) // 2))
    return Placed(whole, target, (0, 0))


def fitted(image: Image.Image, form: Form, filter: Image.Resampling) -> Image.Image:
    """`image` in the size of `form`; what padding adds is 0."""
    place = placed(image.size, form)
    if place != ((0.0, 0.0, *image.size), image.size, (0, 0)):
        image = image.resize(place.size, filter, box=place.box)
    if image.size == (form.width, form.height):
        return image
    around = Image.new(image.mode, (form.width, form.height))
    around.paste(image, place.corner)
    return around
