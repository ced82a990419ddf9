"""What `preprocessing` and `augmentation` do to the range of pixels, and what cannot be meant. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cnnspec.data.adapting import is_adapting
from cnnspec.data.section import Data
from cnnspec.graph.graph import Graph
from cnnspec.language.entries import Path as Place
from cnnspec.language.entries import Problem
from cnnspec.layers.base import Layer
from cnnspec.layers.bounds import OPEN
from cnnspec.training.ranges import (
    Pixels,
    Range,
    Stage,
    alike,
    entered,
    looks_at_colours,
    preprocessing,
    ranged,
    show_span,
    source_range,
    wrote,
)
from cnnspec.training.stage_checks import is_random, learns

_ANY: Range = (0.0, 1.0)
"""Black and white where the data has not been looked at yet: what layers do to it can be told all the same."""


def stage_range_problems(data: Data, graph: Graph, starts: Mapping[str, Range] | None) -> Iterator[Problem]:
    """Entries that look at colours where black and white are not known, or are others than is written; that fill with
    what no pixel is; and that change the values of training images alone. `starts` are the ranges of the data; None
    before it is loaded."""
    told: set[Place] = set()
    for name in graph.inputs:
        start = starts.get(name) if starts is not None else source_range(data)
        pixels = entered(start) if start is not None else Pixels(OPEN, _ANY)
        augmenting = data.stages("augmentation", name, graph.inputs)
        for layer, place in (*preprocessing(data, graph, name), *augmenting):
            found = _colours(layer, pixels, start)
            if start is not None:
                found = found or _fill(layer, pixels.scale)
            if found is not None and place not in told:
                told.add(place)
                yield Problem("value-range", found[0], (*place, layer.entry), True, found[1])
            pixels = pixels.behind(layer)
        changing = _changing(augmenting)
        if changing is not None and changing[1] not in told:
            told.add(changing[1])
            yield _changed(*changing)


def _colours(layer: Layer, pixels: Pixels, start: Range | None) -> tuple[str, str] | None:
    """Why a layer that looks at colours cannot do so, and what to write."""
    if not looks_at_colours(layer):
        return None
    written = layer.value_range if wrote(layer) else None  # type: ignore[attr-defined]
    if written is None:
        if pixels.scale is not None:
            return None
        why, way = _hidden(pixels)
        message = f"`{layer.entry}` counts from black and white, and {why}"
        return message, f"{way}, or write `{layer.entry}: {{value_range: [lowest, highest]}}`"
    here = pixels.scale or (pixels.bounds if pixels.known else None)
    if start is None or here is None or alike(written, here):
        return None
    message = f"`{layer.entry}` expects pixels of {show_span(written)}, and they are {show_span(here)} there"
    usual = f"write `value_range: [{here[0]:g}, {here[1]:g}]`"
    return message, f"leave `value_range` out, or {usual}" if pixels.scale is not None else usual


def _hidden(pixels: Pixels) -> tuple[str, str]:
    """Why black and white are not known, and how they would be."""
    hider = pixels.hider
    if hider is None:
        span = f" ({show_span(pixels.bounds)})" if pixels.known else ""
        return f"standardised pixels{span} do not tell them", "save pixels of 0 to 255, and standardise in the network"
    if hider.entry == "normalization":
        why = "black is another number in each channel behind `normalization`"
        way = "write it with its numbers in" if is_adapting(hider) else "move `normalization` to"
        return why, f"{way} the layers of the network"
    return f"behind `{hider.entry}` they are not known", f"put `{hider.entry}` after it"


def _fill(layer: Layer, scale: Range | None) -> tuple[str, str] | None:
    """Why a layer cannot fill with the value that is written: no pixel has one like it."""
    value: Any = getattr(layer, "fill_value", None)
    if scale is None or value is None or "fill_value" not in layer.model_fields_set:
        return None
    width, bounds = scale[1] - scale[0], ranged(layer, scale).value_range_behind(*scale) or scale
    if bounds[0] >= scale[0] - width and bounds[1] <= scale[1] + width:
        return None
    message = f"`{layer.entry}` fills with {value:g}, and pixels are {show_span(scale)} there"
    return message, f"write a value between, such as `fill_value: {scale[0]:g}` for black"


def _changing(augmenting: tuple[Stage, ...]) -> tuple[Layer, Place] | None:
    """The entry of `augmentation` that changes values without chance, where the ones after it don't take that back."""
    found, scale = None, _ANY
    for layer, place in augmenting:
        if is_random(layer) or looks_at_colours(layer) or layer.merges or learns(layer):
            continue
        behind = layer.scale_behind(*scale)
        if behind is None:
            return layer, place
        if behind != scale:
            found, scale = (layer, place), behind
    return found if max(abs(a - b) for a, b in zip(scale, _ANY, strict=True)) > 1e-3 else None


def _changed(layer: Layer, place: Place) -> Problem:
    message = f"`{layer.entry}` in `augmentation` changes the values of training images, and of no others"
    help = "move it to `preprocessing`, or to the layers of the network"
    return Problem("value-range", message, (*place, layer.entry), True, help)
