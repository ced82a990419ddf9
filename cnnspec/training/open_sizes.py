"""A spec whose input takes any size, checked again at the sizes that its images have: with the same rules and words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from cnnspec.graph.elaborate import networks
from cnnspec.graph.graph import Graph
from cnnspec.language.diagnostics import Diagnostic, Diagnostics
from cnnspec.language.nodes import MappingNode, Node, ScalarNode, SequenceNode
from cnnspec.language.parse import parse
from cnnspec.layers import LAYERS
from cnnspec.layers.base import Shape
from cnnspec.training.shapes import Misfit, delivered_shapes

if TYPE_CHECKING:
    from cnnspec.data.section import Data
    from cnnspec.language.files import Files


def known_sizes(graph: Graph, data: Data) -> dict[str, Shape]:
    """The shapes of images as they enter the open inputs of a network, where they are known before they are loaded."""
    found = {}
    for name, wanted in graph.inputs.items():
        if None not in wanted:
            continue
        try:
            shape, _ = delivered_shapes(graph, data, name, data.source.shape_for(wanted))
        except Misfit:
            continue
        if shape is not None and len(shape) == len(wanted) and shape != wanted:
            found[name] = shape
    return found


def problems_at(document: Node, name: str, files: Files, shapes: Mapping[str, Shape]) -> tuple[Diagnostic, ...]:
    """What is wrong with a spec at these sizes of its inputs, though nothing is while they are open."""
    diagnostics = Diagnostics()
    spec = parse(_with_sizes(document, shapes), LAYERS, diagnostics, name, files)
    if spec is not None:
        networks(spec, diagnostics, allow_large=True)
    return tuple(found for found in diagnostics if found.severity == "error")


def _with_sizes(document: Node, shapes: Mapping[str, Shape]) -> Node:
    """The document with sizes in the place of `null`."""
    if not isinstance(document, MappingNode):
        return document

    def pair(key: ScalarNode, value: Node) -> tuple[ScalarNode, Node]:
        if key.text == "input":
            return key, _sized(value, next(iter(shapes.values())))
        if key.text == "inputs" and isinstance(value, MappingNode):
            inputs = (
                (name, _sized(each, shapes[name.text]) if name.text in shapes else each) for name, each in value.pairs
            )
            return key, MappingNode(tuple(inputs), value.span, value.size)
        return key, value

    return MappingNode(tuple(pair(key, value) for key, value in document.pairs), document.span, document.size)


def _sized(node: Node, shape: Shape) -> Node:
    if not isinstance(node, SequenceNode) or len(node.items) != len(shape):
        return node
    items = (
        ScalarNode(size, str(size), item.span) if isinstance(item, ScalarNode) and item.value is None else item
        for item, size in zip(node.items, shape, strict=True)
    )
    return SequenceNode(tuple(items), node.span, node.size)
