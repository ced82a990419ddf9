"""Two optimizers as one, each for its own weights. Imports Keras."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras


class Both(keras.optimizers.Optimizer):  # type: ignore[misc]
    """An optimizer for each of two networks in the place of a model's one.

    `parts` are optimizers by the network that each one trains. `fit`, checkpoints and every backend see one optimizer
    with the variables of both. The learning rate that it tells is that of the first.
    """

    def __init__(self, parts: Mapping[Any, Any]) -> None:
        super().__init__(learning_rate=0.0)
        self._parts = list(parts.items())
        self._places: list[list[int]] = []

    def build(self, variables: Sequence[Any]) -> None:
        """Make the variables of both."""
        super().build(variables)
        self._places.clear()
        for network, optimizer in self._parts:
            own = {id(variable) for variable in network.trainable_variables}
            places = [place for place, variable in enumerate(variables) if id(variable) in own]
            optimizer.build([variables[place] for place in places])
            self._places.append(places)

    @property
    def variables(self) -> list[Any]:
        """Those of both, behind its own."""
        return [*super().variables, *(variable for _, optimizer in self._parts for variable in optimizer.variables)]

    @property
    def learning_rate(self) -> Any:
        """That of the first."""
        return self._parts[0][1].learning_rate

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Any] | None = None) -> Any:
        """Let each move its weights."""
        variables = self._trainable_variables if trainable_variables is None else list(trainable_variables)
        for (_, optimizer), places in zip(self._parts, self._places, strict=True):
            optimizer.apply([grads[place] for place in places], [variables[place] for place in places])
        self._iterations.assign(self._iterations + 1)
        return self._iterations
