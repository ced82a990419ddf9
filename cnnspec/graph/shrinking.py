"""A window that does not fit: what made its input so small, and what to write."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from cnnspec.graph.cases import PADDED, Case, Cause, Network, changed, seen
from cnnspec.graph.graph import Node
from cnnspec.graph.replay import ancestors
from cnnspec.graph.ways import Move, links, way
from cnnspec.language.diagnostics import Related
from cnnspec.language.spans import Span
from cnnspec.layers.base import Layer, Shape, ShapeError
from cnnspec.layers.windows import times

_PLACES = 4
"""How many places of a chain are shown."""
_STOPS = 6
"""How many sizes are shown at one place."""


class _Place(NamedTuple):
    """The moves that are made at one place of the text."""

    span: Span
    here: bool
    moves: list[Move]

    @property
    def weight(self) -> Fraction:
        """By how much they shrink the map."""
        weight = Fraction(1)
        for move in self.moves:
            weight *= Fraction(move.before, move.after)
        return weight


def cause(case: Case, network: Network) -> Cause | None:
    """The chain that shrank the map."""
    end = case.end
    nodes = ancestors(end.inputs, network.by_name)
    if not network.effort.spend(len(nodes)):
        return None
    axis = _axis(end)
    chain = way(end.inputs[0], links(nodes, axis))
    moves = [move for _, move in reversed(chain) if move is not None and move.after < move.before]
    places = _shown(_places(moves, case, network))
    last = places[-1].moves[-1].node.name if places else None
    told = [Related(_label(place), place.span) for place in places]
    if last == end.inputs[0] and places[-1].here and len(places[-1].moves) == 1:
        told.pop()
    else:
        last = None
    return Cause(tuple(told), _help(case, network, nodes), instead=bool(told) and last is None)


def _axis(end: Node) -> int:
    """The first axis on which the window does not fit."""
    shape = end.input_shapes[0]
    for axis in range(len(shape) - 1):
        alone: Shape = (*(size if at == axis else None for at, size in enumerate(shape[:-1])), shape[-1])
        if not _fits(end.layer, alone):
            return axis
    return 0


def _fits(layer: Layer, shape: Shape) -> bool:
    try:
        layer.output_shape(shape)
    except ShapeError as error:
        return error.code != "shape-window"
    return True


def _places(moves: Sequence[Move], case: Case, network: Network) -> list[_Place]:
    found: dict[Span, _Place] = {}
    for move in moves:
        span, here = seen(move.node, case, network)
        found.setdefault(span, _Place(span, here == "here", [])).moves.append(move)
    return list(found.values())


def _shown(places: list[_Place]) -> list[_Place]:
    """The places that shrink the map most, and the last."""
    most = sorted(places[:-1], key=lambda place: -place.weight)[: _PLACES - 1]
    return [place for place in places if place in most or place is places[-1]]


def _label(place: _Place) -> str:
    """`28×28 → 14×14 here`; what is done several times has every size."""
    runs: list[list[str]] = []
    for move in place.moves:
        before, after = (times(shape[:-1]) for shape in (move.node.input_shapes[0], move.node.shape))
        if runs and runs[-1][-1] == before:
            runs[-1].append(after)
        else:
            runs.append([before, after])
    if not place.here:
        runs = [[run[0], run[-1]] for run in runs]
    texts = [" → ".join(run if len(run) <= _STOPS else [*run[: _STOPS - 2], "…", run[-1]]) for run in runs]
    texts = texts if len(texts) <= 3 else [*texts[:2], "…", texts[-1]]
    return f"{', '.join(texts)} {'here' if place.here else 'in here'}"


def _help(case: Case, network: Network, nodes: Sequence[Node]) -> str | None:
    """Smaller windows, padding, a larger input: what of it fits."""
    layer, shape = case.end.layer, case.end.input_shapes[0]
    window = getattr(layer, "window", "")
    if case.found.code != "shape-window" or _fits(layer, shape) or case.found.help == PADDED or not window:
        return case.found.help
    options = []
    empty = window == "pool_size" and 1 in shape[:-1]
    if not case.hidden and not empty:
        smaller = _smaller(layer, window, shape, 2 if window == "pool_size" else 1)
        if smaller is not None:
            options.append(f"`{window}: {smaller}`" + " (or smaller)" * (smaller != "1"))
        options += ["`padding: same`"] if _fits(changed(layer, padding="same"), shape) else []
    larger = network.search(case, nodes).least()
    options += [f"at least {network.written(larger)}"] if larger else []
    if not options:
        return "take this pooling out" if empty and not case.hidden else case.found.help
    last = ", or take this pooling out" if empty and not case.hidden else ""
    return f"write {', '.join(options[:-1])}{', or ' if len(options) > 1 else ''}{options[-1]}{last}"


def _smaller(layer: Layer, window: str, shape: Shape, least: int) -> str | None:
    """The largest window that fits: one number where it is the same on every axis."""
    sizes = getattr(layer, window)
    sizes = (sizes,) * (len(shape) - 1) if isinstance(sizes, int) else sizes
    low, high = least - 1, max(sizes)
    while high - low > 1:
        middle = (low + high) // 2
        fits = _fits(changed(layer, **{window: _cut(sizes, middle)}), shape)
        low, high = (middle, high) if fits else (low, middle)
    smaller = _cut(sizes, low)
    if low < least:
        return None
    return str(smaller[0]) if len(set(smaller)) == 1 else str(list(smaller))


def _cut(sizes: Sequence[int], most: int) -> tuple[int, ...]:
    return tuple(min(size, most) for size in sizes)
