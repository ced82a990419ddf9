"""Arguments of layers that are entries themselves: initializers, regularizers, constraints, activations."""

from dataclasses import replace
from typing import Annotated, Any, ClassVar, TypeAlias

from cnnspec.language.entries import Vocabulary, nested
from cnnspec.language.types import Axis, Fraction, NonNegative, Positive, Real, choice
from cnnspec.layers.base import KerasCall, Setting

INITIALIZERS = Vocabulary("initializer")
REGULARIZERS = Vocabulary("regularizer")
CONSTRAINTS = Vocabulary("constraint")
ACTIVATIONS = Vocabulary("activation")


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


class _Activation(Setting):
    """An element-wise function: an argument of its layer in Keras where it is plain, else a call after it."""

    vocabulary: ClassVar[Vocabulary] = ACTIVATIONS
    module: ClassVar[str] = "activations"

    def call(self) -> Any:
        arguments = self.changed()
        return KerasCall(f"activations.{self.entry}", arguments) if arguments else self.entry


class Relu(_Activation):
    """max(x, 0); with arguments: a slope below `threshold`, a ceiling at `max_value`."""

    negative_slope: NonNegative = 0.0
    max_value: Positive | None = None
    threshold: Real = 0.0


class LeakyRelu(_Activation):
    """x above zero, `negative_slope` · x below."""

    first: ClassVar[str] = "negative_slope"
    negative_slope: Real = 0.2


class Elu(_Activation):
    """x above zero, α(eˣ − 1) below (D.-A. Clevert et al., 2016)."""

    first: ClassVar[str] = "alpha"
    alpha: Real = 1.0


class Celu(Elu):
    """x above zero, α(e^(x/α) − 1) below (J. Barron, 2017)."""


class Gelu(_Activation):
    """x · Φ(x) (D. Hendrycks and K. Gimpel, 2016)."""

    first: ClassVar[str] = "approximate"
    approximate: bool = False


class Softmax(_Activation):
    """eˣ / Σeˣ along `axis`."""

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


for _name, _meaning in {
    "linear": "x.",
    "sigmoid": "1 / (1 + e⁻ˣ).",
    "tanh": "(eˣ − e⁻ˣ) / (eˣ + e⁻ˣ).",
    "relu6": "min(max(x, 0), 6).",
    "selu": "Self-normalising ELU (G. Klambauer et al., 2017).",
    "silu": "x · sigmoid(x), also called swish.",
    "mish": "x · tanh(softplus(x)) (D. Misra, 2019).",
    "softplus": "log(1 + eˣ).",
    "softsign": "x / (1 + |x|).",
    "exponential": "eˣ.",
    "hard_sigmoid": "relu6(x + 3) / 6.",
    "hard_silu": "x · hard_sigmoid(x), also called hard swish.",
    "hard_tanh": "x cut off at ±1.",
    "log_sigmoid": "log(sigmoid(x)).",
    "tanh_shrink": "x − tanh(x).",
    "sparse_plus": "0 below −1, (x + 1)²/4 up to 1, x above.",
    "sparse_sigmoid": "(x + 1) / 2 cut off to 0…1.",
}.items():
    type(_name.title().replace("_", ""), (_Activation,), {"__doc__": _meaning, "__module__": __name__})

InitializerField: TypeAlias = Annotated[Any, nested(INITIALIZERS)]
RegularizerField: TypeAlias = Annotated[Any, nested(REGULARIZERS)]
ConstraintField: TypeAlias = Annotated[Any, nested(CONSTRAINTS)]
ActivationField: TypeAlias = Annotated[Any, nested(ACTIVATIONS)]


def activated(calls: tuple[KerasCall, ...], keras: str, activation: Any) -> tuple[KerasCall, ...]:
    """`calls` with an activation: an argument of the layer `keras` where it is plain, else a call at the end.

    An activity regularizer looks at the activated output, so it moves behind such a call.
    """
    called = None if activation is None else activation.call()
    if called is None:
        return calls
    if not isinstance(called, KerasCall):
        return tuple(_with(call, activation=called) if call.name == keras else call for call in calls)
    name = "activity_regularizer"
    watches = tuple(KerasCall("Identity", {name: call.kwargs[name]}) for call in calls if name in call.kwargs)
    return (*(_without(call, name) for call in calls), called, *watches)


def _with(call: KerasCall, **arguments: Any) -> KerasCall:
    return replace(call, kwargs={**call.kwargs, **arguments})


def _without(call: KerasCall, argument: str) -> KerasCall:
    return replace(call, kwargs={name: value for name, value in call.kwargs.items() if name != argument})
