"""Axes as Keras counts them: the batch is axis 0 and no part of a shape, −1 is the last."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, ValidationInfo

from cnnspec.language.entries import refuse, shown
from cnnspec.language.forms import Form, one_or
from cnnspec.language.types import AXIS
from cnnspec.layers.base import Shape, ShapeError, need, show


def _axes(value: Any, info: ValidationInfo) -> Any:
    name = info.field_name
    many = isinstance(value, Sequence) and not isinstance(value, str)
    listed = tuple(value) if many else (value,)
    if not listed or not all(isinstance(axis, int) and not isinstance(axis, bool) for axis in listed):
        raise refuse("wrong-type", f"`{name}` takes a whole number, or a list of them, not {shown(value)}")
    if 0 in listed:
        raise refuse(
            "out-of-range",
            f"`{name}` names axis 0, the batch, which is not part of a shape",
            "count axes from 1, or -1 for the last",
        )
    return listed if many else value


def _distinct(value: Any, info: ValidationInfo) -> Any:
    axes = _axes(value, info)
    if isinstance(axes, tuple) and len(set(axes)) < len(axes):
        raise refuse(
            "out-of-range", f"`{info.field_name}` names an axis twice in {shown(value)}", "name each axis once"
        )
    return axes


def _pair(value: Any, info: ValidationInfo) -> Any:
    axes = _axes(value, info)
    if isinstance(axes, tuple) and len(axes) != 2:
        raise refuse("wrong-length", f"`{info.field_name}` takes one axis, or two, not {len(axes)}")
    return axes


Axes: TypeAlias = Annotated[Any, BeforeValidator(_distinct), Form(lambda rank: one_or(AXIS), "an axis, or several")]
"""A field that names one axis or several."""

_TWO = Form(lambda rank: one_or(AXIS, 2, 2), "an axis, or one for each input")

AxisPair: TypeAlias = Annotated[Any, BeforeValidator(_pair), _TWO]
"""A field that names one axis for two inputs, or one for each."""


def each(axes: int | Sequence[int]) -> tuple[int, ...]:
    """The axes that a field names."""
    return (axes,) if isinstance(axes, int) else tuple(axes)


def place(axis: int, shape: Shape, argument: str = "axis") -> int:
    """Where `axis` stands in a shape without the batch. Raises `ShapeError` where it does not."""
    at = axis - 1 if axis > 0 else len(shape) + axis
    if not 0 <= at < len(shape):
        last = len(shape)
        many = f"from 1 to {last}, or from −{last} to −1" if last > 1 else "1 or −1"
        raise ShapeError(
            "shape-axis",
            f"axis {axis} is none of {show(shape)}".replace("-", "−"),
            argument=argument,
            label=f"its input has {last} {'axes' if last > 1 else 'axis'}",
            help=f"write an axis {many}",
        )
    return at


def size_at(axis: int, shape: Shape, layer: str, argument: str = "axis") -> int:
    """The size on `axis`, which the layer's weights depend on."""
    at = place(axis, shape, argument)
    return need(shape[at], "number of channels" if at == len(shape) - 1 else f"size on axis {axis}", layer)


def groups_help(groups: int, *sizes: int) -> str:
    """What to write as `groups`: the next numbers that divide every one of `sizes`."""
    fitting = [n for n in range(1, min(sizes) + 1) if not any(size % n for size in sizes)]
    near = [n for n in fitting if n < groups][-1:] + [n for n in fitting if n > groups][:1]
    return f"write {' or '.join(f'`groups: {n}`' for n in near)}"
