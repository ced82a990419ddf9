"""The order in which Keras lists the layers of a graph, by nothing but its calls; imports no framework.

By the longest way to an output, the farthest first; among those as far, in the order in which they are met on the way
from the outputs to the inputs. A graph with models in it is listed here as if their layers stood in it themselves,
which is how a spec has them.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, eq=False, slots=True)
class Call:
    """One call of a layer: which layer, and the calls whose results it takes."""

    layer: Hashable
    inputs: tuple[Call, ...] = ()


def in_order(outputs: Sequence[Call]) -> list[Hashable]:
    """The layers of the graph that leads to `outputs`, as Keras lists them."""
    met: dict[Hashable, int] = {}
    seen: set[Call] = set()
    after_inputs: list[Call] = []
    stack = [(call, False) for call in reversed(outputs)]
    while stack:
        call, ready = stack.pop()
        if ready:
            after_inputs.append(call)
        elif call not in seen:
            seen.add(call)
            met.setdefault(call.layer, len(met))
            stack.append((call, True))
            stack += [(taken, False) for taken in reversed(call.inputs)]
    far: dict[Hashable, int] = {}
    needed: dict[Call, int] = {}
    for call in reversed(after_inputs):
        far[call.layer] = distance = max(needed.get(call, 0), far.get(call.layer, 0))
        for taken in call.inputs:
            needed[taken] = max(distance + 1, needed.get(taken, 0))
    return sorted(met, key=lambda layer: (-far[layer], met[layer]))
