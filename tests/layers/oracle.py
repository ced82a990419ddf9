"""The oracle: one row, our rule on one side and real Keras on the other."""

from collections.abc import Sequence
from math import prod
from typing import Any

import keras

from cnnspec.emit.keras import apply, resolve
from cnnspec.language.entries import Invalid, read_entry
from cnnspec.layers import LAYERS
from cnnspec.layers.base import Layer, Shape, ShapeError

from .deliberate import STRICTER

Facts = tuple[Shape, list[tuple[str, tuple[int, ...]]], int, int]
"""Output shape, names and shapes of the weights in order, parameters, trainable parameters."""


def difference(name: str, arguments: dict[str, Any], *shapes: Shape) -> str | None:
    """What our rule and Keras disagree about on one row; None where they agree, or disagree on purpose."""
    try:
        layer = read_entry({name: arguments}, LAYERS)
        assert isinstance(layer, Layer)
    except Invalid as invalid:
        return _refused(name, invalid.problems[0].code, _raw(name, arguments, shapes))
    built = _built(layer, shapes)
    try:
        ours = _facts(layer, shapes)
    except ShapeError as error:
        return _refused(name, error.code, built)
    if isinstance(built, Exception):
        return f"we accept with {ours}, Keras refuses: {built}"
    return None if ours == built else f"ours {ours}, Keras {built}"


def _refused(name: str, code: str, built: Facts | Exception) -> str | None:
    if isinstance(built, Exception) or any(code == known.code and name in known.entries for known in STRICTER):
        return None
    return f"we refuse with {code}, Keras accepts with {built}"


def _facts(layer: Layer, shapes: Sequence[Shape]) -> Facts:
    shape, weights = layer.output_shape(*shapes), layer.weights(*shapes)
    layer.formula(*shapes), layer.step(*shapes), layer.multiply_adds(*shapes)
    total = sum(weight.size for weight in weights)
    trainable = sum(weight.size for weight in weights if weight.trainable)
    return shape, [(weight.name.rpartition("/")[2], weight.shape) for weight in weights], total, trainable


def _built(layer: Layer, shapes: Sequence[Shape]) -> Facts | Exception:
    try:
        inputs = [keras.Input(shape) for shape in shapes]
        return _measured(inputs, apply(layer.calls(*shapes), inputs, "x"))
    except ShapeError:
        raise
    except Exception as error:
        return error


def _raw(name: str, arguments: dict[str, Any], shapes: Sequence[Shape]) -> Facts | Exception:
    """Keras with the arguments as they stand, for a layer that we do not even read."""
    try:
        inputs = [keras.Input(shape) for shape in shapes]
        made = resolve(LAYERS[name].keras)(**arguments)
        taken = inputs * 2 if name == "multi_head_attention" else [inputs if LAYERS[name].merges else inputs[0]]
        return _measured(inputs, made(*taken))
    except Exception as error:
        return error


def _measured(inputs: list[Any], output: Any) -> Facts:
    model = keras.Model(inputs, output)
    weights = [(weight.name, tuple(weight.shape)) for weight in model.weights if "seed_generator" not in weight.path]
    trainable = sum(prod(weight.shape) for weight in model.trainable_weights)
    return tuple(output.shape[1:]), weights, model.count_params(), trainable
