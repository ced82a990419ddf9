"""Grey images deeper than 8 bits: their values brought to 0 to 255, with the fraction kept; and a word on them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from cnnspec.data.columns import Array
from cnnspec.data.images.opening import BadImage, Depth, loaded, opened
from cnnspec.data.scale import Scale

_WHITE = 255.0
_LOOKED_AT = 64
_USUAL = (8, 10, 12, 14)
"""Bits that cameras and scanners give."""


def scaled(image: Image.Image, deep: Depth, scale: Scale) -> Image.Image:
    """A grey image as floats from 0 (black) to 255 (white). Raises `BadImage` where it does not say what these are."""
    values = np.asarray(image).astype(np.float64)
    least, most = float(values.min()), float(values.max())
    if not np.isfinite(values).all():
        raise BadImage("holds NaN or infinity")
    low, high = _ends(deep, scale, least, most)
    pixels = np.clip((values - low) * (_WHITE / (high - low)), 0, _WHITE)
    return Image.fromarray(pixels.astype(np.float32))


def _ends(deep: Depth, scale: Scale, least: float, most: float) -> tuple[float, float]:
    if scale.range is not None:
        return scale.range
    help = "write `value_range: [lowest, highest]`, what is black and what is white"
    if deep == "float":
        if least < 0 or most > 1:
            raise BadImage(f"holds floats of {least:,.6g} to {most:,.6g}, not of 0 to 1: {help}")
        return 0.0, 1.0
    if deep == "32" and scale.bits is None:
        raise BadImage(f"holds numbers of 32 bits, {least:,.0f} to {most:,.0f}: {help}")
    white = float(2 ** (scale.bits or 16) - 1)
    if least < 0 or most > white:
        wrong = least if least < 0 else most
        raise BadImage(f"holds {wrong:,.0f}, and `bits: {scale.bits or 16}` are 0 to {white:,.0f}: {help}")
    return 0.0, white


class _Span(NamedTuple):
    least: float
    most: float


def depth_notes(paths: Sequence[Path], depths: Sequence[Depth], scale: Scale) -> Iterator[str]:
    """What is deeper than 8 bits among files, how it is read, and what their values say against it."""
    for deep, what in (("16", "16 bits"), ("32", "32 bits"), ("float", "floats")):
        those = [path for path, each in zip(paths, depths, strict=True) if each == deep]
        if those:
            yield _told(what, those, len(paths), scale)
    if colours := sum(each == "16 colour" for each in depths):
        yield f"{_many(colours, len(paths))} colours of 16 bits, of which the upper 8 are read"


def _told(what: str, those: Sequence[Path], among: int, scale: Scale) -> str:
    looked = [those[at] for at in np.unique(np.linspace(0, len(those) - 1, min(len(those), _LOOKED_AT)).astype(int))]
    spans = [_span(path) for path in looked]
    least, most = min(span.least for span in spans), max(span.most for span in spans)
    found = f"{least:,.6g} to {most:,.6g}"
    of = "" if len(looked) == len(those) else f", in {len(looked)} of them"
    start = f"{_many(len(those), among)} {what} ({found}{of})"
    if scale.range is not None:
        low, high = scale.range
        told = f"{start}; {low:g} to {high:g} become 0 to 255"
        return told + (
            f", and what lies beyond becomes {_beyond(least < low, most > high)}" * (least < low or most > high)
        )
    if what == "floats":
        return f"{start}; 0 to 1 become 0 to 255"
    white = 2 ** (scale.bits or 16) - 1
    told = f"{start}; 0 to {white:,} become 0 to 255, with the fraction kept"
    if scale.bits is None and most < white / 2:
        bits = next((bits for bits in _USUAL if most < 2**bits), 15)
        brightest = most * _WHITE / white
        return (
            f"{told}: no pixel is brighter than {brightest:.3g}; where {2**bits - 1:,} is white, write `bits: {bits}`"
        )
    return told


def _beyond(below: bool, above: bool) -> str:
    return "0 or 255" if below and above else "0" if below else "255"


def _many(count: int, among: int) -> str:
    if count == among:
        return "the images have"
    return f"{count:,} of {among:,} images ha{'s' if count == 1 else 've'}"


def _span(path: Path) -> _Span:
    with opened(path) as (source, _, _):
        values: Array = np.asarray(loaded(source))
    return _Span(float(values.min()), float(values.max()))
