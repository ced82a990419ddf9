"""Labels that augmentation changes together with the images: which ones, and what it cannot do to them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cnnspec.data.augmentations import Augmentation
from cnnspec.data.class_weights import by_output, class_problems, weights_of
from cnnspec.data.section import Data
from cnnspec.data.sources import Labels
from cnnspec.graph.graph import Graph
from cnnspec.language.entries import Path as Place
from cnnspec.language.entries import Problem
from cnnspec.layers.base import Layer, Shape, known, show
from cnnspec.training.outputs import copied
from cnnspec.training.ranges import Range
from cnnspec.training.section import Training
from cnnspec.training.stage_ranges import stage_range_problems

Stage = tuple[Layer, Place]


def follows(graph: Graph, data: Data, output: str) -> str | None:
    """The input whose images the labels of an output belong to; None where several may be meant."""
    if data.targets == "inputs":
        return copied(graph, output)
    images = [name for name, shape in graph.inputs.items() if len(shape) == 3]
    return images[0] if len(images) == 1 else None


def are_maps(labels: Labels | None) -> bool:
    """Whether labels have a height and a width: masks of class numbers, or images to learn."""
    return labels is not None and len(labels.shape) == (3 if labels.values else 2)


def changed_labels(graph: Graph, data: Data, labels: Mapping[str, Labels]) -> dict[str, str]:
    """The outputs whose labels are changed with the images, each with the input that it follows."""
    found = {output: follows(graph, data, output) for output in labels}
    mixed = data.mixing(maps=False) is not None
    return {
        output: name
        for output, name in found.items()
        if name is not None and (mixed or (_touching(graph, data, name) and are_maps(labels[output])))
    }


def _touching(graph: Graph, data: Data, name: str) -> list[Stage]:
    """The augmentation of an input that does not leave all pixels in their places."""
    return [stage for stage in data.stages("augmentation", name, graph.inputs) if stage[0].motion != "stay"]


def augmentation_problems(
    graph: Graph, data: Data, training: Training, labels: Mapping[str, Labels | None],
    starts: Mapping[str, Range] | None = None,
) -> Iterator[Problem]:  # fmt: skip
    """What augmentation cannot do: to boxes, to maps of another size, to labels of several images, to pixels of a range
    that is not known. `starts` are the ranges of the images, once they are loaded."""
    images = [name for name, shape in graph.inputs.items() if len(shape) == 3]
    stages = {name: data.stages("augmentation", name, graph.inputs) for name in graph.inputs}
    mixing = next((stage for chain in stages.values() for stage in chain if _mixes(stage[0])), None)
    if mixing is not None and len(graph.inputs) > 1:
        message = f"`{mixing[0].entry}` mixes the images of one input, and the network takes {len(graph.inputs)}"
        yield _problem("augmentation-labels", message, mixing, "take it out")
        return
    for output in graph.outputs:
        given, name = labels.get(output), follows(graph, data, output)
        if data.targets != "inputs" and _are_boxes(graph, data, training, output):
            chain = [stage for image in images for stage in stages[image] if stage[0].motion != "stay"]
            for layer, place in chain[:1]:
                verb = "mixes" if _mixes(layer) else "moves"
                message = (
                    f"`{layer.entry}` {verb} images, and the labels of `{output}` are boxes, which stay as they are"
                )
                help = "take it out; what changes colours only can stay, such as `random_brightness`"
                yield _problem("augmentation-labels", message, (layer, place), help)
            return
        if are_maps(given) and name is None and data.targets != "inputs":
            chain = [stage for image in images for stage in stages[image] if stage[0].motion != "stay"]
            for stage in chain[:1]:
                message = f"`{stage[0].entry}` moves one of {len(images)} images, and the labels of `{output}` are maps"
                yield _problem("augmentation-labels", message, stage, "take it out, or let the network take one image")
        elif are_maps(given) and name is not None and given is not None:
            image = data.source.shape_of(name, graph.inputs)
            yield from _map_problems(output, given, stages[name], image)
        yield from _mixtures(graph, data, training, output, given, stages)
    yield from stage_range_problems(data, graph, starts)


def left_alone(graph: Graph, data: Data, labels: Mapping[str, Labels]) -> Iterator[str]:
    """A word on values that may be places in images that are moved."""
    for output, given in labels.items():
        chain = [layer for name in graph.inputs for layer, _ in _touching(graph, data, name) if not _mixes(layer)]
        if chain and given.values and len(given.shape) == 1 and given.shape[0] not in (None, 1):
            told = (
                f"the labels of `{output}` are {given.shape[0]} values an image, which `{chain[0].entry}` leaves alone"
            )
            yield f"{told}: right for amounts, wrong for places in the image"


def _mixes(layer: Layer) -> bool:
    return isinstance(layer, Augmentation) and layer.mixes


def _problem(code: str, message: str, stage: Stage, help: str) -> Problem:
    return Problem(code, message, (*stage[1], stage[0].entry), True, help)


def _are_boxes(graph: Graph, data: Data, training: Training, output: str) -> bool:
    """Whether the source says so, or they are judged as such."""
    judged = any(metric.entry == "box_iou" for metric in training.metrics_of(output) or ())
    told = data.source.labels_of(output, graph.inputs)
    return judged or (told is not None and told.values and told.shape == (4,))


def _map_problems(output: str, labels: Labels, stages: tuple[Stage, ...], image: Shape | None) -> Iterator[Problem]:
    sizes = None if image is None else (known(labels.shape[:2]), known(image[:2]))
    for layer, place in stages:
        if layer.motion is None and not _mixes(layer):
            message = f"`{layer.entry}` cannot do to the labels of `{output}`, which are maps, what it does to images"
            yield _problem("augmentation-labels", message, (layer, place), "take it out")
        elif layer.motion == "move" and not layer.to_scale and sizes and None not in sizes and sizes[0] != sizes[1]:
            both = f"{show(sizes[0] or ())}, images {show(sizes[1] or ())}"
            message = f"`{layer.entry}` takes labels of the size of their images, but those of `{output}` are {both}"
            yield _problem("augmentation-labels", message, (layer, place), "take it out")


def _mixtures(
    graph: Graph, data: Data, training: Training, output: str, labels: Labels | None, stages: Mapping[str, Any]
) -> Iterator[Problem]:
    """Losses and metrics that take no mixtures of class numbers."""
    maps = len(graph.output_shapes[output]) == 3
    mixing, loss = data.mixing(maps), training.loss_of(output)
    if mixing is None or data.targets == "inputs" or (labels is not None and labels.values):
        return
    several = (output,) if isinstance(training.loss, dict) else ()
    if loss is not None and loss.sparse:
        plain = loss.entry.removeprefix("sparse_")
        place = ("training", "loss", *several, loss.entry)
        message = f"`{mixing.entry}` makes mixtures of labels, `{loss.entry}` takes class numbers"
        yield Problem(
            "augmentation-labels", message, place, True, f"write `loss: {plain}`" if plain != loss.entry else None
        )
    by_name = (output,) if isinstance(training.metrics, dict) else ()
    for index, metric in enumerate(training.metrics_of(output) or ()):
        if metric.labels == "numbers" and (loss is None or not loss.sparse):
            message = f"`{mixing.entry}` makes mixtures of labels, `{metric.entry}` takes class numbers"
            place = ("training", "metrics", *by_name, index, metric.entry)
            plain = metric.entry.removeprefix("sparse_")
            yield Problem(
                "augmentation-labels", message, place, True, f"write `{plain}`" if plain != metric.entry else None
            )


def weight_problems(
    graph: Graph, data: Data, labels: Mapping[str, Labels | None], names: tuple[str, ...] | None
) -> Iterator[Problem]:
    """Weights of classes or outputs that there are not, or of labels that are values. `names` are those of the
    classes: none where they have numbers alone, None where only the files tell."""
    if data.class_weights is None:
        return
    place: Place = ("data", "class_weights")
    named = by_output(data.class_weights)
    for output in graph.outputs:
        weights, given = weights_of(data.class_weights, output), labels.get(output)
        at = (*place, output) if named is not None else place
        if weights is None:
            continue
        if data.targets == "inputs" or (given is not None and given.values):
            what = "its own inputs" if data.targets == "inputs" else "values"
            message = f"output `{output}` learns {what}, which are of no class"
            yield Problem("class-weights", message, at, False, "take it out")
        elif not isinstance(weights, str):
            yield from class_problems(weights, given and given.classes, names, at)
