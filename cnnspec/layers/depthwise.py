"""Depthwise and separable convolutions, over one or two spatial axes."""

from typing import ClassVar

from cnnspec.language.types import Count
from cnnspec.layers.base import Shape, Weight
from cnnspec.layers.convolving import Convolution, each
from cnnspec.layers.settings import ConstraintField, InitializerField, RegularizerField


class _Depthwise(Convolution):
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
        return each(self.spatial(inputs[0]), self.weights(*inputs)[0].size)


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


class _Separable(Convolution):
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
        return each(self.spatial(inputs[0]), sum(weight.size for weight in self.weights(*inputs)[:2]))

    def saved_between(self, *inputs: Shape) -> int | None:
        return each(self.spatial(inputs[0]), self.channels(inputs[0]) * self.depth_multiplier)


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
