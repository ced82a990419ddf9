"""Metrics of decisions, right and wrong: precision, recall, F scores, areas under curves. Names, arguments and defaults
are Keras's."""

from typing import Annotated, Any, ClassVar

from pydantic import Field

from cnnspec.language.types import Count, Fraction, Natural, Positive, choice
from cnnspec.layers.base import KerasCall
from cnnspec.training.component import Facing, Told
from cnnspec.training.entries.adapters import DECIDED, OURS, no_probabilities, on_probabilities
from cnnspec.training.metrics import Metric, Unfit


class _Counted(Metric):
    """Counts of right and wrong decisions by `thresholds`."""

    of: ClassVar[frozenset[Told]] = frozenset({"yes_no", "tags"})
    first: ClassVar[str] = "thresholds"
    thresholds: Fraction | None = None

    def call_for(self, facing: Facing) -> KerasCall:
        call = self.call(name=self.column, thresholds=0.5 if self.thresholds is None else self.thresholds)
        return on_probabilities(call, facing, decided=True)


class TruePositives(_Counted):
    """How many positives are found."""


class TrueNegatives(_Counted):
    """How many negatives are left out."""


class FalsePositives(_Counted):
    """How many negatives are taken for positives."""

    rises: ClassVar[bool] = False


class FalseNegatives(_Counted):
    """How many positives are missed."""

    rises: ClassVar[bool] = False


class Precision(_Counted):
    """True positives / all that were taken for positive.

    Of several classes, one per image: the mean over the classes that occur (`macro`), where each image is of the class
    with the highest score; of one class with `class_id`. Of two classes told by one value, and of tags (all together):
    by probabilities above `thresholds`, which is 0.5 where it is left out. Where `thresholds` or `top_k` is written
    beside several classes, it is that of all scores together, as in Keras.

    Example:
        metrics: [precision, {precision: {thresholds: 0.9, name: sure_precision}}]
    """

    of: ClassVar[frozenset[Told]] = DECIDED
    measure: ClassVar[str] = "precision"

    top_k: Count | None = None
    class_id: Natural | None = None

    def _of_scores(self, facing: Facing) -> bool:
        """Whether scores are cut, rather than the highest one taken."""
        return facing.told != "classes" or self.thresholds is not None or self.top_k is not None

    def call_for(self, facing: Facing) -> KerasCall:
        if not self._of_scores(facing):
            more = {"measure": self.measure, "classes": facing.shape[-1], "sparse": facing.form == "numbers"}
            return KerasCall(f"{OURS}.PerClass", {"name": self.column, **more, "class_id": self.class_id})
        cut = {} if self.top_k is not None and self.thresholds is None else {"thresholds": self.thresholds or 0.5}
        return on_probabilities(self.call(**{"name": self.column, **cut}), facing, decided=True)

    def unfit(self, facing: Facing) -> Unfit | None:
        units = facing.shape[-1]
        if facing.told in self.of and self.top_k is not None and units is not None and self.top_k >= units:
            return Unfit(f"with `top_k: {self.top_k}` takes all scores: the network gives {units}", "leave `top_k` out")
        return super().unfit(facing) or _no_such_class(self.class_id, facing)

    def variant(self, facing: Facing) -> str:
        if self.class_id is not None:
            return f"of class {self.class_id}"
        if facing.told == "tags":
            return "of all tags together"
        if facing.told == "classes":
            return "of all scores together" if self._of_scores(facing) else "macro"
        return ""


def _no_such_class(number: int | None, facing: Facing) -> Unfit | None:
    units = facing.shape[-1]
    if number is None or units is None or number < units:
        return None
    return Unfit(f"of class {number} says nothing: the network has {units}", f"write a `class_id` below {units}")


class Recall(Precision):
    """True positives / all positives: of several classes, two, or tags as `precision`; of one class with `class_id`."""

    measure: ClassVar[str] = "recall"


class AUC(Metric):
    """The area under the ROC or precision-recall curve; NaN where all labels are alike, so that there is none.

    Without `num_thresholds` and `thresholds` it is counted at 9,000 thresholds (fewer for many classes), more of them
    near 0 and 1, so that it is exact to about three digits also where all probabilities are small. Between points of
    the precision-recall curve it is interpolated (J. Davis and M. Goadrich, 2006), which average precision is not.

    Of several classes, and of tags, the mean over the classes that occur (`macro`), each against the rest;
    `multi_label: false` takes all scores together, as Keras does. It is computed from probabilities, also where the
    network gives scores.
    """

    of: ClassVar[frozenset[Told]] = DECIDED
    first: ClassVar[str] = "curve"
    num_thresholds: Annotated[int, Field(ge=2)] | None = None
    curve: choice("ROC", "PR", "PRGAIN") = "ROC"  # type: ignore[valid-type]
    summation_method: choice("interpolation", "minoring", "majoring") = "interpolation"  # type: ignore[valid-type]
    thresholds: tuple[Fraction, ...] | None = None
    multi_label: bool = False
    num_labels: Count | None = None
    label_weights: tuple[float, ...] | None = None
    from_logits: bool = False

    def _by_class(self, facing: Facing) -> bool:
        return facing.told != "yes_no" and "multi_label" not in self.model_fields_set

    def call_for(self, facing: Facing) -> KerasCall:
        more: dict[str, Any] = {"name": self.column}
        if self._by_class(facing) or self.multi_label:
            more |= {"multi_label": True, "num_labels": self.num_labels or facing.shape[-1]}
        if self.num_thresholds is not None:
            more["num_thresholds"] = self.num_thresholds
        call = KerasCall(f"{OURS}.AUC", {**self.call(**more).kwargs, "from_logits": False})
        return on_probabilities(call, facing, decided=True)

    def unfit(self, facing: Facing) -> Unfit | None:
        return super().unfit(facing) or no_probabilities(facing)

    def variant(self, facing: Facing) -> str:
        words = [self.curve] * (self.curve != "ROC") + ["macro"] * self._by_class(facing)
        return ", ".join(words)


class _AtPoint(Metric):
    of: ClassVar[frozenset[Told]] = DECIDED
    num_thresholds: Count = 200
    class_id: Natural | None = None

    def call_for(self, facing: Facing) -> KerasCall:
        return on_probabilities(self.call(name=self.column), facing, decided=True)

    def unfit(self, facing: Facing) -> Unfit | None:
        if facing.told == "classes" and self.class_id is None:
            return Unfit("is of one class against the rest", "write its number as `class_id`")
        return super().unfit(facing) or _no_such_class(self.class_id, facing) or no_probabilities(facing)

    def variant(self, facing: Facing) -> str:
        if self.class_id is not None:
            return f"of class {self.class_id}"
        return "of all tags together" if facing.told == "tags" else ""


class PrecisionAtRecall(_AtPoint):
    """The best precision where recall is at least `recall`; of several classes, of the one that `class_id` says."""

    first: ClassVar[str] = "recall"
    recall: Fraction


class RecallAtPrecision(_AtPoint):
    """The best recall where precision is at least `precision`; of several classes, of the one that `class_id` says."""

    first: ClassVar[str] = "precision"
    precision: Fraction


class SensitivityAtSpecificity(_AtPoint):
    """The best sensitivity where specificity is at least `specificity`; of several classes, of the one that `class_id`
    says."""

    first: ClassVar[str] = "specificity"
    specificity: Fraction


class SpecificityAtSensitivity(_AtPoint):
    """The best specificity where sensitivity is at least `sensitivity`; of several classes, of the one that `class_id`
    says."""

    first: ClassVar[str] = "sensitivity"
    sensitivity: Fraction


class _FScore(Metric):
    of: ClassVar[frozenset[Told]] = DECIDED
    average: choice("micro", "macro", "weighted") | None = None  # type: ignore[valid-type]
    threshold: Annotated[float, Field(gt=0, le=1)] | None = None

    def call_for(self, facing: Facing) -> KerasCall:
        more: dict[str, Any] = {"measure": "f_beta", "beta": getattr(self, "beta", 1.0), "classes": facing.shape[-1]}
        if facing.told == "classes" and self.threshold is None:
            more["sparse"] = facing.form == "numbers"
        elif facing.told == "classes":
            more |= {
                "cut": self.threshold,
                "link": facing.chance,
                "sparse": facing.form == "numbers",
                "one_class": True,
            }
        else:
            cut = facing.cut if self.threshold is None else self.threshold
            more |= {"cut": cut, "link": None if self.threshold is None else facing.chance}
            more["all_classes"] = facing.told == "tags"
        return KerasCall(f"{OURS}.PerClass", {"name": self.column, **more, "average": self.average or "macro"})

    def variant(self, facing: Facing) -> str:
        return "" if facing.told == "yes_no" else self.average or "macro"


class FBetaScore(_FScore):
    """(1 + β²) · precision · recall / (β² · precision + recall), joined over the classes that occur by `average`:
    `macro` where it is left out, so that every class counts alike.

    Each image is of the class with the highest score, or with `threshold` of all above it; of two classes told by one
    value, it is that of class 1; of tags, each is decided by itself.
    """

    beta: Positive = 1.0


class F1Score(_FScore):
    """2 · precision · recall / (precision + recall), joined over the classes that occur by `average`: `macro` where it
    is left out, so that every class counts alike. Decisions are taken as with `f_beta_score`."""

    first: ClassVar[str] = "average"
