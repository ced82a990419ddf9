"""The ranges of values, measured from the data. NumPy only."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cnnspec.data.columns import Array, Column
from cnnspec.data.splits import Dataset, meant_for
from cnnspec.training.objective import Objective
from cnnspec.training.plan import Plan
from cnnspec.training.ranges import Range, canonical, source_range

_ITEMS = 2048
"""How many items are looked at, evenly spaced."""


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


def sampled(column: Column) -> Array:
    """Up to 2,048 items, evenly spaced."""
    indices = np.unique(np.linspace(0, len(column) - 1, min(_ITEMS, len(column))).astype(np.int64))
    return column[indices]


def target_ranges(y: Mapping[str, Column], objectives: Mapping[str, Objective]) -> dict[str, Range]:
    """The range of the images that each output learns to give, as the loss takes them; `y` are those for training."""
    pictures = [name for name, aim in objectives.items() if aim.target.kind == "value_maps"]
    return {name: canonical(*extremes(y[name])) for name in pictures}
