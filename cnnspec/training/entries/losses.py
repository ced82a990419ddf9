"""Losses but for the cross-entropies. Names, arguments and defaults are Keras's."""

from typing import ClassVar

from cnnspec.language.types import Axis, Fraction, NonNegative, Positive
from cnnspec.training.losses import ClassLoss, Loss


class Hinge(ClassLoss):
    """max(1 − y·ŷ, 0), with labels −1 and 1 (0 counts as −1)."""


class SquaredHinge(ClassLoss):
    """max(1 − y·ŷ, 0)²."""


class CategoricalHinge(ClassLoss):
    """max(1 + the highest wrong score − the right score, 0) (K. Crammer and Y. Singer, 2001)."""


class KLDivergence(ClassLoss):
    """Σ p log(p / q): how far the distribution q is from p (S. Kullback and R. Leibler, 1951)."""


class Circle(Loss):
    """Pulls embeddings of a class together and pushes others away (Y. Sun et al., 2020); labels are class numbers."""

    sparse: ClassVar[bool] = True
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
    """The mean of (log(1 + y) − log(1 + ŷ))²."""


class Huber(Loss):
    """Quadratic up to an error of `delta`, linear beyond (P. Huber, 1964)."""

    first: ClassVar[str] = "delta"
    delta: Positive = 1.0


class LogCosh(Loss):
    """The mean of log cosh(ŷ − y): quadratic near zero, linear far from it."""


class Poisson(Loss):
    """The mean of ŷ − y log ŷ, for counts."""


class CosineSimilarity(Loss):
    """−cos of the angle between y and ŷ along `axis`."""

    first: ClassVar[str] = "axis"
    axis: Axis = -1


class Dice(Loss):
    """1 − 2|A∩B| / (|A| + |B|), for masks (F. Milletari et al., V-Net, 2016)."""

    axis: tuple[int, ...] | None = None


class Tversky(Dice):
    """Dice with false positives weighted by `alpha`, false negatives by `beta` (S. Salehi et al., 2017)."""

    alpha: NonNegative = 0.5
    beta: NonNegative = 0.5
