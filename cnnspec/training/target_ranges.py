"""Numbers to learn, held against what the network can give and what the loss can take. Pure."""

from __future__ import annotations

from typing import NamedTuple

from cnnspec.graph.graph import Graph, Node
from cnnspec.layers.bounds import OPEN, Bounds, hull
from cnnspec.training.losses import Loss
from cnnspec.training.ranges import show_span
from cnnspec.training.stage_checks import is_random

MEASURED, TOLD = 0.01, 0.001
"""How far beyond bounds values may lie, as a share of their width: measured ones, and those that a spec tells of."""


class Reach(NamedTuple):
    """What an output can give: bounds, and whose they are (`` `sigmoid` ``, or the network)."""

    bounds: Bounds
    whose: str = "the network"


class Outside(NamedTuple):
    """Why values cannot be learnt: two facts that do not fit, and what to write."""

    message: str
    help: str


def reach(graph: Graph, output: str) -> Reach:
    """What an output can give for any input: by its last activation, and the layers behind it."""
    found: dict[str, Bounds] = dict.fromkeys(graph.inputs, OPEN)
    for node in graph.nodes:
        found[node.name] = _behind(node, hull(*(found[name] for name in node.inputs)))
    last = graph.get(graph.outputs[output])
    bounds = found[graph.outputs[output]]
    while last is not None and found[last.inputs[0]] == bounds and _behind(last, OPEN) == OPEN:
        last = graph.get(last.inputs[0])
    if last is None or _behind(last, OPEN) != bounds:
        return Reach(bounds)
    return Reach(bounds, f"`{getattr(getattr(last.layer, 'activation', None), 'entry', last.layer.entry)}`")


def _behind(node: Node, bounds: Bounds) -> Bounds:
    """What a layer gives in prediction, where nothing draws lots."""
    if is_random(node.layer) and node.layer.motion is not None:
        return bounds
    return node.layer.value_range_behind(*bounds) or OPEN


def target_problem(reached: Reach, loss: Loss, span: Bounds, slack: float = TOLD) -> Outside | None:
    """Why targets of this range cannot be given by an output, or taken by its loss, if so."""
    if _beyond(span, reached.bounds, slack):
        message = f"the targets are {show_span(span)}, and {reached.whose} gives {_words(reached.bounds)}"
        return Outside(message, _way_out(reached, span))
    for part in loss.parts:
        if _beyond(span, part.takes, slack):
            message = f"`{part.entry}` takes targets {_taken(part.takes)}, and they are {show_span(span)}"
            return Outside(message, "scale the targets, or write `loss: mean_squared_error`")
    return None


def learnable(reached: Reach, loss: Loss) -> Bounds:
    """The targets that an output can give and its loss can take."""
    lows, highs = zip(reached.bounds, *(part.takes for part in loss.parts), strict=True)
    return max(lows), min(highs)


def _beyond(span: Bounds, bounds: Bounds, slack: float) -> bool:
    most = slack * max(1.0, min(span[1] - span[0], bounds[1] - bounds[0]))
    return span[0] < bounds[0] - most or span[1] > bounds[1] + most


def _way_out(reached: Reach, span: Bounds) -> str:
    """What to write: a scale, where the targets are of another one; else another end."""
    least, most = reached.bounds
    other = "end the network otherwise" if reached.whose == "the network" else "leave the activation out"
    if span[1] - span[0] <= 2 * (most - least):
        return f"{other}, or bring the targets {_into(reached.bounds)}"
    such = f", such as by `rescaling: $(1/{span[1]:g})`" if span[0] == 0 and most == 1 else ""
    return f"scale the targets{such}, or {other}"


def _words(bounds: Bounds) -> str:
    least, most = bounds
    if most == float("inf"):
        return f"nothing below {least:.4g}"
    return f"nothing above {most:.4g}" if least == float("-inf") else show_span(bounds)


def _into(bounds: Bounds) -> str:
    least, most = bounds
    if most == float("inf"):
        return f"to {least:.4g} and more"
    return f"to {most:.4g} and less" if least == float("-inf") else f"into {show_span(bounds)}"


def _taken(bounds: Bounds) -> str:
    return f"from {bounds[0]:g}" if bounds[1] == float("inf") else f"of {show_span(bounds)}"
