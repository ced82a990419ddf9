"""The cross-entropy of maps of class numbers, as a Keras object. Imports Keras."""

from __future__ import annotations

from typing import Any

import keras


@keras.saving.register_keras_serializable("cnnspec")
class SparseCategoricalCrossentropy(keras.losses.SparseCategoricalCrossentropy):  # type: ignore[misc]
    """Keras's. PyTorch derives the likelihood of maps only where each class lies in one piece in memory."""

    def call(self, y_true: Any, y_pred: Any) -> Any:
        if keras.backend.backend() == "torch" and len(y_pred.shape) > 2:
            y_pred = y_pred.movedim(-1, 1).contiguous().movedim(1, -1)
        return super().call(y_true, y_pred)
