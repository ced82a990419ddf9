"""Which layers of a Keras model are frozen, as the `training.freeze` of its spec says it. Imports Keras."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import keras

from cnnspec.emit.keras import build, layers_of
from cnnspec.graph.graph import Graph
from cnnspec.importing.keras_graph import layers_in_order, variables
from cnnspec.importing.keras_proof import Proof, pairings


def freeze_patterns(model: Any, graph: Graph, proof: Proof | None = None) -> tuple[str, ...]:
    """The patterns of `training.freeze` that freeze in the spec of `graph` what is frozen in `model`.

    `*` alone where every layer with weights is frozen; none where no layer is. `proof` knows which layers belong
    together; without it, the first way is taken in which the shapes of all weights agree.
    """
    frozen = {id(weight) for layer in _leaves(model) if not layer.trainable for weight in layer.weights}
    if not frozen:
        return ()
    built = build(graph) if proof is None else proof.built
    pairs = (
        next(pairings(variables(layers_in_order(model)), layers_in_order(built)), []) if proof is None else proof.pairs
    )
    fixed = {id(mine) for mine, other in pairs if id(other) in frozen}
    own = {layer.name: layer for layer in built.layers}
    found: dict[str, bool] = {}
    for node in graph.nodes:
        if node.shares in found:
            found[node.name] = found[node.shares]
        elif node.weights:
            found[node.name] = any(id(weight) in fixed for layer in layers_of(node, own) for weight in layer.weights)
    return shortest(found)


def shortest(fixed: dict[str, bool]) -> tuple[str, ...]:
    """The fewest patterns that match the names of which `fixed` is true, and no others.

    >>> shortest({"stem": True, "stage.a": True, "stage.b": True, "head": False})
    ('*', '!head')
    >>> shortest({"stem": True, "stage.a": False, "stage.b": False, "head": False})
    ('stem',)
    """
    if not any(fixed.values()):
        return ()
    wanted = tuple(_groups([*fixed], fixed, True))
    besides = ("*", *(f"!{name}" for name in _groups([*fixed], fixed, False)))
    return min(besides, wanted, key=len)


def _groups(names: Sequence[str], fixed: dict[str, bool], wanted: bool, depth: int = 1) -> Iterator[str]:
    """The names, and names of the blocks around them, that hold all layers that are `wanted`, and only those."""
    parts: dict[str, list[str]] = {}
    for name in names:
        parts.setdefault(".".join(name.split(".")[:depth]), []).append(name)
    for part, inside in parts.items():
        if all(fixed[name] == wanted for name in inside):
            yield part
        elif len(inside) > 1:
            yield from _groups([name for name in inside if name != part], fixed, wanted, depth + 1)


def _leaves(model: Any) -> list[Any]:
    return [layer for layer in layers_in_order(model) if isinstance(layer, keras.layers.Layer) and layer.weights]
