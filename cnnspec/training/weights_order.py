"""The order in which Keras lists the layers of a graph, by nothing but its calls; imports no framework.

By the longest way to an output, the farthest first; among those as far, in the order in which they are met on the way
from the outputs to the inputs. A graph with models in it is listed here as if their layers stood in it themselves,
which is how a spec has them.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


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


def order_told(config: Any) -> list[Hashable]:
    """The layers of a model by its configuration as Keras saves it, each by its name and those of the models around it.

    Nothing where it does not tell how they are called.
    """
    try:
        return in_order(_outputs(config, [Call(("", at)) for at in range(len(_ends(config, "input_layers")))], ()))
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError):
        return []


def _outputs(model: Any, given: Sequence[Call], path: tuple[str, ...]) -> list[Call]:
    """The calls that make the outputs of a model, found at `path`, of what is `given` to it."""
    layers = model["config"]["layers"]
    if model["class_name"] == "Sequential":
        results = list(given)
        for layer in layers:
            if layer["class_name"] != "InputLayer":
                results = _called(layer, results, path)
        return results
    made = dict(zip(_ends(model, "input_layers"), given, strict=True))
    waiting = [
        ((layer["config"]["name"], at), layer, [*_tensors([node["args"], node["kwargs"]])])
        for layer in layers
        for at, node in enumerate(layer["inbound_nodes"])
    ]
    while waiting:
        later = []
        for (name, at), layer, taken in waiting:
            if any(tensor not in made for tensor in taken):
                later.append(((name, at), layer, taken))
                continue
            results = _called(layer, [made[tensor] for tensor in taken], path)
            made |= {(name, at, place): call for place, call in enumerate(results)}
        if len(later) == len(waiting):
            raise ValueError("a layer takes what none makes")
        waiting = later
    # Keras counts the call that made a functional model among its calls, but only where it lists outputs
    ahead = {layer["config"]["name"]: int(_is_functional(layer)) for layer in layers}
    return [made[name, at - ahead[name], place] for name, at, place in _ends(model, "output_layers")]


def _called(layer: Any, taken: Sequence[Call], path: tuple[str, ...]) -> list[Call]:
    here = (*path, str(layer["config"]["name"]))
    if _is_functional(layer) or layer["class_name"] == "Sequential":
        return _outputs(layer, taken, here)
    return [Call(here, tuple(taken))]


def _is_functional(layer: Any) -> bool:
    return "layers" in layer["config"] and "output_layers" in layer["config"]


def _ends(model: Any, which: str) -> list[tuple[str, int, int]]:
    """The tensors that a model begins or ends with; of a sequential one, the only one."""
    if model["class_name"] == "Sequential":
        return [("", 0, 0)]
    return list(_histories(model["config"][which]))


def _histories(value: Any) -> Iterator[tuple[str, int, int]]:
    match value:
        case [str(), int(), int()]:
            yield tuple(value)
        case list():
            for inner in value:
                yield from _histories(inner)
        case Mapping():
            for key in sorted(value):
                yield from _histories(value[key])


def _tensors(value: Any) -> Iterator[tuple[str, int, int]]:
    """The tensors among the arguments of a call, in the order in which Keras lists them."""
    match value:
        case {"class_name": "__keras_tensor__", "config": {"keras_history": [name, node, place]}}:
            yield name, node, place
        case Mapping():
            for key in sorted(value):
                yield from _tensors(value[key])
        case list():
            for inner in value:
                yield from _tensors(inner)
