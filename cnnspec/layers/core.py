"""Fully connected layers and layers that only change the shape."""

from math import prod
from typing import ClassVar

from pydantic import field_validator

from cnnspec.language.entries import refuse
from cnnspec.language.types import Count, NonNegative
from cnnspec.layers.base import KerasCall, Layer, Saved, Shape, ShapeError, Step, Weight, known, need, show, volume
from cnnspec.layers.settings import (
    ActivationField,
    ConstraintField,
    InitializerField,
    RegularizerField,
    activated,
)


class Dense(Layer):
    """A fully connected layer over the last axis: …×n → …×units.

    Weights: kernel n×units and a bias for each unit. Multiply-adds: n · units for each position. On a map it acts on
    each pixel by itself, as a 1×1 convolution; put `flatten` or a global pooling before it to connect everything.

    Example:
        input: [28, 28, 1]
        layers:
          - flatten
          - dense: {units: 128, activation: relu}
          - dense: 10
    """

    saved: ClassVar[Saved] = Saved(input=True, to_learn=True)
    first: ClassVar[str] = "units"

    units: Count
    activation: ActivationField = None
    use_bias: bool = True
    kernel_initializer: InitializerField = "glorot_uniform"
    bias_initializer: InitializerField = "zeros"
    kernel_regularizer: RegularizerField = None
    bias_regularizer: RegularizerField = None
    activity_regularizer: RegularizerField = None
    kernel_constraint: ConstraintField = None
    bias_constraint: ConstraintField = None

    def output_shape(self, *inputs: Shape) -> Shape:
        self.weights(*inputs)
        return (*inputs[0][:-1], self.units)

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        size = inputs[0][-1]
        if size is None and len(inputs[0]) == 1:
            raise ShapeError(
                "shape-unknown",
                "`dense` needs to know how many values come in, but a size in `input:` is `null`",
                label="a vector of unknown length",
                help="give `input:` numbers, or write `global_average_pooling2d` in place of a `flatten`",
            )
        size = need(size, "size of the last axis", self.entry)
        bias = (Weight("bias", (self.units,), self.trainable),) if self.use_bias else ()
        return (Weight("kernel", (size, self.units), self.trainable), *bias)

    def multiply_adds(self, *inputs: Shape) -> int | None:
        values = volume(inputs[0])
        return None if values is None else values * self.units

    def step(self, *inputs: Shape) -> Step:
        return Step(whole=len(inputs[0]) == 1)

    def formula(self, *inputs: Shape) -> str:
        return f"{'?' if inputs[0][-1] is None else inputs[0][-1]} → {self.units}"

    def keeps(self) -> Saved:
        return self.saved.activated(self.activation)

    def calls(self, *inputs: Shape) -> tuple[KerasCall, ...]:
        call = KerasCall(self.keras, self.keras_arguments("activation"))
        return activated((call,), self.keras, self.activation)


class Flatten(Layer):
    """All values of a sample in one vector: height×width×channels → height·width·channels.

    Example:
        input: [7, 7, 64]
        layers:
          - flatten
    """

    within: ClassVar[bool] = True
    saved: ClassVar[Saved] = Saved(alias=True)

    def output_shape(self, *inputs: Shape) -> Shape:
        return (volume(inputs[0]),)

    def step(self, *inputs: Shape) -> Step:
        return Step(whole=True)

    def formula(self, *inputs: Shape) -> str:
        sizes = known(inputs[0])
        return "" if sizes is None else f"{'·'.join(map(str, sizes))} = {prod(sizes)}"


class Reshape(Layer):
    """The same values in another shape, in the same order; one size may be -1, which means the rest.

    Errors: `shape-reshape` (the values do not fit).

    Example:
        input: [100]
        layers:
          - dense: 784
          - reshape: [7, 7, -1]
    """

    within: ClassVar[bool] = True
    saved: ClassVar[Saved] = Saved(alias=True)
    first: ClassVar[str] = "target_shape"

    target_shape: tuple[int, ...]

    @field_validator("target_shape")
    @classmethod
    def _sizes_and_one_rest(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if not value or any(size < 1 and size != -1 for size in value):
            raise refuse("out-of-range", "`target_shape` takes sizes from 1, and -1 for the rest")
        if value.count(-1) > 1:
            raise refuse(
                "out-of-range", f"`target_shape` has {value.count(-1)} sizes of -1, but only one can be the rest"
            )
        return value

    def output_shape(self, *inputs: Shape) -> Shape:
        values = volume(inputs[0])
        if values is None:
            return tuple(None if size == -1 else size for size in self.target_shape)
        given = prod(size for size in self.target_shape if size != -1)
        if values % given or (-1 not in self.target_shape and values != given):
            target = show(tuple(None if size == -1 else size for size in self.target_shape))
            label = f"{given} does not divide {values}" if -1 in self.target_shape else f"{given} values, not {values}"
            raise ShapeError(
                "shape-reshape",
                f"the {values} values of {show(inputs[0])} do not fill {target}",
                argument="target_shape",
                label=label,
                help=self._nearest(values),
            )
        return tuple(values // given if size == -1 else size for size in self.target_shape)

    def _nearest(self, values: int) -> str:
        """What to write in place of the sizes: one of them other, the last if possible, or all."""
        sizes = self.target_shape
        for at in reversed(range(len(sizes))):
            others = prod(size for place, size in enumerate(sizes) if place != at and size != -1)
            if -1 not in sizes and values % others == 0:
                fitting = [*sizes[:at], values // others, *sizes[at + 1 :]]
                free = [*sizes[:at], -1, *sizes[at + 1 :]]
                return f"write `{fitting}`, or `{free}`, which is the same"
        root = round(values ** (1 / len(sizes)))
        if root ** len(sizes) == values and len(set(sizes)) == 1:
            return f"write `{[root] * len(sizes)}`, or other sizes whose product is {values}"
        return f"write sizes whose product {'divides' if -1 in sizes else 'is'} {values}"

    def step(self, *inputs: Shape) -> Step:
        return Step(whole=True)


class Permute(Layer):
    """The axes in another order: `dims` names the old axis for each new one, counted from 1.

    Example:
        input: [8, 28, 28]
        layers:
          - permute: [2, 3, 1]
    """

    within: ClassVar[bool] = True
    saved: ClassVar[Saved] = Saved()
    first: ClassVar[str] = "dims"

    dims: tuple[int, ...]

    @field_validator("dims")
    @classmethod
    def _every_axis_once(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if not value or sorted(value) != list(range(1, len(value) + 1)):
            raise refuse(
                "out-of-range",
                f"`dims` must name each axis from 1 to {max(len(value), 1)} once",
                "write e.g. `permute: [2, 1, 3]`",
            )
        return value

    def output_shape(self, *inputs: Shape) -> Shape:
        if len(inputs[0]) != len(self.dims):
            raise ShapeError(
                "shape-rank",
                f"`permute` has {len(self.dims)} axes, its input {show(inputs[0])} has {len(inputs[0])}",
                argument="dims",
                help=f"name the axes from 1 to {len(inputs[0])}",
            )
        return tuple(inputs[0][axis - 1] for axis in self.dims)

    def step(self, *inputs: Shape) -> Step:
        return Step() if self.dims == tuple(range(1, len(self.dims) + 1)) else Step(whole=True)


class RepeatVector(Layer):
    """A vector repeated `n` times: features → n×features.

    Example:
        input: [16]
        layers:
          - repeat_vector: 8
    """

    within: ClassVar[bool] = True
    saved: ClassVar[Saved] = Saved()
    ranks: ClassVar[tuple[int, ...]] = (1,)
    first: ClassVar[str] = "n"

    n: Count

    def output_shape(self, *inputs: Shape) -> Shape:
        self.check_rank(inputs[0])
        return (self.n, *inputs[0])


class Identity(Layer):
    """The input as it is; useful to name a tensor.

    Example:
        input: [28, 28, 1]
        layers:
          - identity: {name: image}
          - conv2d: {filters: 1, kernel_size: 3, padding: same}
          - add: image
    """

    within: ClassVar[bool] = True
    saved: ClassVar[Saved] = Saved(alias=True)


class ActivityRegularization(Layer):
    """The input as it is; adds `l1` · Σ|x| + `l2` · Σx² to the loss.

    Example:
        input: [28, 28, 1]
        layers:
          - conv2d: {filters: 8, kernel_size: 3}
          - activity_regularization: {l2: 0.001}
    """

    within: ClassVar[bool] = True
    saved: ClassVar[Saved] = Saved(input=True, alias=True)

    l1: NonNegative = 0.0
    l2: NonNegative = 0.0
