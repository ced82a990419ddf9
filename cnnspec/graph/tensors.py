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
    """The output of a node (or an input): `shape` is None where a mistake above left it unknown."""

    node: str
    shape: Shape | None
    field: Field
    span: Span
    formula: str = ""

    @property
    def running(self) -> Running:
        """This tensor as the expressions below it see it."""
        return Running(self.shape, failed=self.shape is None)


def unknown(span: Span) -> Tensor:
    """What a failed entry gives: a tensor of unknown shape, which silences what follows from it."""
    return Tensor("", None, Field(None), span)


@dataclass
class Names:
    """The names of one list of entries; those of the lists around it are visible through it."""

    parent: Names | None = None
    own: dict[str, tuple[Tensor, Span]] = field(default_factory=dict)

    def find(self, name: str) -> Tensor | None:
        """The tensor of the innermost entry called `name`."""
        if name in self.own:
            return self.own[name][0]
        return self.parent.find(name) if self.parent else None

    def __iter__(self) -> Iterator[str]:
        yield from self.own
        if self.parent:
            yield from self.parent


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
