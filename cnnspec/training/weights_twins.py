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
    for (one, first), (other, second) in combinations(models.items(), 2):
        if _alike(first) != _alike(second):
            continue
        start, end = first[0][0].parts[""], second[0][0].parts[""]
        parts_of_layers = not start._inbound_nodes or not end._inbound_nodes
        if not parts_of_layers and not _leads(start, end) and not _leads(end, start):
            raise WeightsError(
                f"{path} holds two models of the same layers, `{'/'.join(one)}` and `{'/'.join(other)}`, and does not "
                "tell which of them is which here",
                "save the whole model with `model.save` as a `.keras` file, which tells it",
            )


def _alike(model: Sequence[tuple[Any, Held]]) -> list[tuple[str, list[tuple[int, ...]]]]:
    return sorted((held.kind, [*held.shapes.values()]) for _, held in model)


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
