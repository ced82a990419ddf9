"""What a network costs: parameters, multiply-adds and activations, summed over its graph."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cnnspec.graph.graph import Graph, Node
from cnnspec.layers.base import Shape, volume


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over all layers, for one sample; None where a size is left open by the input."""

    parameters: int
    trainable: int
    multiply_adds: int | None
    activations: int | None


def totals(graph: Graph) -> Totals:
    """The costs of the whole network. `activations` counts the numbers of every layer's output and of the inputs."""
    inputs = [volume(shape) for shape in graph.inputs.values()]
    return Totals(
        parameters=sum(node.parameters for node in graph.nodes),
        trainable=sum(node.trainable for node in graph.nodes),
        multiply_adds=_sum(node.multiply_adds for node in graph.nodes),
        activations=_sum([*inputs, *(node.activations for node in graph.nodes)]),
    )


def receptive_field(node: Node, source: Shape) -> tuple[int, ...] | None:
    """How many input pixels one output of `node` can see on each axis, borders aside; all of them where the layer
    sees everything (None where that size is not known)."""
    if node.field.size is not None:
        return node.field.size
    sizes = tuple(size for size in source[:-1] if size is not None)
    return sizes if len(sizes) == len(source) - 1 else None


def _sum(values: Iterable[int | None]) -> int | None:
    known = list(values)
    return None if None in known else sum(value for value in known if value is not None)
