"""The range of pixels along the chain: data, preprocessing, augmentation, the network. Pure.

A range is known where the source or a layer tells it; else it is measured from the arrays (`measured_ranges`). Two
things are followed: the bounds of the values, and black and white, which are what colours are counted from. Noise
widens the bounds and leaves black and white; numbers for each channel by itself leave bounds, and no black.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeAlias

from cnnspec.data.augmentations import Augmentation
from cnnspec.data.section import Data
from cnnspec.graph.graph import Graph, Node
from cnnspec.language.entries import Path as Place
from cnnspec.layers.base import Layer
from cnnspec.layers.bounds import OPEN, Bounds, hull
from cnnspec.layers.images import Colours
from cnnspec.layers.preprocessing import Rescaling
from cnnspec.training.stage_checks import is_random

Range: TypeAlias = Bounds
Stage: TypeAlias = tuple[Layer, Place]

_SCALES: tuple[Range, ...] = (
    (0.0, 1.0), (-1.0, 1.0), (0.0, 255.0), (0.0, 1023.0), (0.0, 4095.0), (0.0, 16383.0), (0.0, 65535.0),
)  # fmt: skip
_SLACK = 0.01


class Pixels(NamedTuple):
    """What is known of the values at one place: their bounds, black and white (None where nothing tells them), and the
    layer behind which they are not known any more."""

    bounds: Bounds = OPEN
    scale: Range | None = None
    hider: Layer | None = None

    @property
    def known(self) -> bool:
        """Whether the values have bounds on both sides."""
        return self.bounds[1] - self.bounds[0] < float("inf")

    def behind(self, layer: Layer) -> Pixels:
        """The same behind a layer that gets its range from here."""
        told = ranged(layer, self.scale)
        bounds = told.value_range_behind(*self.bounds) or OPEN
        if self.scale is None:
            return Pixels(bounds, None, self.hider)
        scale = told.scale_behind(*self.scale)
        return Pixels(bounds, scale, layer if scale is None else None)


def source_range(data: Data) -> Range | None:
    """The range of pixels as the source gives them, where it is the same for all data of its kind."""
    return (0.0, data.source.white) if data.source.range_known else None


def canonical(low: float, high: float) -> Range:
    """The usual scale that measured values fill by more than half: 0…1, −1…1, 0…255, those of 10, 12, 14 and 16 bits;
    else the measured range itself."""
    for least, most in _SCALES:
        slack = _SLACK * (most - least)
        inside = least - slack <= low and high <= most + slack
        if inside and high > most / 2 and (least == 0 or low < least / 4):
            return least, most
    return low, high


def is_usual(span: Range) -> bool:
    """Whether a range is one that images are saved in, rather than one that was measured."""
    return span in _SCALES


def entered(span: Range | None) -> Pixels:
    """The values of the data. A measured range with numbers below 0 is that of standardised images: what is black there
    cannot be told."""
    if span is None:
        return Pixels()
    return Pixels(span, span if span[0] >= 0 or is_usual(span) else None)


def entering(data: Data, graph: Graph, name: str, start: Range | None, index: int = 0) -> Pixels:
    """The pixels of an input before entry `index` of its augmentation, from the range of the data."""
    augmenting = data.stages("augmentation", name, graph.inputs)[:index]
    return through(entered(start), (layer for layer, _ in (*preprocessing(data, graph, name), *augmenting)))


def through(pixels: Pixels, layers: Iterable[Layer]) -> Pixels:
    """The pixels behind layers."""
    for layer in layers:
        pixels = pixels.behind(layer)
    return pixels


def preprocessing(data: Data, graph: Graph, name: str) -> tuple[Stage, ...]:
    """The preprocessing of an input."""
    return data.stages("preprocessing", name, graph.inputs)


def met(graph: Graph, name: str, pixels: Pixels) -> Iterator[tuple[Node, Pixels]]:
    """The layers of a network that pixels of an input meet before the first layer that learns or activates, with the
    pixels before each; as they are in prediction, where nothing draws lots."""
    found = {name: pixels}
    for node in graph.nodes:
        if not all(each in found for each in node.inputs):
            continue
        before = _together([found[each] for each in node.inputs])
        yield node, before
        if node.layer.within or node.layer.motion is not None:
            found[node.name] = before if is_random(node.layer) else before.behind(node.layer)


def _together(met: list[Pixels]) -> Pixels:
    first, *others = met
    scale = first.scale if all(each.scale == first.scale for each in others) else None
    return Pixels(hull(*(each.bounds for each in met)), scale, first.hider)


def wrote(layer: Layer) -> bool:
    """Whether a layer's range of pixels stands in the spec."""
    return "value_range" in layer.model_fields_set and getattr(layer, "value_range", None) is not None


def looks_at_colours(layer: Layer) -> bool:
    """Whether a layer must know black and white."""
    return isinstance(layer, Colours | Augmentation) and "value_range" in type(layer).model_fields


def ranged(layer: Layer, scale: Range | None) -> Layer:
    """The layer with black and white of the pixels at its place, where it takes them and the spec leaves them out."""
    if not looks_at_colours(layer) or wrote(layer) or scale is None:
        return layer
    return layer.model_copy(update={"value_range": scale})


def fitted(layer: Layer, scale: Range | None) -> tuple[Layer, ...]:
    """The same; where Keras computes it right on pixels of 0 to 1 only, between two that bring them there and back."""
    told = ranged(layer, scale)
    if not isinstance(told, Colours) or is_right(told):
        return (told,)
    low, high = map(float, told.value_range)
    width = high - low
    return (
        Rescaling(scale=1 / width, offset=-low / width),
        told.model_copy(update={"value_range": (0.0, 1.0)}),
        Rescaling(scale=width, offset=low),
    )


def is_right(layer: Colours) -> bool:
    """Whether Keras computes what a layer means on pixels of its range."""
    low, high = layer.value_range
    return layer.right_on == "any" or (low == 0 and (layer.right_on == "zero" or high == 1))


def show_span(span: Range) -> str:
    """`0 to 255`."""
    return " to ".join(map(_shown, span))


def _shown(value: float) -> str:
    return f"{value:.0f}" if 1e4 <= abs(value) < 1e9 else f"{value:.4g}"


def alike(written: Range, here: Range) -> bool:
    """Whether a range that is written may be that of the pixels: of the same scale, and holding them."""
    width, found = written[1] - written[0], here[1] - here[0]
    return (
        found <= 1.5 * width and width <= 8 * found and here[0] >= written[0] - width and here[1] <= written[1] + width
    )
