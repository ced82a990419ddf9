"""Residual blocks: x + f(x), with an identity, a projection or layers on the shortcut.

K. He et al., Deep Residual Learning for Image Recognition, 2016. Where an identity shortcut does not fit there is
one clear remedy, so that checking goes on as if it had been written: mistakes further down are real ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cnnspec.graph.borders import loses_border, padded
from cnnspec.graph.graph import Node
from cnnspec.graph.growing import Place
from cnnspec.graph.replay import replayed
from cnnspec.graph.tensors import Tensor, unknown
from cnnspec.language import syntax as s
from cnnspec.language.diagnostics import Fix, Related
from cnnspec.language.entries import Invalid, shown
from cnnspec.language.nodes import ScalarNode, head
from cnnspec.language.problems import diagnose
from cnnspec.language.scope import Failed
from cnnspec.language.suggest import did_you_mean, meant
from cnnspec.layers.base import LAYERS, Layer, Shape, show
from cnnspec.layers.windows import times

_ANY_SIZE = 5040
"""Stands for a size that the input leaves open; many strides divide it."""

if TYPE_CHECKING:
    from cnnspec.graph.elaborate import Elaborator


def expand(graph: Elaborator, item: s.Residual, x: Tensor, place: Place) -> Tensor:
    """Expand a residual block on `x`."""
    before = len(graph.nodes)
    misfits: dict[str, Callable[[], None]] = {}
    graph.bodies.append(misfits)
    try:
        y = graph.expand(item.layers, x, place.nested())
    finally:
        graph.bodies.pop()
    body = graph.nodes[before:]
    way, word = None, None
    if isinstance(item.shortcut, tuple):
        way = graph.expand(item.shortcut, x, place.nested())
    else:
        word = _word(graph, item, x, place)
    ends = x.shape is not None and y.shape is not None and (word or (way and way.shape))
    if misfits and not (ends and _border_lost(graph, item, x, y, body, set(misfits), way, place)):
        for report in misfits.values():
            report()
        return unknown(item.head.span)
    if not ends:
        return unknown(item.head.span)
    if way is not None:
        end = _border_lost(graph, item, x, y, body, set(), way, place) if not misfits else None
        return end if end and _same(end.shape or (), way.shape or ()) else _sum(graph, item, way, end or y, place)
    assert word is not None
    assert x.shape is not None
    assert y.shape is not None
    if None in (*x.shape[:-1], *y.shape[:-1]) and _open_sizes_differ(graph, item, word, x, y, body, place):
        return y
    if misfits:
        return _misfit(graph, item, word, x, y, body, set(misfits), place)
    if word == "identity" and _same(x.shape, y.shape):
        return _sum(graph, item, x, y, place)
    if word == "projection" and (layer := _projection(x, y)) is not None:
        return _sum(graph, item, _project(graph, item, layer, x, place), y, place)
    return _misfit(graph, item, word, x, y, body, set(), place)


def _sum(graph: Elaborator, item: s.Residual, way: Tensor, y: Tensor, place: Place) -> Tensor:
    """The sum of the shortcut's end and the body's, activated."""
    if way.shape is None or y.shape is None:
        return unknown(item.head.span)
    if not _same(way.shape, y.shape):
        graph.error(
            "shape-residual",
            f"the shortcut gives {show(way.shape)}, the body {show(y.shape)}",
            item.shortcut_span,
            place.calls,
            related=[graph.comes_from(way, place.calls), graph.comes_from(y, place.calls)],
            help=_ways_help(way.shape, y.shape),
            end=_misfit_sum(item, way, y, place),
        )
        return unknown(item.head.span)
    total = graph.add(_layer("add"), [way, y], item.head.node, item.head.span, place)
    return _activate(graph, item, total or unknown(item.head.span), place)


def _misfit_sum(item: s.Residual, one: Tensor, other: Tensor, place: Place) -> Node:
    """The sum that the residual block cannot make."""
    shapes = tuple(tensor.shape for tensor in (one, other) if tensor.shape is not None)
    return Node("", _layer("add"), (one.node, other.node), shapes, (), item.head.span, calls=place.calls)


def _ways_help(way: Shape, y: Shape) -> str:
    """What the shortcut's layers lack."""
    sizes = list(zip(way[:-1], y[:-1], strict=False))
    strides = {_stride(n, m, 1) for n, m in sizes}
    if len(way) != len(y) or not sizes or None in strides or len(strides) > 1:
        return "both ways of a residual block must end in the same shape"
    lacks = [f"`strides: {stride}`" for stride in strides if stride != 1]
    lacks += [f"`filters: {y[-1]}`"] * (way[-1] != y[-1])
    return f"give a convolution of the shortcut {' and '.join(lacks)}"


def _misfit(
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
    trimmed = _border_lost(graph, item, x, y, body, misfits, None, place)
    end = trimmed or y
    assert x.shape is not None
    assert end.shape is not None
    if word == "identity" and not _same(x.shape, end.shape):
        _identity_error(graph, item, x, end, place)
    elif word == "projection" and trimmed is None:
        _projection_error(graph, item, x, end, place)
        return unknown(item.head.span)
    return end


def _layer(name: str, **arguments: Any) -> Layer:
    layer = LAYERS[name].read(arguments)
    assert isinstance(layer, Layer)
    return layer


def _same(a: Shape, b: Shape) -> bool:
    return len(a) == len(b) and all(m == n or m is None or n is None for m, n in zip(a, b, strict=True))


def _word(graph: Elaborator, item: s.Residual, x: Tensor, place: Place) -> str | None:
    """`identity` or `projection`."""
    if item.shortcut is None:
        return "identity"
    assert not isinstance(item.shortcut, tuple)
    try:
        word = graph.environment(place, x).evaluate(item.shortcut)
    except Failed:
        return None
    if word in ("identity", "projection"):
        return str(word)
    sure = meant(str(word), ("identity", "projection"))
    written = isinstance(item.shortcut, ScalarNode) and item.shortcut.text == word
    graph.error(
        "bad-choice",
        f"`shortcut` is `identity`, `projection` or a list of layers, not {shown(word)}",
        item.shortcut_span,
        place.calls,
        help=did_you_mean(str(word), ("identity", "projection")),
        fix=Fix(item.shortcut_span, sure) if sure and written else None,
    )
    return None


def _strides(x: Tensor, y: Tensor) -> tuple[int, ...] | None:
    """By how much the body steps on each axis; None where it enlarges or is not known."""
    if x.field.size is None or y.field.size is None or len(x.field.jump) != len(y.field.jump):
        return None
    ratios = [after / before for before, after in zip(x.field.jump, y.field.jump, strict=True)]
    return tuple(map(int, ratios)) if all(ratio.denominator == 1 for ratio in ratios) else None


def _border_lost(
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
    strides = _strides(x, y)
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


def _open_sizes_differ(
    graph: Elaborator, item: s.Residual, word: str, x: Tensor, y: Tensor, body: list[Node], place: Place
) -> bool:
    """Whether sizes that the input leaves open differ for every input; if so, it is reported."""
    assert x.shape is not None
    assert y.shape is not None
    stand_in = (*(size or _ANY_SIZE for size in x.shape[:-1]), x.shape[-1])
    shapes = replayed(body, {x.node: stand_in})
    strides = _strides(x, y)
    if shapes is None or y.node not in shapes or strides is None:
        return False
    end = shapes[y.node][:-1]
    wanted = tuple(-(-size // step) for size, step in zip(stand_in[:-1], strides, strict=True) if size is not None)
    lost = [n - m for n, m in zip(wanted, end, strict=False) if m is not None]
    strided = word == "identity" and max(strides, default=1) > 1
    if strided or (word == "identity" and not _same(x.shape[-1:], y.shape[-1:])):
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
    reachable = _projection(x, y) is not None
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
        end=None if reachable else _misfit_sum(item, x, y, place),
    )


def _projection(x: Tensor, y: Tensor) -> Layer | None:
    """The 1×1 convolution without bias that turns the shape of `x` into that of `y`, or None."""
    assert x.shape is not None
    assert y.shape is not None
    if len(x.shape) != len(y.shape) or y.shape[-1] is None:
        return None
    if len(x.shape) == 1:
        return _layer("dense", units=y.shape[-1], use_bias=False)
    guess = _strides(x, y)
    strides = tuple(
        _stride(n, m, guess[axis] if guess else 1)
        for axis, (n, m) in enumerate(zip(x.shape[:-1], y.shape[:-1], strict=True))
    )
    if None in strides or len(x.shape) > 4:
        return None
    return _layer(f"conv{len(strides)}d", filters=y.shape[-1], kernel_size=1, strides=strides, use_bias=False)


def _stride(size: int | None, wanted: int | None, guess: int) -> int | None:
    """The smallest stride with ⌈size / stride⌉ = wanted, `guess` first."""
    if size is None or wanted is None:
        return guess
    candidates = (guess, *range(max(size // (wanted + 1), 1), size // max(wanted, 1) + 2)) if wanted <= size else ()
    return next((stride for stride in candidates if -(-size // stride) == wanted), None)


def _project(graph: Elaborator, item: s.Residual, layer: Layer, x: Tensor, place: Place) -> Tensor:
    convolved = graph.add(layer, [x], item.head.node, item.shortcut_span, place, "projection")
    if convolved is None:
        return unknown(item.shortcut_span)
    norm, name = _layer("batch_normalization"), "projection_normalization"
    return graph.add(norm, [convolved], item.head.node, item.shortcut_span, place, name) or unknown(item.shortcut_span)


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
        end=_misfit_sum(item, x, y, place),
    )


def _activate(graph: Elaborator, item: s.Residual, total: Tensor, place: Place) -> Tensor:
    if item.activation is None:
        return total
    try:
        value = graph.environment(place, total).evaluate(item.activation)
        if value is None:
            return total
        layer = _layer("activation", activation=value)
    except Failed:
        return total
    except Invalid as invalid:
        for problem in invalid.problems:
            inner = replace(problem, path=problem.path[1:])
            graph.diagnostics.add(diagnose(inner, item.activation, calls=place.calls))
        return total
    return graph.add(layer, [total], item.activation, head(item.activation), place) or total
