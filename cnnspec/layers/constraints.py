"""Constraints: what weights are held to after every step. Names, arguments and defaults are Keras's."""

from typing import ClassVar

from cnnspec.language.entries import Vocabulary
from cnnspec.language.types import Fraction, NonNegative, Positive
from cnnspec.layers.base import Setting
from cnnspec.layers.settings import CONSTRAINTS


class _Constraint(Setting):
    vocabulary: ClassVar[Vocabulary] = CONSTRAINTS
    module: ClassVar[str] = "constraints"


class MaxNorm(_Constraint):
    """The norm of the weights into each unit stays at most `max_value`."""

    first: ClassVar[str] = "max_value"
    max_value: Positive = 2
    axis: int = 0


class MinMaxNorm(_Constraint):
    """The norm of the weights into each unit stays between `min_value` and `max_value`."""

    min_value: NonNegative = 0.0
    max_value: Positive = 1.0
    rate: Fraction = 1.0
    axis: int = 0


class NonNeg(_Constraint):
    """Weights stay at or above zero."""


class UnitNorm(_Constraint):
    """The weights into each unit have norm 1."""

    axis: int = 0
