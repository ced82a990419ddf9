"""Borders that windows without padding lose."""

from __future__ import annotations

from cnnspec.graph.graph import Node
from cnnspec.layers.base import Layer


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
