"""The rules against Keras: every layer of a graph, built for real. Importing this module imports Keras."""

from __future__ import annotations

from cnnspec.emit.keras import build_with_tensors, on_layer
from cnnspec.graph.graph import Graph, Node


def differences(graph: Graph) -> list[tuple[Node, str]]:
    """Where Keras disagrees with the rules on a layer's output shape or weights; none is what to expect."""
    model, tensors = build_with_tensors(graph)
    layers = {layer.name: layer for layer in model.layers}
    found = []
    for node in graph.nodes:
        shape = tuple(tensors[node.name].shape[1:])
        if shape != node.shape:
            found.append((node, f"Keras gives the shape {shape}, the rule {node.shape}"))
        layer = layers.get(on_layer(node.name))
        theirs = (
            [(tuple(weight.shape), bool(weight.trainable)) for weight in layer.weights if "seed" not in weight.path]
            if layer
            else []
        )
        ours = [(weight.shape, weight.trainable) for weight in node.weights]
        if theirs != ours:
            found.append((node, f"Keras makes the weights {theirs}, the rule {ours}"))
    parameters = sum(node.parameters for node in graph.nodes)
    if not found and model.count_params() != parameters:
        found.append((graph.nodes[-1], f"Keras counts {model.count_params():,} parameters, the rules {parameters:,}"))
    return found
