"""A merge that does not fit: where the sizes of its inputs parted, and what brings them together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from cnnspec.graph.cases import Case, Cause, Network, merged, seen
from cnnspec.graph.graph import Node
from cnnspec.graph.mends import (
    Mend,
    bordered,
    cropped,
    everywhere,
    extended,
    maps,
    padding_fix,
    rescaled,
    strided,
    unstrided,
)
from cnnspec.graph.replay import ancestors
from cnnspec.graph.sizes import Search, Shapes
from cnnspec.graph.ways import Move, Parting, links, parting
from cnnspec.language.diagnostics import Related
from cnnspec.layers.base import Shape, ShapeError, show

_AXES = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}


class _Pair(NamedTuple):
    """Two inputs that do not fit, with the axes on which they differ."""

    names: tuple[str, str]
    shapes: tuple[Shape, Shape]
    axes: tuple[int, ...]

    @property
    def channels(self) -> bool:
        """Whether their channels are all that differs."""
        return not self.axes and self.shapes[0][-1] != self.shapes[1][-1]


def cause(case: Case, network: Network) -> Cause | None:
    """Where the inputs of a merge parted."""
    end = case.end
    pair = _pair(end)
    if pair is None:
        return None
    ways = [ancestors([name], network.by_name) for name in end.inputs]
    if not network.effort.spend(sum(map(len, ways)) // 2):
        return None
    apart = _apart(ways)
    mend = bordered(end, apart, network.effort)
    if mend is not None:
        fix = padding_fix(mend.nodes, network.by_name) if mend.padding else None
        return Cause(_marks(case, mend, network), mend.help, fix=fix)
    if _rows(end, network):
        return Cause(help="write `axis: 1`: one behind the other")
    if len(pair.shapes[0]) != len(pair.shapes[1]):
        return None
    if pair.channels:
        return Cause(_channels(case, pair, network))
    nodes = ancestors(end.inputs, network.by_name)
    if not network.effort.spend(len(pair.axes) * len(nodes)):
        return None
    parts = [parting(*pair.names, links(nodes, axis)) for axis in pair.axes]
    help, marked = _help(case, pair, parts, nodes, apart, network)
    places = [*_places(case, pair, parts, network), *(_marks(case, marked, network, sources=False) if marked else ())]
    return Cause(merged(places), help)


def _rows(end: Node, network: Network) -> bool:
    """Whether lists of rows of equal width, made of maps, are joined side by side."""
    if end.layer.entry != "concatenate" or {len(shape) for shape in end.input_shapes} != {2}:
        return False
    node: Node | None
    for name, shape in zip(end.inputs, end.input_shapes, strict=True):
        node = network.by_name.get(name)
        while node is not None and node.layer.entry != "reshape" and len(node.inputs) == 1:
            node = network.by_name.get(node.inputs[0])
        if node is None or node.layer.entry != "reshape" or shape[-1] != end.input_shapes[0][-1]:
            return False
    return True


def _pair(end: Node) -> _Pair | None:
    """The first input and the first other that does not fit it."""
    for name, shape in zip(end.inputs[1:], end.input_shapes[1:], strict=True):
        try:
            end.layer.output_shape(end.input_shapes[0], shape)
        except ShapeError:
            one = end.input_shapes[0]
            fitting = (None,) if end.layer.entry == "concatenate" else (None, 1)
            both = list(enumerate(zip(one[:-1], shape[:-1], strict=False)))
            axes = tuple(axis for axis, (n, m) in both if n not in fitting and m not in fitting and n != m)
            return _Pair((end.inputs[0], name), (one, shape), axes)
    return None


def _apart(ways: Sequence[Sequence[Node]]) -> list[Node]:
    """The nodes that some of the inputs come from, but not all."""
    names = [{node.name for node in way} for way in ways]
    shared = set.intersection(*names)
    return list({node.name: node for way in ways for node in way if node.name not in shared}.values())


def _marks(case: Case, mend: Mend, network: Network, *, sources: bool = True) -> tuple[Related, ...]:
    """The layers to change, with what they do now; those that are shown anyhow only with `sources`."""
    places = []
    for node in mend.nodes:
        if not sources and node.name in case.end.inputs:
            continue
        span, here = seen(node, case, network)
        places.append(Related(f"{maps(node)} {here}", span))
    return merged(places)


def _places(case: Case, pair: _Pair, parts: Sequence[Parting], network: Network) -> Iterator[Related]:
    """The places where the sizes parted."""
    by_node: dict[str, list[tuple[Move, bool]]] = {}
    for part in parts:
        for move in part.moves:
            by_node.setdefault(move.node.name, []).append((move, part.alone))
    for moves in list(by_node.values())[:2]:
        yield _told(case, [move for move, _ in moves], moves[0][1], network)
    for name in dict.fromkeys(name for part in parts for name in part.ends):
        source = network.sources.get(name)
        if source is not None and source.shape is not None:
            yield Related(f"`{name}` is {show(source.shape)}", source.span)


def _told(case: Case, moves: Sequence[Move], alone: bool, network: Network) -> Related:
    """What a layer does to the axes that parted."""
    move = moves[0]
    node = move.node
    span, here = seen(node, case, network)
    same = len({(each.before, each.after) for each in moves}) == 1
    what = maps(node)
    if same and not alone and move.divides:
        what = f"{move.before} was {'floored' if move.rest > 0 else 'rounded up'} to {move.after}"
    formulas = node.formula.split("; ")
    formula = formulas[move.axis] if same and move.axis < len(formulas) else node.formula
    how = f": {formula}" if "=" in formula else ""
    return Related(f"{what} {here}{', on this way alone' if alone else ''}{how}", span)


def _channels(case: Case, pair: _Pair, network: Network) -> tuple[Related, ...]:
    """The layers that made the channels."""
    places = []
    for name, shape in zip(pair.names, pair.shapes, strict=True):
        node = network.by_name.get(name)
        origin = channels_of(node, network) if node else None
        if origin is not None and origin is not node:
            span, here = seen(origin, case, network)
            what = "channels" if len(shape) > 1 else "values"
            places.append(Related(f"{shape[-1]} {what} come from {here}", span))
    return tuple(places)


def channels_of(node: Node, network: Network) -> Node:
    """The layer that made the channels of a tensor."""
    while not hasattr(node.layer, "filters") and not hasattr(node.layer, "units"):
        sources = zip(node.inputs, node.input_shapes, strict=True)
        name = next((name for name, shape in sources if shape[-1:] == node.shape[-1:] and _alike(shape, node)), None)
        if name is None or name not in network.by_name:
            break
        node = network.by_name[name]
    return node


def _alike(shape: Shape, node: Node) -> bool:
    """Whether the channels of a shape may be those of a node."""
    return len(shape) > 1 or shape == node.shape


def _help(
    case: Case, pair: _Pair, parts: Sequence[Parting], nodes: Sequence[Node], apart: Sequence[Node], network: Network
) -> tuple[str | None, Mend | None]:
    """What to write, and the layers in which."""
    end = case.end
    alone = next((part.moves[0] for part in parts if part.alone), None)
    if alone is not None:
        mend = strided(end, apart, alone, network.effort)
        if mend is None and len(end.inputs) > 2:
            moves = (move for part in parts if part.alone for move in reversed(part.moves))
            mend = next(filter(None, (unstrided(end, apart, move, network.effort) for move in moves)), None)
        if mend is not None or case.hidden:
            return (mend.help, mend) if mend else (case.found.help, None)
        joined = end.layer.entry == "concatenate"
        return (rescaled(*pair.shapes) if joined else None) or case.found.help, None
    mend = extended(end, apart, network.effort) or everywhere(end, nodes, network.effort)
    free = not case.hidden and case.found.code == "shape-merge"
    local = mend.help if mend else cropped(*pair.shapes) or case.found.help if free else None
    search = network.search(case, nodes)
    found = search.nearest()
    if not found:
        return f"write {local}" if mend else local or case.found.help, mend
    write = f"write {network.written(*found)}{_divisible(search, found)}"
    return f"{write}, or {local}" if local else write, mend


def _divisible(search: Search, found: Sequence[Shapes]) -> str:
    """By what the sizes are divisible that fit."""
    divisors = search.divisors(*found) if len(found) == 2 and found[0].keys() == found[1].keys() else ()
    names = [name for name, divisor in zip(_AXES.get(len(divisors), ()), divisors, strict=False) if divisor > 1]
    if not names or len({divisor for divisor in divisors if divisor > 1}) > 1:
        return ""
    words = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    return f" ({words} divisible by {max(divisors)})"
