"""Initializers: what the weights are before training. Names, arguments and defaults are Keras's."""

from typing import ClassVar

from cnnspec.language.entries import Vocabulary
from cnnspec.language.types import NonNegative, Positive, Real, choice
from cnnspec.layers.base import KerasCall, Setting
from cnnspec.layers.settings import INITIALIZERS


class _Initializer(Setting):
    vocabulary: ClassVar[Vocabulary] = INITIALIZERS
    module: ClassVar[str] = "initializers"


class Zeros(_Initializer):
    """All zeros."""


class Ones(_Initializer):
    """All ones."""


class Constant(_Initializer):
    """Every weight is `value`."""

    first: ClassVar[str] = "value"
    value: Real = 0.0

    def call(self) -> KerasCall:
        """Never its plain name, which Keras does not take."""
        return KerasCall("initializers.Constant", {"value": self.value})


class RandomNormal(_Initializer):
    """Drawn from a normal distribution."""

    mean: Real = 0.0
    stddev: NonNegative = 0.05
    seed: int | None = None


class TruncatedNormal(RandomNormal):
    """A normal distribution cut off at two standard deviations."""


class RandomUniform(_Initializer):
    """Drawn evenly between `minval` and `maxval`."""

    minval: Real = -0.05
    maxval: Real = 0.05
    seed: int | None = None


class _Seeded(_Initializer):
    seed: int | None = None


class GlorotUniform(_Seeded):
    """Uniform with limit √(6 / (fan in + fan out)) (X. Glorot and Y. Bengio, 2010)."""


class GlorotNormal(_Seeded):
    """Truncated normal with standard deviation √(2 / (fan in + fan out)) (X. Glorot and Y. Bengio, 2010)."""


class HeUniform(_Seeded):
    """Uniform with limit √(6 / fan in) (K. He et al., 2015); for ReLU networks."""


class HeNormal(_Seeded):
    """Truncated normal with standard deviation √(2 / fan in) (K. He et al., 2015); for ReLU networks."""


class LecunUniform(_Seeded):
    """Uniform with limit √(3 / fan in) (Y. LeCun et al., 1998)."""


class LecunNormal(_Seeded):
    """Truncated normal with standard deviation √(1 / fan in) (Y. LeCun et al., 1998); for SELU networks."""


class Orthogonal(_Initializer):
    """An orthogonal matrix times `gain` (A. Saxe et al., 2014)."""

    first: ClassVar[str] = "gain"
    gain: Real = 1.0
    seed: int | None = None


class VarianceScaling(_Initializer):
    """The family of the Glorot, He and LeCun initializers, with every knob."""

    scale: Positive = 1.0
    mode: choice("fan_in", "fan_out", "fan_avg") = "fan_in"  # type: ignore[valid-type]
    distribution: choice("truncated_normal", "untruncated_normal", "uniform") = "truncated_normal"  # type: ignore[valid-type]
    seed: int | None = None
