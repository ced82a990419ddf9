"""Adam and its kin. Names, arguments and defaults are Keras's."""

from typing import ClassVar

from cnnspec.language.types import NonNegative, Positive
from cnnspec.training.component import Share
from cnnspec.training.optimizers import Optimizer


class _Moments(Optimizer):
    moments: ClassVar[int] = 2
    beta_1: Share = 0.9
    beta_2: Share = 0.999
    epsilon: Positive = 1e-7


class Adam(_Moments):
    """Steps scaled by running means of the gradient and of its square (D. Kingma and J. Ba, 2015)."""

    more: ClassVar[tuple[str, ...]] = ("amsgrad",)
    amsgrad: bool = False


class AdamW(_Moments):
    """Adam with weight decay apart from the gradient (I. Loshchilov and F. Hutter, 2019)."""

    entry: ClassVar[str] = "adamw"
    more: ClassVar[tuple[str, ...]] = ("amsgrad",)
    weight_decay: NonNegative = 0.004
    amsgrad: bool = False


class Adamax(_Moments):
    """Adam with the largest gradient in place of the mean square (D. Kingma and J. Ba, 2015)."""


class Nadam(_Moments):
    """Adam with Nesterov momentum (T. Dozat, 2016)."""


class Lamb(_Moments):
    """Adam with a step for each layer in proportion to its weights, for large batches (Y. You et al., 2020)."""
