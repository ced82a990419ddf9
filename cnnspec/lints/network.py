"""What a lint sees, and what it says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from cnnspec.graph.graph import Graph, Node
from cnnspec.language.diagnostics import Fix, Related
from cnnspec.language.nodes import MappingNode, locate
from cnnspec.language.spans import Span
from cnnspec.layers.base import Shape

if TYPE_CHECKING:
    from cnnspec.data.section import Data
    from cnnspec.language.syntax import Spec
    from cnnspec.training.section import Training

_PASSING = ("identity", "dropout", "spatial_dropout2d", "gaussian_dropout", "alpha_dropout", "activity_regularization")


class Doubt(NamedTuple):
    """What a lint has to say of one place. `calls` are those of the blocks around."""

    message: str
    span: Span
    help: str | None = None
    related: tuple[Related, ...] = ()
    fix: Fix | None = None
    calls: tuple[Span, ...] = ()


class Network:
    """A sound network with what is written around it.

    `data` and `training` are None where the spec has none; `file` is the spec's own, `taken` are those that it extends
    or imports.
    """

    def __init__(
        self, graph: Graph, spec: Spec, data: Data | None, training: Training | None, file: str, taken: Container[str]
    ) -> None:
        self.graph = graph
        self.spec = spec
        self.data = data if spec.data is not None else None
        self.training = training if spec.training is not None else None
        self.file = file
        self.taken = taken
        self._by_entry: dict[str, list[Node]] = {}
        for node in graph.nodes:
            if not node.span.standard or node.span.file == file:
                self._by_entry.setdefault(node.layer.entry, []).append(node)

    def of(self, *entries: str) -> Iterator[Node]:
        """The layers of these names that a person wrote: those of standard blocks are nobody's to mend."""
        for entry in entries:
            yield from self._by_entry.get(entry, ())

    def own(self, span: Span) -> bool:
        """Whether something stands in the spec itself (or is set from outside), not in a file that it takes up."""
        return span.file == self.file or span.file not in self.taken

    @cached_property
    def users(self) -> dict[str, list[Node]]:
        """The layers that take each tensor."""
        found: dict[str, list[Node]] = {}
        for node in self.graph.nodes:
            for name in node.inputs:
                found.setdefault(name, []).append(node)
        return found

    @cached_property
    def outputs(self) -> frozenset[str]:
        """The layers that the network gives back."""
        return frozenset(self.graph.outputs.values())

    def source(self, node: Node) -> Node | None:
        """The layer above a node of one input; None where that is the network's input."""
        return None if node.inputs[0] in self.graph.inputs else self.graph[node.inputs[0]]

    def only_user(self, node: Node) -> Node | None:
        """The one layer that takes a node's output, where nothing else does."""
        users = self.users.get(node.name, ())
        return users[0] if len(users) == 1 and node.name not in self.outputs else None

    def upwards(self, node: Node) -> Iterator[Node]:
        """The layers above a node, along first inputs, nearest first."""
        above = self.source(node)
        while above is not None:
            yield above
            above = self.source(above)

    @cached_property
    def _expansions(self) -> Counter[tuple[Span, str]]:
        return Counter((node.span, node.layer.entry) for node in self.graph.nodes)

    def everywhere(self, found: Iterable[tuple[Node, Doubt]]) -> Iterator[Doubt]:
        """The doubts that hold each time that an entry is expanded: one of a repetition's first round alone, or of one
        call of a block, cannot be mended where it stands."""
        entries: dict[tuple[Span, str], list[Doubt]] = {}
        for node, doubt in found:
            entries.setdefault((node.span, node.layer.entry), []).append(doubt)
        for entry, doubts in entries.items():
            if len(doubts) == self._expansions[entry]:
                yield doubts[0]

    def written(self, message: str, *path: str | int, key: bool = True, help: str | None = None) -> Doubt:
        """A doubt about what stands at `path` in the spec; about its key, unless its value is meant."""
        return Doubt(message, locate(self.spec.document, path, key=key), help)

    def behind(self, node: Node) -> Node | None:
        """The layer above a node, past those that hand their input on as it is."""
        return next((above for above in self.upwards(node) if above.layer.entry not in _PASSING), None)


def doubt(
    node: Node,
    message: str,
    argument: str = "",
    *,
    help: str | None = None,
    related: Sequence[Related] = (),
    fix: Fix | None = None,
) -> Doubt:
    """A doubt about a layer; it points at `argument` where that is written."""
    return Doubt(message, place(node, argument), help, tuple(related), fix, node.calls)


def place(node: Node, argument: str) -> Span:
    """Where an argument of a layer stands; the layer itself where it is not written."""
    body = node.text.get(node.layer.entry) if isinstance(node.text, MappingNode) else None
    if body is None or not argument or node.text is None:
        return node.span
    written = body.get(argument) is not None if isinstance(body, MappingNode) else argument == node.layer.first
    return locate(node.text, (node.layer.entry, argument)) if written else node.span


def activation_of(node: Node) -> tuple[str, dict[str, Any]]:
    """The activation that a layer ends with, by name and with all its arguments; `linear` where it has none."""
    layer = node.layer
    if layer.entry in ("relu", "leaky_relu", "elu", "softmax", "prelu"):
        return layer.entry, layer.changed()
    activation = getattr(layer, "activation", None)
    if activation is None:
        return "linear", {}
    if isinstance(activation, str):
        return activation, {}
    return activation.entry, activation.changed()


def spatial(shape: Shape) -> Shape:
    """A shape without its channels."""
    return shape[:-1]
