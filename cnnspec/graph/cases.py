"""What does not fit, with what is needed to find out why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from cnnspec.graph.graph import Node
from cnnspec.graph.replay import Effort
from cnnspec.graph.sizes import Mistake, Search, Shapes, Trial
from cnnspec.graph.tensors import Names, Tensor
from cnnspec.language.diagnostics import Diagnostic, Fix, Related
from cnnspec.language.nodes import Node as Text
from cnnspec.language.spans import Span
from cnnspec.layers.base import Layer, show

PADDED = "write `padding: same`"
"""The help for a window in the body of a residual, where nothing else brings the ways together."""


AT_THE_CALL = {
    "shape-window": "give the block a larger input",
    "shape-crop": "give the block a larger input",
    "shape-merge": "give the block inputs whose sizes fit",
    "shape-reshape": "give the block an input whose sizes divide",
}
"""Help for what stands inside a standard block, where nobody can write anything."""


SHARED = "this layer of what is shared"


class Taken(NamedTuple):
    """Names that an entry takes as its inputs, as `text`; what they stand for; and the names that it sees."""

    text: Text | None
    inputs: tuple[str, ...]
    names: Names
    start: int
    """How many layers there were before the entry."""


class Case(NamedTuple):
    """A layer that does not fit, `end`, as a node without a shape, and what was said of it."""

    found: Diagnostic
    end: Node
    taken: tuple[Taken, ...] = ()
    """What the layer takes, and the calls around it."""
    before: int = 0
    """How many layers there were before it."""

    @property
    def hidden(self) -> bool:
        """Whether it stands in a standard block, where nobody can write anything."""
        return self.end.span.standard


class Cause(NamedTuple):
    """Places that have to do with a mistake, and what to write; `instead` of the places where the inputs come from."""

    places: tuple[Related, ...] = ()
    help: str | None = None
    instead: bool = False
    fix: Fix | None = None


class Network:
    """The network as far as it was found: its layers, its inputs, and how it would be with other inputs."""

    effort: Effort

    def __init__(self, by_name: Mapping[str, Node], sources: Mapping[str, Tensor], effort: Effort) -> None:
        self.by_name, self.sources, self.effort = by_name, sources, effort
        self.mistakes: frozenset[Mistake] = frozenset()

    def attempt(self, shapes: Shapes) -> Trial | None:
        """The whole network with inputs of other shapes; None where that is too much work."""
        raise NotImplementedError

    def search(self, case: Case, nodes: Sequence[Node]) -> Search:
        """The search for inputs with which a case fits."""
        inputs = {name: source.shape for name, source in self.sources.items() if source.shape is not None}
        known = self.mistakes - {(case.found.code, case.found.place)}
        return Search(nodes, case.end, inputs, known, self.attempt, self.effort)

    def written(self, *choices: Shapes) -> str:
        """How inputs are written: one of `choices`."""
        only = tuple(self.sources) == ("input",)
        texts: list[str] = []
        for choice in choices:
            lists = {name: ", ".join(map(_size, shape)) for name, shape in choice.items()}
            if only and texts:
                texts += [f"`[{sizes}]`" for sizes in lists.values()]
            else:
                texts.append(" and ".join(f"`{'input' if only else name}: [{lists[name]}]`" for name in lists))
        return " or ".join(texts)


def _size(size: int | None) -> str:
    return "null" if size is None else str(size)


def place_of(span: Span, calls: tuple[Span, ...], seen_from: tuple[Span, ...]) -> Span:
    """Where to point for something inside the blocks `calls`, seen from inside the blocks `seen_from`: at the call
    that leads away from there, if one does."""
    for at, call in enumerate(calls):
        if at >= len(seen_from) or seen_from[at] != call:
            return call
    return span


def comes_from(tensor: Tensor, calls: tuple[Span, ...], seen_from: tuple[Span, ...]) -> Related:
    """The place where a tensor was made, with its shape and how it got it."""
    assert tensor.shape is not None
    span = place_of(tensor.span, calls, seen_from)
    how = f": {tensor.formula}" if "=" in tensor.formula and span == tensor.span else ""
    return Related(f"{show(tensor.shape)} comes from here{how}", span)


def seen(node: Node, case: Case, network: Network) -> tuple[Span, str]:
    """Where to point for a node, and the words for `here`. A layer that is shared is where it was first."""
    first = network.by_name.get(node.shares or "", node)
    span = place_of(first.span, first.calls, case.end.calls)
    return span, "here" if span == first.span else f"in here, by `{node.layer.entry}`"


def merged(places: Iterable[Related]) -> tuple[Related, ...]:
    """One of each place."""
    return tuple({place.span: place for place in reversed(tuple(places))}.values())[::-1]


def changed(layer: Layer, **arguments: object) -> Layer:
    """The layer with other arguments."""
    return layer.model_copy(update=arguments)
