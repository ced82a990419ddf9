"""What the first layers of a network do to pixels that are not what they expect. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from cnnspec.data.section import Data
from cnnspec.graph.graph import Graph
from cnnspec.layers.base import Layer
from cnnspec.layers.images import Colours
from cnnspec.training.ranges import (
    Pixels,
    Range,
    Stage,
    alike,
    entered,
    entering,
    is_right,
    met,
    preprocessing,
    show_span,
)

_SMALL = 10.0
"""The width of a range that has been brought to a small scale: 0 to 1, −1 to 1, or standardised."""
_NOTHING = 0.1
"""The width of a range in which all images look the same to a network."""


class Finding(NamedTuple):
    """What is wrong with a layer of the network (`node`), or of `preprocessing` (`stage`), and what to write."""

    message: str
    help: str
    node: str = ""
    stage: Stage | None = None


def scaled_twice(data: Data, graph: Graph, name: str, start: Range | None) -> Finding | None:
    """The layer that scales the pixels of an input once more, though they are of a small scale already."""
    pixels = entered(start)
    for layer, place in preprocessing(data, graph, name):
        behind = pixels.behind(layer)
        if _vanishes(layer, pixels, behind):
            message = f"pixels are {show_span(pixels.bounds)} already, and {_scales(f'this `{layer.entry}`', behind)}"
            return Finding(message, "take one of the two out", stage=(layer, place))
        pixels = behind
    for node, before in met(graph, name, pixels):
        behind = before.behind(node.layer)
        if _vanishes(node.layer, before, behind):
            scales = _scales(f"`{node.name}` of the network", behind)
            message = f"pixels are {show_span(pixels.bounds)} when they enter, and {scales}"
            *_, last = (None, *preprocessing(data, graph, name))
            other = f", or `{last[0].entry}` out of `preprocessing`" if last else ""
            return Finding(message, f"take `{node.name}` out of the network{other}", node.name, last)
    return None


def _scales(what: str, behind: Pixels) -> str:
    return f"{what} scales them once more, to {show_span(behind.bounds)}"


def _vanishes(layer: Layer, before: Pixels, behind: Pixels) -> bool:
    if layer.entry not in ("rescaling", "normalization") or not before.known:
        return False
    had, has = (bounds[1] - bounds[0] for bounds in (before.bounds, behind.bounds))
    return 0 < had <= _SMALL and has < min(_NOTHING, had / 5)


def colours_met(data: Data, graph: Graph, name: str, start: Range | None) -> Iterator[Finding]:
    """Layers of a network that look at colours, and expect other pixels than those of an input; nothing tells them
    their range there, as it does in `augmentation`."""
    for node, before in met(graph, name, entering(data, graph, name, start)):
        layer = node.layer
        here = before.scale or (before.bounds if before.known else None)
        if not isinstance(layer, Colours) or here is None:
            continue
        if not alike(layer.value_range, here):
            expected = show_span(layer.value_range)
            message = f"`{layer.entry}` expects pixels of {expected}, and they are {show_span(here)} there"
            help = f"write `value_range: [{here[0]:g}, {here[1]:g}]`, or move it to `augmentation`"
            yield Finding(message, help, node.name)
        elif not is_right(layer):
            right = "0 to 1 only" if layer.right_on == "unit" else "a range from 0 only"
            message = f"`{layer.entry}` is right on pixels of {right}, and they are {show_span(here)} there"
            yield Finding(message, "move it to `augmentation`, where they are brought there and back", node.name)
