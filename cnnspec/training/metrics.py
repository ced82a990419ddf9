"""Metrics: what is reported for every epoch, and what callbacks may monitor. Names and arguments are Keras's.

A metric is called by its entry's name in `history.csv`; give a second one of a kind a `name`.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import Field

from cnnspec.language.entries import Vocabulary
from cnnspec.layers.base import KerasCall
from cnnspec.training.component import Component

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
        f_beta_score f1_score mean_iou iou binary_iou one_hot_mean_iou one_hot_iou binary_crossentropy
        categorical_crossentropy sparse_categorical_crossentropy hinge squared_hinge categorical_hinge
        kl_divergence poisson mean_squared_error root_mean_squared_error mean_absolute_error
        mean_absolute_percentage_error mean_squared_logarithmic_error log_cosh_error cosine_similarity
        pearson_correlation concordance_correlation r2_score
        """,
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

    def named_call(self) -> KerasCall:
        """The call, with the name that the history shows."""
        return self.call(name=self.column)
