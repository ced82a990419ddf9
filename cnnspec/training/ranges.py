"""The range of pixels along the chain: data, preprocessing, augmentation, the network, targets. Pure.

A range is known where the source or a layer tells it; else it is measured from the arrays (`measured_ranges`), and None
where neither is possible yet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from cnnspec.data.augmentations import Augmentation
from cnnspec.data.section import Data
from cnnspec.graph.graph import Graph
from cnnspec.language.entries import Path as Place
from cnnspec.language.entries import Problem
from cnnspec.layers.base import Layer
from cnnspec.layers.images import Colours
from cnnspec.training.losses import Loss

Range: TypeAlias = tuple[float, float]
Stage: TypeAlias = tuple[Layer, Place]

GIVEN: Mapping[str, Range] = {
    "sigmoid": (0, 1), "hard_sigmoid": (0, 1), "softmax": (0, 1), "sparsemax": (0, 1), "tanh": (-1, 1),
    "hard_tanh": (-1, 1), "softsign": (-1, 1), "relu": (0, float("inf")), "softplus": (0, float("inf")),
    "exponential": (0, float("inf")), "squareplus": (0, float("inf")), "relu6": (0, 6), "elu": (-1, float("inf")),
    "log_softmax": (float("-inf"), 0), "log_sigmoid": (float("-inf"), 0),
}  # fmt: skip
"""The least and the most that an activation gives, as far as it is bounded."""

_SHARES = ("dice", "tversky", "binary_crossentropy", "binary_focal_crossentropy")
_FROM_ZERO = ("poisson", "kl_divergence")
_SLACK = 0.01
_SMALL = 2.0
"""The width of a range that has been brought to a small scale."""


def source_range(data: Data) -> Range | None:
    """The range of pixels as the source gives them, where it is the same for all data of its kind."""
    return (0.0, data.source.white) if data.source.range_known else None


def entering(data: Data, graph: Graph, name: str, start: Range | None, index: int = 0) -> Range | None:
    """The range of the pixels of an input before entry `index` of its augmentation, from that of the data."""
    found = start
    augmenting = data.stages("augmentation", name, graph.inputs)[:index]
    for layer, _ in (*data.stages("preprocessing", name, graph.inputs), *augmenting):
        found = None if found is None else layer.value_range_behind(*found)
    return found


_SCALES: tuple[Range, ...] = (
    (0.0, 1.0), (-1.0, 1.0), (0.0, 255.0), (0.0, 1023.0), (0.0, 4095.0), (0.0, 16383.0), (0.0, 65535.0),
)  # fmt: skip


def canonical(low: float, high: float) -> Range:
    """The usual scale that measured values fill by more than half: 0…1, −1…1, 0…255, those of 10, 12, 14 and 16 bits;
    else the measured range itself."""
    for least, most in _SCALES:
        slack = _SLACK * (most - least)
        inside = least - slack <= low and high <= most + slack
        if inside and high > most / 2 and (least == 0 or low < least / 4):
            return least, most
    return low, high


class Measured(NamedTuple):
    """The ranges of the data, by input, and the lowest and highest value found."""

    ranges: Mapping[str, Range]
    found: Mapping[str, Range]


def augmentation_range_problems(data: Data, graph: Graph, starts: Mapping[str, Range] | None) -> Iterator[Problem]:
    """Entries of augmentation that look at the values of pixels, where their range is not known, or is another than is
    written. `starts` are the measured ranges of the data; None before it is loaded."""
    seen: set[Place] = set()
    for name in graph.inputs:
        start = starts.get(name) if starts is not None else source_range(data)
        if start is None:
            continue
        for index, (layer, place) in enumerate(data.stages("augmentation", name, graph.inputs)):
            if place in seen or "value_range" not in type(layer).model_fields:
                continue
            seen.add(place)
            here = entering(data, graph, name, start, index)
            written = layer.value_range if wrote(layer) else None  # type: ignore[attr-defined]
            if written is None and here is None:
                message = f"`{layer.entry}` must know which values pixels have, and the layers before it hide that"
                help = f"write `{layer.entry}: {{value_range: [lowest, highest]}}`"
                yield Problem("value-range", message, (*place, layer.entry), True, help)
            elif written is not None and here is not None and not _alike(written, here):
                message = f"`{layer.entry}` expects pixels of {_span(written)}, and they are {_span(here)} there"
                help = f"leave `value_range` out, or write `value_range: [{here[0]:g}, {here[1]:g}]`"
                yield Problem("value-range", message, (*place, layer.entry), True, help)


def wrote(layer: Layer) -> bool:
    """Whether a layer's range of pixels stands in the spec."""
    return "value_range" in layer.model_fields_set and getattr(layer, "value_range", None) is not None


def ranged(layer: Layer, here: Range | None) -> Layer:
    """The layer with the range of the pixels at its place, where it takes one and the spec leaves it out."""
    takes = isinstance(layer, Colours | Augmentation) and "value_range" in type(layer).model_fields
    if not takes or wrote(layer) or here is None:
        return layer
    return layer.model_copy(update={"value_range": here})


def _alike(written: Sequence[float], here: Range) -> bool:
    """Whether a range that is written may be that of the pixels: of the same scale, and holding them."""
    width, found = written[1] - written[0], here[1] - here[0]
    return (
        found <= 1.5 * width and width <= 8 * found and here[0] >= written[0] - width and here[1] <= written[1] + width
    )


def _span(span: Sequence[float]) -> str:
    return f"{span[0]:.4g} to {span[1]:.4g}"


class Outside(NamedTuple):
    """Why values cannot be learnt: two facts that do not fit, and what to write."""

    message: str
    help: str


def target_problem(activation: str, loss: Loss, span: Range, exact: bool) -> Outside | None:
    """Why targets of this range cannot be given by the last activation, or taken by the loss, if so. `exact` says that
    they were measured, and are not only bounded by it."""
    low, high = span
    least, most = GIVEN.get(activation, (float("-inf"), float("inf")))
    slack = _SLACK * max(1.0, min(high - low, most - least))
    if low < least - slack or high > most + slack:
        scaled = "scale the targets, such as by `rescaling: $(1/255)`, or leave the activation out"
        message = f"the targets are {_span(span)}, and `{activation}` gives {_bounds(least, most)}"
        return Outside(message, scaled)
    for part in loss.parts:
        if part.entry in _SHARES and (low < -slack or high > 1 + slack):
            message = f"`{part.entry}` takes targets of 0 to 1, and they are {_span(span)}"
            return Outside(message, "scale the targets, or write `loss: mean_squared_error`")
        if exact and part.entry in _FROM_ZERO and low < 0:
            message = f"`{part.entry}` takes targets from 0, and they are {_span(span)}"
            return Outside(message, "write `loss: mean_squared_error`")
        if exact and part.entry == "mean_squared_logarithmic_error" and low <= -1:
            message = f"`{part.entry}` takes targets above −1, and they are {_span(span)}"
            return Outside(message, "write `loss: mean_squared_error`")
    return None


def _bounds(least: float, most: float) -> str:
    if most == float("inf"):
        return f"nothing below {least:g}"
    return f"nothing above {most:g}" if least == float("-inf") else f"{least:g} to {most:g}"


def scaled_twice(graph: Graph, name: str, span: Range) -> tuple[str, str] | None:
    """The layer that scales the pixels of an input once more, where they are of a small scale when they enter; with
    what to say."""
    if span[1] - span[0] > _SMALL:
        return None
    for node in graph.nodes:
        if name in node.inputs and node.layer.entry == "rescaling" and abs(getattr(node.layer, "scale", 1.0)) <= 0.1:
            message = (
                f"pixels are {_span(span)} when they enter, and `{node.name}` of the network scales them once more"
            )
            return node.name, message
    return None
