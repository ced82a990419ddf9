"""The ranges of values, measured from the data, and values that are of another. NumPy only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from cnnspec.data.columns import Array, Column
from cnnspec.data.splits import Dataset, meant_for
from cnnspec.layers.base import Shape
from cnnspec.training.objective import Objective
from cnnspec.training.plan import Plan
from cnnspec.training.ranges import Range, canonical, is_usual, show_span, source_range

_ITEMS, _FEW = 2048, 256
"""How many items are looked at, evenly spaced: of the training images, and of the others."""
_VALUES = 100_000
"""How many of the values are counted, evenly spaced."""
_MANY = 64
"""How many numbers without an order make out a scale together."""
_STRAY = 1
"""The percentage of values at either end that may lie anywhere: dead pixels, metal in a scan."""
_NARROWER = 16
"""How many times wider the range of training is than a scale, so that values fill no part of it by chance."""


def measured_ranges(plan: Plan, data: Dataset) -> dict[str, Range]:
    """The range of the pixels of each input as the source gives them: known, or measured on images for training."""
    found = {}
    for name, shape in plan.graph.inputs.items():
        known = source_range(plan.data) if len(shape) == 3 else None
        low, high = extremes(meant_for(data.train.x, name))
        inside = known is not None and known[0] <= low and high <= known[1]
        found[name] = known if known is not None and inside else canonical(low, high)
    return found


def extremes(column: Column) -> Range:
    """The lowest and the highest value of up to 2,048 evenly spaced items."""
    values = sampled(column)
    return float(values.min()), float(values.max())


def sampled(column: Column, items: int = _ITEMS) -> Array:
    """Up to `items` of a column, evenly spaced."""
    indices = np.unique(np.linspace(0, len(column) - 1, min(items, len(column))).astype(np.int64))
    return column[indices]


def strays(plan: Plan, data: Dataset, seen: Mapping[str, Range], splits: tuple[str, ...]) -> Iterator[tuple[str, bool]]:
    """Splits whose values are of another scale than those that training `seen`; and whether that is certain: where its
    range is a usual one, rather than one that was measured."""
    if plan.data.source.range_known:
        return
    named = [name for name, shape in plan.graph.inputs.items() if name in seen and tells_scale(shape)]
    for split in splits:
        part = data.splits().get(split)
        for name in named if part is not None else ():
            values = sampled(meant_for(part.x, name), _FEW)  # type: ignore[union-attr]
            if found := another_scale(values, seen[name]):
                yield f"the {split} images hold {found}", is_usual(seen[name])


def tells_scale(shape: Shape) -> bool:
    """Whether items of this shape tell of a scale: a few facts beside an image are each of their own."""
    return len(shape) > 1 or all(size is None or size >= _MANY for size in shape)


def another_scale(values: Array, span: Range) -> str | None:
    """Why values cannot be of the scale of training, with what they are and what that was, if so.

    They leave its range by more than half its width (but for one in a hundred); or they are of a scale that is many
    times narrower: 8-bit numbers, fractions of 0 to 1, standardised ones. Dark and constant images are neither.
    """
    flat = values.reshape(-1)
    flat = flat[:: max(1, flat.size // _VALUES)]
    if not flat.size or not np.isfinite(flat).all():
        return None
    half, (few, most) = (span[1] - span[0]) / 2, np.percentile(flat.astype(np.float64), [_STRAY, 100 - _STRAY])
    told = f"values of {show_span((float(values.min()), float(values.max())))}, and training saw {show_span(span)}"
    if half > 0 and (few < span[0] - half or most > span[1] + half):
        return told + _way(most, span)
    own = _own_width(flat, span)
    if own is not None and own * _NARROWER < 2 * half:
        by = span[1] / own if span[0] == 0 and is_usual(span) and few >= 0 else None
        return told + (f": multiply by {by:g}" if by else "")
    return None


def _way(most: float, span: Range) -> str:
    """How to bring values to the range of training, where they are of 8 bits and that is 0 to 1 or −1 to 1."""
    if most > 255 * 1.01 or span not in ((0.0, 1.0), (-1.0, 1.0)):
        return ""
    return ": divide by 255" if span[0] == 0 else ": divide by 127.5, and subtract 1"


def _own_width(flat: Array, span: Range) -> float | None:
    """The width of the scale that values are of for certain; None where they may be of any."""
    low, high = float(flat.min()), float(flat.max())
    if low == high:
        return None
    if flat.dtype == np.uint8:
        return 255.0 if high > 127 else None
    if (flat == np.rint(flat)).all():
        return None
    if low >= -1 and high <= 1:
        return 1.0
    standardised = max(-low, high) <= 10 and (flat < span[0]).mean() > 0.1
    return 10.0 if standardised else None


def target_ranges(y: Mapping[str, Column], objectives: Mapping[str, Objective]) -> dict[str, Range]:
    """The range of the images that each output learns to give, as the loss takes them; `y` are those for training."""
    pictures = [name for name, aim in objectives.items() if aim.target.kind == "value_maps"]
    return {name: canonical(*extremes(y[name])) for name in pictures}
