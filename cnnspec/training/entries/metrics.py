"""Metrics but for the accuracies. Names, arguments and defaults are Keras's."""

from typing import Annotated, Any, ClassVar, TypeAlias

from pydantic import BeforeValidator, Field

from cnnspec.language.entries import refuse, shown
from cnnspec.language.forms import Form, one_or
from cnnspec.language.types import Axis, Count, Fraction, Natural, Positive, choice
from cnnspec.training.metrics import Labels, Metric


def _thresholds(value: Any) -> Any:
    listed = value if isinstance(value, tuple | list) else (value,)
    for item in listed:
        if isinstance(item, bool) or not isinstance(item, int | float):
            raise refuse("wrong-type", f"`thresholds` takes a number, or a list of them, not {shown(value)}")
        if not 0 <= item <= 1:
            raise refuse("out-of-range", f"a threshold lies between 0 and 1, not at {shown(item)}")
    return tuple(map(float, value)) if isinstance(value, tuple | list) else float(value)


_THRESHOLD = {"type": "number", "minimum": 0, "maximum": 1}
_FORM = Form(
    lambda rank: {"anyOf": [*one_or(_THRESHOLD, 0)["anyOf"], {"type": "null"}]},
    "a number from 0 to 1, or a list of them",
)

Thresholds: TypeAlias = Annotated[
    Any, BeforeValidator(lambda value: None if value is None else _thresholds(value)), _FORM
]
"""One number from 0 to 1, or a list of them; none is 0.5."""


class _Thresholded(Metric):
    first: ClassVar[str] = "thresholds"
    thresholds: Thresholds = None


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
    """True positives / all that were taken for positive; of one class with `class_id`."""

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


class FBetaScore(Metric):
    """(1 + β²) · precision · recall / (β² · precision + recall); `average` joins the classes into one number."""

    average: choice("micro", "macro", "weighted") | None = None  # type: ignore[valid-type]
    beta: Positive = 1.0
    threshold: Fraction | None = None


class F1Score(Metric):
    """2 · precision · recall / (precision + recall); `average` joins the classes into one number."""

    first: ClassVar[str] = "average"
    average: choice("micro", "macro", "weighted") | None = None  # type: ignore[valid-type]
    threshold: Fraction | None = None


class _Overlap(Metric):
    labels: ClassVar[Labels] = "any"
    num_classes: Count
    ignore_class: int | None = None
    sparse_y_true: bool = True
    sparse_y_pred: bool = True
    axis: Axis = -1


class MeanIoU(_Overlap):
    """Intersection over union, averaged over the classes. Say `sparse_y_pred: false` where the network gives scores."""

    entry: ClassVar[str] = "mean_iou"
    first: ClassVar[str] = "num_classes"


class IoU(_Overlap):
    """Intersection over union of `target_class_ids`."""

    entry: ClassVar[str] = "iou"
    target_class_ids: tuple[Natural, ...]


class BinaryIoU(Metric):
    """Intersection over union of one map cut at `threshold`."""

    entry: ClassVar[str] = "binary_iou"
    labels: ClassVar[Labels] = "any"
    target_class_ids: tuple[Natural, ...] = (0, 1)
    threshold: Fraction = 0.5


class OneHotMeanIoU(Metric):
    """Mean intersection over union of one-hot masks."""

    entry: ClassVar[str] = "one_hot_mean_iou"
    first: ClassVar[str] = "num_classes"
    num_classes: Count
    ignore_class: int | None = None
    sparse_y_pred: bool = False
    axis: Axis = -1


class OneHotIoU(OneHotMeanIoU):
    """Intersection over union of `target_class_ids` in one-hot masks."""

    entry: ClassVar[str] = "one_hot_iou"
    first: ClassVar[str] = ""
    target_class_ids: tuple[Natural, ...]


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


class R2Score(Metric):
    """1 − the squared errors / the variance of y."""

    class_aggregation: choice("uniform_average", "variance_weighted_average") | None = "uniform_average"  # type: ignore[valid-type]
    num_regressors: Natural = 0
