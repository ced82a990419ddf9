"""Lints of convolutions and poolings: windows that see nothing new, and pixels that none of them sees."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import NamedTuple

from cnnspec.graph.graph import Node
from cnnspec.language.diagnostics import Related
from cnnspec.layers.base import Shape, show
from cnnspec.layers.windowed import Windowed
from cnnspec.lints.groups import CONVOLUTIONS, POOLINGS, TRANSPOSED
from cnnspec.lints.network import Doubt, Network, doubt, is_pixel

_LARGE = 50_000_000


def pooled_away(network: Network) -> Iterator[Doubt]:
    """A window over a map of one pixel: poolings and strides have taken the map away before it.

    Of a 3×3 kernel with `padding: same` only the middle ever meets a value there, and a pooling gives back what it
    gets. Mostly the network was made for larger images: leave out a pooling or a stride further up.
    """
    told = set()
    for node in network.of(*CONVOLUTIONS, *POOLINGS):
        if not is_pixel(node.input_shapes[0]) or not is_pixel(node.shape) or max(_window(node)) == 1:
            continue
        maker = network.makers.get(node.inputs[0])
        if maker is None or maker.name in told or maker.layer.entry not in (*CONVOLUTIONS, *POOLINGS):
            continue
        told.add(maker.name)
        window = _window(node)
        what = "pooling" if node.layer.entry in POOLINGS else "kernel"
        size = "×".join(map(str, window))
        yield doubt(
            node,
            f"a {what} of {size} on a map of {show(node.input_shapes[0])}",
            "pool_size" if what == "pooling" else "kernel_size",
            help="leave out a pooling or a stride further up, or start with larger images",
            related=[Related(f"{show(maker.shape)} comes from here: {maker.formula}", maker.span)],
        )


def _window(node: Node) -> tuple[int, ...]:
    layer = node.layer
    assert isinstance(layer, Windowed)
    return layer.per_axis(layer.window)


def stride_skips(network: Network) -> Iterator[Doubt]:
    """A stride larger than its window: the pixels between two windows are never looked at.

    A 1×1 kernel is left alone: with a stride it is the usual projection.
    """
    for node in network.of(*CONVOLUTIONS, *POOLINGS):
        layer = node.layer
        assert isinstance(layer, Windowed)
        strides = layer.per_axis("strides")
        if max(strides) == 1:
            continue
        for size, stride, pixels in zip(_window(node), strides, node.input_shapes[0], strict=False):
            if 1 < size < stride and (pixels is None or pixels > stride):
                message = f"a stride of {stride} skips pixels: the window is {size} wide"
                help = f"write `strides: {size}` or less, or a window of {stride}"
                yield doubt(node, message, "strides", help=help)
                break


def checkerboard(network: Network) -> Iterator[Doubt]:
    """A transposed convolution whose kernel its stride does not divide: its pixels are made of unlike many windows.

    A kernel smaller than its stride leaves pixels that no window reaches, which hold the bias alone. The uneven overlap
    shows as a checkerboard. Source: A. Odena, V. Dumoulin and C. Olah, Deconvolution and Checkerboard Artifacts, 2016.
    """
    for node in network.of(*TRANSPOSED):
        layer = node.layer
        assert isinstance(layer, Windowed)
        axes = list(zip(_window(node), layer.per_axis("strides"), node.input_shapes[0], strict=False))
        uneven = [(size, stride) for size, stride, pixels in axes if size % stride and pixels != 1]
        if not uneven or max(layer.per_axis("dilation_rate")) > 1:
            continue
        size, stride = uneven[0]
        if size < stride:
            message = f"a kernel of {size} leaves pixels empty: the stride of {stride} is larger"
        else:
            message = (
                f"a kernel of {size} overlaps unevenly (checkerboard): it does not divide by the stride of {stride}"
            )
        wanted = [-(-size // stride) * stride for size, stride, _ in axes]
        yield doubt(node, message, "kernel_size", help=_divisible(node, wanted))


def _divisible(node: Node, wanted: Sequence[int]) -> str:
    """How to write a kernel of these sizes so that the output keeps its shape, if it can."""
    written = str(wanted[0]) if len({*wanted}) == 1 else str([*wanted])
    kept = {"kernel_size": tuple(wanted)}
    for changes, words in ((kept, ""), ({**kept, "output_padding": None}, " and leave `output_padding` out")):
        layer = node.layer.model_copy(update=changes)
        if layer.output_shape(*node.input_shapes) == node.shape:
            return f"write `kernel_size: {written}`{words}"
    return f"write `kernel_size: {written}`, or an `up_sampling` layer and a convolution without stride"


def dilation_unused(network: Network) -> Iterator[Doubt]:
    """A dilation of a 1×1 kernel, which has no gaps to widen."""
    for node in network.of(*CONVOLUTIONS):
        layer = node.layer
        assert isinstance(layer, Windowed)
        rates = layer.per_axis("dilation_rate")
        wide = [size for size, rate in zip(_window(node), rates, strict=True) if rate > 1]
        if wide and max(wide) == 1:
            message = "the dilation does nothing: the kernel is 1 wide"
            yield doubt(
                node, message, "dilation_rate", help="write a larger `kernel_size`, or leave `dilation_rate` out"
            )


def dense_large(network: Network) -> Iterator[Doubt]:
    """More than 50 million weights between a flattened map and a `dense`, where the map is still 14 or more on a side.

    A pooling before `flatten` quarters them; `global_average_pooling2d` in its place leaves one value a channel.
    """
    for node in network.of("dense"):
        flat = network.behind(node)
        if flat is None or flat.layer.entry != "flatten" or node.parameters <= _LARGE:
            continue
        shape = flat.input_shapes[0]
        if len(shape) == 3 and min(_known(shape[:2])) >= 14:
            message = f"{node.parameters:,} weights: all of {show(shape)} is connected to {node.shape[-1]} units"
            help = "put a pooling before `flatten`, or `global_average_pooling2d` in its place"
            related = [Related(f"{prod(_known(shape)):,} values come from here", flat.span)]
            yield doubt(node, message, help=help, related=related)


def _known(shape: Shape) -> list[int]:
    return [size or 0 for size in shape]


def size_lost(network: Network) -> Iterator[Doubt]:
    """A network that goes down and up again, but does not come back to the size that came in.

    ⌊n/2⌋ · 2 is less than n where n is odd (a pooling then drops the last row), and ⌈n/2⌉ · 2 is more. Where a mask or
    an image is to come out, choose an input that can be halved so often.
    """
    ways: dict[str, _Way] = {}
    for output, name in network.graph.outputs.items():
        node = network.graph.get(name)
        if node is None or len(node.shape) != 3 or len(network.graph.inputs) != 1 or set(node.field.jump) != {1}:
            continue
        (wanted,) = network.graph.inputs.values()
        if len(wanted) != 3 or None in (*wanted, *node.shape) or node.shape[:2] == wanted[:2]:
            continue
        ways = ways or _ways(network)
        way = ways.get(node.inputs[0], _START)
        if way.odd is not None and not way.bordered:
            what = "the network" if len(network.graph.outputs) == 1 else f"the output `{output}`"
            yield doubt(
                way.odd,
                f"{show(way.odd.input_shapes[0])} does not divide by {max(_strides(way.odd))}: {what} gives "
                f"{show(node.shape)} for {show(wanted)}",
                help=f"choose a height and width in `input:` that divide by {way.factor}",
            )


class _Way(NamedTuple):
    """What became of the map on the way down to a tensor, along first inputs.

    `odd` is the first window whose stride does not divide its map, `bordered` whether a convolution without padding
    has taken borders away, too, `factor` how many times smaller the map was where it was smallest.
    """

    odd: Node | None
    bordered: bool
    factor: int


_START = _Way(None, False, 1)


def _ways(network: Network) -> dict[str, _Way]:
    """The way down to each layer's output."""
    found: dict[str, _Way] = {}
    for node in network.graph.nodes:
        odd, bordered, factor = found.get(node.inputs[0], _START)
        if isinstance(node.layer, Windowed) and node.layer.entry in (*CONVOLUTIONS, *POOLINGS):
            sizes = list(zip(node.input_shapes[0], node.shape, _strides(node), strict=False))
            bordered = bordered or any(stride == 1 and before != after for before, after, stride in sizes)
            odd = odd or (node if any((before or 0) % stride for before, _, stride in sizes) else None)
        found[node.name] = _Way(odd, bordered, max(factor, int(max(node.field.jump, default=1))))
    return found


def _strides(node: Node) -> tuple[int, ...]:
    layer = node.layer
    assert isinstance(layer, Windowed)
    return layer.per_axis("strides")
