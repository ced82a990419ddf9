"""Models of the same layers side by side in a file that does not tell which of them is called first."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

from cnnspec.training.errors import WeightsError
from cnnspec.training.weights_file import Held


def check_twins(path: Path, pairs: Sequence[tuple[Any, Held]]) -> None:
    """Raise `WeightsError` where the weights of two models in a file may as well belong to each other's layers.

    They do where both hold layers of the same classes and shapes, and neither follows the other in the network; one
    after the other, they stand in that order in the file, too. Names that agree decide.
    """
    models: dict[tuple[str, ...], list[tuple[Any, Held]]] = {}
    for own, held in pairs:
        if not held.placed and own.name != held.name:
            models.setdefault(held.path[:-1], []).append((own, held))
    alike: dict[str, list[tuple[str, Any]]] = {}
    for name, layers in models.items():
        start = layers[0][0].parts[""]
        if start._inbound_nodes:  # the parts of an attention have none
            alike.setdefault(_signature(layers), []).append(("/".join(name), start))
    for several in alike.values():
        for (one, first), (other, second) in combinations(several, 2):
            if not _leads(first, second) and not _leads(second, first):
                raise WeightsError(
                    f"{path} holds two models of the same layers, `{one}` and `{other}`, and does not tell which of "
                    "them is which here",
                    "save the whole model with `model.save` as a `.keras` file, which tells it",
                )


def _signature(model: Sequence[tuple[Any, Held]]) -> str:
    """What two models have in common that may stand for each other."""
    return repr(sorted((held.kind, [*held.shapes.values()]) for _, held in model))


def _leads(start: Any, end: Any) -> bool:
    """Whether the result of one Keras layer goes into another, through any others."""
    stack, seen = [end], set()
    while stack:
        operation = stack.pop()
        if operation is start:
            return True
        if id(operation) in seen:
            continue
        seen.add(id(operation))
        for node in operation._inbound_nodes:
            stack += [tensor._keras_history.operation for tensor in node.input_tensors]
    return False
