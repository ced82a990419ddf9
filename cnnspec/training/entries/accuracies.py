"""Accuracies. Names, arguments and defaults are Keras's."""

from typing import ClassVar

from cnnspec.language.types import Count
from cnnspec.layers.base import KerasCall
from cnnspec.training.component import Facing
from cnnspec.training.metrics import Labels, Metric


class Accuracy(Metric):
    """The share of images whose class is told right: sparse categorical, categorical or binary, as the loss is."""

    labels: ClassVar[Labels] = "any"

    def call_for(self, facing: Facing) -> KerasCall:
        named = {"name": self.column}
        if facing.form == "numbers":
            return KerasCall("metrics.SparseCategoricalAccuracy", named)
        if facing.binary:
            cut = {"threshold": facing.cut} if facing.scores else {}
            return KerasCall("metrics.BinaryAccuracy", {**named, **cut})
        return KerasCall("metrics.CategoricalAccuracy", named)


class SparseCategoricalAccuracy(Metric):
    """The share of images whose highest score is that of their class; labels are class numbers."""

    labels: ClassVar[Labels] = "numbers"


class CategoricalAccuracy(Metric):
    """The share of images whose highest score is that of their class; labels are one-hot."""


class BinaryAccuracy(Metric):
    """The share of outputs on the right side of `threshold`."""

    first: ClassVar[str] = "threshold"
    threshold: float = 0.5


class TopKCategoricalAccuracy(Metric):
    """The share of images whose class is among the `k` highest scores; labels are one-hot."""

    first: ClassVar[str] = "k"
    k: Count = 5


class SparseTopKCategoricalAccuracy(TopKCategoricalAccuracy):
    """The share of images whose class is among the `k` highest scores; labels are class numbers."""

    labels: ClassVar[Labels] = "numbers"
    from_sorted_ids: bool = False
