"""Convolutions: plain, depthwise, separable and transposed, over one, two or three spatial axes.

A class states its rule once with its rank as a parameter: `conv1d`, `conv2d` and `conv3d` differ by that alone.
"""

from collections.abc import Sequence
from fractions import Fraction
from math import prod
from typing import Annotated, Any, ClassVar, Self

from pydantic import field_validator, model_validator

from cnnspec.language.entries import refuse
from cnnspec.language.problems import Expects
from cnnspec.language.types import Count, Natural, PerAxis, spread
from cnnspec.layers.base import KerasCall, Shape, ShapeError, Step, Weight, need
from cnnspec.layers.settings import (
    ActivationField,
    ConstraintField,
    InitializerField,
    RegularizerField,
    activated,
)
from cnnspec.layers.windowed import Windowed, axis_padding, crops, zero_pads
from cnnspec.layers.windows import by_axis, extent, not_both, padding_field, times, transposed_size, transposed_written


class _Convolution(Windowed):
    """What every convolution shares: a kernel, an activation, a bias, and their settings."""

    first: ClassVar[str] = "filters"

    kernel_size: PerAxis
    strides: PerAxis = 1  # type: ignore[assignment]
    dilation_rate: PerAxis = 1  # type: ignore[assignment]
    activation: ActivationField = None
    use_bias: bool = True
    bias_initializer: InitializerField = "zeros"
    bias_regularizer: RegularizerField = None
    activity_regularizer: RegularizerField = None
    bias_constraint: ConstraintField = None

    def bias(self, size: int) -> tuple[Weight, ...]:
        """The bias, where there is one."""
        return (Weight("bias", (size,), self.trainable),) if self.use_bias else ()

    def channels(self, shape: Shape) -> int:
        """The input channels, which the weights depend on."""
        return need(shape[-1], "number of channels", self.entry)

    def calls(self, *inputs: Shape) -> tuple[KerasCall, ...]:
        word, pads = self.padding_in_keras()
        return activated((*zero_pads(pads), self.with_padding(word, "activation")), self.keras, self.activation)


class _Conv(_Convolution):
    filters: Count
    groups: Count = 1
    kernel_initializer: InitializerField = "glorot_uniform"
    kernel_regularizer: RegularizerField = None
    kernel_constraint: ConstraintField = None

    @model_validator(mode="after")
    def _filters_in_groups(self) -> Self:
        if self.filters % self.groups:
            raise refuse(
                "shape-groups",
                f"{self.filters} filters do not divide into {self.groups} groups",
                f"write a number of `filters` that is a multiple of {self.groups}",
                at="groups",
            )
        return self

    def spatial(self, shape: Shape) -> tuple[int | None, ...]:
        not_both(self.entry, self.per_axis("strides"), self.per_axis("dilation_rate"))
        return super().spatial(shape)

    def output_shape(self, *inputs: Shape) -> Shape:
        spatial = self.spatial(inputs[0])
        channels = self.channels(inputs[0])
        if channels % self.groups:
            fitting = ", ".join(str(n) for n in range(1, channels + 1) if not channels % n and not self.filters % n)
            raise ShapeError(
                "shape-groups",
                f"{self.groups} groups do not divide the input's channels: {channels}",
                argument="groups",
                label=f"{channels} / {self.groups} is not a whole number",
                help=f"write `groups` as one of: {fitting}",
            )
        return (*spatial, self.filters)

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        shape = (*self.kernel_size, self.channels(inputs[0]) // self.groups, self.filters)
        return (Weight("kernel", shape, self.trainable), *self.bias(self.filters))

    def multiply_adds(self, *inputs: Shape) -> int | None:
        return _each(self.spatial(inputs[0]), self.weights(*inputs)[0].size)


class Conv1D(_Conv):
    """Convolution over the steps of a sequence: steps×channels → steps'×filters.

    As `conv2d`, with one spatial axis; `padding: causal` looks at the past only.

    Example:
        input: [128, 12]
        layers:
          - conv1d: {filters: 32, kernel_size: 5, padding: causal, dilation_rate: 2}
    """

    rank: ClassVar[int] = 1
    padding: padding_field("causal") = "valid"  # type: ignore[valid-type]


class Conv2D(_Conv):
    """Convolution of a map: height×width×channels → height'×width'×filters.

    On each axis out = ⌊(n + 2P − d(k − 1) − 1)/s⌋ + 1. Weights: kernel k_h×k_w×(channels/groups)×filters, and a bias
    for each filter. Multiply-adds: every output pixel takes the whole kernel.
    Errors: `shape-window` (the kernel does not fit), `shape-groups`, `shape-stride-dilation` (both above 1).
    Source: V. Dumoulin and F. Visin, A guide to convolution arithmetic for deep learning, 2016.

    Example:
        input: [28, 28, 1]
        layers:
          - conv2d: {filters: 32, kernel_size: 3, padding: 1, activation: relu}
          - conv2d: {filters: 64, kernel_size: [3, 5], strides: 2, padding: [[0, 1], [2, 2]], groups: 4}
    """

    rank: ClassVar[int] = 2


class Conv3D(_Conv):
    """Convolution of a volume: depth×height×width×channels → the same with `filters` channels. As `conv2d`.

    Example:
        input: [16, 32, 32, 1]
        layers:
          - conv3d: {filters: 8, kernel_size: 3, padding: same, activation: relu}
    """

    rank: ClassVar[int] = 3


class _Depthwise(_Convolution):
    first: ClassVar[str] = "kernel_size"

    depth_multiplier: Count = 1
    depthwise_initializer: InitializerField = "glorot_uniform"
    depthwise_regularizer: RegularizerField = None
    depthwise_constraint: ConstraintField = None

    def output_shape(self, *inputs: Shape) -> Shape:
        return (*self.spatial(inputs[0]), self.channels(inputs[0]) * self.depth_multiplier)

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        channels = self.channels(inputs[0])
        shape = (*self.kernel_size, channels, self.depth_multiplier)
        return (Weight("kernel", shape, self.trainable), *self.bias(channels * self.depth_multiplier))

    def multiply_adds(self, *inputs: Shape) -> int | None:
        return _each(self.spatial(inputs[0]), self.weights(*inputs)[0].size)


class DepthwiseConv1D(_Depthwise):
    """One convolution for each channel of a sequence. As `depthwise_conv2d`.

    Example:
        input: [128, 12]
        layers:
          - depthwise_conv1d: {kernel_size: 5, padding: same}
    """

    rank: ClassVar[int] = 1


class DepthwiseConv2D(_Depthwise):
    """One convolution for each channel: height×width×channels → height'×width'×(channels · depth_multiplier).

    Sizes as in `conv2d`. Weights: kernel k_h×k_w×channels×depth_multiplier and a bias for each output channel.
    Source: F. Chollet, Xception: Deep Learning with Depthwise Separable Convolutions, 2017.

    Example:
        input: [32, 32, 16]
        layers:
          - depthwise_conv2d: {kernel_size: 3, strides: 2, padding: 1}
    """

    rank: ClassVar[int] = 2


class _Separable(_Convolution):
    filters: Count
    depth_multiplier: Count = 1
    depthwise_initializer: InitializerField = "glorot_uniform"
    pointwise_initializer: InitializerField = "glorot_uniform"
    depthwise_regularizer: RegularizerField = None
    pointwise_regularizer: RegularizerField = None
    depthwise_constraint: ConstraintField = None
    pointwise_constraint: ConstraintField = None

    def output_shape(self, *inputs: Shape) -> Shape:
        self.channels(inputs[0])
        return (*self.spatial(inputs[0]), self.filters)

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        channels = self.channels(inputs[0])
        middle = channels * self.depth_multiplier
        return (
            Weight("depthwise_kernel", (*self.kernel_size, channels, self.depth_multiplier), self.trainable),
            Weight("pointwise_kernel", (*(1,) * self.rank, middle, self.filters), self.trainable),
            *self.bias(self.filters),
        )

    def multiply_adds(self, *inputs: Shape) -> int | None:
        return _each(self.spatial(inputs[0]), sum(weight.size for weight in self.weights(*inputs)[:2]))


class SeparableConv1D(_Separable):
    """A depthwise convolution of a sequence and a 1-wide one after it. As `separable_conv2d`.

    Example:
        input: [128, 12]
        layers:
          - separable_conv1d: {filters: 32, kernel_size: 5, padding: same}
    """

    rank: ClassVar[int] = 1


class SeparableConv2D(_Separable):
    """A depthwise convolution, then a 1×1 convolution that mixes channels: … → height'×width'×filters.

    Sizes as in `conv2d`. Weights: depthwise k_h×k_w×channels×depth_multiplier, pointwise
    1×1×(channels · depth_multiplier)×filters, and a bias for each filter.
    Source: F. Chollet, Xception: Deep Learning with Depthwise Separable Convolutions, 2017.

    Example:
        input: [32, 32, 16]
        layers:
          - separable_conv2d: {filters: 32, kernel_size: 3, padding: same, use_bias: false}
    """

    rank: ClassVar[int] = 2


class _ConvTranspose(_Convolution):
    filters: Count
    output_padding: Annotated[
        tuple[Natural, ...] | None, Expects("a whole number, or a list with one for each axis")
    ] = None
    kernel_initializer: InitializerField = "glorot_uniform"
    kernel_regularizer: RegularizerField = None
    kernel_constraint: ConstraintField = None

    @field_validator("output_padding", mode="before")
    @classmethod
    def _one_for_each_side(cls, value: Any) -> Any:
        return None if value is None else spread(value, cls.rank, "output_padding", least=0)

    @model_validator(mode="after")
    def _output_padding_below_strides(self) -> Self:
        for extra, stride in zip(self.output_padding or (), self.per_axis("strides"), strict=False):
            if extra >= stride:
                raise refuse(
                    "out-of-range",
                    f"`output_padding` ({extra}) must be less than `strides` ({stride})",
                    f"write `output_padding: {stride - 1}` or less",
                    at="output_padding",
                )
        return self

    def extra(self, axis: int) -> int | None:
        """`output_padding` on one axis."""
        return None if self.output_padding is None else self.output_padding[axis]

    def spatial(self, shape: Shape) -> tuple[int | None, ...]:
        self.check_rank(shape)
        kernel, strides, dilation = (self.per_axis(name) for name in ("kernel_size", "strides", "dilation_rate"))
        not_both(self.entry, strides, dilation)
        outs = tuple(
            transposed_size(
                size, kernel[axis], strides[axis], dilation[axis], axis_padding(self.padding, axis), self.extra(axis)
            )
            for axis, size in enumerate(shape[:-1])
        )
        for out in outs:
            if out is not None and out < 1:
                raise ShapeError(
                    "shape-window",
                    f"padding cuts the {times(shape[:-1])} map away: nothing is left",
                    argument="padding",
                    label=f"out = {self.formula(shape)}",
                    help="write a smaller `padding`",
                )
        return outs

    def output_shape(self, *inputs: Shape) -> Shape:
        spatial = self.spatial(inputs[0])
        self.channels(inputs[0])
        return (*spatial, self.filters)

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        shape = (*self.kernel_size, self.filters, self.channels(inputs[0]))
        return (Weight("kernel", shape, self.trainable), *self.bias(self.filters))

    def multiply_adds(self, *inputs: Shape) -> int | None:
        return _each(inputs[0][:-1], self.weights(*inputs)[0].size)

    def step(self, *inputs: Shape) -> Step:
        axes = zip(self.per_axis("kernel_size"), self.per_axis("dilation_rate"), self.per_axis("strides"), strict=True)
        seen = tuple(-(-extent(k, d) // s) for k, d, s in axes)
        return Step(seen, tuple(Fraction(1, s) for s in self.per_axis("strides")))

    def formula(self, *inputs: Shape) -> str:
        return by_axis(
            [
                transposed_written(
                    size,
                    self.per_axis("kernel_size")[axis],
                    self.per_axis("strides")[axis],
                    self.per_axis("dilation_rate")[axis],
                    axis_padding(self.padding, axis),
                    self.extra(axis),
                )
                for axis, size in enumerate(inputs[0][:-1])
            ]
        )

    def calls(self, *inputs: Shape) -> tuple[KerasCall, ...]:
        if isinstance(self.padding, str):
            return activated((self.with_padding(self.padding, "activation"),), self.keras, self.activation)
        whole = self.with_padding("valid", "activation", "output_padding")
        extra = self.output_padding or (0,) * self.rank
        whole = KerasCall(whole.name, {**whole.kwargs, "output_padding": extra})
        return activated((whole, *crops(self.padding)), self.keras, self.activation)


class Conv1DTranspose(_ConvTranspose):
    """Transposed convolution of a sequence. As `conv2d_transpose`.

    Example:
        input: [32, 16]
        layers:
          - conv1d_transpose: {filters: 8, kernel_size: 4, strides: 2, padding: 1}
    """

    rank: ClassVar[int] = 1


class Conv2DTranspose(_ConvTranspose):
    """Transposed convolution, which enlarges a map: height×width×channels → height'×width'×filters.

    With padding P: out = (n − 1)s − 2P + d(k − 1) + output_padding + 1; `output_padding` adds at the bottom and right.
    `same` gives n·s, and `valid` n·s + max(k − s, 0), as in Keras. Weights: kernel k_h×k_w×filters×channels and a bias.
    Multiply-adds: every input pixel is spread over the whole kernel.
    Source: V. Dumoulin and F. Visin, A guide to convolution arithmetic for deep learning, 2016, relationship 14.

    Example:
        input: [7, 7, 64]
        layers:
          - conv2d_transpose: {filters: 32, kernel_size: 4, strides: 2, padding: 1}
          - conv2d_transpose: {filters: 1, kernel_size: 3, strides: 2, padding: 1, output_padding: 1}
    """

    rank: ClassVar[int] = 2


class Conv3DTranspose(_ConvTranspose):
    """Transposed convolution of a volume. As `conv2d_transpose`.

    Example:
        input: [4, 8, 8, 16]
        layers:
          - conv3d_transpose: {filters: 8, kernel_size: 2, strides: 2}
    """

    rank: ClassVar[int] = 3


def _each(sizes: Sequence[int | None], work: int) -> int | None:
    return None if None in sizes else prod(size for size in sizes if size is not None) * work
