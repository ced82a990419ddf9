"""A merge of the wrong tensor: another name above, much like the one that is written, whose tensor fits."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice

from cnnspec.graph.cases import Case, Network, Taken
from cnnspec.graph.replay import replayed
from cnnspec.language.expressions import is_expression
from cnnspec.language.nodes import Node as Text
from cnnspec.language.nodes import ScalarNode, SequenceNode
from cnnspec.layers.base import Shape, known, show

_NAMES = 500
"""How many names are looked at."""


def meant(case: Case, network: Network) -> str | None:
    """The help that names what fits in the place of what is written; None where nothing does, or several."""
    for taken in case.taken:
        if taken.text is None or taken.text.span.standard:
            continue
        written = list(_written(taken))
        for name, tensor in written:
            fitting = {
                other: shape
                for other, node, shape in _alike(name, taken, network)
                if node not in taken.inputs and _fits(case, taken, network, {tensor: shape})
            }
            inner = [other for other in fitting if other.startswith(f"{name}.")]
            found = inner or list(fitting)
            if len(found) == 1:
                return f"did you mean `{found[0]}`, which is {show(fitting[found[0]])}?"
        if len(written) == len(taken.inputs) == 2 and _swapped(case, taken, network):
            return f"they fit in the other order: `[{written[1][0]}, {written[0][0]}]`"
    return None


def _swapped(case: Case, taken: Taken, network: Network) -> bool:
    """Whether two tensors fit in each other's place."""
    one, other = taken.inputs
    first, second = _shape(one, network), _shape(other, network)
    if first is None or second is None or one == other:
        return False
    return _fits(case, taken, network, {one: second, other: first})


def _written(taken: Taken) -> Iterator[tuple[str, str]]:
    """The names that are written out, with the tensors that they stand for."""
    node: Text | None = taken.text
    items = node.items if isinstance(node, SequenceNode) else (node,)
    for item, tensor in zip(items, taken.inputs[-len(items) :], strict=False):
        if isinstance(item, ScalarNode) and not is_expression(item.value):
            yield item.text, tensor


def _alike(name: str, taken: Taken, network: Network) -> Iterator[tuple[str, str, Shape]]:
    """The names like `name` that were given before, with their tensors."""
    places = {node: at for at, node in enumerate(network.by_name)}
    stem = _stem(name)
    for other in dict.fromkeys(islice(taken.names, _NAMES)):
        if other == name or not (_stem(other) == stem or other.startswith(f"{name}.")):
            continue
        found = taken.names.find(other)
        if found is None or found.tensor.shape is None or known(found.tensor.shape) is None:
            continue
        if places.get(found.tensor.node, -1) < taken.start:
            yield other, found.tensor.node, found.tensor.shape


def _stem(name: str) -> str:
    """A name without its numbers."""
    return re.sub(r"\d+", "0", name)


def _shape(name: str, network: Network) -> Shape | None:
    node, source = network.by_name.get(name), network.sources.get(name)
    return node.shape if node is not None else source.shape if source is not None else None


def _fits(case: Case, taken: Taken, network: Network, shapes: Mapping[str, Shape]) -> bool:
    """Whether the layer fits where the entry that takes names takes tensors of other shapes."""
    inside = list(islice(network.by_name.values(), taken.start, case.before))
    if not network.effort.spend(len(inside) + 1):
        return False
    return replayed((*inside, case.end), shapes) is not None
