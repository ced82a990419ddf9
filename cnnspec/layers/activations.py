"""Activations with arguments. Plain, one is an argument of its layer in Keras; with arguments, a call after it."""

from math import inf
from typing import Any, ClassVar

from cnnspec.language.entries import Vocabulary
from cnnspec.language.types import Axis, NonNegative, Positive, Real
from cnnspec.layers.base import KerasCall, Saved, Setting
from cnnspec.layers.bounds import OPEN, Bounds, of_elu, of_leaky, of_relu
from cnnspec.layers.settings import ACTIVATIONS


class _Activation(Setting):
    """An element-wise function: an argument of its layer in Keras where it is plain, else a call after it."""

    vocabulary: ClassVar[Vocabulary] = ACTIVATIONS
    module: ClassVar[str] = "activations"
    bounds: ClassVar[Bounds] = OPEN
    """What it gives at the least and at the most."""

    def gives(self) -> Bounds:
        """The same with its arguments."""
        return self.bounds

    def call(self) -> Any:
        arguments = self.changed()
        return KerasCall(f"activations.{self.entry}", arguments) if arguments else self.entry


class Relu(_Activation):
    """max(x, 0); with arguments: a slope below `threshold`, a ceiling at `max_value`."""

    saved: ClassVar[Saved] = Saved(output=True)

    negative_slope: NonNegative = 0.0
    max_value: Positive | None = None
    threshold: Real = 0.0

    def gives(self) -> Bounds:
        return of_relu(self.negative_slope, self.max_value, self.threshold)


class LeakyRelu(_Activation):
    """x above zero, `negative_slope` · x below."""

    first: ClassVar[str] = "negative_slope"
    negative_slope: Real = 0.2

    def gives(self) -> Bounds:
        return of_leaky(self.negative_slope)


class Elu(_Activation):
    """x above zero, α(eˣ − 1) below (D.-A. Clevert et al., 2016)."""

    saved: ClassVar[Saved] = Saved(output=True)
    first: ClassVar[str] = "alpha"
    alpha: Real = 1.0

    def gives(self) -> Bounds:
        return of_elu(self.alpha)


class Celu(Elu):
    """x above zero, α(e^(x/α) − 1) below (J. Barron, 2017)."""

    def gives(self) -> Bounds:
        return of_elu(self.alpha) if self.alpha > 0 else OPEN


class Gelu(_Activation):
    """x · Φ(x) (D. Hendrycks and K. Gimpel, 2016)."""

    saved: ClassVar[Saved] = Saved(input=True, between=3)
    first: ClassVar[str] = "approximate"
    approximate: bool = False

    def gives(self) -> Bounds:
        return (-0.17004076 if self.approximate else -0.16997121), inf


class Softmax(_Activation):
    """eˣ / Σeˣ along `axis`."""

    saved: ClassVar[Saved] = Saved(output=True)
    bounds: ClassVar[Bounds] = (0.0, 1.0)
    first: ClassVar[str] = "axis"
    axis: Axis = -1


class LogSoftmax(Softmax):
    """The logarithm of the softmax."""

    bounds: ClassVar[Bounds] = (-inf, 0.0)


class Threshold(_Activation):
    """x above `threshold`, `default_value` elsewhere."""

    threshold: Real
    default_value: Real

    def gives(self) -> Bounds:
        return min(self.threshold, self.default_value), inf


class HardShrink(_Activation):
    """Zero within ±`threshold`, x outside."""

    first: ClassVar[str] = "threshold"
    threshold: NonNegative = 0.5


class SoftShrink(HardShrink):
    """Zero within ±`threshold`, moved towards zero by it outside."""


class Squareplus(_Activation):
    """(x + √(x² + b)) / 2."""

    bounds: ClassVar[Bounds] = (0.0, inf)
    first: ClassVar[str] = "b"
    b: NonNegative = 4


class Sparsemax(_Activation):
    """The Euclidean projection onto the simplex along `axis` (A. Martins and R. Astudillo, 2016)."""

    bounds: ClassVar[Bounds] = (0.0, 1.0)
    first: ClassVar[str] = "axis"
    axis: Axis = -1
