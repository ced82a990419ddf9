"""What a network costs: parameters, multiply-adds and activations, summed over its graph."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cnnspec.graph.graph import Graph
from cnnspec.layers.base import known, volume


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


def receptive_fields(graph: Graph) -> dict[str, tuple[int, ...] | None]:
    """How many input pixels one output of each node can see on each axis, borders aside.

    All of them where a layer on the way sees everything; None where that size is not known, or where inputs of several
    sizes come together.
    """
    seen: dict[str, frozenset[tuple[int | None, ...]]] = {
        name: frozenset({shape[:-1]}) for name, shape in graph.inputs.items()
    }
    fields: dict[str, tuple[int, ...] | None] = {}
    for node in graph.nodes:
        sources = frozenset[tuple[int | None, ...]]().union(*(seen[name] for name in node.inputs))
        seen[node.name] = sources
        whole = known(next(iter(sources))) if len(sources) == 1 else None
        fields[node.name] = node.field.size or whole
    return fields


def _sum(values: Iterable[int | None]) -> int | None:
    known = list(values)
    return None if None in known else sum(value for value in known if value is not None)
