"""The sum of several losses, as a Keras object. Imports Keras."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras


@keras.saving.register_keras_serializable("cnnspec")
class Sum(keras.losses.Loss):  # type: ignore[misc]
    """Σ weight · loss; each loss has its own reduction."""

    def __init__(
        self, losses: Sequence[Any], weights: Sequence[float] | None = None, reduction: str = "sum_over_batch_size",
        name: str = "sum",
    ) -> None:  # fmt: skip
        super().__init__(name=name, reduction=reduction)
        self.losses = [keras.losses.get(loss) for loss in losses]
        self.weights = [float(weight) for weight in weights or [1.0] * len(self.losses)]

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        summed = zip(self.weights, self.losses, strict=True)
        return sum(weight * loss(y_true, y_pred, sample_weight) for weight, loss in summed)

    def get_config(self) -> dict[str, Any]:
        losses = [keras.losses.serialize(loss) for loss in self.losses]
        return {**super().get_config(), "losses": losses, "weights": self.weights}
