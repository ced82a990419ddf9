"""Losses of class probabilities. Names, arguments and defaults are Keras's."""

from typing import ClassVar

from cnnspec.language.types import Axis, Fraction, NonNegative
from cnnspec.layers.base import Shape
from cnnspec.layers.bounds import Bounds
from cnnspec.training.component import Share
from cnnspec.training.losses import SHARES, ClassLoss


class _Crossentropy(ClassLoss):
    takes: ClassVar[Bounds] = SHARES
    first: ClassVar[str] = "from_logits"
    from_logits: bool = False
    label_smoothing: Fraction = 0.0
    axis: Axis = -1


class CategoricalCrossentropy(_Crossentropy):
    """−Σ p log q over the classes; labels are made one-hot. `label_smoothing` moves a share of p to all classes.

    Example:
        loss: {categorical_crossentropy: {label_smoothing: 0.1}}
    """

    link: ClassVar[str] = "softmax"
    over_classes: ClassVar[bool] = True


class SparseCategoricalCrossentropy(ClassLoss):
    """−log q of the true class; labels are class numbers. Pixels of `ignore_class` (in masks) don't count.

    There is no label smoothing for class numbers; write `categorical_crossentropy: {label_smoothing: 0.1}`, for which
    they are made one-hot.

    Example:
        loss: {sparse_categorical_crossentropy: {ignore_class: 255}}
    """

    first: ClassVar[str] = "from_logits"
    sparse: ClassVar[bool] = True
    link: ClassVar[str] = "softmax"
    over_classes: ClassVar[bool] = True
    from_logits: bool = False
    ignore_class: int | None = None
    axis: Axis = -1

    def fitted(self, shape: Shape) -> "SparseCategoricalCrossentropy":
        return _OfMaps(**dict(self)) if len(shape) > 1 else self


class _OfMaps(SparseCategoricalCrossentropy):
    """The same loss, made so that PyTorch can derive it for maps."""

    module: ClassVar[str] = "cnnspec.training.maps"


class BinaryCrossentropy(_Crossentropy):
    """−p log q − (1 − p) log(1 − q): one sigmoid for two classes, or one for each class."""

    link: ClassVar[str] = "sigmoid"


class BinaryFocalCrossentropy(_Crossentropy):
    """Binary cross-entropy with easy examples counted less, by (1 − q)^`gamma` (T.-Y. Lin et al., 2017)."""

    link: ClassVar[str] = "sigmoid"
    apply_class_balancing: bool = False
    alpha: Fraction = 0.25
    gamma: NonNegative = 2.0


class CategoricalFocalCrossentropy(_Crossentropy):
    """Cross-entropy with easy examples counted less, by (1 − q)^`gamma` (T.-Y. Lin et al., 2017)."""

    over_classes: ClassVar[bool] = True
    alpha: NonNegative = 0.25
    gamma: NonNegative = 2.0


class CategoricalGeneralizedCrossEntropy(ClassLoss):
    """(1 − p^`q`) / `q` of the probability p of the true class: cross-entropy that bears wrong labels (Z. Zhang and
    M. Sabuncu, 2018). Labels are class numbers."""

    sparse: ClassVar[bool] = True
    of_probabilities: ClassVar[bool] = True
    over_classes: ClassVar[bool] = True
    q: Share = 0.5
