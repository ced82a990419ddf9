"""Losses but for the cross-entropies. Names, arguments and defaults are Keras's; `sum` is not of Keras."""

from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, model_validator

from cnnspec.language.entries import nested, refuse
from cnnspec.language.problems import Expects
from cnnspec.language.types import Axis, Fraction, NonNegative, Positive
from cnnspec.layers.base import KerasCall, Shape
from cnnspec.layers.bounds import Bounds
from cnnspec.training.losses import COUNTS, LOSSES, SHARES, ClassLoss, Loss


class Hinge(ClassLoss):
    """max(1 − y·ŷ, 0), with labels −1 and 1 (0 counts as −1)."""

    takes: ClassVar[Bounds] = (-1.0, 1.0)


class SquaredHinge(ClassLoss):
    """max(1 − y·ŷ, 0)²."""

    takes: ClassVar[Bounds] = (-1.0, 1.0)


class CategoricalHinge(ClassLoss):
    """max(1 + the highest wrong score − the right score, 0) (K. Crammer and Y. Singer, 2001)."""

    over_classes: ClassVar[bool] = True
    takes: ClassVar[Bounds] = SHARES


class KLDivergence(ClassLoss):
    """Σ p log(p / q): how far the distribution q is from p (S. Kullback and R. Leibler, 1951)."""

    of_shares: ClassVar[bool] = True
    takes: ClassVar[Bounds] = SHARES


class Circle(Loss):
    """Pulls embeddings of a class together and pushes others away (Y. Sun et al., 2020); labels are class numbers."""

    sparse: ClassVar[bool] = True
    embeds: ClassVar[bool] = True
    gamma: Positive = 80.0
    margin: Fraction = 0.4
    remove_diagonal: bool = True


class MeanSquaredError(Loss):
    """The mean of (y − ŷ)²."""


class MeanAbsoluteError(Loss):
    """The mean of |y − ŷ|."""


class MeanAbsolutePercentageError(Loss):
    """100 times the mean of |y − ŷ| / |y|."""


class MeanSquaredLogarithmicError(Loss):
    """The mean of (log(1 + y) − log(1 + ŷ))²; what is below 0 counts as 0."""

    takes: ClassVar[Bounds] = COUNTS


class Huber(Loss):
    """Quadratic up to an error of `delta`, linear beyond (P. Huber, 1964)."""

    first: ClassVar[str] = "delta"
    delta: Positive = 1.0


class LogCosh(Loss):
    """The mean of log cosh(ŷ − y): quadratic near zero, linear far from it."""


class Poisson(Loss):
    """The mean of ŷ − y log ŷ, for counts."""

    takes: ClassVar[Bounds] = COUNTS


class CosineSimilarity(Loss):
    """−cos of the angle between y and ŷ along `axis`."""

    first: ClassVar[str] = "axis"
    axis: Axis = -1


class Dice(ClassLoss):
    """1 − 2|A∩B| / (|A| + |B|), for masks (F. Milletari et al., V-Net, 2016).

    Labels are masks of class numbers H×W, and the network gives H×W×classes with a softmax, or H×W×1 with a sigmoid.
    The overlap is summed over `axis`: left out, over the images of a batch and their pixels, for each class by itself,
    so that a class of few pixels counts as much as the ground. (Keras lumps the classes then.)

    Example:
        loss: {sum: [categorical_crossentropy, dice]}
    """

    module: ClassVar[str] = "cnnspec.training.maps"
    of_probabilities: ClassVar[bool] = True
    takes: ClassVar[Bounds] = SHARES
    axis: tuple[int, ...] | None = None

    def fitted(self, shape: Shape) -> Self:
        if self.axis is not None or shape[-1] == 1:
            return self
        return self.model_copy(update={"axis": tuple(range(len(shape)))})


class Tversky(Dice):
    """Dice with false positives weighted by `alpha`, false negatives by `beta` (S. Salehi et al., 2017).

    A `beta` above `alpha` finds more of small things. (Keras counts the two the other way round; they are handed to it
    so that they mean what they mean in the paper.)

    Example:
        loss: {tversky: {alpha: 0.3, beta: 0.7}}
    """

    alpha: NonNegative = 0.5
    beta: NonNegative = 0.5

    def call(self, **more: Any) -> KerasCall:
        return super().call(**{"alpha": self.beta, "beta": self.alpha, **more})


class Sum(Loss):
    """The sum of several losses of one output, each times its weight (1 where there are none).

    All take labels of one form: `categorical_crossentropy`, not the sparse one, beside `dice`. Each has its own
    `reduction`.

    Example:
        loss: {sum: [categorical_crossentropy, dice]}

    Example:
        loss: {sum: {losses: [binary_crossentropy, dice], weights: [0.3, 0.7]}}
    """

    module: ClassVar[str] = "cnnspec.training.summed"
    first: ClassVar[str] = "losses"
    losses: Annotated[tuple[Annotated[Loss, nested(LOSSES), Expects("a loss")], ...], Field(min_length=2)]
    weights: tuple[NonNegative, ...] | None = None

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if self.weights is not None and len(self.weights) != len(self.losses):
            message = f"{len(self.losses)} losses have {len(self.weights)} weight{'s' * (len(self.weights) != 1)}"
            raise refuse("loss-sum", message, "give each loss a weight, or leave `weights` out", at="weights")
        numbers = next((part.entry for part in self.parts if part.sparse), None)
        others = next((part.entry for part in self.parts if not part.sparse), None)
        if numbers and others:
            plain = numbers.removeprefix("sparse_")
            help = f"write `{plain}`" if plain in LOSSES and plain != numbers else None
            raise refuse("loss-sum", f"`{numbers}` takes class numbers, `{others}` one-hot labels", help, at="losses")
        scored = next((part.entry for part in self.parts if part.scores), None)
        strict = next((part.entry for part in self.parts if part.of_probabilities), None)
        if scored and strict:
            message = f"`{scored}` takes scores here, `{strict}` probabilities"
            raise refuse("loss-sum", message, "leave out `from_logits`, and end with a softmax or sigmoid", at="losses")
        return self

    @property
    def parts(self) -> tuple[Loss, ...]:
        return tuple(part for loss in self.losses for part in loss.parts)

    @property
    def sparse(self) -> bool:  # type: ignore[override]
        return self.losses[0].sparse

    @property
    def classifies(self) -> bool:  # type: ignore[override]
        return any(part.classifies for part in self.parts)

    def fitted(self, shape: Shape) -> Self:
        return self.model_copy(update={"losses": tuple(loss.fitted(shape) for loss in self.losses)})

    def call_behind(self, activation: str) -> KerasCall:
        return super().call(losses=tuple(loss.call_behind(activation) for loss in self.losses))

    def call(self, **more: Any) -> KerasCall:
        return super().call(**{"losses": tuple(loss.call() for loss in self.losses), **more})
