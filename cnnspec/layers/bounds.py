"""Intervals of values: what functions and layers can give at the least and at the most. Infinity where it is open."""

from __future__ import annotations

from math import inf
from typing import TypeAlias

Bounds: TypeAlias = tuple[float, float]

OPEN: Bounds = (-inf, inf)


def hull(*bounds: Bounds) -> Bounds:
    """The smallest interval that holds all of these."""
    return min(low for low, _ in bounds), max(high for _, high in bounds)


def scaled(bounds: Bounds, scale: float, offset: float = 0.0) -> Bounds:
    """The interval of `scale` · x + `offset`."""
    if scale == 0:
        return offset, offset
    low, high = sorted(end * scale + offset for end in bounds)
    return low, high


def of_relu(negative_slope: float, max_value: float | None, threshold: float) -> Bounds:
    """The bounds of a ReLU: x above `threshold`, `negative_slope` · (x − `threshold`) below. With `max_value`, what is
    above the threshold is cut off at 0 and at that, as Keras does."""
    low = min(threshold, 0.0) if max_value is None else 0.0
    return (-inf if negative_slope > 0 else low), (inf if max_value is None else max_value)


def of_leaky(negative_slope: float) -> Bounds:
    """The bounds of x above zero and `negative_slope` · x below."""
    return (-inf if negative_slope > 0 else 0.0), inf


def of_elu(alpha: float) -> Bounds:
    """The bounds of x above zero and `alpha` · (eˣ − 1) below."""
    return -max(alpha, 0.0), inf
