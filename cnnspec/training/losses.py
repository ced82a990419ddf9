"""Losses: what training makes small. Names, arguments and defaults are Keras's.

Labels come as the loss needs them: class numbers, or one-hot rows made from them.
"""

from __future__ import annotations

from typing import ClassVar

from cnnspec.language.entries import Vocabulary
from cnnspec.language.types import Axis, Fraction, NonNegative, Positive, choice
from cnnspec.training.component import Component, Share

LOSSES = Vocabulary("loss")


class Loss(Component):
    """The base of losses. `sparse` ones take class numbers; `classifies` marks those that tell classes apart."""

    abstract: ClassVar[bool] = True
    vocabulary: ClassVar[Vocabulary] = LOSSES
    module: ClassVar[str] = "losses"
    sparse: ClassVar[bool] = False
    classifies: ClassVar[bool] = False

    reduction: choice("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight") = "sum_over_batch_size"  # type: ignore[valid-type]


class _Classes(Loss):
    classifies: ClassVar[bool] = True


class _Crossentropy(_Classes):
    first: ClassVar[str] = "from_logits"
    from_logits: bool = False
    label_smoothing: Fraction = 0.0
    axis: Axis = -1


class CategoricalCrossentropy(_Crossentropy):
    """−Σ p log q over the classes; labels are made one-hot. `label_smoothing` moves a share of p to all classes."""


class SparseCategoricalCrossentropy(_Classes):
    """−log q of the true class; labels are class numbers. Pixels of `ignore_class` (in masks) don't count."""

    first: ClassVar[str] = "from_logits"
    sparse: ClassVar[bool] = True
    from_logits: bool = False
    ignore_class: int | None = None
    axis: Axis = -1


class BinaryCrossentropy(_Crossentropy):
    """−p log q − (1 − p) log(1 − q): one sigmoid for two classes, or one for each class."""


class BinaryFocalCrossentropy(_Crossentropy):
    """Binary cross-entropy with easy examples counted less, by (1 − q)^`gamma` (T.-Y. Lin et al., 2017)."""

    apply_class_balancing: bool = False
    alpha: Fraction = 0.25
    gamma: NonNegative = 2.0


class CategoricalFocalCrossentropy(_Crossentropy):
    """Cross-entropy with easy examples counted less, by (1 − q)^`gamma` (T.-Y. Lin et al., 2017)."""

    alpha: NonNegative = 0.25
    gamma: NonNegative = 2.0


class CategoricalGeneralizedCrossEntropy(_Classes):
    """(1 − q^`q`) / `q`: cross-entropy that bears wrong labels (Z. Zhang and M. Sabuncu, 2018)."""

    q: Share = 0.5


class Hinge(_Classes):
    """max(1 − y·ŷ, 0), with labels −1 and 1 (0 counts as −1)."""


class SquaredHinge(_Classes):
    """max(1 − y·ŷ, 0)²."""


class CategoricalHinge(_Classes):
    """max(1 + the highest wrong score − the right score, 0) (K. Crammer and Y. Singer, 2001)."""


class KLDivergence(_Classes):
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
