"""Do the images fit the inputs, behind preprocessing and augmentation? Pure."""

from __future__ import annotations

from cnnspec.data.section import Data
from cnnspec.graph.graph import Graph
from cnnspec.language.entries import Path as Place
from cnnspec.language.entries import Problem
from cnnspec.layers.base import Layer, Shape, ShapeError, show


def delivered_shapes(graph: Graph, data: Data, name: str, shape: Shape | None) -> tuple[Shape | None, Shape | None]:
    """The shapes of images of `shape` after preprocessing, as validation and test images reach the input `name`,
    and after augmentation, as training images do.

    Raises `Misfit` where a layer does not take its input.
    """
    for layer, place in data.stages("preprocessing", name, graph.inputs):
        shape = _behind(layer, shape, place)
    augmented = shape
    for layer, place in data.stages("augmentation", name, graph.inputs):
        augmented = _behind(layer, augmented, place)
    return shape, augmented


class Misfit(Exception):
    """A preprocessing or augmentation layer that does not take its input."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def _behind(layer: Layer, shape: Shape | None, place: Place) -> Shape | None:
    try:
        return None if shape is None else layer.output_shape(shape)
    except ShapeError as error:
        raise Misfit(Problem(error.code, error.message, (*place, layer.entry), True, error.help)) from None


def shape_problem(
    graph: Graph, data: Data, name: str, shape: Shape | None, taker: str = "the network"
) -> Problem | None:
    """Why images of `shape` cannot enter the network (as a message calls it) by the input `name`, if so."""
    wanted = graph.inputs[name]
    place = ("data", "source")
    takes = f"{taker} takes {show(wanted)}" if len(graph.inputs) == 1 else f"input `{name}` takes {show(wanted)}"
    try:
        plain, augmented = delivered_shapes(graph, data, name, shape)
    except Misfit as misfit:
        return misfit.problem
    if plain is not None and not fits(plain, wanted):
        if shape is not None and _channels_first(shape, wanted):
            message = f"the data gives {show(shape)}, channels first; {takes}"
            return Problem("data-shape", message, place, True, _CHANNELS_LAST)
        if shape is not None and (change := _last_change(data, name, graph, shape)) is not None:
            return _misshapen(change, shape, plain, wanted, takes)
        message = f"the data gives {show(plain)}, {takes}"
        return Problem("data-shape", message, place, True, _shape_help(plain, wanted))
    if augmented is not None and not fits(augmented, wanted):
        message = f"augmentation gives {show(augmented)}, {takes}"
        return Problem("data-shape", message, ("data", "augmentation"), True, "let the images leave it as they came")
    return None


def _last_change(data: Data, name: str, graph: Graph, shape: Shape) -> tuple[Layer, Place] | None:
    """The last preprocessing layer that gives images another shape."""
    found, before = None, shape
    for layer, place in data.stages("preprocessing", name, graph.inputs):
        after = layer.output_shape(before)
        if after != before:
            found, before = (layer, place), after
    return found


def _misshapen(change: tuple[Layer, Place], shape: Shape, plain: Shape, wanted: Shape, takes: str) -> Problem:
    layer, place = change
    message = f"the data gives {show(plain)} behind `{layer.entry}`, {takes}"
    help = f"take `{layer.entry}` out, or write `input: {_list(plain)}`"
    if not fits(shape, wanted):
        size = f"`{layer.entry}: {{height: {wanted[0]}, width: {wanted[1]}}}`, or" if layer.entry == "resizing" else ""
        help = f"write {size} `input: {_list(plain)}`".replace("  ", " ")
    return Problem("data-shape", message, (*place, layer.entry), True, help)


def fits(shape: Shape, wanted: Shape) -> bool:
    """Whether an image of `shape` can enter an input of shape `wanted` (None there is any size)."""
    sizes = zip(shape, wanted, strict=False)
    return len(shape) == len(wanted) and all(want is None or size is None or size == want for size, want in sizes)


def _shape_help(shape: Shape, wanted: Shape) -> str:
    if len(shape) == len(wanted) == 3 and shape[2] == wanted[2] and None not in wanted[:2]:
        resizing = f"resizing: {{height: {wanted[0]}, width: {wanted[1]}}}"
        return f"add `{resizing}` to `preprocessing`, or write `input: {_list(shape)}`"
    return f"write `input: {_list(shape)}`, or bring the images into shape in `preprocessing`"


_CHANNELS_LAST = (
    "channels come last here: save `np.transpose(x, (0, 2, 3, 1))`, or begin `preprocessing` with `permute: [2, 3, 1]`"
)


def _channels_first(shape: Shape, wanted: Shape) -> bool:
    """Whether images of `shape` look like those of other frameworks: channels, height, width."""
    if len(shape) != 3 or len(wanted) != 3 or None in shape:
        return False
    channels, height, width = (size or 0 for size in shape)
    return channels in (1, 3, 4) and min(height, width) > 4 and not (wanted[0] == channels and wanted[2] == width)


def _list(shape: Shape) -> str:
    return "[" + ", ".join("null" if size is None else str(size) for size in shape) + "]"
