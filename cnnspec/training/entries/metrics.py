"""Metrics but for the accuracies, decisions and overlaps. Names, arguments and defaults are Keras's."""

from dataclasses import replace
from typing import ClassVar

from cnnspec.language.types import Axis, Fraction, Natural, choice
from cnnspec.layers.base import KerasCall, Shape, show
from cnnspec.training.component import Facing, Told
from cnnspec.training.entries.adapters import DECIDED, OURS, no_probabilities, on_probabilities
from cnnspec.training.metrics import Labels, Metric, Unfit


class _LogLoss(Metric):
    of: ClassVar[frozenset[Told]] = DECIDED
    rises: ClassVar[bool] = False
    first: ClassVar[str] = "from_logits"
    own_link: ClassVar[str] = "softmax"
    from_logits: bool = False

    def call_for(self, facing: Facing) -> KerasCall:
        """`from_logits` follows the loss; scores that another function makes probabilities of go through that first."""
        # Keras takes the scores before a softmax for those before a sigmoid, and the other way round.
        hide = facing.activation in {"softmax", "sigmoid"} - {self.own_link}
        scores = facing.link == self.own_link and not hide
        call = self.call(name=self.column, from_logits=scores)
        rows = facing.form == "numbers" and self.labels == "any" and facing.told == "classes"
        other = facing.link is not None and not scores
        if not (rows and not scores) and not other and not hide:
            return call
        return on_probabilities(self._of_rows(call), facing, hide, untouched=facing.link is None and not hide)

    def _of_rows(self, call: KerasCall) -> KerasCall:
        """The same metric for one-hot rows."""
        return call

    def unfit(self, facing: Facing) -> Unfit | None:
        if facing.told not in self.of or facing.told == "numbers":
            return super().unfit(facing)
        return no_probabilities(replace(facing, reads="scores")) if facing.reads in ("margins", "scores") else None


class BinaryCrossentropy(_LogLoss):
    """Binary cross-entropy of every score by itself, without what regularizers add to the loss."""

    of: ClassVar[frozenset[Told]] = DECIDED | {"numbers"}
    own_link: ClassVar[str] = "sigmoid"
    label_smoothing: Fraction = 0.0


class CategoricalCrossentropy(BinaryCrossentropy):
    """Cross-entropy, without what regularizers add to the loss; labels are one-hot."""

    of: ClassVar[frozenset[Told]] = frozenset({"classes"})
    labels: ClassVar[Labels] = "one_hot"
    own_link: ClassVar[str] = "softmax"
    axis: Axis = -1


class SparseCategoricalCrossentropy(_LogLoss):
    """Cross-entropy, without what regularizers add to the loss; labels are class numbers."""

    of: ClassVar[frozenset[Told]] = frozenset({"classes"})
    labels: ClassVar[Labels] = "numbers"
    ignore_class: int | None = None
    axis: Axis = -1

    def _of_rows(self, call: KerasCall) -> KerasCall:
        return KerasCall("metrics.CategoricalCrossentropy", {"name": self.column})

    def unfit(self, facing: Facing) -> Unfit | None:
        other = facing.link == "sigmoid" or facing.activation == "sigmoid"
        if self.ignore_class is not None and other and facing.told == "classes":
            return Unfit("leaves a class out of what a softmax gives, and the network ends with `sigmoid`")
        return super().unfit(facing)


class Hinge(Metric):
    """The mean of max(1 − y·ŷ, 0)."""

    of: ClassVar[frozenset[Told]] = DECIDED
    labels: ClassVar[Labels] = "one_hot"
    rises: ClassVar[bool] = False


class SquaredHinge(Hinge):
    """The mean of max(1 − y·ŷ, 0)²."""


class CategoricalHinge(Hinge):
    """The mean of max(1 + the highest wrong score − the right score, 0)."""

    of: ClassVar[frozenset[Told]] = frozenset({"classes"})


class KLDivergence(Metric):
    """The mean of Σ p log(p / q): of the distribution over classes, computed from probabilities."""

    of: ClassVar[frozenset[Told]] = frozenset({"classes", "numbers"})
    rises: ClassVar[bool] = False

    def call_for(self, facing: Facing) -> KerasCall:
        call = self.call(name=self.column)
        return on_probabilities(call, facing) if facing.told == "classes" else call

    def unfit(self, facing: Facing) -> Unfit | None:
        if facing.told == "classes" and facing.reads in ("margins", "scores"):
            return Unfit("is of probabilities, and the network gives none")
        return super().unfit(facing)


class _OfValues(Metric):
    """Of values; of classes and tags only where the loss itself compares numbers with one-hot rows."""

    labels: ClassVar[Labels] = "one_hot"
    rises: ClassVar[bool] = False

    def unfit(self, facing: Facing) -> Unfit | None:
        if facing.by_values and facing.told in DECIDED:
            return None
        return super().unfit(facing)


class Poisson(_OfValues):
    """The mean of ŷ − y log ŷ."""


class MeanSquaredError(_OfValues):
    """The mean of (y − ŷ)²."""


class RootMeanSquaredError(_OfValues):
    """The root of the mean of (y − ŷ)²."""


class MeanAbsoluteError(_OfValues):
    """The mean of |y − ŷ|."""


class MeanAbsolutePercentageError(_OfValues):
    """100 times the mean of |y − ŷ| / |y|."""


class MeanSquaredLogarithmicError(_OfValues):
    """The mean of (log(1 + y) − log(1 + ŷ))²."""


class LogCoshError(_OfValues):
    """The mean of log cosh(ŷ − y)."""


class _AlongAxis(_OfValues):
    rises: ClassVar[bool] = True
    first: ClassVar[str] = "axis"
    axis: Axis = -1


class CosineSimilarity(_AlongAxis):
    """The cosine of the angle between y and ŷ, which are rows of several values."""

    def unfit(self, facing: Facing) -> Unfit | None:
        if facing.told == "numbers" and facing.shape[-1] == 1 and self.axis == -1:
            return Unfit("is of rows of several values, and the network gives one", "write `mean_absolute_error`")
        return super().unfit(facing)


class PearsonCorrelation(_AlongAxis):
    """The linear correlation of y and ŷ: of one value per image over all images, of several along `axis`."""

    alone: ClassVar[str] = "pearson"

    def _over_images(self, facing: Facing) -> bool:
        return facing.shape == (1,) and self.axis == -1

    def call_for(self, facing: Facing) -> KerasCall:
        if self._over_images(facing):
            return KerasCall(f"{OURS}.Correlation", {"name": self.column, "kind": self.alone})
        return super().call_for(facing)

    def variant(self, facing: Facing) -> str:
        return "over all images" if self._over_images(facing) else ""

    def unfit(self, facing: Facing) -> Unfit | None:
        if facing.told == "numbers" and len(facing.shape) > 1 and facing.shape[-1] == 1 and self.axis == -1:
            return Unfit("along an axis of one value says nothing", "write another `axis`")
        return super().unfit(facing)


class ConcordanceCorrelation(PearsonCorrelation):
    """How near (y, ŷ) lie to the diagonal (L. Lin, 1989): of one value per image over all images, of several along
    `axis`."""

    alone: ClassVar[str] = "concordance"


class R2Score(_OfValues):
    """1 − the squared errors / the variance of y, of each value over all images, averaged over the values."""

    rises: ClassVar[bool] = True
    class_aggregation: choice("uniform_average", "variance_weighted_average") = "uniform_average"  # type: ignore[valid-type]
    num_regressors: Natural = 0

    def call_for(self, facing: Facing) -> KerasCall:
        more = {"values": facing.shape[-1], "class_aggregation": self.class_aggregation}
        return KerasCall(f"{OURS}.R2Score", {"name": self.column, **more, "num_regressors": self.num_regressors})

    def takes(self, shape: Shape) -> str | None:
        return "one row of values an image" if len(shape) != 1 else None

    def unfit(self, facing: Facing) -> Unfit | None:
        if wanted := self.takes(facing.shape):
            return Unfit(f"takes {wanted}, the network gives {show(facing.shape)}")
        return super().unfit(facing)
