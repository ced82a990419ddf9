"""Keras model → network. Importing this module imports Keras."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import keras

from cnnspec.importing.arguments import entry_named, read_layer, setting, written
from cnnspec.importing.keras_graph import functional, is_graph, nodes
from cnnspec.importing.names import free_name
from cnnspec.importing.network import Gap, Network, Op
from cnnspec.language.entries import Invalid
from cnnspec.layers.base import Layer

_NO_NAME = re.compile(r"[^\w.-]+", re.ASCII)
_GIVEN = re.compile(r"input(_layer)?(_\d+)?|keras_tensor.*")
"""Names of inputs that Keras gives, not the user."""
_ASIDE = {"name", "dtype", "data_format", "trainable", "batch_input_shape", "input_shape", "autocast"}
"""What a configuration holds beside the arguments of the language."""


class Unreadable(Exception):
    """What is no model, or one that is no graph of layers; the message says what to do.

    With `foreign`, it is a model, but holds layers that nothing can be made of.
    """

    def __init__(self, message: str, *, foreign: bool = False) -> None:
        super().__init__(message)
        self.foreign = foreign


def read_model(model: Any, name: str | None = None) -> Network:
    """The network of a functional or sequential model. Raises `Unreadable` for any other."""
    if not is_graph(model):
        raise Unreadable(
            f"`{model.name}` is no functional or sequential model with known input shapes; "
            "a subclassed model has no graph that could be read"
        )
    reader = _Reader()
    struct = getattr(model, "_inputs_struct", None)
    keys = {id(tensor): str(key) for key, tensor in struct.items()} if isinstance(struct, dict) else {}
    tensors, notes = {}, []
    for tensor in model.inputs:
        operation = tensor._keras_history.operation
        label = keys.get(id(tensor), operation.name)
        label = reader.free("input" if len(model.inputs) == 1 and _GIVEN.fullmatch(label) else label)
        tensors[id(tensor)] = label
        reader.inputs[label] = tuple(tensor.shape[1:])
        if not str(tensor.dtype).startswith(("float", "bfloat")):
            notes.append(
                Gap(operation.name, "InputLayer", f"its dtype is {tensor.dtype}; inputs of cnnspec are float32")
            )
    results = [reader.passed_on(result) for result in reader.walk(model, tensors)]
    outputs = _outputs(model, results)
    named = len(results) > 1 or isinstance(getattr(model, "_outputs_struct", None), dict)
    return Network(
        name or model.name, reader.inputs, reader.ops, outputs, (*notes, *reader.notes), named, (*reader.remarks,)
    )


def _outputs(model: Any, results: Sequence[str]) -> dict[str, str]:
    """The tensors of the outputs: by the keys that the model returns, else by the names that Keras gives them."""
    struct = getattr(model, "_outputs_struct", None)
    if isinstance(struct, dict) and not any(isinstance(value, dict | list | tuple) for value in struct.values()):
        places = {id(tensor): result for tensor, result in zip(model.outputs, results, strict=True)}
        return {str(key): places[id(tensor)] for key, tensor in struct.items()}
    names = [*map(_safe, getattr(model, "output_names", None) or ())]
    if len({*names}) < len(results) or not _in_order_by(names, model):
        digits = len(str(len(results) - 1))
        names = [f"output_{at:0{digits}}" for at in range(len(results))]
    return dict(zip(names, results, strict=True))


def _in_order_by(names: Sequence[str], model: Any) -> bool:
    """Whether the weights stay in order where outputs have names, by which Keras sorts them."""
    if names == sorted(names):
        return True
    named = keras.Model(model.inputs, dict(zip(names, model.outputs, strict=True)))
    return [*map(id, named.weights)] == [*map(id, model.weights)]


def _safe(name: str) -> str:
    return _NO_NAME.sub("_", name).strip("_") or "layer"


class _Reader:
    """The ops so far, by the names of their layers."""

    def __init__(self) -> None:
        self.inputs: dict[str, Any] = {}
        self.ops: dict[str, Op] = {}
        self.taken: set[str] = set()
        self.first: dict[int, Op] = {}
        self.notes: list[Gap] = []
        self.remarks: list[str] = []

    def free(self, name: str) -> str:
        """A name like `name` that is not taken yet."""
        label = free_name(_safe(name), self.taken)
        self.taken.add(label)
        return label

    def put(
        self, name: str, entry: str, arguments: Mapping[str, Any], inputs: Sequence[str], shape: Any, **more: Any
    ) -> str:
        """Add an op; its name."""
        label = self.free(name)
        self.ops[label] = Op(label, entry, arguments, tuple(inputs), tuple(shape[1:]), **more)
        return label

    def passed_on(self, result: str) -> str:
        """An output; of an input that the model gives as it is, an identity on it."""
        if result not in self.inputs:
            return result
        return self.put(f"{result}_out", "identity", {}, (result,), (None, *self.inputs[result]))

    def walk(self, model: Any, tensors: dict[int, str]) -> list[str]:
        """Read a graph on the tensors that its inputs stand for; the names of its outputs."""
        outputs = list(model.outputs)
        for operation, node in nodes(outputs, tensors):
            inputs = [tensors[id(tensor)] for tensor in node.input_tensors]
            if _held_in_inference(operation, node):
                self.remarks.append(
                    f"`{operation.name}` was called with `training=False`. In training, the spec's batch normalization "
                    "and dropout will not stand still there; freeze normalizations to keep their statistics."
                )
            if is_graph(operation):
                self.notes += [Gap(operation.name, "Model", why) for why in _asks_more(operation, node)]
                inner = {id(tensor): name for tensor, name in zip(functional(operation).inputs, inputs, strict=True)}
                results = self.walk(functional(operation), inner)
            else:
                results = [self.read(operation, node, inputs)] * len(node.outputs)
            tensors.update((id(tensor), name) for tensor, name in zip(node.outputs, results, strict=True))
        return [tensors[id(tensor)] for tensor in outputs]

    def read(self, operation: Any, node: Any, inputs: list[str]) -> str:
        """Add one call of a layer or operation; the name of its result."""
        shape = node.outputs[0].shape
        first = self.first.get(id(operation))
        why = self.refusal(operation, node)
        try:
            if why is not None:
                raise _Refused(why)
            if isinstance(operation, Stranger):
                raise _Refused("cnnspec has no such layer")
            name = self.entry(operation, node, inputs, shape)
        except _Refused as refused:
            gap = Gap(operation.name, getattr(operation, "kind", type(operation).__name__), str(refused))
            return self.put(operation.name, "identity", {}, inputs[:1], shape, gap=gap)
        weighted = isinstance(operation, keras.layers.Layer) and bool(operation.weights)
        op = replace(self.ops[name], weighted=weighted)
        alike = first is not None and (op.entry, repr(op.arguments)) == (first.entry, repr(first.arguments))
        self.ops[name] = replace(op, share=first.name) if first is not None and alike else op
        self.first.setdefault(id(operation), op)
        return name

    def entry(self, operation: Any, node: Any, inputs: list[str], shape: Any) -> str:
        """Add the entry for one call of a layer or operation; its name. Raises `_Refused` where there is none."""
        if not isinstance(operation, keras.layers.Layer):
            return self.put(operation.name, f"ops.{type(operation).__name__}", _facts(operation, node), inputs, shape)
        special = _SPECIAL.get(type(operation).__name__)
        if special is not None and type(operation).__module__.startswith("keras."):
            return special(self, operation, inputs, shape)
        inputs = inputs[:1] if len(set(inputs)) == 1 and not _merges(operation) else inputs
        layer = _layer(operation, len(node.input_tensors[0].shape))
        arguments = written(layer)
        if len(inputs) > 1 and not layer.merges:
            raise _Refused(f"it is called on {len(inputs)} different tensors; `{layer.entry}` takes one")
        return self.put(operation.name, layer.entry, arguments, inputs, shape)

    def refusal(self, operation: Any, node: Any) -> str | None:
        """What no spec can say about this call."""
        if len(node.outputs) != 1:
            return f"it has {len(node.outputs)} outputs; layers of cnnspec have one"
        policy = getattr(operation, "dtype_policy", None)
        if isinstance(operation, keras.layers.Layer) and policy is not None and policy.name != "float32":
            return f"its dtype policy is {policy.name}; write `training: {{precision: …}}` for the whole network"
        if isinstance(operation, keras.layers.Layer):
            return next(_asks_more(operation, node), None)
        return None


def _asks_more(operation: Any, node: Any) -> Iterator[str]:
    """What the call of a layer or model says beside the tensors that it takes."""
    expected = inspect.signature(operation.call).parameters
    usual = {name: parameter.default for name, parameter in expected.items()}
    try:
        bound = inspect.signature(operation.call).bind_partial(*node.arguments.args, **node.arguments.kwargs)
        given = bound.arguments
    except TypeError:
        given = {next(iter(expected), "inputs"): node.arguments.args, **node.arguments.kwargs}
    more = given.pop("kwargs", {}) if usual.get("kwargs") is inspect.Parameter.empty else {}
    for place, (name, value) in enumerate({**given, **more}.items()):
        if name == "training":
            if value and not usual.get(name):
                yield "it is called with `training=True`"
        elif _holds_tensor(value):
            if name.endswith("mask") or name == "initial_state":
                yield f"it is called with `{name}`, which no layer of cnnspec takes"
            elif not all(isinstance(each, keras.KerasTensor) for each in keras.tree.flatten(value)):
                yield f"it is called on constants beside tensors (`{name}`); layers of cnnspec take tensors alone"
        elif any(each is not None for each in keras.tree.flatten(value)) and (
            place == 0 or not _is(value, usual.get(name))
        ):
            shown = f"`{name}={value!r}`" if isinstance(value, bool | int | float | str) else f"`{name}`"
            yield f"it is called with {shown}, which no layer of cnnspec takes"


def _held_in_inference(operation: Any, node: Any) -> bool:
    """Whether a layer or model that would act otherwise in training is called with `training=False`."""
    if node.arguments.kwargs.get("training") is not False:
        return False
    inside = operation._flatten_layers() if isinstance(operation, keras.layers.Layer) else ()
    return any(
        isinstance(layer, keras.layers.Dropout) or (layer.trainable and layer.non_trainable_variables)
        for layer in inside
        if not is_graph(layer)
    )


def _is(value: Any, default: Any) -> bool:
    return type(value) is type(default) and bool(value == default)


class _Refused(Exception):
    """Why a layer has no word in the language."""


def _layer(operation: Any, rank: int) -> Layer:
    """The entry of a Keras layer. Raises `_Refused` with what it lacks."""
    kind = type(operation)
    cls = entry_named(kind.__name__) if kind.__module__.startswith("keras.") else None
    if cls is None or not issubclass(cls, Layer):
        raise _Refused("cnnspec has no such layer" if kind.__module__.startswith("keras.") else "it is a custom layer")
    try:
        config = operation.get_config()
    except NotImplementedError:
        raise _Refused("it does not say how it is configured (no `get_config`)") from None
    config.pop("trainable", None)  # `training.freeze` says it for all layers together
    if config.get("data_format") == "channels_first":
        raise _Refused("`data_format` is `channels_first`; channels come last in cnnspec")
    lacking = [f"`{name}` is {value!r}" for name, value in _more(operation, config, cls)]
    if lacking:
        raise _Refused(f"{', '.join(lacking)}, which `{cls.entry}` does not take")
    try:
        return read_layer(cls, config, rank)
    except Invalid as invalid:
        raise _Refused("; ".join(problem.message for problem in invalid.problems)) from None


def _more(operation: Any, config: Mapping[str, Any], cls: type[Layer]) -> Iterator[tuple[str, Any]]:
    """The arguments that the language lacks and that are not at their defaults."""
    defaults = inspect.signature(type(operation).__init__).parameters
    for name, value in config.items():
        if name in cls.model_fields or name in _ASIDE or name not in defaults:
            continue
        default = defaults[name].default
        try:
            short = setting(value) if isinstance(value, dict) and "class_name" in value else value
        except Invalid:
            short = value
        if short != default and (not isinstance(short, tuple) or set(short) != {default}):
            yield name, short


def _facts(operation: Any, node: Any) -> dict[str, Any]:
    """The attributes of an operation and the plain values it is called with.

    `tensors` names its other arguments, `odd` the attributes that are not at their defaults.
    """
    facts = {name: value for name, value in vars(operation).items() if not name.startswith("_") and name != "name"}
    bound = inspect.signature(operation.call).bind_partial(*node.arguments.args, **node.arguments.kwargs)
    plain = {name: value for name, value in bound.arguments.items() if not _holds_tensor(value)}
    defaults = {name: each.default for name, each in inspect.signature(type(operation).__init__).parameters.items()}
    odd = tuple(name for name, value in facts.items() if name in defaults and not _is(value, defaults[name]))
    return {**facts, **plain, "tensors": tuple(name for name in bound.arguments if name not in plain), "odd": odd}


def _holds_tensor(value: Any) -> bool:
    return any(isinstance(each, keras.KerasTensor) for each in keras.tree.flatten(value))


def _merges(operation: Any) -> bool:
    cls = entry_named(type(operation).__name__)
    return bool(getattr(cls, "merges", False))


def _layer_scale(reader: _Reader, layer: Any, inputs: list[str], shape: Any) -> str:
    arguments = {"equation": "...c,c->...c", "kernel_initializer": {"constant": layer.init_values}}
    return reader.put(layer.name, "einsum_dense", arguments, inputs, shape)


def _scaled_sum(reader: _Reader, layer: Any, inputs: list[str], shape: Any) -> str:
    scaled = reader.put(f"{layer.name}_scaled", "rescaling", {"scale": layer.scale}, inputs[1:], shape)
    return reader.put(layer.name, "add", {}, [inputs[0], scaled], shape)


def _einsum(reader: _Reader, layer: Any, inputs: list[str], shape: Any) -> str:
    config = {**layer.get_config(), "output_sizes": tuple(layer.get_config()["output_shape"])}
    equation = config["equation"]
    before, kernel, after = re.split(",|->", equation)
    if before == after and kernel == before[-1:]:
        config |= {"equation": f"...{kernel},{kernel}->...{kernel}", "output_sizes": None}
    cls = entry_named("EinsumDense")
    assert cls is not None
    assert issubclass(cls, Layer)
    try:
        return reader.put(layer.name, cls.entry, written(read_layer(cls, config, len(shape))), inputs, shape)
    except Invalid as invalid:
        raise _Refused("; ".join(problem.message for problem in invalid.problems)) from None


def _identity(reader: _Reader, layer: Any, inputs: list[str], shape: Any) -> str:
    watched = layer.activity_regularizer
    arguments = {} if watched is None else {"activity_regularizer": setting(keras.regularizers.serialize(watched))}
    return reader.put(layer.name, "identity", arguments, inputs, shape)


_SPECIAL: dict[str, Callable[[_Reader, Any, list[str], Any], str]] = {
    "LayerScale": _layer_scale, "CustomScaleLayer": _scaled_sum, "EinsumDense": _einsum,
    "Identity": _identity,
}  # fmt: skip


class Stranger(keras.layers.Layer):  # type: ignore[misc]
    """Stands for a layer of a file whose class is not known here."""

    def __init__(self, kind: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kind = kind

    def call(self, inputs: Any, *others: Any, **more: Any) -> Any:
        """Pass the first input on."""
        return inputs[0] if isinstance(inputs, list | tuple) else inputs
