"""What a spec is made of, as data: entries with their arguments and the lists of entries in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

from cnnspec.importing.arguments import default_of
from cnnspec.layers import LAYERS

WORDS = ("residual", "branches", "repeat", "when", "share", "name")
"""Entries that are no layers."""


class Map(tuple[tuple[str, Any], ...]):
    """A mapping among arguments, such as an initializer with its own: hashable, in order."""

    __slots__ = ()


class Expression(NamedTuple):
    """`$name`, or `$(factor * name)`."""

    name: str
    factor: int = 1

    def __str__(self) -> str:
        return f"${self.name}" if self.factor == 1 else f"$({self.factor} * {self.name})"


@dataclass(frozen=True)
class Item:
    """One entry: a layer, a structure or the call of a block.

    `parts` are its lists of entries: `layers` (and the shortcut) of a residual, the paths of branches, the layers of
    a repeat. `inputs` names what it takes where that is not the running tensor; `note` is a comment above it.
    What is `shared` is applied elsewhere once more, by its name, and stays the entry that it is.
    """

    entry: str
    arguments: tuple[tuple[str, Any], ...] = ()
    parts: tuple[Items, ...] = ()
    inputs: tuple[str, ...] = ()
    name: str | None = None
    note: str | None = None
    shared: bool = False
    origin: str | None = field(default=None, compare=False, repr=False)

    @cached_property
    def given(self) -> dict[str, Any]:
        """The arguments by name."""
        return dict(self.arguments)

    def having(self, **arguments: Any) -> Item:
        """The item with more arguments, or others."""
        return replace(self, arguments=tuple({**self.given, **arguments}.items()))


Items: TypeAlias = tuple[Item, ...]


def frozen(value: Any) -> Any:
    """Plain data as hashable data."""
    match value:
        case Expression():
            return value
        case Mapping():
            return Map((key, frozen(inner)) for key, inner in value.items())
        case list() | tuple():
            return tuple(frozen(item) for item in value)
    return value


def walk(items: Items) -> Iterator[Item]:
    """Every item, those in lists of others included."""
    for item in items:
        yield item
        for part in item.parts:
            yield from walk(part)


def merges(item: Item, joins: Set[str] = frozenset()) -> bool:
    """Whether an entry takes several tensors: a layer that merges, or a call of one of the blocks `joins`."""
    return item.entry in joins or bool(getattr(LAYERS.get(item.entry), "merges", False))


def default(item: Item, argument: str, blocks: Mapping[str, Mapping[str, Any]]) -> Any:
    """The value of an argument that is left out; None where there is none, or where it must be given."""
    if item.entry in blocks:
        return blocks[item.entry].get(argument)
    if item.entry == "residual":
        return "identity" if argument == "shortcut" else None
    if item.entry not in LAYERS:
        return None
    try:
        return default_of(item.entry, argument)
    except KeyError:
        return None
