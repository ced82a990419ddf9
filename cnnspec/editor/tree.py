"""A spec's text as a tree of words with their offsets, and the way down to each of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias


@dataclass(slots=True, eq=False)
class Scalar:
    """A word, a number, a quoted text; `text` is without the quotes."""

    start: int
    end: int
    text: str


@dataclass(slots=True, eq=False)
class Pair:
    """A key with its value; `colon` says whether there is a `:` behind the key."""

    key: Scalar
    value: Tree | None = None
    colon: bool = True


@dataclass(slots=True, eq=False)
class Mapping:
    """Keys with their values, as written; `flow` within brackets."""

    start: int
    end: int
    flow: bool
    pairs: list[Pair] = field(default_factory=list)

    def get(self, key: str) -> Tree | None:
        """The value of the first `key`."""
        return next((pair.value for pair in self.pairs if pair.key.text == key), None)

    def pair(self, key: str) -> Pair | None:
        """The first pair of `key`."""
        return next((pair for pair in self.pairs if pair.key.text == key), None)


@dataclass(slots=True, eq=False)
class Listing:
    """The items of a list; None for one that is empty."""

    start: int
    end: int
    flow: bool
    items: list[Tree | None] = field(default_factory=list)


Tree: TypeAlias = Scalar | Mapping | Listing


class Step(NamedTuple):
    """One step down: into the item of a list (a number), or to the value of a key; `pair` is the latter's."""

    node: Mapping | Listing
    key: str | int
    pair: Pair | None = None


class Spot(NamedTuple):
    """Where a scalar stands: the steps down to it. For a key, the last step is the one that it makes."""

    steps: tuple[Step, ...]
    scalar: Scalar
    on_key: bool

    @property
    def path(self) -> tuple[str | int, ...]:
        """The keys and numbers of the steps."""
        return tuple(step.key for step in self.steps)


def scalars(node: Tree | None, steps: tuple[Step, ...] = ()) -> Iterator[Spot]:
    """Every key and every scalar below a node, in the order written."""
    match node:
        case Scalar():
            yield Spot(steps, node, on_key=False)
        case Mapping():
            for pair in node.pairs:
                below = (*steps, Step(node, pair.key.text, pair))
                yield Spot(below, pair.key, on_key=True)
                yield from scalars(pair.value, below)
        case Listing():
            for at, item in enumerate(node.items):
                yield from scalars(item, (*steps, Step(node, at)))


def spot_at(root: Tree | None, offset: int) -> Spot | None:
    """The key or scalar that an offset is in, or at the end of."""
    found = None
    for spot in scalars(root):
        if spot.scalar.start > offset:
            break
        if offset <= spot.scalar.end:
            found = spot
    return found
