"""Metrics: what is reported for every epoch, and what callbacks may monitor. Names and arguments are Keras's.

A metric is called by its entry's name in `history.csv`; give a second one of a kind a `name`.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import Field

from cnnspec.language.entries import Vocabulary
from cnnspec.layers.base import KerasCall, Shape
from cnnspec.training.component import Component, Facing

METRICS = Vocabulary(
    "metric",
    {
        "cnnspec.training.entries.accuracies": """
        accuracy sparse_categorical_accuracy categorical_accuracy binary_accuracy top_k_categorical_accuracy
        sparse_top_k_categorical_accuracy
        """,
        "cnnspec.training.entries.metrics": """
        true_positives true_negatives false_positives false_negatives precision recall auc
        precision_at_recall recall_at_precision sensitivity_at_specificity specificity_at_sensitivity
        f_beta_score f1_score binary_crossentropy categorical_crossentropy sparse_categorical_crossentropy
        hinge squared_hinge categorical_hinge kl_divergence poisson mean_squared_error root_mean_squared_error
        mean_absolute_error mean_absolute_percentage_error mean_squared_logarithmic_error log_cosh_error
        cosine_similarity pearson_correlation concordance_correlation r2_score
        """,
        "cnnspec.training.entries.overlaps": "mean_iou iou binary_iou one_hot_mean_iou one_hot_iou box_iou",
    },
)

Labels: TypeAlias = Literal["numbers", "one_hot", "any"]


class Metric(Component):
    """The base of metrics. `labels` is how it takes the truth: class numbers, one-hot rows, or either;
    `rises` says whether more is better."""

    abstract: ClassVar[bool] = True
    vocabulary: ClassVar[Vocabulary] = METRICS
    module: ClassVar[str] = "metrics"
    labels: ClassVar[Labels] = "one_hot"
    rises: ClassVar[bool] = True

    name: Annotated[str, Field(min_length=1)] | None = None

    @property
    def column(self) -> str:
        """What it is called in logs and history."""
        return self.name or self.entry

    def call_for(self, facing: Facing) -> KerasCall:
        """The call for an output, with the name that the history shows. What is left out follows from the output:
        with a loss that takes scores, `from_logits` is true and `thresholds` of yes and no are 0."""
        more: dict[str, Any] = {"name": self.column}
        fields, given = type(self).model_fields, self.model_fields_set
        if facing.scores and "from_logits" in fields and "from_logits" not in given:
            more["from_logits"] = True
        for threshold in {"threshold", "thresholds"} & fields.keys() - given:
            if facing.scores and facing.binary and "from_logits" not in fields:
                more[threshold] = facing.cut
        return self.call(**more)

    def misfit(self, shape: Shape) -> str | None:
        """What an output must be for this metric, where this one is not."""
        return None
