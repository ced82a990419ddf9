"""Regularizers: what weights add to the loss. Names, arguments and defaults are Keras's."""

from typing import ClassVar

from cnnspec.language.entries import Vocabulary
from cnnspec.language.types import NonNegative, choice
from cnnspec.layers.base import Setting
from cnnspec.layers.settings import REGULARIZERS


class _Regularizer(Setting):
    vocabulary: ClassVar[Vocabulary] = REGULARIZERS
    module: ClassVar[str] = "regularizers"


class L1(_Regularizer):
    """Adds `l1` · Σ|w| to the loss."""

    entry: ClassVar[str] = "l1"
    first: ClassVar[str] = "l1"
    l1: NonNegative = 0.01


class L2(_Regularizer):
    """Adds `l2` · Σw² to the loss."""

    entry: ClassVar[str] = "l2"
    first: ClassVar[str] = "l2"
    l2: NonNegative = 0.01


class L1L2(_Regularizer):
    """Adds `l1` · Σ|w| + `l2` · Σw² to the loss."""

    entry: ClassVar[str] = "l1_l2"
    l1: NonNegative = 0.0
    l2: NonNegative = 0.0


class OrthogonalRegularizer(_Regularizer):
    """Pulls rows (or columns) of the kernel towards being orthogonal."""

    first: ClassVar[str] = "factor"
    factor: NonNegative = 0.01
    mode: choice("rows", "columns") = "rows"  # type: ignore[valid-type]
