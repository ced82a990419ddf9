"""Residual blocks: x + f(x), with an identity, a projection or layers on the shortcut.

K. He et al., Deep Residual Learning for Image Recognition, 2016. Where an identity shortcut does not fit there is
one clear remedy, so that checking goes on as if it had been written: mistakes further down are real ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from cnnspec.graph.growing import Place
from cnnspec.graph.misfits import border_lost, misfit, misfit_sum, open_sizes_differ, ways_help
from cnnspec.graph.shortcuts import layer_of, projection, same
from cnnspec.graph.tensors import Tensor, unknown
from cnnspec.language import syntax as s
from cnnspec.language.diagnostics import Fix
from cnnspec.language.entries import Invalid, shown
from cnnspec.language.nodes import ScalarNode, head
from cnnspec.language.problems import diagnose
from cnnspec.language.scope import Failed
from cnnspec.language.suggest import did_you_mean, meant
from cnnspec.layers.base import Layer, show

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
    if misfits and not (ends and border_lost(graph, item, x, y, body, set(misfits), way, place)):
        for report in misfits.values():
            report()
        return unknown(item.head.span)
    if not ends:
        return unknown(item.head.span)
    if way is not None:
        end = border_lost(graph, item, x, y, body, set(), way, place) if not misfits else None
        return end if end and same(end.shape or (), way.shape or ()) else _sum(graph, item, way, end or y, place)
    assert word is not None
    assert x.shape is not None
    assert y.shape is not None
    if None in (*x.shape[:-1], *y.shape[:-1]) and open_sizes_differ(graph, item, word, x, y, body, place):
        return y
    if misfits:
        return misfit(graph, item, word, x, y, body, set(misfits), place)
    if word == "identity" and same(x.shape, y.shape):
        return _sum(graph, item, x, y, place)
    if word == "projection" and (layer := projection(x, y)) is not None:
        return _sum(graph, item, _project(graph, item, layer, x, place), y, place)
    return misfit(graph, item, word, x, y, body, set(), place)


def _sum(graph: Elaborator, item: s.Residual, way: Tensor, y: Tensor, place: Place) -> Tensor:
    """The sum of the shortcut's end and the body's, activated."""
    if way.shape is None or y.shape is None:
        return unknown(item.head.span)
    if not same(way.shape, y.shape):
        graph.error(
            "shape-residual",
            f"the shortcut gives {show(way.shape)}, the body {show(y.shape)}",
            item.shortcut_span,
            place.calls,
            related=[graph.comes_from(way, place.calls), graph.comes_from(y, place.calls)],
            help=ways_help(way.shape, y.shape),
            end=misfit_sum(item, way, y, place),
        )
        return unknown(item.head.span)
    total = graph.add(layer_of("add"), [way, y], item.head.node, item.head.span, place)
    return _activate(graph, item, total or unknown(item.head.span), place)


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


def _project(graph: Elaborator, item: s.Residual, layer: Layer, x: Tensor, place: Place) -> Tensor:
    convolved = graph.add(layer, [x], item.head.node, item.shortcut_span, place, "projection")
    if convolved is None:
        return unknown(item.shortcut_span)
    norm, name = layer_of("batch_normalization"), "projection_normalization"
    return graph.add(norm, [convolved], item.head.node, item.shortcut_span, place, name) or unknown(item.shortcut_span)


def _activate(graph: Elaborator, item: s.Residual, total: Tensor, place: Place) -> Tensor:
    if item.activation is None:
        return total
    try:
        value = graph.environment(place, total).evaluate(item.activation)
        if value is None:
            return total
        layer = layer_of("activation", activation=value)
    except Failed:
        return total
    except Invalid as invalid:
        for problem in invalid.problems:
            inner = replace(problem, path=problem.path[1:])
            graph.diagnostics.add(diagnose(inner, item.activation, calls=place.calls))
        return total
    return graph.add(layer, [total], item.activation, head(item.activation), place) or total
