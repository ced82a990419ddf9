"""What to write so that a merge fits: changes to the layers on its ways, each played again before it is offered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice, product
from typing import NamedTuple

from cnnspec.graph.borders import loses_border, padded
from cnnspec.graph.graph import Node
from cnnspec.graph.replay import Effort, fits
from cnnspec.graph.ways import Move
from cnnspec.language.diagnostics import Fix
from cnnspec.language.insertion import insertion
from cnnspec.language.nodes import MappingNode, ScalarNode
from cnnspec.layers.base import Layer, Shape, show
from cnnspec.layers.convolving import Convolution
from cnnspec.layers.windowed import Windowed
from cnnspec.layers.windows import times


class Mend(NamedTuple):
    """What to write, and in which layers."""

    help: str
    nodes: tuple[Node, ...] = ()
    padding: bool = False
    """Whether it is `padding: same` in all of them."""


def bordered(end: Node, apart: Sequence[Node], effort: Effort) -> Mend | None:
    """Padding for every window that loses its border, or that adds one; or a stride of 1 for poolings wider than 2."""
    windows = [(node, node.layer) for node in apart if isinstance(node.layer, Windowed)]
    losing = [node for node, _ in windows if loses_border(node)]
    gaining = [node for node, _ in windows if _gains_border(node)]
    pools = [node for node, layer in windows if layer.window == "pool_size" and _steps_wide(node)]
    for found, change, help in (
        (losing, padded, "write `padding: same`"),
        (gaining, padded, "write `padding: same`"),
        (pools, _in_place, "write `strides: 1` and `padding: same`"),
    ):
        changed = {node.name: layer for node in found if (layer := change(node.layer)) is not None}
        if found and not any(node.span.standard for node in found) and fits(apart, end, changed, effort):
            entries = " and ".join(dict.fromkeys(f"`{node.layer.entry}`" for node in found))
            return Mend(f"{help} in the {entries} marked above", tuple(found), padding=change is padded)
    return None


def everywhere(end: Node, nodes: Sequence[Node], effort: Effort) -> Mend | None:
    """Padding for every window up to a merge that only loses its border, where that is enough."""
    losing = [
        node for node in nodes if loses_border(node) and max(node.layer.step(*node.input_shapes).stride, default=1) == 1
    ]
    changed = {node.name: layer for node in losing if (layer := padded(node.layer)) is not None}
    if not changed or any(node.span.standard for node in losing) or not fits(nodes, end, changed, effort):
        return None
    entries = " and ".join(dict.fromkeys(f"`{node.layer.entry}`" for node in losing))
    return Mend(f"`padding: same` in every {entries} marked above", tuple(losing), padding=True)


def _gains_border(node: Node) -> bool:
    """Whether a transposed convolution gives more pixels than its strides alone would."""
    strides = node.layer.step(*node.input_shapes).stride
    sizes = zip(node.input_shapes[0], node.shape, strides, strict=False)
    return any(n is not None and m is not None and stride < 1 and m * stride > n for n, m, stride in sizes)


def _in_place(layer: Layer) -> Layer | None:
    """A pooling window that keeps the size of its map, with stride 1 and `padding: same`."""
    if not isinstance(layer, Windowed) or layer.window != "pool_size":
        return None
    return layer.model_copy(update={"padding": "same", "strides": (1,) * layer.rank})


def _steps_wide(node: Node) -> bool:
    """Whether a pool of 3×3 or more steps over pixels; one of 2×2 is meant to halve the map."""
    step = node.layer.step(*node.input_shapes)
    return max(step.stride) > 1 and min(step.kernel) > 2


def strided(end: Node, apart: Sequence[Node], move: Move, effort: Effort) -> Mend | None:
    """The strides that one way has alone, for a convolution of the other."""
    stride = move.node.layer.step(*move.node.input_shapes).stride
    if not stride or any(step.denominator > 1 for step in stride):
        return None
    strides = tuple(map(int, stride))
    for node in apart:
        layer = node.layer
        if not isinstance(layer, Convolution) or layer.rank != len(strides) or node.span.standard:
            continue
        if max(layer.per_axis("strides")) > 1:
            continue
        if fits(apart, end, {node.name: layer.model_copy(update={"strides": strides})}, effort):
            return Mend(f"write `strides: {_short(strides)}` in the `{layer.entry}` marked above", (node,))
    return None


def unstrided(end: Node, apart: Sequence[Node], move: Move, effort: Effort) -> Mend | None:
    """A stride of 1, or that of another way, for what steps on one way alone, where that brings it to all others."""
    layer = move.node.layer
    if not isinstance(layer, Windowed) or move.node.span.standard:
        return None
    others = (node.layer for node in apart if isinstance(node.layer, Windowed) and node.layer.rank == layer.rank)
    given = layer.per_axis("strides")
    for strides in islice(dict.fromkeys(((1,) * layer.rank, *(other.per_axis("strides") for other in others))), 4):
        if strides == given:
            continue
        if fits(apart, end, {move.node.name: layer.model_copy(update={"strides": strides})}, effort):
            return Mend(f"write `strides: {_short(strides)}` in the `{layer.entry}` marked above", (move.node,))
    return None


def extended(end: Node, apart: Sequence[Node], effort: Effort) -> Mend | None:
    """The `output_padding` of a transposed convolution that gives back the pixels that strides left over."""
    for node in reversed(apart):
        layer = node.layer
        if node.span.standard or not isinstance(layer, Windowed) or "output_padding" not in type(layer).model_fields:
            continue
        for extra in islice(product(*map(range, layer.per_axis("strides"))), 1, 64):
            if fits(apart, end, {node.name: layer.model_copy(update={"output_padding": extra})}, effort):
                return Mend(f"`output_padding: {_short(extra)}` in the `{layer.entry}` marked above", (node,))
    return None


def rescaled(one: Shape, other: Shape) -> str | None:
    """A pooling or an upsampling by the factor between two maps."""
    large, small = _ordered(one, other)
    pairs = _sizes(large, small)
    factors = {n // m if m and not n % m else 0 for n, m in pairs}
    if len(factors) != 1 or 0 in factors:
        return None
    (factor,), rank = factors, len(pairs)
    down = f"`max_pooling{rank}d: {factor}` turns {show(large)} into {_sized(large, small)}"
    up = f"`up_sampling{rank}d: {factor}` turns {show(small)} into {_sized(small, large)}"
    return f"{down}, or {up}, before it"


def cropped(one: Shape, other: Shape) -> str | None:
    """What to put before a merge for one of two maps of about one size: a cropping of the larger, or a resizing."""
    large, small = _ordered(one, other)
    cut = [(n - m, n) for n, m in _sizes(large, small)]
    rank = len(cut)
    if cut and all(0 <= less <= size // 2 for less, size in cut):
        sides = [[less // 2, less - less // 2] for less, _ in cut]
        even = all(before == after for before, after in sides)
        text = _short([before for before, _ in sides]) if even else str(sides)
        return f"`cropping{rank}d: {text}` before it turns {show(large)} into {_sized(large, small)}"
    if rank == 2:
        resizing = f"`resizing: {{height: {other[0]}, width: {other[1]}}}`"
        return f"{resizing} before it turns {show(one)} into {_sized(one, other)}"
    return None


def _ordered(one: Shape, other: Shape) -> tuple[Shape, Shape]:
    """The larger first."""
    return (one, other) if [size or 0 for size in one[:-1]] >= [size or 0 for size in other[:-1]] else (other, one)


def _sizes(one: Shape, other: Shape) -> list[tuple[int, int]]:
    """The spatial sizes of two maps, where all are known and there are layers for their rank."""
    pairs = [(n, m) for n, m in zip(one[:-1], other[:-1], strict=False) if n is not None and m is not None]
    return pairs if len(one) == len(other) == len(pairs) + 1 <= 4 else []


def _sized(shape: Shape, sizes: Shape) -> str:
    return show((*sizes[:-1], shape[-1]))


def _short(values: Sequence[int]) -> str:
    """One number where all are equal, else the list of them."""
    return str(values[0]) if len(set(values)) == 1 else str(list(values))


def maps(node: Node) -> str:
    """What a node does to the sizes: `28×28 → 24×24`."""
    before, after = node.input_shapes[0], node.shape
    return f"{times(before[:-1] or before)} → {times(after[:-1] or after)}"


def padding_fix(nodes: Sequence[Node], by_name: Mapping[str, Node]) -> Fix | None:
    """`padding: same` written into the entry of `nodes`, where they are one entry of the spec itself and all of it."""
    span = nodes[0].span
    names = {node.name for node in nodes}
    others = (node for node in by_name.values() if node.span == span and node.name not in names)
    body = nodes[0].written
    if any(node.span != span or node.calls or node.shares for node in nodes) or any(others):
        return None
    if not isinstance(body, MappingNode) or body.span.order < span.order:
        return None
    given = body.get("padding")
    if given is not None:
        return Fix(given.span, "same") if isinstance(given, ScalarNode) and given.text == "valid" else None
    return insertion(body, "padding: same")
