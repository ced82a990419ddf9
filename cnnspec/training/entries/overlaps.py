"""Overlaps of masks and of boxes: intersection over union. Names, arguments and defaults are Keras's, but for boxes."""

from collections.abc import Mapping
from typing import ClassVar

from cnnspec.language.types import Axis, Count, Fraction, Natural, choice
from cnnspec.layers.base import KerasCall, Shape, show
from cnnspec.training.component import Facing, Told
from cnnspec.training.metrics import Labels, Metric, Unfit


class _Overlap(Metric):
    of: ClassVar[frozenset[Told]] = frozenset({"classes", "yes_no"})
    num_classes: Count | None = None
    ignore_class: int | None = None
    axis: Axis = -1

    def call_for(self, facing: Facing) -> KerasCall:
        """How many classes there are, and that the network gives a score for each, follow where they are left out."""
        found = {"num_classes": facing.shape[-1], "sparse_y_pred": False, "sparse_y_true": facing.form != "one_hot"}
        filled = {name: value for name, value in found.items() if getattr(self, name, 0) is None}
        return self.call(name=self.column, **filled)

    def unfit(self, facing: Facing) -> Unfit | None:
        units = facing.shape[-1]
        if facing.told == "classes" and units is not None and self.num_classes is not None and self.num_classes < units:
            message = f"with `num_classes: {self.num_classes}` counts too few: the network gives {units} scores"
            return Unfit(message, "leave `num_classes` out")
        return super().unfit(facing)


class _MaskOverlap(_Overlap):
    sparse_y_true: bool | None = None
    sparse_y_pred: bool | None = None

    def call_for(self, facing: Facing) -> KerasCall:
        if facing.told != "yes_no" or self.sparse_y_pred is not None:
            return super().call_for(facing)
        classes = getattr(self, "target_class_ids", (0, 1))
        told = {"target_class_ids": classes, "threshold": facing.cut, "name": self.column}
        return KerasCall("metrics.BinaryIoU", told)


class MeanIoU(_MaskOverlap):
    """Intersection over union, averaged over the classes, of masks (H×W×classes, or H×W×1 for yes and no).

    It is that of all images together: pixels are counted over the whole split. A class that neither a mask nor the
    network has is left out. `num_classes` and the form of the labels follow from the network and its loss.

    Example:
        metrics: [mean_iou]
    """

    entry: ClassVar[str] = "mean_iou"
    first: ClassVar[str] = "num_classes"


class IoU(_MaskOverlap):
    """Intersection over union of `target_class_ids`, as `mean_iou` counts it.

    Example:
        metrics: [mean_iou, {iou: {target_class_ids: [1], name: iou_of_roads}}]
    """

    entry: ClassVar[str] = "iou"
    target_class_ids: tuple[Natural, ...]


class BinaryIoU(Metric):
    """Intersection over union of one map cut at `threshold`."""

    entry: ClassVar[str] = "binary_iou"
    of: ClassVar[frozenset[Told]] = frozenset({"yes_no"})
    instead: ClassVar[Mapping[Told, str]] = {"classes": "mean_iou"}
    target_class_ids: tuple[Natural, ...] = (0, 1)
    threshold: Fraction = 0.5

    def call_for(self, facing: Facing) -> KerasCall:
        cut = self.threshold if "threshold" in self.model_fields_set else facing.cut
        return KerasCall(
            "metrics.BinaryIoU", {"target_class_ids": self.target_class_ids, "threshold": cut, "name": self.column}
        )


class OneHotMeanIoU(_Overlap):
    """Mean intersection over union of one-hot masks; `mean_iou` takes either form."""

    entry: ClassVar[str] = "one_hot_mean_iou"
    of: ClassVar[frozenset[Told]] = frozenset({"classes"})
    labels: ClassVar[Labels] = "one_hot"
    first: ClassVar[str] = "num_classes"
    sparse_y_pred: bool = False


class OneHotIoU(OneHotMeanIoU):
    """Intersection over union of `target_class_ids` in one-hot masks; `iou` takes either form."""

    entry: ClassVar[str] = "one_hot_iou"
    first: ClassVar[str] = ""
    target_class_ids: tuple[Natural, ...]


class BoxIoU(Metric):
    """Intersection over union of the box that the network gives and the true one, averaged over the boxes.

    The network gives four values a box, as the labels have them: `xyxy` is left, top, right, bottom (as `shapes` gives
    them), `xywh` left, top, width, height, `center_xywh` the centre, width and height; `yxyx`, `yxhw` and `center_yxhw`
    the same with y first. They may be pixels or shares of the image. A box whose sides are crossed has no area.

    Example:
        metrics: [box_iou, mean_absolute_error]
    """

    entry: ClassVar[str] = "box_iou"
    keras: ClassVar[str] = "BoxIoU"
    module: ClassVar[str] = "cnnspec.training.boxes"
    of: ClassVar[frozenset[Told]] = frozenset({"boxes"})
    first: ClassVar[str] = "bounding_box_format"
    bounding_box_format: choice("xyxy", "yxyx", "xywh", "yxhw", "center_xywh", "center_yxhw") = "xyxy"  # type: ignore[valid-type]

    def takes(self, shape: Shape) -> str | None:
        return "four values a box" if shape[-1] not in (4, None) else None

    def unfit(self, facing: Facing) -> Unfit | None:
        if wanted := self.takes(facing.shape):
            return Unfit(f"takes {wanted}, the network gives {show(facing.shape)}")
        return None if facing.told == "numbers" else super().unfit(facing)
