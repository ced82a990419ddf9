"""What a model in training is at one moment ↔ plain arrays. Imports Keras.

Metrics come with it, so that the averages of an epoch go on where it was left; so do the states of all seed generators,
which Keras saves with no model.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from cnnspec.data.columns import Array
from cnnspec.training.errors import TrainingError

if TYPE_CHECKING:
    from cnnspec.training.checkpoints import State


def arrays_of(model: Any) -> dict[str, Array]:
    """Every variable of the model, its optimizer and its metrics."""
    settled(model)
    return {name: np.array(keras.ops.convert_to_numpy(variable)) for name, variable in _variables(model)}


def settled(model: Any) -> None:
    """Have the variables hold what they are: JAX trains with values of its own, and hands them back when asked."""
    if keras.backend.backend() == "jax":
        model.jax_state_sync()


def restore(model: Any, arrays: Mapping[str, Array], *kinds: str) -> None:
    """Give the variables of these kinds (`model`, `optimizer`, `metrics`) the values that `arrays_of` took."""
    own = dict(_variables(model, *kinds))
    held = {name: array for name, array in arrays.items() if name.partition("/")[0] in kinds}
    if own.keys() != held.keys() or any(tuple(own[name].shape) != held[name].shape for name in own):
        raise TrainingError("the checkpoint is that of another network", "start anew: train without --resume")
    for name, variable in own.items():
        variable.assign(held[name])


def unlike(model: Any, state: State) -> str:
    """Why a state is not one of this model, whose optimizer may not be there yet; nothing where it is."""
    held = {name: array.shape for name, array in state.arrays.items() if name.startswith("model/")}
    own = {name: tuple(variable.shape) for name, variable in _variables(model, "model")}
    return "" if own == held else "is of another network"


def _variables(model: Any, *kinds: str) -> Iterator[tuple[str, Any]]:
    """Names and variables. Keras gives no two runs the same names, so that the place among those of a kind tells."""
    metrics = {id(variable) for variable in model.metrics_variables}
    found = {
        "model": [variable for variable in model.variables if id(variable) not in metrics],
        "optimizer": model.optimizer.variables if getattr(model, "optimizer", None) is not None else [],
        "metrics": model.metrics_variables,
    }
    for kind in kinds or found:
        yield from ((f"{kind}/{index:05}", variable) for index, variable in enumerate(found[kind]))


def finite(arrays: Mapping[str, Array]) -> bool:
    """Whether all weights and slots are numbers."""
    return all(
        bool(np.isfinite(array.astype(np.float32) if array.dtype.kind == "V" else array).all())
        for name, array in arrays.items()
        if array.dtype.kind in "fV" and not name.startswith("metrics/")
    )


def finite_weights(model: Any) -> bool:
    """Whether all weights of a model are numbers."""
    settled(model)
    metrics = {id(variable) for variable in model.metrics_variables}
    return all(
        bool(keras.ops.all(keras.ops.isfinite(variable)))
        for variable in model.variables
        if id(variable) not in metrics and "float" in variable.dtype
    )


def generators() -> dict[str, Any]:
    """The states of the global random generators, which callbacks and layers of others may draw from, and dropout does
    on PyTorch."""
    kind, keys, at, has_gauss, gauss = np.random.get_state()
    version, numbers, kept = random.getstate()
    return {
        "python": [version, list(numbers), kept],
        "numpy": [kind, np.asarray(keys).tolist(), at, has_gauss, gauss],
        "torch": [bytes(get().cpu().numpy()).hex() for get, _ in _of_torch()],
    }


def set_generators(states: Mapping[str, Any]) -> None:
    """Take up `generators` again."""
    version, numbers, kept = states["python"]
    random.setstate((version, tuple(numbers), kept))
    kind, keys, at, has_gauss, gauss = states["numpy"]
    np.random.set_state((kind, np.asarray(keys, np.uint32), at, has_gauss, gauss))
    for (_, put), state in zip(_of_torch(), states.get("torch", ()), strict=False):
        put(keras.ops.convert_to_tensor(np.frombuffer(bytes.fromhex(state), np.uint8)).cpu())


def _of_torch() -> list[tuple[Callable[[], Any], Callable[[Any], Any]]]:
    """What gets and what sets the states of PyTorch's own generators, where it computes: the processor's, the GPU's."""
    if keras.backend.backend() != "torch":
        return []
    import torch

    ours = [(torch.get_rng_state, torch.set_rng_state)]
    return [*ours, (torch.cuda.get_rng_state, torch.cuda.set_rng_state)] if torch.cuda.is_available() else ours
