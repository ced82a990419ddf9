"""Losses computed of what a network gives, where Keras would look behind it. Imports Keras."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("cnnspec")
class OfOutputs(keras.losses.Loss):  # type: ignore[misc]
    """`loss` of the outputs themselves: of a copy of them, by which Keras does not find the scores before them."""

    def __init__(self, loss: Any, name: str | None = None, reduction: str = "sum_over_batch_size") -> None:
        self.loss = keras.losses.get(loss)
        super().__init__(name=name or self.loss.name, reduction=reduction)

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        return self.loss(y_true, ops.multiply(y_pred, 1.0), sample_weight)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "loss": keras.losses.serialize(self.loss)}
