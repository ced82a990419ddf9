"""Metrics: what is reported for every epoch, and what callbacks may monitor. Names and arguments are Keras's.

A metric is called by its entry's name in `history.csv`; give a second one of a kind a `name`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, TypeAlias

from pydantic import BeforeValidator, Field

from cnnspec.language.entries import Vocabulary, refuse
from cnnspec.layers.base import KerasCall, Shape
from cnnspec.training.component import Component, Facing, Told

METRICS = Vocabulary(
    "metric",
    {
        "cnnspec.training.entries.accuracies": """
        accuracy sparse_categorical_accuracy categorical_accuracy binary_accuracy top_k_categorical_accuracy
        sparse_top_k_categorical_accuracy
        """,
        "cnnspec.training.entries.decisions": """
        true_positives true_negatives false_positives false_negatives precision recall auc
        precision_at_recall recall_at_precision sensitivity_at_specificity specificity_at_sensitivity
        f_beta_score f1_score
        """,
        "cnnspec.training.entries.metrics": """
        binary_crossentropy categorical_crossentropy sparse_categorical_crossentropy
        hinge squared_hinge categorical_hinge kl_divergence poisson mean_squared_error root_mean_squared_error
        mean_absolute_error mean_absolute_percentage_error mean_squared_logarithmic_error log_cosh_error
        cosine_similarity pearson_correlation concordance_correlation r2_score
        """,
        "cnnspec.training.entries.overlaps": "mean_iou iou binary_iou one_hot_mean_iou one_hot_iou box_iou",
    },
)

Labels: TypeAlias = Literal["numbers", "one_hot", "any"]


_WHAT: dict[Told, str] = {
    "classes": "classes, one per image or pixel",
    "yes_no": "two classes, told by one value",
    "tags": "tags, any number per image",
    "vectors": "vectors, which tell no class",
    "numbers": "values",
    "boxes": "boxes",
}
"""What outputs tell, as messages say it."""


class Unfit(NamedTuple):
    """Why a metric says nothing true of an output (what follows its name), and what to write."""

    reason: str
    help: str = "remove it"


_LONGEST = 100


def _column(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    help = "write another name, such as `name: top_5`"
    if not value.isprintable() or len(value) > _LONGEST:
        what = (
            f"{len(value)} letters, and may have {_LONGEST}"
            if value.isprintable()
            else "line ends or control characters"
        )
        raise refuse("bad-choice", f"the name of this metric has {what}", help)
    return value


class Metric(Component):
    """The base of metrics. `labels` is how it takes the truth: class numbers, one-hot rows, or either; `of` are the
    outputs that it says something true of; `rises` says whether more is better."""

    abstract: ClassVar[bool] = True
    vocabulary: ClassVar[Vocabulary] = METRICS
    module: ClassVar[str] = "metrics"
    labels: ClassVar[Labels] = "any"
    of: ClassVar[frozenset[Told]] = frozenset({"numbers", "boxes"})
    rises: ClassVar[bool] = True
    instead: ClassVar[Mapping[Told, str]] = {}

    name: Annotated[Annotated[str, Field(min_length=1)] | None, BeforeValidator(_column)] = None

    @property
    def column(self) -> str:
        """What it is called in logs and history."""
        return self.name or self.entry

    def call_for(self, facing: Facing) -> KerasCall:
        """The call for an output that it fits, with the name that the history shows. What is left out follows from the
        output: see `unfit`, which says of which outputs the metric means what its name says."""
        return self.call(name=self.column)

    def unfit(self, facing: Facing) -> Unfit | None:
        """Why the metric says nothing true of an output, if so."""
        if facing.told in self.of:
            return None
        return Unfit(f"is of {self._wanted()}, and the labels are {_WHAT[facing.told]}", self._instead(facing.told))

    def takes(self, shape: Shape) -> str | None:
        """What an output must be for this metric by its shape alone, where one of `shape` is not."""
        return None

    def variant(self, facing: Facing) -> str:
        """What it takes of an output that its name does not say: `macro`, …; nothing where the name says all."""
        return ""

    def _wanted(self) -> str:
        if self.of <= {"numbers", "boxes"}:
            return "boxes" if self.of == {"boxes"} else "values"
        return "classes" if not self.of & {"tags"} or self.of & {"classes"} else "yes and no"

    def _instead(self, told: Told) -> str:
        usual = {
            "classes": "accuracy", "yes_no": "accuracy", "tags": "f1_score", "numbers": "mean_absolute_error",
            "boxes": "box_iou",
        }  # fmt: skip
        word = self.instead.get(told) or usual.get(told)
        return f"write `{word}`, or remove it" if word and word != self.entry else "remove it"
