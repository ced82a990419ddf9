"""Where an entry's text became tensors: every expansion of it, with shapes, costs and the values of its parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import zip_longest
from typing import Any, NamedTuple

from cnnspec.graph.graph import Graph, Node
from cnnspec.graph.parts import Part
from cnnspec.language import syntax
from cnnspec.language.diagnostics import Diagnostics
from cnnspec.language.expressions import ExpressionError, compute
from cnnspec.language.nodes import MappingNode
from cnnspec.language.nodes import Node as Document
from cnnspec.language.parameters import parameters_of
from cnnspec.language.scope import AXES, Binding, Failed, Running, Scope
from cnnspec.layers.base import Shape, show

_MOST = 10_000
"""How many expansions are looked at."""
Values = tuple[Mapping[str, Any], ...]


class Occurrence(NamedTuple):
    """One expansion of an entry; `values` are the parameters around it, outermost first, and `scope` the file's."""

    part: Part
    graph: Graph
    values: Values
    scope: Scope | None

    @property
    def shape(self) -> Shape | None:
        """The shape of its output; None where a mistake left it unknown."""
        return self.shape_of(self.part.output)

    @property
    def inputs(self) -> list[Shape]:
        """The shapes of what it takes."""
        return [shape for name in self.part.inputs if (shape := self.shape_of(name)) is not None]

    @property
    def change(self) -> str:
        """`28×28×1 → 26×26×32`."""
        shape = self.shape
        return f"{', '.join(map(show, self.inputs)) or '?'} → {show(shape) if shape is not None else '?'}"

    @property
    def nodes(self) -> list[Node]:
        """Every layer that it became, those of the lists within it, too."""
        return [self.graph[name] for part in _below(self.part) for name in part.nodes]

    def shape_of(self, name: str) -> Shape | None:
        """The shape of a tensor of the graph; None where it is not known."""
        node = self.graph.get(name)
        return node.shape if node is not None else self.graph.inputs.get(name)

    def value(self, expression: str) -> Any:
        """What an expression among its arguments gives. Raises `ExpressionError` or `Failed`."""
        running = self.inputs[0] if self.inputs else None
        return compute(
            expression, lambda name: _value(name, self.values, self.scope, Running(running, running is None))
        )


def _value(name: str, values: Values, scope: Scope | None, running: Running) -> Any:
    for given in reversed(values):
        if name in given:
            found = given[name]
            return found.value(name) if isinstance(found, Binding) else found
    binding = scope.binding(name) if scope else None
    if binding is not None:
        return binding.value(name)
    if name in AXES:
        return running.axis(name)
    raise ExpressionError("unknown-parameter", name)


class Shapes:
    """The expansions of every entry of a spec, by the place of its name: file, line and column."""

    def __init__(self, found: Sequence[Graph], document: Document | None) -> None:
        self.found = found
        self.document = document

    @cached_property
    def scope(self) -> Scope | None:
        """The parameters of the spec."""
        root = self.document
        return parameters_of(root, Diagnostics(), complete=False) if isinstance(root, MappingNode) else None

    @cached_property
    def by_place(self) -> dict[tuple[str, int, int], list[Occurrence]]:
        """The expansions, in the order of the graph."""
        index: dict[tuple[str, int, int], list[Occurrence]] = {}
        for at, occurrence in enumerate(self._walk()):
            if at == _MOST:
                break
            span = occurrence.part.item.head.span
            index.setdefault((span.file, span.line, span.column), []).append(occurrence)
        return index

    def _walk(self) -> Iterator[Occurrence]:
        stack = [
            Occurrence(part, found, (), self.scope) for found in self.found[::-1] for part in reversed(found.parts)
        ]
        while stack:
            occurrence = stack.pop()
            yield occurrence
            part, values, scope = occurrence.part, occurrence.values, occurrence.scope
            if isinstance(part.item, syntax.Call):
                values, scope = (), part.item.library[part.item.block].scope
            below = [
                Occurrence(inner, occurrence.graph, (*values, given) if given else values, scope)
                for parts, given in zip_longest(part.lists, part.values, fillvalue=None)
                for inner in parts or ()
            ]
            stack += reversed(below)

    def value(self, expression: str) -> Any:
        """What an expression outside of entries gives. Raises `ExpressionError` or `Failed`."""
        return compute(expression, lambda name: _value(name, (), self.scope, Running()))


def _below(part: Part) -> Iterator[Part]:
    stack = [part]
    while stack:
        at = stack.pop()
        yield at
        stack += [inner for parts in reversed(at.lists) for inner in reversed(parts)]


__all__ = ["ExpressionError", "Failed", "Occurrence", "Shapes"]
