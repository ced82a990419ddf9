"""Boxes as Keras objects: how much of two boxes is common to both. Imports Keras."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


def corners(boxes: Any, bounding_box_format: str) -> tuple[Any, Any, Any, Any]:
    """Left, top, right and bottom of boxes (…×4)."""
    a, b, c, d = (boxes[..., index] for index in range(4))
    x, y, right, bottom = (b, a, d, c) if "yx" in bounding_box_format else (a, b, c, d)
    if bounding_box_format in ("xyxy", "yxyx"):
        return x, y, right, bottom
    if bounding_box_format.startswith("center"):
        x, y = x - right / 2, y - bottom / 2
    return x, y, x + right, y + bottom


def intersection_over_union(truth: Any, told: Any, bounding_box_format: str) -> Any:
    """Of each pair of boxes: …×4 and …×4 → …"""
    told = ops.convert_to_tensor(told)
    left, top, right, bottom = corners(ops.cast(truth, told.dtype), bounding_box_format)
    left_, top_, right_, bottom_ = corners(told, bounding_box_format)
    area, area_ = _area(right - left, bottom - top), _area(right_ - left_, bottom_ - top_)
    wide = ops.minimum(right, right_) - ops.maximum(left, left_)
    high = ops.minimum(bottom, bottom_) - ops.maximum(top, top_)
    common = _area(wide, high)
    return common / ops.maximum(area + area_ - common, keras.config.epsilon() ** 2)


def _area(width: Any, height: Any) -> Any:
    return ops.relu(width) * ops.relu(height)


@keras.saving.register_keras_serializable("cnnspec")
class BoxIoU(keras.metrics.MeanMetricWrapper):  # type: ignore[misc]
    """The mean over boxes."""

    def __init__(self, bounding_box_format: str = "xyxy", name: str = "box_iou", dtype: Any = None) -> None:
        super().__init__(intersection_over_union, name, dtype, bounding_box_format=bounding_box_format)
        self.bounding_box_format = bounding_box_format
        self._direction = "up"

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, "dtype": self.dtype, "bounding_box_format": self.bounding_box_format}
