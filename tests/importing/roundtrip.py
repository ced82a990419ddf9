"""Model → spec → model, and what both must have in common."""

from __future__ import annotations

from typing import Any

import numpy as np

import cnnspec
from cnnspec.emit.keras import build


def again(model: Any, text: str | None = None) -> Any:
    """The model of the spec that a model is imported as."""
    text = cnnspec.import_model(model, verify=False) if text is None else text
    report = cnnspec.check(text)
    assert report.graph is not None, f"{report}\n{text}"
    return build(report.graph)


def facts(model: Any) -> list[tuple[Any, ...]]:
    """Every operation in Keras's order: its class, its configuration, and which operations each call of it takes."""
    place = {id(operation): at for at, operation in enumerate(model.operations)}
    known = {id(node) for nodes in model._nodes_by_depth.values() for node in nodes}
    found = []
    for operation in model.operations:
        nodes = [node for node in operation._inbound_nodes if id(node) in known]
        calls = [[place[id(tensor._keras_history.operation)] for tensor in node.input_tensors] for node in nodes]
        if type(operation).__name__ == "Add":
            # x + f(x) and f(x) + x are one residual: the same sum, and the same order of layers
            calls = [sorted(taken) if len(taken) == 2 else taken for taken in calls]
        found.append((type(operation).__name__, _configuration(operation, nodes[0]), sorted(calls)))
    return found


def _configuration(operation: Any, node: Any) -> dict[str, Any]:
    if type(operation).__module__.startswith("keras.src.ops"):
        return {key: value for key, value in vars(operation).items() if not key.startswith("_") and key != "name"}
    if type(operation).__name__ == "Identity" and operation.activity_regularizer is not None:
        return {"activity_regularizer": operation.activity_regularizer.get_config()}
    config = {key: value for key, value in operation.get_config().items() if key != "name"}
    if not operation.weights:
        config.pop("trainable", None)
    if "equation" in config:
        letters = {
            letter: chr(97 + at) for at, letter in enumerate(dict.fromkeys(filter(str.isalpha, config["equation"])))
        }
        config["equation"] = "".join(letters.get(letter, letter) for letter in config["equation"])
    rank = len(node.outputs[0].shape)
    if config.get("axis") in (rank - 1, [rank - 1], (rank - 1,), [-1], (-1,)):
        config["axis"] = -1
    return config


def randomise(model: Any, seed: int = 0) -> list[Any]:
    """Random weights that keep activations in bounds; moving variances are positive."""
    rng = np.random.default_rng(seed)
    values = []
    for weight in model.weights:
        shape = tuple(weight.shape)
        if "variance" in weight.path or "gamma" in weight.path:
            value = rng.uniform(0.5, 1.5, shape)
        elif "kernel" in weight.path and len(shape) > 1:
            fan = np.prod(shape[:2] if "depthwise" in weight.path else shape[:-1])
            value = rng.standard_normal(shape, "float32") * np.float32(np.sqrt(1 / fan))
        elif weight.path.endswith("count"):
            value = np.zeros(shape)
        else:
            value = rng.normal(size=shape) * 0.1
        values.append(value.astype("float32", copy=False))
    model.set_weights(values)
    return values


def largest_difference(one: Any, other: Any, size: int = 2) -> float:
    """By how much the outputs for the same weights and input differ, beside the largest output."""
    assert [tuple(weight.shape) for weight in one.weights] == [tuple(weight.shape) for weight in other.weights]
    other.set_weights(randomise(one))
    rng = np.random.default_rng(1)
    inputs = [rng.normal(size=(size, *tensor.shape[1:])).astype("float32") for tensor in one.inputs]
    given = dict(zip(_input_names(one), inputs, strict=True))
    first, second = (
        np.concatenate([np.ravel(out) for out in _flat(model(_as_taken(model, given), training=False))])
        for model in (one, other)
    )
    return float(np.max(np.abs(first - second)) / max(np.max(np.abs(first)), 1e-9))


def _input_names(model: Any) -> list[str]:
    """The names of the inputs, in Keras's order: the keys by which a model takes them, else those of the layers."""
    struct = model._inputs_struct
    keys = {id(tensor): key for key, tensor in struct.items()} if isinstance(struct, dict) else {}
    return [keys.get(id(tensor), tensor._keras_history.operation.name) for tensor in model.inputs]


def _as_taken(model: Any, inputs: dict[str, Any]) -> Any:
    """The inputs in the structure that the model takes."""
    if len(inputs) == 1 and not isinstance(model._inputs_struct, dict):
        return next(iter(inputs.values()))
    given = {name: inputs[name] for name in _input_names(model)}
    return given if isinstance(model._inputs_struct, dict) else [*given.values()]


def _flat(outputs: Any) -> list[Any]:
    if isinstance(outputs, dict):
        return [np.asarray(value) for value in outputs.values()]
    return [np.asarray(value) for value in (outputs if isinstance(outputs, list | tuple) else [outputs])]
