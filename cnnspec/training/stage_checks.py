"""Which layers may stand in `preprocessing` and `augmentation`: nothing there learns, and nothing draws lots before
training. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cnnspec.data.augmentations import Augmentation
from cnnspec.data.section import Data
from cnnspec.graph.graph import Graph
from cnnspec.language.entries import Path as Place
from cnnspec.language.entries import Problem
from cnnspec.layers.base import Layer, Shape, ShapeError

Stage = tuple[Layer, Place]

_RANKS: tuple[Shape, ...] = ((8,), (8, 8), (8, 8, 8), (8, 8, 8, 8))
"""Shapes to try a layer on whose input is not known."""


def stage_problems(graph: Graph, data: Data) -> Iterator[Problem]:
    """Layers that learn or draw lots where they cannot, and layers that take images of another rank."""
    told: set[Place] = set()
    for name, wanted in graph.inputs.items():
        shape = data.source.shape_for(wanted)
        for key in ("preprocessing", "augmentation"):
            stages = data.stages(key, name, graph.inputs)
            for layer, place in stages:
                if place not in told and (found := _misplaced(layer, key, place)) is not None:
                    told.add(place)
                    yield found
        if shape is None and not told:
            yield from _ranks(graph, data, name)


def _misplaced(layer: Layer, key: str, place: Place) -> Problem | None:
    """Why a layer cannot stand in `preprocessing` or `augmentation` (`key`), if so."""
    if learns(layer):
        message = f"`{layer.entry}` has weights, and nothing learns in `{key}`"
        return Problem("stage-weights", message, (*place, layer.entry), True, "move it to `layers`")
    if layer.merges:
        message = f"`{layer.entry}` takes several tensors, and `{key}` has one"
        return Problem("stage-weights", message, (*place, layer.entry), True, "move it to `layers`")
    if key == "preprocessing" and is_random(layer):
        message = f"`{layer.entry}` changes nothing in `preprocessing`: it draws lots while training only"
        return Problem("stage-random", message, (*place, layer.entry), True, "move it to `augmentation`")
    return None


def is_random(layer: Layer) -> bool:
    """Whether a layer draws lots: it takes a seed to draw from."""
    return "seed" in type(layer).model_fields


def learns(layer: Layer) -> bool:
    """Whether a layer has weights, learned or counted, on any input that it takes."""
    if type(layer).weights is Layer.weights or isinstance(layer, Augmentation):
        return False
    tried = [found for shape in _RANKS if (found := _weights(layer, shape)) is not None]
    return any(tried) if tried else True


def _weights(layer: Layer, shape: Shape) -> bool | None:
    """Whether it has weights on an input of this shape; None where it takes none such."""
    try:
        layer.check_rank(shape)
        return bool(layer.weights(shape))
    except (ShapeError, IndexError, ValueError):
        return None


def _ranks(graph: Graph, data: Data, name: str) -> Iterator[Problem]:
    """Layers that do not take images of the rank of the input, where only the files tell the images' size.

    What leaves `preprocessing` is what the network takes; so does what enters `augmentation`.
    """
    wanted = graph.inputs[name]
    open_sizes: Shape = (*(None for _ in wanted[:-1]), wanted[-1])
    before = data.stages("preprocessing", name, graph.inputs)
    if all(_keeps_rank(layer) for layer, _ in before) and (found := _first_misfit(before, open_sizes)) is not None:
        yield found
        return
    if (found := _first_misfit(data.stages("augmentation", name, graph.inputs), wanted)) is not None:
        yield found


def _keeps_rank(layer: Layer) -> bool:
    for shape in _RANKS:
        try:
            if len(layer.output_shape(shape)) != len(shape):
                return False
        except ShapeError:
            continue
    return True


def _first_misfit(stages: Sequence[Stage], shape: Shape) -> Problem | None:
    for layer, place in stages:
        try:
            shape = layer.output_shape(shape)
        except ShapeError as error:
            if error.code not in ("shape-rank", "shape-channels"):
                return None
            return Problem(error.code, error.message, (*place, layer.entry), True, error.help)
    return None
