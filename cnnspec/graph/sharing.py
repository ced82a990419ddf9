"""`share: tower`: what an entry became, once more on other tensors, with the same weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from cnnspec.graph.graph import Node
from cnnspec.graph.growing import Place
from cnnspec.graph.tensors import Known, Made, Names, Tensor, unknown
from cnnspec.language import syntax as s
from cnnspec.language.diagnostics import Related
from cnnspec.language.entries import shown
from cnnspec.language.nodes import as_written, head
from cnnspec.language.scope import Failed
from cnnspec.layers.base import Shape, ShapeError, show

if TYPE_CHECKING:
    from cnnspec.graph.elaborate import Elaborator


def share(
    graph: Elaborator, item: s.Share, inputs: Sequence[Tensor], place: Place, name: str | None, inner: list[Names]
) -> Tensor:
    """The layers of the entry that `item` names, in the same order, on `inputs` in place of its own.

    `inner` gets the names within it.
    """
    shared = _shared(graph, item, inputs[0], place)
    known = graph.known(shared, head(item.entry), place) if shared else None
    if shared is None or known is None or known.tensor.shape is None or any(tensor.shape is None for tensor in inputs):
        return unknown(item.head.span)
    made = known.made
    if made is None or made.start == made.stop:
        message = "what this names has no layers, so there are no weights to share"
        graph.error(
            "share-nothing", message, head(item.entry), place.calls, related=[Related("named here", known.span)]
        )
        return unknown(item.head.span)
    if len(inputs) != len(made.inputs):
        wanted, given = len(made.inputs), len(inputs)
        message = f"the shared entry takes {wanted} input{'s' * (wanted != 1)}, not {given}"
        graph.error("input-count", message, item.head.span, place.calls, related=[Related("shared", known.span)])
        return unknown(item.head.span)
    tensors = dict(zip(made.inputs, inputs, strict=True))
    if any(tensors[source].node != tensor.node for source, tensor in zip(made.inputs, inputs, strict=True)):
        message = "the shared entry took one tensor twice; it cannot take two in its place"
        graph.error("input-count", message, item.head.span, place.calls, related=[Related("shared", known.span)])
        return unknown(item.head.span)
    start = len(graph.nodes)
    within = place if name is None else place._replace(group=(*place.group, name))
    for node in graph.nodes[made.start : made.stop]:
        graph.count(item.head.span, place.calls)
        taken = [tensors.get(source) or _tensor(graph, source) for source in node.inputs]
        shapes = tuple(tensor.shape for tensor in taken if tensor.shape is not None)
        if not _same_weights(graph, item, node, shapes, within, known):
            return unknown(item.head.span)
        label = node.name.rpartition(".")[2]
        result = graph.add(
            node.layer, taken, item.head.node, item.head.span, within, label, shares=node.shares or node.name
        )
        if result is None:
            return unknown(item.head.span)
        tensors[node.name] = result
    moved = _Moved(tensors, start - made.start)
    inside = place.names.within(shared)
    inner.extend(moved.names(names) for names in inside.get("", ()))
    if name is not None:
        rounds = {f"{name}{step}": lists for step, lists in inside.items() if step}
        place.names.inside.update({key: [moved.names(names) for names in lists] for key, lists in rounds.items()})
    return tensors[known.tensor.node]


class _Moved:
    """The names within a shared entry, for what it became here: `tensors` by the nodes that they stand for."""

    def __init__(self, tensors: Mapping[str, Tensor], offset: int) -> None:
        self.tensors, self.offset = tensors, offset
        self.done: dict[int, Names] = {}

    def names(self, names: Names) -> Names:
        """The names of a list, and of those in it."""
        if id(names) not in self.done:
            own = {name: self._known(known) for name, known in names.own.items()}
            inside = {name: [self.names(inner) for inner in lists] for name, lists in names.inside.items()}
            self.done[id(names)] = Names(own=own, inside=inside)
        return self.done[id(names)]

    def _known(self, known: Known) -> Known:
        made = known.made
        if made is not None:
            inputs = tuple(self.tensors[name].node if name in self.tensors else name for name in made.inputs)
            made = Made(made.start + self.offset, made.stop + self.offset, inputs)
        return Known(self.tensors.get(known.tensor.node, known.tensor), known.span, made)


def _shared(graph: Elaborator, item: s.Share, running: Tensor, place: Place) -> str | None:
    """The name of the entry to share; None where it is no name, which is said."""
    try:
        value = graph.environment(place, running).evaluate(as_written(item.entry))
    except Failed:
        return None
    if not isinstance(value, str) or not value:
        message = f"`share` takes the name of an entry, not {shown(value)}"
        graph.error("wrong-type", message, head(item.entry), place.calls, help="name the entry with `name:`")
        return None
    return value


def _same_weights(
    graph: Elaborator, item: s.Share, node: Node, shapes: tuple[Shape, ...], place: Place, known: Known
) -> bool:
    """Whether a layer would have the same weights here. Where it does not fit at all, `add` says so."""
    try:
        node.layer.output_shape(*shapes)
        here = node.layer.weights(*shapes)
    except ShapeError:
        return True
    there = node.layer.weights(*node.input_shapes)
    if here == there:
        return True
    mine, made = show(shapes[0]), show(node.input_shapes[0])
    one, other = next((a, b) for a, b in zip(there, here, strict=False) if a != b)
    graph.error(
        "share-weights",
        f"`{node.layer.entry}` cannot be shared: {one.name} {show(one.shape)} there, {show(other.shape)} here",
        item.head.span,
        place.calls,
        label=f"its input is {mine} here, and {made} where it was made",
        related=[Related("shared", known.span), Related("this layer", node.span)],
        help="bring both tensors to one shape before it",
    )
    return False


def _tensor(graph: Elaborator, name: str) -> Tensor:
    """The tensor of a node of the graph, or of an input."""
    node = graph.by_name.get(name)
    return Tensor(name, node.shape, node.field, node.span, node.formula) if node else graph.sources[name]
