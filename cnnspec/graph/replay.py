"""The rules of the layers, played again from other sizes, or with some layers changed: shapes are pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from cnnspec.graph.graph import Node
from cnnspec.layers.base import Layer, Shape, ShapeError

Change = Callable[[Node], Layer | None]
"""What stands in the place of a node's layer; None for the layer itself."""


class Effort:
    """How much may still be spent on finding causes; one unit plays one layer again."""

    def __init__(self, units: int) -> None:
        self.left = units

    def spend(self, units: int) -> bool:
        """Take `units`, if there are as many left; else nothing is left for anything more."""
        enough = units <= self.left
        self.left = self.left - units if enough else 0
        return enough


def ancestors(names: Iterable[str], by_name: Mapping[str, Node]) -> list[Node]:
    """The nodes that `names` are computed from, themselves included, each behind its inputs."""
    found: dict[str, Node] = {}
    waiting = [(name, False) for name in names]
    while waiting:
        name, ready = waiting.pop()
        node = by_name.get(name)
        if node is None or name in found:
            continue
        if ready:
            found[name] = node
        else:
            waiting.append((name, True))
            waiting += [(source, False) for source in node.inputs if source not in found]
    return list(found.values())


def replayed(
    nodes: Iterable[Node], known: Mapping[str, Shape], change: Change = lambda node: None
) -> dict[str, Shape] | None:
    """The shapes of `nodes` from other shapes of what comes in, some layers changed; None where one does not fit.

    A layer that refuses an unknown size keeps the shape that it has.
    """
    shapes = dict(known)
    for node in nodes:
        inputs = tuple(shapes.get(name, shape) for name, shape in zip(node.inputs, node.input_shapes, strict=True))
        try:
            shapes[node.name] = (change(node) or node.layer).output_shape(*inputs)
        except ShapeError as error:
            if error.code != "shape-unknown":
                return None
            shapes[node.name] = node.shape
    return shapes


def fits(nodes: Sequence[Node], end: Node, changed: Mapping[str, Layer], effort: Effort) -> bool:
    """Whether `end` fits behind `nodes`, some of them with another layer; not where that is too much work."""
    if not effort.spend(len(nodes) + 1):
        return False
    return replayed((*nodes, end), {}, lambda node: changed.get(node.name)) is not None
