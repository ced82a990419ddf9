"""Activations with arguments. Plain, one is an argument of its layer in Keras; with arguments, a call after it."""

from typing import Any, ClassVar

from cnnspec.language.entries import Vocabulary
from cnnspec.language.types import Axis, NonNegative, Positive, Real
from cnnspec.layers.base import KerasCall, Saved, Setting
from cnnspec.layers.settings import ACTIVATIONS


class _Activation(Setting):
    """An element-wise function: an argument of its layer in Keras where it is plain, else a call after it."""

    vocabulary: ClassVar[Vocabulary] = ACTIVATIONS
    module: ClassVar[str] = "activations"

    def call(self) -> Any:
        arguments = self.changed()
        return KerasCall(f"activations.{self.entry}", arguments) if arguments else self.entry


class Relu(_Activation):
    """max(x, 0); with arguments: a slope below `threshold`, a ceiling at `max_value`."""

    saved: ClassVar[Saved] = Saved(output=True)

    negative_slope: NonNegative = 0.0
    max_value: Positive | None = None
    threshold: Real = 0.0


class LeakyRelu(_Activation):
    """x above zero, `negative_slope` · x below."""

    first: ClassVar[str] = "negative_slope"
    negative_slope: Real = 0.2


class Elu(_Activation):
    """x above zero, α(eˣ − 1) below (D.-A. Clevert et al., 2016)."""

    saved: ClassVar[Saved] = Saved(output=True)
    first: ClassVar[str] = "alpha"
    alpha: Real = 1.0


class Celu(Elu):
    """x above zero, α(e^(x/α) − 1) below (J. Barron, 2017)."""


class Gelu(_Activation):
    """x · Φ(x) (D. Hendrycks and K. Gimpel, 2016)."""

    saved: ClassVar[Saved] = Saved(input=True, between=3)
    first: ClassVar[str] = "approximate"
    approximate: bool = False


class Softmax(_Activation):
    """eˣ / Σeˣ along `axis`."""

    saved: ClassVar[Saved] = Saved(output=True)
    first: ClassVar[str] = "axis"
    axis: Axis = -1


class LogSoftmax(Softmax):
    """The logarithm of the softmax."""


class Threshold(_Activation):
    """x above `threshold`, `default_value` elsewhere."""

    threshold: Real
    default_value: Real


class HardShrink(_Activation):
    """Zero within ±`threshold`, x outside."""

    first: ClassVar[str] = "threshold"
    threshold: NonNegative = 0.5


class SoftShrink(HardShrink):
    """Zero within ±`threshold`, moved towards zero by it outside."""


class Squareplus(_Activation):
    """(x + √(x² + b)) / 2."""

    first: ClassVar[str] = "b"
    b: NonNegative = 4


class Sparsemax(_Activation):
    """The Euclidean projection onto the simplex along `axis` (A. Martins and R. Astudillo, 2016)."""

    first: ClassVar[str] = "axis"
    axis: Axis = -1
