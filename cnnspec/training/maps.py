"""Losses and metrics of masks as Keras objects, for what Keras's own cannot do. Imports Keras."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("cnnspec")
class SparseCategoricalCrossentropy(keras.losses.SparseCategoricalCrossentropy):  # type: ignore[misc]
    """Keras's. PyTorch derives the likelihood of maps only where each class lies in one piece in memory."""

    def call(self, y_true: Any, y_pred: Any) -> Any:
        if keras.backend.backend() == "torch" and len(y_pred.shape) > 2:
            y_pred = y_pred.movedim(-1, 1).contiguous().movedim(1, -1)
        return super().call(y_true, y_pred)


class _Weighed:
    """Keras multiplies a loss by weights when pixels and images are summed already; here they count in the sums.

    Like Keras, `alpha` is for what is missed, and `beta` for what is there too much.
    """

    reduction: str
    axis: Any
    alpha = beta = 0.5

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        if sample_weight is None:
            return super().__call__(y_true, y_pred)  # type: ignore[misc]
        told = ops.convert_to_tensor(y_pred)
        truth, weights = ops.cast(y_true, told.dtype), ops.cast(sample_weight, told.dtype)
        weights = ops.reshape(weights, (*ops.shape(weights), *[1] * (len(told.shape) - len(weights.shape))))
        both, missed, wrong = (
            ops.sum(weights * one * other, axis=self.axis)
            for one, other in ((truth, told), (truth, 1 - told), (1 - truth, told))
        )
        losses = 1 - both / (both + self.alpha * missed + self.beta * wrong + keras.config.epsilon())
        return ops.sum(losses) if self.reduction == "sum" else ops.mean(losses)


@keras.saving.register_keras_serializable("cnnspec")
class Dice(_Weighed, keras.losses.Dice):  # type: ignore[misc]
    """Keras's, with weights of images or pixels."""


@keras.saving.register_keras_serializable("cnnspec")
class Tversky(_Weighed, keras.losses.Tversky):  # type: ignore[misc]
    """Keras's, with weights of images or pixels."""


def leaving_out(ignored: int | None, metric: Any) -> Any:
    """`metric`, for which labels of the number `ignored` do not count: the loss leaves them out, too."""
    if ignored is None:
        return metric
    if isinstance(metric, keras.metrics.IoU):
        metric.ignore_class = ignored if metric.ignore_class is None else metric.ignore_class
        return metric
    whole = metric.update_state

    def update_state(y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        labels = ops.convert_to_tensor(y_true)
        counted = ops.not_equal(labels, ignored)
        weights = ops.cast(counted, "float32")
        if sample_weight is not None:
            weights *= ops.broadcast_to(ops.cast(sample_weight, "float32"), ops.shape(weights))
        return whole(ops.where(counted, labels, ops.zeros_like(labels)), y_pred, weights)

    metric.update_state = update_state
    return metric
