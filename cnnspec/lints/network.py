"""What a lint sees, and what it says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from cnnspec.graph.graph import Graph, Node
from cnnspec.language.diagnostics import Fix, Related
from cnnspec.language.entries import Entry
from cnnspec.language.nodes import MappingNode, locate
from cnnspec.language.spans import Span
from cnnspec.layers.base import Shape
from cnnspec.lints.groups import ACTIVATIONS, PASSING, REARRANGING

if TYPE_CHECKING:
    from cnnspec.data.section import Data
    from cnnspec.language.syntax import Spec
    from cnnspec.training.adversarial.section import AdversarialTraining
    from cnnspec.training.section import Training

_NEAR = 20


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

    `data` and `training` are None where the spec has none; `file` is the spec's own. What the files of `taken` declare
    may be used elsewhere.
    """

    def __init__(
        self, graph: Graph, spec: Spec, data: Data | None, training: Training | AdversarialTraining | None, file: str,
        taken: Container[str],
    ) -> None:  # fmt: skip
        self.graph = graph
        self.spec = spec
        self.data = data if spec.data is not None else None
        self.training = training if spec.training is not None else None
        self.file = file
        self.taken = taken
        self._by_entry: dict[str, list[Node]] = {}
        for node in graph.nodes:
            if node.span.file == file or not node.span.standard:
                self._by_entry.setdefault(node.layer.entry, []).append(node)

    def of(self, *entries: str) -> Iterator[Node]:
        """The layers of these names that a person wrote: those of standard blocks are nobody's to mend."""
        for entry in entries:
            yield from self._by_entry.get(entry, ())

    def own(self, span: Span) -> bool:
        """Whether something stands where the person can be told that it is never used."""
        return span.file not in self.taken

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
        return self.graph.get(node.inputs[0])

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

    def always(self, found: Iterable[Node]) -> Iterator[Node]:
        """One node of each entry for which something holds whenever it is expanded: what holds in the first round of a
        repetition alone, or in one call of a block, cannot be mended where it stands."""
        entries: dict[tuple[Span, str], list[Node]] = {}
        for node in found:
            entries.setdefault((node.span, node.layer.entry), []).append(node)
        for entry, nodes in entries.items():
            if len(nodes) == self._expansions[entry]:
                yield nodes[0]

    @cached_property
    def makers(self) -> dict[str, Node]:
        """For each tensor of one pixel, the layer that has made it one; none where other axes came in between."""
        found: dict[str, Node] = {}
        for node in self.graph.nodes:
            before = node.input_shapes[0]
            if len(before) != len(node.shape) or node.layer.entry in REARRANGING or not is_pixel(node.shape):
                continue
            if not is_pixel(before):
                found[node.name] = node
            elif node.inputs[0] in found:
                found[node.name] = found[node.inputs[0]]
        return found

    def written(self, message: str, *path: str | int, key: bool = True, help: str | None = None) -> Doubt:
        """A doubt about what stands at `path` in the spec; about its key, unless its value is meant."""
        return Doubt(message, locate(self.spec.document, path, key=key), help)

    def behind(self, node: Node) -> Node | None:
        """The layer above a node, past a few that hand their input on as it is."""
        near = islice(self.upwards(node), _NEAR)
        return next((above for above in near if above.layer.entry not in PASSING), None)


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
    body = node.written
    if body is None or not argument or node.text is None:
        return node.span
    written = body.get(argument) is not None if isinstance(body, MappingNode) else argument == node.layer.first
    return locate(node.text, (node.layer.entry, argument)) if written else node.span


def is_pixel(shape: Shape) -> bool:
    """Whether every axis but the channels is 1."""
    return len(shape) > 1 and shape[:-1] == (1,) * (len(shape) - 1)


def activation_of(node: Node) -> str:
    """The name of the activation that a layer ends with; `linear` where it has none."""
    activation = _activation(node)
    return "linear" if activation is None else activation.entry


def arguments_of(node: Node) -> dict[str, Any]:
    """The arguments of that activation, where they are not the usual ones."""
    activation = _activation(node)
    return {} if activation is None else activation.changed()


def _activation(node: Node) -> Entry | None:
    """The layer itself, or its argument `activation`."""
    layer = node.layer
    return layer if layer.entry in ACTIVATIONS and layer.entry != "activation" else vars(layer).get("activation")
