"""How entries became nodes: the spec's own tree, kept beside the flat graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from cnnspec.language.syntax import Item


class Part(NamedTuple):
    """One entry after expansion.

    `inputs` and `output` are names of nodes (or of inputs of the graph), `nodes` those that the entry itself made: a
    layer's node, a merge, a projection. `lists` are the lists of entries within it, in the order expanded: the rounds
    of a repetition, the paths of branches, the body and the shortcut of a residual, the layers of a block. `values`
    are the parameters that each of them was given (empty where there are none).
    """

    item: Item
    name: str | None
    inputs: tuple[str, ...]
    output: str
    nodes: tuple[str, ...]
    lists: tuple[tuple[Part, ...], ...] = ()
    values: tuple[Mapping[str, Any], ...] = ()


class Recorder:
    """Builds the tree while entries are expanded."""

    def __init__(self) -> None:
        self.parts: tuple[Part, ...] = ()
        self._open: list[tuple[list[str], list[tuple[Part, ...]], list[Mapping[str, Any]]]] = []

    def begin(self) -> None:
        """An entry begins."""
        self._open.append(([], [], []))

    def node(self, name: str) -> None:
        """The entry at hand made a node."""
        if self._open:
            self._open[-1][0].append(name)

    def given(self, values: Mapping[str, Any]) -> None:
        """The next list of the entry at hand gets these parameters."""
        self._open[-1][2].append(values)

    def listed(self, parts: list[Part]) -> None:
        """A list of entries is done: the spec's own, or one of the entry at hand."""
        if self._open:
            self._open[-1][1].append(tuple(parts))
        else:
            self.parts = tuple(parts)

    def end(self, item: Item, name: str | None, inputs: tuple[str, ...], output: str) -> Part:
        """The entry is done."""
        nodes, lists, values = self._open.pop()
        return Part(item, name, inputs, output, tuple(nodes), tuple(lists), tuple(values))
