"""Accuracies. Names, arguments and defaults are Keras's."""

from typing import ClassVar

from cnnspec.language.types import Count
from cnnspec.layers.base import KerasCall
from cnnspec.training.component import Facing, Told
from cnnspec.training.entries.adapters import OURS
from cnnspec.training.metrics import Labels, Metric, Unfit


class Accuracy(Metric):
    """The share of images (of masks: pixels) whose class is predicted right, by the highest score; of tags the share
    of all single decisions, each by its own probability."""

    of: ClassVar[frozenset[Told]] = frozenset({"classes", "yes_no", "tags"})

    def call_for(self, facing: Facing) -> KerasCall:
        named = {"name": self.column}
        if facing.told in ("yes_no", "tags"):
            return KerasCall("metrics.BinaryAccuracy", {**named, "threshold": facing.cut})
        sparse = "Sparse" * (facing.form == "numbers")
        return KerasCall(f"metrics.{sparse}CategoricalAccuracy", named)

    def variant(self, facing: Facing) -> str:
        return "of all tags together" if facing.told == "tags" else ""


class _OfClasses(Metric):
    of: ClassVar[frozenset[Told]] = frozenset({"classes"})
    labels: ClassVar[Labels] = "one_hot"


class SparseCategoricalAccuracy(_OfClasses):
    """The share of images whose highest score is that of their class; labels are class numbers."""

    labels: ClassVar[Labels] = "numbers"


class CategoricalAccuracy(_OfClasses):
    """The share of images whose highest score is that of their class; labels are one-hot."""


class BinaryAccuracy(Metric):
    """The share of decisions on the right side of `threshold`: of two classes, or of tags."""

    of: ClassVar[frozenset[Told]] = frozenset({"yes_no", "tags"})
    first: ClassVar[str] = "threshold"
    threshold: float = 0.5

    def call_for(self, facing: Facing) -> KerasCall:
        cut = facing.cut if "threshold" not in self.model_fields_set else self.threshold
        return KerasCall("metrics.BinaryAccuracy", {"name": self.column, "threshold": cut})


class TopKCategoricalAccuracy(_OfClasses):
    """The share of images whose class is among the `k` highest scores; labels are one-hot. Of equal scores the class of
    the lower number comes first."""

    first: ClassVar[str] = "k"
    k: Count = 5

    def call_for(self, facing: Facing) -> KerasCall:
        named = {"name": self.column, "k": self.k, "sparse": facing.form == "numbers"}
        return KerasCall(f"{OURS}.TopK", named)

    def unfit(self, facing: Facing) -> Unfit | None:
        units = facing.shape[-1]
        if facing.told == "classes" and units is not None and self.k >= units:
            return Unfit(
                f"of {units} classes with k = {self.k} is always 1", f"write a `k` below {units}, or `accuracy`"
            )
        return super().unfit(facing)


class SparseTopKCategoricalAccuracy(TopKCategoricalAccuracy):
    """The share of images whose class is among the `k` highest scores; labels are class numbers. Of equal scores the
    class of the lower number comes first."""

    labels: ClassVar[Labels] = "numbers"
    from_sorted_ids: bool = False
