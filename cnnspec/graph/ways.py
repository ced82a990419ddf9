"""The ways that tensors have come, axis by axis, and where two of them parted.

A step takes n pixels to m; with stride s, n = m·s + rest. Down a way the rests add up: what one way has lost and the
other has not is the difference in their ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import combinations, islice
from typing import NamedTuple

from cnnspec.graph.graph import Node

_CHOICES = 1000
"""How many choices of moves are looked at."""


class Move(NamedTuple):
    """One layer that changes the size of an axis; `stride` is None where the size before does not matter."""

    node: Node
    axis: int
    before: int
    after: int
    stride: Fraction | None

    @property
    def rest(self) -> Fraction:
        """The pixels that its stride does not account for; less than 0 where there are more than before."""
        return Fraction(0) if self.stride is None else self.before - self.after * self.stride

    @property
    def divides(self) -> bool:
        """Whether what it leaves is the rest of a division, rather than a border."""
        return self.stride is not None and 0 < abs(self.rest) < self.stride


class Link(NamedTuple):
    """How a node got its size: from which of its inputs (None: from none), by which move, if any."""

    source: str | None
    move: Move | None
    moves: int
    length: int


Links = Mapping[str, Link]


class Parting(NamedTuple):
    """Where the sizes of two ways parted: the decisive moves, or the ends of the ways, where these already differ."""

    moves: tuple[Move, ...]
    alone: bool = False
    """Whether one way has a stride that the other has not."""
    ends: tuple[str, ...] = ()


def links(nodes: Iterable[Node], axis: int) -> dict[str, Link]:
    """For each node the input that its size on `axis` comes from, by the way with the fewest moves."""
    found: dict[str, Link] = {}
    for node in nodes:
        found[node.name] = min(_links(node, axis, found), key=lambda link: (link.moves, link.length))
    return found


def _links(node: Node, axis: int, found: Links) -> list[Link]:
    options = []
    for name, shape in zip(node.inputs, node.input_shapes, strict=True):
        if len(shape) != len(node.shape) or axis >= len(shape) - 1:
            continue
        before, after = shape[axis], node.shape[axis]
        stride = _stride(node, axis)
        behind = found.get(name, Link(None, None, 0, 0))
        if before is None or after is None or (before == after and stride in (1, None)):
            options.append(Link(name, None, behind.moves, behind.length + 1))
        elif len(node.inputs) == 1 and stride is not None:
            options.append(Link(name, Move(node, axis, before, after, stride), behind.moves + 1, behind.length + 1))
    return options or [Link(None, _made(node, axis), 1, 1)]


def _stride(node: Node, axis: int) -> Fraction | None:
    step = node.layer.step(*node.input_shapes)
    if step.whole:
        return None
    return step.stride[axis] if axis < len(step.stride) else Fraction(1)


def _made(node: Node, axis: int) -> Move | None:
    """The move of a layer that makes the size of an axis, whatever came in."""
    before, after = node.input_shapes[0], node.shape
    if axis >= len(after) - 1 or after[axis] is None:
        return None
    size = before[axis] if len(before) == len(after) else None
    return Move(node, axis, size or 0, after[axis] or 0, None)


def way(name: str, links: Links) -> list[tuple[str, Move | None]]:
    """From `name` back to where its size comes from: each node or input, with its move."""
    found: list[tuple[str, Move | None]] = []
    at: str | None = name
    while at is not None:
        link = links.get(at)
        found.append((at, link.move if link else None))
        at = link.source if link else None
    return found


def parting(one: str, other: str, links: Links) -> Parting:
    """The moves that make two sizes differ: at most two, in the order in which they are made."""
    mine, theirs = way(one, links), way(other, links)
    names = {name for name, _ in mine}
    meet = next((name for name, _ in theirs if name in names), None)
    first, second = _moves(mine, meet), _moves(theirs, meet)
    made = tuple(moves[0] for moves in (first, second) if moves and moves[0].stride is None)
    if made:
        return Parting(made)
    alone = _alone(first, second)
    if alone:
        return Parting(tuple(alone[:2]), alone=True)
    lost = _decisive(first, second)
    if lost or meet is not None:
        return Parting(lost)
    return Parting((), ends=(mine[-1][0], theirs[-1][0]))


def _moves(way: Sequence[tuple[str, Move | None]], meet: str | None) -> list[Move]:
    """The moves of a way behind the place where it meets the other, in the order in which they are made."""
    moves = []
    for name, move in way:
        if name == meet:
            break
        if move is not None:
            moves.append(move)
    return moves[::-1]


def _alone(first: Sequence[Move], second: Sequence[Move]) -> list[Move]:
    """The strides that one way has and the other has not, less those that it takes back itself."""
    mine, theirs = _strided(first), _strided(second)
    for move in list(mine):
        match = next((other for other in theirs if other.stride == move.stride), None)
        if match is not None:
            mine.remove(move)
            theirs.remove(match)
    mine, theirs = _kept(mine), _kept(theirs)
    if _scale(mine) == _scale(theirs):
        return []
    return mine or theirs if not (mine and theirs) else [mine[0], theirs[0]]


def _strided(moves: Sequence[Move]) -> list[Move]:
    return [move for move in moves if move.stride not in (1, None)]


def _kept(moves: Sequence[Move]) -> list[Move]:
    kept: list[Move] = []
    for move in moves:
        if kept and kept[-1].stride is not None and move.stride is not None and kept[-1].stride * move.stride == 1:
            kept.pop()
        else:
            kept.append(move)
    return kept


def _scale(moves: Sequence[Move]) -> Fraction:
    scale = Fraction(1)
    for move in moves:
        scale *= move.stride or 1
    return scale


def _decisive(first: Sequence[Move], second: Sequence[Move]) -> tuple[Move, ...]:
    """The moves whose rests make the difference: one that makes all of it, or two; else the first, and the largest."""
    rests = [*_rests(first), *((-rest, move) for rest, move in _rests(second))]
    missing = sum((rest for rest, _ in rests), Fraction(0))
    for many in (1, 2):
        for chosen in islice(combinations(sorted(rests, key=lambda each: not each[1].divides), many), _CHOICES):
            if sum((rest for rest, _ in chosen), Fraction(0)) == missing:
                return tuple(move for _, move in chosen)
    most = max(range(1, len(rests)), key=lambda at: abs(rests[at][0]), default=0)
    return tuple(rests[at][1] for at in sorted({0, most})) if rests else ()


def _rests(moves: Sequence[Move]) -> list[tuple[Fraction, Move]]:
    """What each move takes off the end of its way, where it takes anything."""
    return [(move.rest / _scale(moves[at:]), move) for at, move in enumerate(moves) if move.rest]
