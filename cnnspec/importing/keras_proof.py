"""Whether an imported spec computes what the model computes: tried on random inputs. Importing this imports Keras.

Outputs are compared twice: with the model's weights copied layer by layer, and, of a model in a file, with that file
loaded into the spec as `weights:` loads it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np

from cnnspec.emit.keras import build
from cnnspec.graph.graph import Graph
from cnnspec.importing.keras_graph import functional, layers_in_order, variables
from cnnspec.importing.network import Network
from cnnspec.training.errors import WeightsError
from cnnspec.training.weights import load_weights

TOLERANCE = 1e-5
"""The largest difference of an output, relative to its largest number."""
_SIZES = (32, 64, 16, 128, 8, 224, 4, 299, 2, 1)
"""What stands for an axis of any size: the first that the model takes."""


@dataclass(frozen=True)
class Proof:
    """What was found. `copied` and `loaded` are the largest differences; `unread` says why the file did not load.

    `reordered` says that Keras lists the weights of both models in different orders. `built` is the model of the spec,
    `pairs` are its weights and those of the other model that belong together.
    """

    copied: float
    loaded: float | None = None
    unread: str | None = None
    reordered: bool = False
    built: Any = field(default=None, repr=False)
    pairs: Sequence[tuple[Any, Any]] = field(default=(), repr=False)

    @property
    def holds(self) -> bool:
        """Whether the spec computes the same."""
        return all(found is None or found <= TOLERANCE for found in (self.copied, self.loaded))

    def __str__(self) -> str:
        if self.copied == float("inf"):
            return "with the same weights, its outputs have other shapes or cannot be computed"
        lines = [f"largest difference on random inputs: {self.copied:.1e}"]
        if self.loaded is not None:
            lines.append(f"after loading the file as `weights:`: {self.loaded:.1e}")
        if self.unread is not None:
            lines.append(f"its weights were not compared: {self.unread}")
        if self.reordered:
            lines.append(
                "Keras lists its weights in another order than the model's: load the file, not `get_weights()`"
            )
        return "\n".join(lines)


def prove(model: Any, graph: Graph, network: Network, file: Path | None = None) -> Proof:
    """Compare a model with the one built from its spec's `graph`; `file` is where its weights are, if anywhere.

    The weights of `model` are as before when this returns, but for those that the file gives it. Raises `ValueError`
    where the model cannot be called.
    """
    built = build(graph)
    theirs = variables(layers_in_order(model))
    given = _given(model, network)
    with _random(theirs):
        wanted = _outputs(model, network, given)
        tried = [
            (_filled(built, pairs, network, given, wanted), pairs) for pairs in pairings(theirs, layers_in_order(built))
        ]
    copied, pairs = min(tried, key=lambda one: one[0], default=(float("inf"), []))
    reordered = [*map(id, theirs)] != [*map(id, model.weights)]
    if file is None or not theirs:
        return Proof(copied, reordered=reordered, built=built, pairs=pairs)
    try:
        model.load_weights(file)
        load_weights(built, file)
    except WeightsError as error:
        return Proof(copied, unread=error.message, reordered=reordered, built=built, pairs=pairs)
    except Exception as error:
        unread = f"Keras cannot read them: {str(error).splitlines()[0]}"
        return Proof(copied, unread=unread, reordered=reordered, built=built, pairs=pairs)
    loaded = difference(_outputs(model, network, given), _outputs(built, network, given))
    return Proof(copied, loaded, reordered=reordered, built=built, pairs=pairs)


@contextmanager
def _random(weights: Sequence[Any]) -> Iterator[None]:
    """Give weights random values that keep activations in bounds, and what they had before afterwards."""
    before = [keras.ops.convert_to_numpy(weight) for weight in weights]
    draw = np.random.default_rng(0)
    try:
        for weight in weights:
            if "float" in str(weight.dtype):
                weight.assign(_values(weight, draw))
        yield
    finally:
        for weight, values in zip(weights, before, strict=True):
            weight.assign(values)


def _values(weight: Any, draw: Any) -> Any:
    shape, name = tuple(weight.shape), weight.path.rpartition("/")[2]
    if "variance" in name or name in ("gamma", "scale", "alpha"):
        return draw.uniform(0.5, 1.5, shape)
    if "count" in name:
        return np.zeros(shape)
    if len(shape) > 1:
        fan = np.prod(shape[:2] if "depthwise" in name else shape[:-1])
        return draw.standard_normal(shape, "float32") / np.float32(np.sqrt(fan))
    return 0.1 * draw.normal(size=shape)


def _given(model: Any, network: Network) -> dict[str, Any]:
    """Random inputs, two of each: one of small numbers around nought, one of pixels."""
    for size in _SIZES if any(None in tensor.shape[1:] for tensor in model.inputs) else (1,):
        drawn = [_drawn(tensor, size) for tensor in model.inputs]
        found = dict(zip(network.inputs, drawn, strict=True))
        try:
            if all(np.size(out) for out in keras.tree.flatten(_called(model, found))):
                return found
        except Exception:
            continue
    raise ValueError("no size was found at which the model can be called")


def _drawn(tensor: Any, size: int) -> Any:
    draw = np.random.default_rng(1)
    shape = tuple(size if axis is None else axis for axis in tensor.shape[1:])
    return np.stack([draw.normal(size=shape), draw.uniform(0, 255, shape)]).astype("float32")


def pairings(theirs: Sequence[Any], own: Sequence[Any]) -> Iterator[list[tuple[Any, Any]]]:
    """Ways to pair weights: by the order of layers, and by their order within each class of shapes."""
    mine = variables(own)
    if [tuple(weight.shape) for weight in mine] == [tuple(weight.shape) for weight in theirs]:
        yield list(zip(mine, theirs, strict=True))
    ranked = [sorted(weights, key=lambda weight: (weight.name, str(tuple(weight.shape)))) for weights in (mine, theirs)]
    if [(each.name, tuple(each.shape)) for each in ranked[0]] == [(each.name, tuple(each.shape)) for each in ranked[1]]:
        yield list(zip(*ranked, strict=True))


def _filled(
    built: Any, pairs: Sequence[tuple[Any, Any]], network: Network, given: Mapping[str, Any], wanted: Mapping[str, Any]
) -> float:
    for mine, other in pairs:
        mine.assign(other)
    try:
        found = _outputs(built, network, given)
    except Exception:
        return float("inf")
    return difference(wanted, found)


def _called(model: Any, given: Mapping[str, Any]) -> Any:
    struct = getattr(functional(model), "_inputs_struct", None)
    whole = dict(given) if isinstance(struct, dict) and struct.keys() == given.keys() else None
    return model(whole or keras.tree.pack_sequence_as(struct, list(given.values())), training=False)


def _outputs(model: Any, network: Network, given: Mapping[str, Any]) -> dict[str, Any]:
    """What a model gives, by the names of the outputs in the spec."""
    found = _called(model, given)
    if isinstance(found, dict) and len(found) == len(network.outputs):
        return {str(key): keras.ops.convert_to_numpy(value) for key, value in found.items()}
    flat = map(keras.ops.convert_to_numpy, keras.tree.flatten(found))
    return dict(zip(network.outputs, flat, strict=True))


def difference(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> float:
    """The largest difference of an output, relative to the largest number that it holds for the same input."""
    if wanted.keys() != found.keys() or any(wanted[key].shape != found[key].shape for key in wanted):
        return float("inf")
    return max((_relative(wanted[key], found[key]) for key in wanted), default=0.0)


def _relative(wanted: Any, found: Any) -> float:
    worst = 0.0
    for one, other in zip(wanted, found, strict=True):
        known = np.isfinite(one)
        if not np.array_equal(known, np.isfinite(other)):
            return float("inf")
        if known.any():
            apart = np.max(np.abs(one[known].astype("float64") - other[known]))
            worst = max(worst, float(apart / max(np.max(np.abs(one[known])), 1e-9)))
    return worst
