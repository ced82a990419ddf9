"""Graph → Keras model: each layer's calls, followed as they stand. Importing this module imports Keras."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import reduce
from importlib import import_module
from typing import Any

import keras

from cnnspec.graph.graph import Graph, Node
from cnnspec.graph.tensors import safe
from cnnspec.layers.base import INPUT, KerasCall, main_call


def build(graph: Graph) -> Any:
    """The functional Keras model of `graph`, with the spec's names on its layers."""
    return build_with_tensors(graph)[0]


def build_with_tensors(graph: Graph) -> tuple[Any, dict[str, Any]]:
    """The model, and the symbolic tensor of each input and node by its name."""
    with deep_recursion(graph):
        tensors = {name: keras.Input(shape, name=name) for name, shape in graph.inputs.items()}
        inputs = dict(tensors)
        made: dict[str, Sequence[tuple[KerasCall, Any]]] = {}
        for node in graph.nodes:
            taken = [tensors[name] for name in node.inputs]
            calls = node.layer.calls(*node.input_shapes)
            layers = _layers(calls, node.name, made.get(node.shares or "", ()))
            made[node.name] = tuple(zip(calls, layers, strict=True))
            tensors[node.name] = apply(calls, taken, node.name, layers)
            if not node.layer.trainable:
                _freeze(layers)
        outputs = {name: tensors[node] for name, node in graph.outputs.items()}
        model = keras.Model(_alone(inputs), outputs if graph.named else _alone(outputs), name=safe(graph.name))
        return model, tensors


def _freeze(layers: Sequence[Any]) -> None:
    """Freeze Keras layers with the layers that they made while they were built, which nobody has told."""
    for layer in layers:
        if layer is not None:
            layer.trainable = True  # on TensorFlow, setting the value that is there already does nothing
            layer.trainable = False


def layers_of(node: Node, own: Mapping[str, Any]) -> list[Any]:
    """The Keras layers of a node among the layers, by name, of a model that was built from its graph."""
    calls = node.layer.calls(*node.input_shapes)
    main = main_call(calls)
    names = [on_layer(_named(calls, index, main, node.name)) for index in range(len(calls))]
    return [own[name] for name in names if name in own]


def set_trainable(model: Any, graph: Graph) -> None:
    """Freeze and thaw the layers of `model`, which was built from such a graph, as the nodes of `graph` say."""
    own = {layer.name: layer for layer in model.layers}
    for node in graph.nodes:
        for layer in layers_of(node, own):
            layer.trainable = True
            if not node.layer.trainable:
                _freeze([layer])


@contextmanager
def deep_recursion(graph: Graph) -> Iterator[None]:
    """Room for functional models of thousands of layers, which Keras builds, saves and loads recursively."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, 1000 + 20 * len(graph.nodes)))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def _layers(calls: Sequence[KerasCall], name: str, shared: Sequence[tuple[KerasCall, Any]] = ()) -> list[Any]:
    """The Keras layer of each call (None for functions); where `shared` has the same call, its layer.

    The call that holds the weights bears the layer's name.
    """
    main = main_call(calls)
    layers: list[Any] = []
    for index, call in enumerate(calls):
        known = next((layer for made, layer in shared if made == call and layer is not None), None)
        if known is None and "." not in call.name:
            arguments = {key: _argument(value) for key, value in call.kwargs.items()}
            known = resolve(call.name)(**arguments, name=on_layer(_named(calls, index, main, name)))
        layers.append(known)
    return layers


def apply(calls: Sequence[KerasCall], inputs: Sequence[Any], name: str, layers: Sequence[Any] | None = None) -> Any:
    """Apply a layer's calls to its inputs, with the Keras `layers` made for them."""
    results: list[Any] = []
    main = main_call(calls)
    for index, (call, layer) in enumerate(zip(calls, layers or _layers(calls, name), strict=True)):
        if call.of is None:
            taken = results[-1:] if results else list(inputs)
        else:
            taken = [tensor for at in call.of for tensor in (inputs if at == INPUT else [results[at]])]
        if layer is not None:
            results.append(layer(*taken) if call.separate or len(taken) == 1 else layer(taken))
        else:
            results.append(_function(call, taken, on_layer(_named(calls, index, main, name))))
    return results[-1]


def _named(calls: Sequence[KerasCall], index: int, main: int, name: str) -> str:
    return name if index == main else f"{name}_{calls[index].name.rpartition('.')[2].lower()}{index}"


def on_layer(name: str) -> str:
    """A node's name as its Keras layer bears it: PyTorch takes no dot in the names of weights."""
    return name.replace(".", ">") if keras.backend.backend() == "torch" else name


def _function(call: KerasCall, taken: list[Any], name: str) -> Any:
    result = resolve(call.name)(*taken, **{key: _argument(value) for key, value in call.kwargs.items()})
    result._keras_history.operation.name = name  # functions take no name, and Keras's own may be one of the spec's
    return result


def resolve(name: str) -> Any:
    """The Keras object of a call: `Conv2D` is `keras.layers.Conv2D`, `ops.pad` is `keras.ops.pad`. What Keras lacks is
    named by its module here: `cnnspec.training.rates.OneCycle`."""
    if name.startswith("cnnspec."):
        module, _, own = name.rpartition(".")
        return getattr(import_module(module), own)
    path = name if "." in name else f"layers.{name}"
    return reduce(getattr, path.split("."), keras)


def _argument(value: Any) -> Any:
    if isinstance(value, KerasCall):
        return resolve(value.name)(**{key: _argument(inner) for key, inner in value.kwargs.items()})
    return value


def _alone(tensors: dict[str, Any]) -> Any:
    return next(iter(tensors.values())) if len(tensors) == 1 else tensors
