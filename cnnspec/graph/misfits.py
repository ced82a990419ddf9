"""What keeps the two ways of a residual block apart, and what they would give if that were mended."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cnnspec.graph.borders import loses_border, padded
from cnnspec.graph.graph import Node
from cnnspec.graph.growing import Place
from cnnspec.graph.replay import replayed
from cnnspec.graph.shortcuts import layer_of, projection, same, stride_of, strides_of
from cnnspec.graph.tensors import Tensor, unknown
from cnnspec.language import syntax as s
from cnnspec.language.diagnostics import Related
from cnnspec.layers.base import Shape, show
from cnnspec.layers.windows import times

if TYPE_CHECKING:
    from cnnspec.graph.elaborate import Elaborator

_ANY_SIZE = 5040
"""Stands for a size that the input leaves open; many strides divide it."""


def misfit(
    graph: Elaborator,
    item: s.Residual,
    word: str,
    x: Tensor,
    y: Tensor,
    body: list[Node],
    misfits: set[str],
    place: Place,
) -> Tensor:
    """Say what keeps the two ways apart: lost borders, then the shortcut. Returns what the remedies would give."""
    trimmed = border_lost(graph, item, x, y, body, misfits, None, place)
    end = trimmed or y
    assert x.shape is not None
    assert end.shape is not None
    if word == "identity" and not same(x.shape, end.shape):
        _identity_error(graph, item, x, end, place)
    elif word == "projection" and trimmed is None:
        _projection_error(graph, item, x, end, place)
        return unknown(item.head.span)
    return end


def misfit_sum(item: s.Residual, one: Tensor, other: Tensor, place: Place) -> Node:
    """The sum that the residual block cannot make."""
    shapes = tuple(tensor.shape for tensor in (one, other) if tensor.shape is not None)
    return Node("", layer_of("add"), (one.node, other.node), shapes, (), item.head.span, calls=place.calls)


def ways_help(way: Shape, y: Shape) -> str:
    """What the shortcut's layers lack."""
    sizes = list(zip(way[:-1], y[:-1], strict=False))
    strides = {stride_of(n, m, 1) for n, m in sizes}
    if len(way) != len(y) or not sizes or None in strides or len(strides) > 1:
        return "both ways of a residual block must end in the same shape"
    lacks = [f"`strides: {stride}`" for stride in strides if stride != 1]
    lacks += [f"`filters: {y[-1]}`"] * (way[-1] != y[-1])
    return f"give a convolution of the shortcut {' and '.join(lacks)}"


def border_lost(
    graph: Elaborator,
    item: s.Residual,
    x: Tensor,
    y: Tensor,
    body: list[Node],
    misfits: set[str],
    way: Tensor | None,
    place: Place,
) -> Tensor | None:
    """Report windows without padding that made the body's map smaller than its strides do, `misfits` among them.

    With a shortcut of layers, only where its end, `way`, has the size that the strides give.
    Returns the body's end as it would be with padding, or None where nothing is lost.
    """
    strides = strides_of(x, y)
    assert x.shape is not None
    assert y.shape is not None
    if strides is None or len(x.shape) != len(y.shape):
        return None
    wanted = tuple(None if n is None else -(-n // step) for n, step in zip(x.shape[:-1], strides, strict=True))
    if wanted == y.shape[:-1] or None in wanted or (way is not None and (way.shape or ())[:-1] != wanted):
        return None
    losing = [node for node in body if loses_border(node) or node.name in misfits]
    names = {node.name for node in losing if not node.span.standard}
    mended = replayed(body, {x.node: x.shape}, lambda node: padded(node.layer) if node.name in names else None)
    if not losing or mended is None or mended.get(y.node, ())[:-1] != wanted:
        return None
    others = {node.span: node for node in losing[1:] if node.span != losing[0].span}
    related = [
        Related(f"{_sizes(node)} here, too" if node.name not in misfits else "and nothing is left here", node.span)
        for node in others.values()
    ]
    graph.error(
        "shape-residual",
        f"the body of this residual ends in {times(y.shape[:-1])}, where its shortcut needs {times(wanted)}",
        losing[0].span,
        losing[0].calls or place.calls,
        label=f"{_sizes(losing[0])}: without padding the border is lost",
        related=[Related("the residual block", item.head.span), *related],
        help="write `padding: same`",
    )
    return y._replace(shape=(*wanted, y.shape[-1]), formula="")


def open_sizes_differ(
    graph: Elaborator, item: s.Residual, word: str, x: Tensor, y: Tensor, body: list[Node], place: Place
) -> bool:
    """Whether sizes that the input leaves open differ for every input; if so, it is reported."""
    assert x.shape is not None
    assert y.shape is not None
    stand_in = (*(size or _ANY_SIZE for size in x.shape[:-1]), x.shape[-1])
    shapes = replayed(body, {x.node: stand_in})
    strides = strides_of(x, y)
    if shapes is None or y.node not in shapes or strides is None:
        return False
    end = shapes[y.node][:-1]
    wanted = tuple(-(-size // step) for size, step in zip(stand_in[:-1], strides, strict=True) if size is not None)
    lost = [n - m for n, m in zip(wanted, end, strict=False) if m is not None]
    strided = word == "identity" and max(strides, default=1) > 1
    if strided or (word == "identity" and not same(x.shape[-1:], y.shape[-1:])):
        _identity_error(graph, item, x, y, place, f"a map to one with strides {times(strides)}")
        strided = True
    if len(lost) != len(wanted) or len(end) != len(wanted) or max(lost) <= 0 or min(lost) < 0:
        return strided
    losing = [
        node
        for node in body
        if getattr(node.layer, "window", None)
        and loses_border(replace(node, input_shapes=(shapes.get(node.inputs[0], stand_in),), shape=shapes[node.name]))
    ]
    if not losing:
        return strided
    graph.error(
        "shape-residual",
        f"the body of this residual loses {times(lost)} pixels, which its shortcut keeps",
        losing[0].span,
        losing[0].calls or place.calls,
        label="without padding the border is lost",
        related=[
            Related("the residual block", item.head.span),
            *(Related("here, too", node.span) for node in losing[1:] if node.span != losing[0].span),
        ],
        help="write `padding: same`",
    )
    return True


def _sizes(node: Node) -> str:
    return f"{show(node.input_shapes[0])} → {show(node.shape)}"


def _identity_error(
    graph: Elaborator, item: s.Residual, x: Tensor, y: Tensor, place: Place, strided: str | None = None
) -> None:
    assert x.shape is not None
    assert y.shape is not None
    channels = f"{x.shape[-1]} channels to {y.shape[-1]}" if x.shape[-1] != y.shape[-1] else ""
    what = channels or strided or f"{show(x.shape)} to {show(y.shape)}"
    reachable = projection(x, y) is not None
    graph.error(
        "shape-residual",
        f"an identity shortcut cannot add {what}",
        item.shortcut_span,
        place.calls,
        label=f"the shortcut keeps {show(x.shape)}, the body ends in {show(y.shape)}",
        related=[
            related
            for related in (graph.comes_from(x, place.calls), graph.comes_from(y, place.calls))
            if related.span != item.shortcut_span
        ],
        help="write `shortcut: projection`" if reachable else "make the body end in the shape that it starts from",
        end=None if reachable else misfit_sum(item, x, y, place),
    )


def _projection_error(graph: Elaborator, item: s.Residual, x: Tensor, y: Tensor, place: Place) -> None:
    assert x.shape is not None
    assert y.shape is not None
    graph.error(
        "shape-residual",
        f"no projection turns {show(x.shape)} into {show(y.shape)}",
        item.shortcut_span,
        place.calls,
        related=[graph.comes_from(x, place.calls), graph.comes_from(y, place.calls)],
        help="make the body step down by whole strides, or write the shortcut's layers out",
        end=misfit_sum(item, x, y, place),
    )
