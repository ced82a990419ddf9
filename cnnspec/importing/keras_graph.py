"""Keras models as graphs: what calls what, in models within models, too. Importing this module imports Keras."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from typing import Any

import keras

from cnnspec.training.weights_order import Call, in_order


def is_graph(model: Any) -> bool:
    """Whether a model is functional, or sequential with known inputs."""
    if isinstance(model, keras.Sequential):
        return bool(model.built) and model._functional is not None
    return isinstance(model, keras.Model) and hasattr(model, "_nodes_by_depth")


def functional(model: Any) -> Any:
    """A functional model as it is; of a sequential one, the functional model in it."""
    return model._functional if isinstance(model, keras.Sequential) else model


def nodes(outputs: Sequence[Any], known: Container[int]) -> Iterator[tuple[Any, Any]]:
    """Each call that leads to the outputs, those before it first, chains in one piece: operation and node."""
    done: set[int] = set()
    stack = [(tensor, False) for tensor in reversed(outputs)]
    while stack:
        tensor, ready = stack.pop()
        operation, index, _ = tensor._keras_history
        node = operation._inbound_nodes[index]
        if id(tensor) in known or id(node) in done:
            continue
        if ready:
            done.add(id(node))
            yield operation, node
            continue
        stack.append((tensor, True))
        stack += [(taken, False) for taken in reversed(node.input_tensors)]


def layers_in_order(model: Any) -> list[Any]:
    """The layers of a model and of the models in it, in the order in which Keras would list them without those."""
    known: dict[int, Any] = {}
    outputs = _calls(functional(model), [Call(("input", at)) for at in range(len(model.inputs))], known)
    return [known[key] for key in in_order(outputs) if key in known]


def _calls(model: Any, given: Sequence[Call], known: dict[int, Any]) -> list[Call]:
    """The calls that make the outputs of a model of what is `given` to it."""
    made = {id(tensor): call for tensor, call in zip(model.inputs, given, strict=True)}
    for operation, node in nodes(model.outputs, made):
        taken = tuple(made[id(tensor)] for tensor in node.input_tensors)
        if is_graph(operation):
            results = _calls(functional(operation), taken, known)
        else:
            if isinstance(operation, keras.layers.Layer):
                known[id(operation)] = operation
            results = [Call(id(operation), taken)] * len(node.outputs)
        made.update((id(tensor), call) for tensor, call in zip(node.outputs, results, strict=True))
    return [made[id(tensor)] for tensor in model.outputs]


def variables(layers: Sequence[Any]) -> list[Any]:
    """The weights of layers, each once."""
    return list({id(weight): weight for layer in layers for weight in layer.weights}.values())
