"""A network that is ready to tell of files: from a run, or from a `.keras` file. Imports Keras."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from cnnspec.data.columns import Array
from cnnspec.data.preprocess import chain
from cnnspec.graph.graph import Graph
from cnnspec.graph.replay import replayed
from cnnspec.importing.keras_files import from_file
from cnnspec.importing.keras_graph import functional
from cnnspec.importing.keras_model import Unreadable, read_model
from cnnspec.judging.entering import Entrance, behind, entrances
from cnnspec.judging.heads import Head, head, is_picture, judged_alone, recorded
from cnnspec.judging.network import filled, restored
from cnnspec.judging.pictures import Span
from cnnspec.judging.runs import Kept, RunError
from cnnspec.layers.base import Shape, ShapeError
from cnnspec.training.objective import RANGES
from cnnspec.training.prepare import objectives
from cnnspec.training.target import HALF

_PROBE = 8
_BATCH = 32


@dataclass(frozen=True)
class Served:
    """A network with its preprocessing; `spans` are black and white in what it gives as images."""

    entrances: Mapping[str, Entrance]
    heads: Mapping[str, Head]
    model: Any
    spans: Mapping[str, Span]
    batch_size: int
    graph: Graph | None = None

    def takes(self, shapes: Mapping[str, Shape]) -> bool:
        """Whether the network takes items of these shapes, where it takes any size: all tensors in it must fit."""
        if self.graph is None or not any(None in shape for shape in self.graph.inputs.values()):
            return True
        try:
            entering = {name: behind(shape, self.entrances[name].layers) for name, shape in shapes.items()}
        except ShapeError:
            return False
        return replayed(self.graph.nodes, entering) is not None

    def __call__(self, x: Mapping[str, Array]) -> dict[str, Array]:
        """What the network gives for a batch, by output."""
        outputs = self.model.predict_on_batch(dict(x))
        if isinstance(outputs, dict):
            return {name: np.asarray(outputs[name]) for name in self.heads}
        listed = outputs if isinstance(outputs, list | tuple) else [outputs]
        return {name: np.asarray(each) for name, each in zip(self.heads, listed, strict=True)}


def of_run(kept: Kept) -> Served:
    """The network of a run. Raises `WeightsError` where its weights do not read, `DataError` where no loss follows."""
    entering = entrances(kept.plan, kept.ranges)
    network = restored(kept)
    chains = {
        name: chain(entrance.layers, entrance.shape, f"preprocessing_{at}")
        for at, (name, entrance) in enumerate(entering.items())
        if entrance.layers
    }
    model = _ready(_Chained(network, chains, _alone), entering)
    heads = _heads(kept)
    spans = {name: _span(each, entering, chains, kept) for name, each in heads.items() if each.kind == "images"}
    return Served(entering, heads, model, spans, kept.plan.training.batch_size, kept.plan.graph)


def _heads(kept: Kept) -> dict[str, Head]:
    plan = kept.plan
    found = recorded(plan, kept.environment)
    targets = {output: found.get(output) or judged_alone(plan, output) for output in plan.graph.outputs}
    return {name: head(aim, plan, kept.thresholds) for name, aim in objectives(plan, targets).items()}


def _span(head: Head, entering: Mapping[str, Entrance], chains: Mapping[str, Any], kept: Kept) -> Span:
    """Black and white in the images that an output gives: those of the images that it learnt to give. Of its own
    inputs, what preprocessing makes of a black and a white one."""
    learnt = kept.plan.data.source.label_range if kept.plan.data.targets != "inputs" else None
    if learnt is not None:
        return np.array(learnt[0]), np.array(learnt[1])
    if kept.plan.data.targets != "inputs" and (span := kept.target_ranges.get(head.output)) is not None:
        return np.array(span[0]), np.array(span[1])
    if kept.plan.data.targets != "inputs" and head.activation in RANGES:
        low, high = RANGES[head.activation]
        return np.array(low), np.array(high)
    entrance = entering.get(head.output, next(iter(entering.values())))
    black, white = _ends(entrance)
    if entrance.name in chains and len(entrance.shape) == 3:
        shape = tuple(size or _PROBE for size in entrance.shape)
        probe = np.stack([np.full(shape, black), np.full(shape, white)]).astype(np.float32)
        seen = keras.ops.convert_to_numpy(chains[entrance.name](probe, training=False))
        if seen.ndim == 4 and seen.shape[-1] == head.shape[-1]:
            black, white = seen.mean(axis=(1, 2))
    return black, white


def _ends(entrance: Entrance) -> tuple[Array, Array]:
    """Black and white at an input, before preprocessing."""
    low, high = entrance.range or (0.0, entrance.white)
    return np.array(min(low, 0.0)), np.array(high if low < 0 else entrance.white)


def foreign(path: Path) -> Served:
    """The network in a `.keras` file, if all of its layers have a word in the language. Raises `RunError`.

    Its layers are made in Keras's safe mode, its weights are read as arrays, and what else is in it stays there.
    """
    try:
        model = from_file(path)
        network = read_model(model)
    except Unreadable as error:
        raise RunError(str(error)) from None
    strange = [str(gap) for gap in network.gaps]
    if strange:
        raise RunError("\n  ".join([f"{path} holds layers that cnnspec does not know:", *strange[:8]]))
    filled(model, path)
    entering = {name: Entrance(name, tuple(shape)) for name, shape in network.inputs.items()}
    heads = {name: _foreign_head(name, tensor) for name, tensor in zip(network.outputs, _in_order(model), strict=True)}
    spans = {}
    for name, each in heads.items():
        black, white = RANGES.get(each.activation, (0.0, 255.0))
        spans[name] = np.array(black), np.array(white)

    def packed(x: Mapping[str, Any]) -> Any:
        return keras.tree.pack_sequence_as(functional(model).input, [x[name] for name in entering])

    return Served(entering, heads, _ready(_Chained(model, {}, packed), entering), spans, _BATCH)


class _Chained(keras.Model):  # type: ignore[misc]
    """A network with each input behind its preprocessing; `enter` gives inputs by name the form that it takes."""

    def __init__(self, network: Any, chains: Mapping[str, Any], enter: Callable[[Mapping[str, Any]], Any]) -> None:
        super().__init__(name="served")
        self.network, self.chains, self.enter = network, dict(chains), enter

    def call(self, x: Mapping[str, Any]) -> Any:
        behind = {
            name: self.chains[name](each, training=False) if name in self.chains else each for name, each in x.items()
        }
        return self.network(self.enter(behind), training=False)


def _in_order(model: Any) -> list[Any]:
    """The outputs of a model, in the order of their names."""
    struct = functional(model).output
    return list(struct.values()) if isinstance(struct, dict) else list(model.outputs)


def _foreign_head(name: str, tensor: Any) -> Head:
    """What an output of a model without a spec tells, by its shape and its last activation."""
    shape = tuple(tensor.shape[1:])
    activation = getattr(getattr(tensor._keras_history.operation, "activation", None), "__name__", "")
    activation = activation or type(tensor._keras_history.operation).__name__.lower()
    units = shape[-1] if shape else None
    if activation == "softmax" and units:
        kind = "classes" if len(shape) == 1 else "masks"
        return Head(name, kind, shape, classes=tuple(range(units)), activation=activation)  # type: ignore[arg-type]
    if activation == "sigmoid" and len(shape) == 1 and units:
        if units == 1:
            return Head(name, "classes", shape, classes=(0, 1), binary=True, activation=activation)
        named = {"classes": tuple(range(units)), "thresholds": (HALF,) * units}
        return Head(name, "tags", shape, activation=activation, **named)
    return Head(name, "images" if is_picture(shape) else "values", shape, activation=activation)


def _ready(model: Any, entering: Mapping[str, Entrance]) -> Any:
    """The model set up to predict: where images may have any size, without compiling for each one."""
    if any(None in each.shape for each in entering.values()):
        model.compile(run_eagerly=True)
    return model


def _alone(named: Mapping[str, Any]) -> Any:
    return next(iter(named.values())) if len(named) == 1 else dict(named)
