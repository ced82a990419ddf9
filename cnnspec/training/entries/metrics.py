"""Metrics but for the accuracies and overlaps. Names, arguments and defaults are Keras's."""

from typing import Annotated, ClassVar

from pydantic import Field

from cnnspec.language.types import Axis, Count, Fraction, Natural, Positive, choice
from cnnspec.layers.base import KerasCall, Shape
from cnnspec.training.component import Facing
from cnnspec.training.metrics import Labels, Metric


class _Thresholded(Metric):
    first: ClassVar[str] = "thresholds"
    thresholds: Fraction | None = None


class TruePositives(_Thresholded):
    """How many positives are found."""


class TrueNegatives(_Thresholded):
    """How many negatives are left out."""


class FalsePositives(_Thresholded):
    """How many negatives are taken for positives."""

    rises: ClassVar[bool] = False


class FalseNegatives(_Thresholded):
    """How many positives are missed."""

    rises: ClassVar[bool] = False


class Precision(_Thresholded):
    """True positives / all that were taken for positive, by values above `thresholds`; of one class with `class_id`.

    It is one number from 0 to 1, and 0.5 where it is left out.

    Example:
        metrics: [precision, {precision: {thresholds: 0.9, name: sure_precision}}]
    """

    top_k: Count | None = None
    class_id: Natural | None = None


class Recall(Precision):
    """True positives / all positives; of one class with `class_id`."""


class AUC(Metric):
    """The area under the ROC or precision-recall curve."""

    first: ClassVar[str] = "curve"
    num_thresholds: Annotated[int, Field(ge=2)] = 200
    curve: choice("ROC", "PR", "PRGAIN") = "ROC"  # type: ignore[valid-type]
    summation_method: choice("interpolation", "minoring", "majoring") = "interpolation"  # type: ignore[valid-type]
    thresholds: tuple[Fraction, ...] | None = None
    multi_label: bool = False
    num_labels: Count | None = None
    label_weights: tuple[float, ...] | None = None
    from_logits: bool = False


class _AtPoint(Metric):
    num_thresholds: Count = 200
    class_id: Natural | None = None


class PrecisionAtRecall(_AtPoint):
    """The best precision where recall is at least `recall`."""

    first: ClassVar[str] = "recall"
    recall: Fraction


class RecallAtPrecision(_AtPoint):
    """The best recall where precision is at least `precision`."""

    first: ClassVar[str] = "precision"
    precision: Fraction


class SensitivityAtSpecificity(_AtPoint):
    """The best sensitivity where specificity is at least `specificity`."""

    first: ClassVar[str] = "specificity"
    specificity: Fraction


class SpecificityAtSensitivity(_AtPoint):
    """The best specificity where sensitivity is at least `sensitivity`."""

    first: ClassVar[str] = "sensitivity"
    sensitivity: Fraction


class _RowsOnly(Metric):
    def misfit(self, shape: Shape) -> str | None:
        return "one row of values an image" if len(shape) != 1 else None


class _FScore(_RowsOnly):
    average: choice("micro", "macro", "weighted") | None = None  # type: ignore[valid-type]
    threshold: Annotated[float, Field(gt=0, le=1)] | None = None

    def call_for(self, facing: Facing) -> KerasCall:
        cut = {"threshold": facing.cut} if facing.binary and not facing.scores and self.threshold is None else {}
        return self.call(name=self.column, average=self.average or "macro", **cut)


class FBetaScore(_FScore):
    """(1 + β²) · precision · recall / (β² · precision + recall), joined over the classes by `average`: `macro` where it
    is left out, so that every class counts alike."""

    beta: Positive = 1.0


class F1Score(_FScore):
    """2 · precision · recall / (precision + recall), joined over the classes by `average`: `macro` where it is left
    out, so that every class counts alike."""

    first: ClassVar[str] = "average"


class _LogLoss(Metric):
    rises: ClassVar[bool] = False
    first: ClassVar[str] = "from_logits"
    from_logits: bool = False


class BinaryCrossentropy(_LogLoss):
    """Binary cross-entropy, without what regularizers add to the loss."""

    label_smoothing: Fraction = 0.0


class CategoricalCrossentropy(BinaryCrossentropy):
    """Cross-entropy, without what regularizers add to the loss; labels are one-hot."""

    axis: Axis = -1


class SparseCategoricalCrossentropy(_LogLoss):
    """Cross-entropy, without what regularizers add to the loss; labels are class numbers."""

    labels: ClassVar[Labels] = "numbers"
    ignore_class: int | None = None
    axis: Axis = -1


class Hinge(Metric):
    """The mean of max(1 − y·ŷ, 0)."""

    rises: ClassVar[bool] = False


class SquaredHinge(Metric):
    """The mean of max(1 − y·ŷ, 0)²."""

    rises: ClassVar[bool] = False


class CategoricalHinge(Metric):
    """The mean of max(1 + the highest wrong score − the right score, 0)."""

    rises: ClassVar[bool] = False


class KLDivergence(Metric):
    """The mean of Σ p log(p / q)."""

    rises: ClassVar[bool] = False


class Poisson(Metric):
    """The mean of ŷ − y log ŷ."""

    rises: ClassVar[bool] = False


class MeanSquaredError(Metric):
    """The mean of (y − ŷ)²."""

    rises: ClassVar[bool] = False


class RootMeanSquaredError(Metric):
    """The root of the mean of (y − ŷ)²."""

    rises: ClassVar[bool] = False


class MeanAbsoluteError(Metric):
    """The mean of |y − ŷ|."""

    rises: ClassVar[bool] = False


class MeanAbsolutePercentageError(Metric):
    """100 times the mean of |y − ŷ| / |y|."""

    rises: ClassVar[bool] = False


class MeanSquaredLogarithmicError(Metric):
    """The mean of (log(1 + y) − log(1 + ŷ))²."""

    rises: ClassVar[bool] = False


class LogCoshError(Metric):
    """The mean of log cosh(ŷ − y)."""

    rises: ClassVar[bool] = False


class _AlongAxis(Metric):
    first: ClassVar[str] = "axis"
    axis: Axis = -1


class CosineSimilarity(_AlongAxis):
    """The cosine of the angle between y and ŷ."""


class PearsonCorrelation(_AlongAxis):
    """The linear correlation of y and ŷ."""


class ConcordanceCorrelation(_AlongAxis):
    """How near (y, ŷ) lie to the diagonal (L. Lin, 1989)."""


class R2Score(_RowsOnly):
    """1 − the squared errors / the variance of y."""

    class_aggregation: choice("uniform_average", "variance_weighted_average") = "uniform_average"  # type: ignore[valid-type]
    num_regressors: Natural = 0
