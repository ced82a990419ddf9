"""Graph → Keras model: each layer's calls, followed as they stand. Importing this module imports Keras."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import reduce
from typing import Any

import keras

from cnnspec.graph.graph import Graph
from cnnspec.graph.tensors import safe
from cnnspec.layers.base import INPUT, KerasCall


def build(graph: Graph) -> Any:
    """The functional Keras model of `graph`, with the spec's names on its layers."""
    return build_with_tensors(graph)[0]


def build_with_tensors(graph: Graph) -> tuple[Any, dict[str, Any]]:
    """The model, and the symbolic tensor of each input and node by its name."""
    with deep_recursion(graph):
        tensors = {name: keras.Input(shape, name=name) for name, shape in graph.inputs.items()}
        inputs = dict(tensors)
        for node in graph.nodes:
            taken = [tensors[name] for name in node.inputs]
            tensors[node.name] = apply(node.layer.calls(*node.input_shapes), taken, node.name)
        outputs = {name: tensors[node] for name, node in graph.outputs.items()}
        return keras.Model(_alone(inputs), _alone(outputs), name=safe(graph.name)), tensors


@contextmanager
def deep_recursion(graph: Graph) -> Iterator[None]:
    """Room for functional models of thousands of layers, which Keras builds, saves and loads recursively."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, 1000 + 20 * len(graph.nodes)))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def apply(calls: Sequence[KerasCall], inputs: Sequence[Any], name: str) -> Any:
    """Apply a layer's calls to its inputs. The call that holds the weights bears the layer's name."""
    results: list[Any] = []
    main = main_call(calls)
    for index, call in enumerate(calls):
        if call.of is None:
            taken = results[-1:] if results else list(inputs)
        else:
            taken = [tensor for at in call.of for tensor in (inputs if at == INPUT else [results[at]])]
        suffix = "" if index == main else f"_{call.name.rpartition('.')[2].lower()}{index}"
        results.append(_invoke(call, taken, on_layer(name + suffix)))
    return results[-1]


def on_layer(name: str) -> str:
    """A node's name as its Keras layer bears it: PyTorch takes no dot in the names of weights."""
    return name.replace(".", ">") if keras.backend.backend() == "torch" else name


def main_call(calls: Sequence[KerasCall]) -> int:
    """Which of a layer's calls bears its name: the first Keras layer that is not just a padding."""
    for index, call in enumerate(calls):
        if "." not in call.name and not call.name.startswith("ZeroPadding"):
            return index
    return len(calls) - 1


def _invoke(call: KerasCall, taken: list[Any], name: str) -> Any:
    target = resolve(call.name)
    kwargs = {key: _argument(value) for key, value in call.kwargs.items()}
    if "." in call.name:
        result = target(*taken, **kwargs)
        result._keras_history.operation.name = name  # functions take no name, and Keras's own may be one of the spec's
        return result
    layer = target(**kwargs, name=name)
    return layer(*taken) if call.separate or len(taken) == 1 else layer(taken)


def resolve(name: str) -> Any:
    """The Keras object of a call: `Conv2D` is `keras.layers.Conv2D`, `ops.pad` is `keras.ops.pad`."""
    path = name if "." in name else f"layers.{name}"
    return reduce(getattr, path.split("."), keras)


def _argument(value: Any) -> Any:
    if isinstance(value, KerasCall):
        return resolve(value.name)(**{key: _argument(inner) for key, inner in value.kwargs.items()})
    return value


def _alone(tensors: dict[str, Any]) -> Any:
    return next(iter(tensors.values())) if len(tensors) == 1 else tensors
