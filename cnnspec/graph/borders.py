"""Borders that windows without padding lose: where, and whether padding would mend what does not fit for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from cnnspec.graph.graph import Node
from cnnspec.graph.tensors import Tensor
from cnnspec.layers.base import Layer, Shape, ShapeError, show


def loses_border(node: Node) -> bool:
    """Whether the output has fewer pixels than its strides alone would leave."""
    step = node.layer.step(*node.input_shapes)
    before, after = node.input_shapes[0][:-1], node.shape[:-1]
    if len(step.stride) != len(before) or len(before) != len(after):
        return False
    return any(
        n is not None and m is not None and stride >= 1 and m < -(-n // int(stride))
        for n, m, stride in zip(before, after, step.stride, strict=True)
    )


def padded(layer: Layer) -> Layer | None:
    """A window with `padding: same`; None where the layer has none."""
    return layer.model_copy(update={"padding": "same"}) if getattr(layer, "window", None) else None


def in_place(layer: Layer) -> Layer | None:
    """A pooling window that keeps the size of its map, with stride 1 and `padding: same`."""
    if getattr(layer, "window", None) != "pool_size":
        return None
    return layer.model_copy(update={"padding": "same", "strides": (1,) * getattr(layer, "rank", 1)})


def replayed(
    nodes: Iterable[Node], known: Mapping[str, Shape], change: Callable[[Node], Layer | None] = lambda node: None
) -> dict[str, Shape] | None:
    """The shapes of `nodes` from other shapes of what comes in, some layers changed; None where one does not fit."""
    shapes = dict(known)
    for node in nodes:
        inputs = tuple(shapes.get(name, shape) for name, shape in zip(node.inputs, node.input_shapes, strict=True))
        try:
            shapes[node.name] = (change(node) or node.layer).output_shape(*inputs)
        except ShapeError:
            return None
    return shapes


def mend(merge: Layer, inputs: Sequence[Tensor], nodes: Sequence[Node]) -> tuple[list[tuple[Node, str]], str] | None:
    """The layers to change so that a merge fits, each with what it does now, and what to write in them.

    Looked for among those that not all of the inputs come from.
    """
    apart = _apart(inputs, nodes)
    losing = [node for node in apart if padded(node.layer) and loses_border(node)]
    pools = [node for node in apart if in_place(node.layer) and _steps_wide(node)]
    for found, change, help in (
        (losing, padded, "write `padding: same`"),
        (pools, in_place, "write `strides: 1` and `padding: same`"),
    ):
        names = {node.name for node in found}

        def changed(
            node: Node, names: set[str] = names, change: Callable[[Layer], Layer | None] = change
        ) -> Layer | None:
            return change(node.layer) if node.name in names else None

        shapes = replayed(apart, {}, changed) if found else None
        if shapes is not None and _fit(merge, [shapes.get(tensor.node, tensor.shape) for tensor in inputs]):
            entries = " and ".join(dict.fromkeys(f"`{node.layer.entry}`" for node in found))
            places = [(node, f"{show(node.input_shapes[0])} → {show(node.shape)} here") for node in found]
            return places, f"{help} in the {entries} marked above"
    return None


def _steps_wide(node: Node) -> bool:
    """Whether a pool of 3×3 or more steps over pixels; one of 2×2 is meant to halve the map."""
    step = node.layer.step(*node.input_shapes)
    return max(step.stride) > 1 and min(step.kernel) > 2


def _fit(merge: Layer, shapes: Sequence[Shape | None]) -> bool:
    try:
        merge.output_shape(*(shape for shape in shapes if shape is not None))
    except ShapeError:
        return False
    return True


def _apart(inputs: Sequence[Tensor], nodes: Sequence[Node]) -> list[Node]:
    """The nodes that some of the inputs come from, but not all."""
    ways = []
    for tensor in inputs:
        way = {tensor.node}
        for node in reversed(nodes):
            if node.name in way:
                way.update(node.inputs)
        ways.append(way)
    shared = set.intersection(*ways)
    return [node for node in nodes if node.name not in shared and any(node.name in way for way in ways)]
