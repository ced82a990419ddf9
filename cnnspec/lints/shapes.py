"""Lints of shapes that fit, and are hardly what was meant."""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.graph.graph import Node
from cnnspec.language.diagnostics import Fix, Related
from cnnspec.language.nodes import ScalarNode, SequenceNode
from cnnspec.layers.base import Shape, show
from cnnspec.layers.windowed import Windowed
from cnnspec.lints.groups import POINTWISE, REARRANGING
from cnnspec.lints.network import Doubt, Network, activation_of, doubt, is_pixel

_CHANNELS = (1, 3, 4)


def dense_on_map(network: Network) -> Iterator[Doubt]:
    """A `dense` on height×width×channels, which acts on each pixel by itself, where a vector was meant.

    It is told where only such layers follow up to a `flatten`, or up to an output that is smaller than the image.
    Before it belongs a `flatten` or a global pooling. Where every pixel is meant, a 1×1 `conv2d` does the same.
    """
    if not any(len(node.shape) == 3 for node in network.of("dense")):
        return
    firsts = _first_on_pixels(network)
    for node in network.of("dense"):
        if node.name not in firsts:
            continue
        ends, flattened = _followed(network, node)
        given = all(last.name in network.outputs and _wants_a_vector(network, node, last) for last in ends)
        if given or (flattened and not is_pixel(node.shape)):
            end = "before `flatten`" if flattened else f"the network gives {show(ends[0].shape)}"
            yield doubt(
                node,
                f"`dense` on {show(node.input_shapes[0])} acts on each pixel by itself: {end}",
                help="put `flatten` or `global_average_pooling2d` before it; for each pixel, write a 1×1 `conv2d`",
            )


def _first_on_pixels(network: Network) -> set[str]:
    """The `dense` layers on the pixels of an image, whose axes nothing has rearranged, less those behind another."""
    pixels = {name for name, shape in network.graph.inputs.items() if len(shape) == 3}
    behind: set[str] = set()
    firsts = set()
    for node in network.graph.nodes:
        entry, above = node.layer.entry, node.inputs[0]
        if above not in pixels or len(node.shape) != 3 or entry in REARRANGING:
            continue
        pixels.add(node.name)
        if entry == "dense" and above not in behind:
            firsts.add(node.name)
        if entry == "dense" or (above in behind and entry in POINTWISE):
            behind.add(node.name)
    return firsts


def _followed(network: Network, node: Node) -> tuple[list[Node], bool]:
    """The last of the layers after a node that act on each value or pixel; and whether a `flatten` comes then."""
    ends: list[Node] = []
    waiting, seen = [node], {node.name}
    while waiting:
        last = waiting.pop()
        after = network.users.get(last.name, [])
        if len(after) == 1 and after[0].layer.entry == "flatten" and last.name not in network.outputs:
            return [last], True
        going = after and last.name not in network.outputs and all(user.layer.entry in POINTWISE for user in after)
        if not going:
            ends.append(last)
        waiting += [user for user in after if going and user.name not in seen]
        seen.update(user.name for user in after)
    return ends, False


def _wants_a_vector(network: Network, node: Node, last: Node) -> bool:
    """Whether an output is no map for the image that comes in: smaller than it, or classes of single pixels."""
    if network.data is not None and network.data.targets == "inputs":
        return False
    image = next(iter(network.graph.inputs.values()))
    if len(network.graph.inputs) == 1 and len(image) == 3:
        sizes = zip(node.shape[:2], image[:2], strict=True)
        if any(size is not None and whole is not None and size < whole for size, whole in sizes):
            return True
    return node.field.size == (1, 1) and activation_of(last) == "softmax"


def add_broadcast(network: Network) -> Iterator[Doubt]:
    """An `add` of one pixel to a whole map, or of one channel to all.

    Shapes may differ where one has a 1, so that a branch that has lost its map (by a stride too many) goes through
    without a word. One pixel by a global pooling, a `reshape` or a `dense` is meant, and so is any in `multiply`.
    """
    for node in network.of("add", "subtract", "average", "maximum", "minimum"):
        if len(set(node.input_shapes)) == 1 or len({len(shape) for shape in node.input_shapes}) > 1:
            continue
        for name, shape in zip(node.inputs, node.input_shapes, strict=True):
            if name in network.graph.inputs or not _smaller(shape, node.shape):
                continue
            maker = _shrinks(network, network.graph[name], shape, node.shape)
            if maker is not None:
                what = "one channel" if shape[:-1] == node.shape[:-1] else "one pixel"
                yield doubt(
                    node,
                    f"`{node.layer.entry}` takes {what} to every place: {show(shape)} and {show(node.shape)}",
                    help="bring both to one shape; to weigh channels, write `multiply`",
                    related=[Related(f"{show(shape)} comes from here", maker.span)],
                )
                break


def _smaller(shape: Shape, whole: Shape) -> bool:
    return any(size == 1 and other is not None and other > 1 for size, other in zip(shape, whole, strict=True))


def _shrinks(network: Network, node: Node, shape: Shape, whole: Shape) -> Node | None:
    """The convolution or pooling that has left one pixel, or one channel, without looking at all of the map."""
    if shape[:-1] != whole[:-1]:
        maker = network.makers.get(node.name)
        return maker if maker is not None and _by_strides(maker) else None
    above = node if node.layer.entry not in POINTWISE else network.behind(node)
    return above if above is not None and getattr(above.layer, "filters", 0) == 1 else None


def _by_strides(node: Node) -> bool:
    """Whether a window layer's windows are smaller than their map: it is not a pooling of all of it."""
    layer = node.layer
    if not isinstance(layer, Windowed):
        return False
    sizes = zip(layer.per_axis(layer.window), node.input_shapes[0], strict=False)
    return any(pixels is not None and size < pixels for size, pixels in sizes)


def channels_first(network: Network) -> Iterator[Doubt]:
    """An input of channels×height×width, as PyTorch has it: `[3, 224, 224]`.

    cnnspec and Keras put the channels last. Written first, they are taken for 3 rows of 224 pixels with 224 channels.
    Images that are stored so want `permute: [2, 3, 1]` as their first layer, which is left alone.
    """
    for name, shape in network.graph.inputs.items():
        if len(shape) != 3 or not _swapped(shape):
            continue
        users = network.users.get(name, ())
        if users and all(user.layer.entry in ("permute", "reshape", "flatten") for user in users):
            continue
        spec = network.spec.inputs.get(name)
        if spec is None or spec.span.standard:
            continue
        first, height, width = shape
        mended = f"[{height}, {width}, {first}]"
        path = ("input",) if name == "input" and network.spec.document.get("input") is not None else ("inputs", name)
        found = network.written(
            f"{show(shape)} is {first} rows of {height} pixels with {width} channels each",
            *path,
            key=False,
            help=f"channels stand last: write `{mended}`",
        )
        yield found._replace(fix=Fix(found.span, mended)) if _plain(network, path) else found


def _swapped(shape: Shape) -> bool:
    first, height, width = shape
    if first not in _CHANNELS or height is None or width is None:
        return False
    return height == width >= 16 or (first == 3 and min(height, width) >= 100)


def _plain(network: Network, path: tuple[str, ...]) -> bool:
    """Whether the sizes are written as numbers in one list on one line."""
    node = network.spec.document.get(path[0])
    for step in path[1:]:
        node = node.get(step) if node is not None and not isinstance(node, ScalarNode | SequenceNode) else None
    return (
        isinstance(node, SequenceNode)
        and node.span.line == node.span.end_line
        and all(isinstance(item, ScalarNode) and isinstance(item.value, int) for item in node.items)
    )
