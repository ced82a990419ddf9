"""The end of growing: the graph that computes the outputs, and what nothing uses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from cnnspec.graph.graph import Graph, Node
from cnnspec.graph.growing import Growing
from cnnspec.graph.tensors import Tensor
from cnnspec.language import limits
from cnnspec.language.diagnostics import Diagnostic, called_from
from cnnspec.language.expressions import is_expression
from cnnspec.language.nodes import MappingNode, ScalarNode
from cnnspec.language.spans import Span


def finish(
    grown: Growing, name: str, sources: Mapping[str, Tensor], results: Mapping[str, Tensor], span: Span, *, named: bool
) -> Graph | None:
    """The graph that computes `results`, or None where a mistake was found; `span` is the list of layers."""
    tensors = [*sources.values(), *results.values()]
    if any(tensor.shape is None for tensor in tensors) or grown.diagnostics.failed:
        return None
    if not grown.nodes:
        grown.error(
            "empty-network", "the network has no layers", span, (), help="write at least one entry under `layers:`"
        )
        return None
    nodes = _used(grown, {tensor.node for tensor in results.values()})
    taken = {name for node in grown.nodes for name in node.inputs}
    for source_name, source in sources.items():
        if source.node not in taken:
            message = f"nothing uses the input `{source_name}`"
            help = "give its name to an entry's `inputs`, or take it out"
            grown.diagnostics.add(Diagnostic("unused-input", message, source.span, severity="warning", help=help))
    parameters = sum(node.parameters for node in nodes)
    if parameters > limits.PARAMETERS and not grown.allow_large:
        largest = max(nodes, key=lambda node: node.parameters)
        grown.error(
            "limit-parameters",
            f"the network has {parameters:,} parameters; the limit is {limits.PARAMETERS:,}",
            largest.span,
            largest.calls,
            label=f"{largest.parameters:,} of them are here",
            help="make it smaller, or lift the limit with `--allow-large`",
        )
        return None
    inputs = {source.node: source.shape for source in sources.values() if source.shape is not None}
    outputs = {output: tensor.node for output, tensor in results.items()}
    return Graph(name, inputs, nodes, outputs, named, grown.recorder.parts)


def _used(grown: Growing, outputs: set[str]) -> tuple[Node, ...]:
    """The nodes that the outputs are computed from; a warning for each end that nothing uses."""
    needed = set(outputs)
    taken: set[str] = set()
    for node in reversed(grown.nodes):
        taken.update(node.inputs)
        if node.name in needed:
            needed.update(node.inputs)
    for node in grown.nodes:
        if node.name not in needed and node.name not in taken:
            grown.diagnostics.add(
                Diagnostic(
                    "unused-output",
                    f"nothing uses the output of {_called(node)}",
                    node.span,
                    severity="warning",
                    related=called_from(node.calls),
                    help="name it under `outputs:`, merge it into the network, or take the entry out",
                )
            )
    return _rooted([node for node in grown.nodes if node.name in needed])


def _rooted(nodes: Sequence[Node]) -> tuple[Node, ...]:
    """The nodes, the first of those that share weights in the place of one that is not among them."""
    names = {node.name for node in nodes}
    first: dict[str, str] = {}
    for node in nodes:
        if node.shares is not None and node.shares not in names:
            first.setdefault(node.shares, node.name)
    if not first:
        return tuple(nodes)
    roots = {node.name: first.get(node.shares or "", node.shares) for node in nodes}
    return tuple(replace(node, shares=None if roots[node.name] == node.name else roots[node.name]) for node in nodes)


def _called(node: Node) -> str:
    """An entry by the name that it gives its output, and its layer."""
    body = node.written
    name = body.get("name") if isinstance(body, MappingNode) else None
    if not isinstance(name, ScalarNode) or is_expression(name.value):
        return f"`{node.layer.entry}`"
    return f"`{name.text}` (`{node.layer.entry}`)"
