"""Activations as layers of their own. Every layer with an `activation` argument takes them as well."""

from typing import Any, ClassVar

from pydantic import field_validator

from cnnspec.language.entries import refuse
from cnnspec.language.types import NonNegative, Real
from cnnspec.layers.axes import Axes, each, place
from cnnspec.layers.base import KerasCall, Layer, Saved, Shape, Weight, need
from cnnspec.layers.bounds import Bounds, of_elu, of_leaky, of_relu
from cnnspec.layers.settings import (
    ActivationField,
    ConstraintField,
    InitializerField,
    RegularizerField,
)


class Activation(Layer):
    """Any activation, by name or with arguments.

    Example:
        input: [28, 28, 8]
        layers:
          - activation: gelu
          - activation: {activation: {leaky_relu: 0.1}}
    """

    first: ClassVar[str] = "activation"

    activation: ActivationField

    @field_validator("activation")
    @classmethod
    def _some_activation(cls, value: Any) -> Any:
        if value is None:
            raise refuse(
                "wrong-type",
                "`activation` takes the name of an activation, not nothing (`null`)",
                "write e.g. `activation: relu`, or leave the entry out",
            )
        return value

    def keeps(self) -> Saved:
        saved: Saved = self.activation.saved
        return saved

    def value_range_behind(self, low: float, high: float) -> Bounds | None:
        return (low, high) if self.activation.entry == "linear" else super().value_range_behind(low, high)

    def calls(self, *inputs: Shape) -> tuple[KerasCall, ...]:
        called = self.activation.call()
        if isinstance(called, KerasCall):
            return (called, KerasCall("Identity", self.keras_arguments("activation")))
        return super().calls(*inputs)


class ReLU(Layer):
    """max(x, 0); with arguments: a slope below `threshold`, a ceiling at `max_value`.

    Source: V. Nair and G. Hinton, Rectified Linear Units Improve Restricted Boltzmann Machines, 2010.

    Example:
        input: [28, 28, 8]
        layers:
          - batch_normalization
          - relu
          - relu: {max_value: 6}
    """

    saved: ClassVar[Saved] = Saved(output=True)
    entry: ClassVar[str] = "relu"

    max_value: NonNegative | None = None
    negative_slope: NonNegative = 0.0
    threshold: NonNegative = 0.0

    def value_range_behind(self, low: float, high: float) -> Bounds:
        return of_relu(self.negative_slope, self.max_value, self.threshold)


class LeakyReLU(Layer):
    """x above zero, `negative_slope` · x below. (A. Maas et al., 2013)

    Example:
        input: [28, 28, 8]
        layers:
          - leaky_relu: 0.1
    """

    entry: ClassVar[str] = "leaky_relu"
    first: ClassVar[str] = "negative_slope"

    negative_slope: NonNegative = 0.3

    def value_range_behind(self, low: float, high: float) -> Bounds:
        return of_leaky(self.negative_slope)


class PReLU(Layer):
    """x above zero, α · x below, with a learned α for every value; `shared_axes` have one α together.

    After convolutions, share the spatial axes: `[1, 2]` leaves one α a channel.
    Source: K. He et al., Delving Deep into Rectifiers, 2015.

    Example:
        input: [28, 28, 8]
        layers:
          - prelu: {shared_axes: [1, 2]}
    """

    saved: ClassVar[Saved] = Saved(input=True, between=2)
    entry: ClassVar[str] = "prelu"
    first: ClassVar[str] = "shared_axes"

    alpha_initializer: InitializerField = "zeros"
    alpha_regularizer: RegularizerField = None
    alpha_constraint: ConstraintField = None
    shared_axes: Axes | None = None

    @field_validator("shared_axes")
    @classmethod
    def _from_one(cls, value: Any) -> Any:
        if value is not None and min(each(value)) < 1:
            raise refuse("out-of-range", "`shared_axes` are counted from 1", "write `shared_axes: [1, 2]` for a map")
        return value

    def output_shape(self, *inputs: Shape) -> Shape:
        self.weights(*inputs)
        return inputs[0]

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        shared = [] if self.shared_axes is None else each(self.shared_axes)
        ones = {place(axis, inputs[0], "shared_axes") for axis in shared}
        what = "size on every axis that is not shared"
        sizes = (1 if at in ones else need(size, what, self.entry) for at, size in enumerate(inputs[0]))
        return (Weight("alpha", tuple(sizes), self.trainable),)


class ELU(Layer):
    """x above zero, α(eˣ − 1) below. (D.-A. Clevert et al., 2016)

    Example:
        input: [28, 28, 8]
        layers:
          - elu
    """

    saved: ClassVar[Saved] = Saved(output=True)
    first: ClassVar[str] = "alpha"

    alpha: Real = 1.0

    def value_range_behind(self, low: float, high: float) -> Bounds:
        return of_elu(self.alpha)


class Softmax(Layer):
    """eˣ / Σeˣ over `axis` (one or several): positive values that sum to 1.

    Example:
        input: [64]
        layers:
          - dense: 10
          - softmax
    """

    saved: ClassVar[Saved] = Saved(output=True)
    first: ClassVar[str] = "axis"

    axis: Axes = -1

    def value_range_behind(self, low: float, high: float) -> Bounds:
        return 0.0, 1.0

    def output_shape(self, *inputs: Shape) -> Shape:
        for axis in each(self.axis):
            place(axis, inputs[0])
        return inputs[0]
