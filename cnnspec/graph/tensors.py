"""Tensors while the graph grows, and the names that entries give them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from cnnspec.graph.graph import Field
from cnnspec.language.scope import Running
from cnnspec.language.spans import Span
from cnnspec.layers.base import Shape

_UNSAFE = re.compile(r"[^A-Za-z0-9_.\-]")
NAME = re.compile(r"[\w.\-]+")


class Tensor(NamedTuple):
    """The output of a node (or an input): `shape` is None where a mistake above left it unknown, or where there is none
    (`missing`)."""

    node: str
    shape: Shape | None
    field: Field
    span: Span
    formula: str = ""
    missing: bool = False

    @property
    def running(self) -> Running:
        """This tensor as the expressions below it see it."""
        return Running(self.shape, failed=self.shape is None and not self.missing)


def unknown(span: Span) -> Tensor:
    """What a failed entry gives: a tensor of unknown shape, which silences what follows from it."""
    return Tensor("", None, Field(None), span)


def none_yet(span: Span) -> Tensor:
    """What stands above the first entry of a network with several inputs."""
    return unknown(span)._replace(missing=True)


class Made(NamedTuple):
    """What an entry became: the nodes from `start` to `stop`, which took the tensors of `inputs`."""

    start: int
    stop: int
    inputs: tuple[str, ...]


class Known(NamedTuple):
    """What a name stands for; `made` is None for an input, or where only a tensor was named."""

    tensor: Tensor
    span: Span
    made: Made | None = None


@dataclass
class Names:
    """The names of one list of entries; those of the lists around it are visible through it.

    `inside` holds, for each named block or structure, the names of the lists within it: `block.name` finds them.
    """

    parent: Names | None = None
    own: dict[str, Known] = field(default_factory=dict)
    inside: dict[str, list[Names]] = field(default_factory=dict)

    def find(self, name: str) -> Known | None:
        """What the innermost entry called `name` gives; a dot leads into a named block or structure.

        Within one that failed, any name is found, and of unknown shape: nothing can be said of it.
        """
        found = (names._here(name) for names in self._outward())
        return next((known for known in found if known is not None), None)

    def within(self, name: str) -> dict[str, list[Names]]:
        """The lists inside what `name` finds, by what stands behind the name: nothing, or `.0` for a first round."""
        found = (names._within(name) for names in self._outward())
        return next((lists for lists in found if lists is not None), {})

    def running(self, name: str) -> Running | None:
        """The tensor of the innermost entry called `name`, as expressions see it."""
        found = self.find(name)
        return found.tensor.running if found else None

    def _outward(self) -> Iterator[Names]:
        """These names, then those of each list around."""
        names: Names | None = self
        while names is not None:
            yield names
            names = names.parent

    def _here(self, name: str) -> Known | None:
        if name in self.own:
            return self.own[name]
        failed = None
        for outer, rest in _halves(name):
            for inner in reversed(self.inside.get(outer, ())):
                found = inner._here(rest)
                if found is not None:
                    return found
            known = self.own.get(outer)
            failed = known if known is not None and known.tensor.shape is None else failed
        return failed

    def _within(self, name: str) -> dict[str, list[Names]] | None:
        if name in self.own:
            return {
                key[len(name) :]: lists
                for key, lists in self.inside.items()
                if key == name or (key.startswith(f"{name}.") and key[len(name) + 1 :].isdigit())
            }
        for outer, rest in _halves(name):
            for inner in reversed(self.inside.get(outer, ())):
                found = inner._within(rest)
                if found is not None:
                    return found
        return None

    def __iter__(self) -> Iterator[str]:
        for names in self._outward():
            yield from names.own
            yield from (
                f"{outer}.{name}" for outer, lists in names.inside.items() for inner in lists for name in inner.own
            )


def _halves(name: str) -> Iterator[tuple[str, str]]:
    """What stands before and behind each dot of a name."""
    at = name.find(".")
    while at > 0:
        yield name[:at], name[at + 1 :]
        at = name.find(".", at + 1)


def safe(name: str) -> str:
    """`name` with what Keras and TensorFlow refuse in names replaced."""
    cleaned = _UNSAFE.sub("_", name)
    return cleaned if cleaned[:1].isalnum() else "n" + cleaned


class UniqueNames:
    """Names for the nodes: safe for Keras, and each used once."""

    def __init__(self) -> None:
        self.used: set[str] = set()
        self.next: dict[str, int] = {}

    def take(self, wanted: str) -> str:
        """`wanted`, made safe; `_1`, `_2`, ... is added where it is taken."""
        base = safe(wanted)
        name, number = base, self.next.get(base, 0)
        while name in self.used:
            number += 1
            name = f"{base}_{number}"
        self.next[base] = number
        self.used.add(name)
        return name
