"""Convolutions over one, two or three spatial axes.

The rule is stated once with its rank as a parameter: `conv1d`, `conv2d` and `conv3d` differ by that alone.
"""

from typing import ClassVar, Self

from pydantic import model_validator

from cnnspec.language.entries import refuse
from cnnspec.language.types import Count
from cnnspec.layers.axes import groups_help
from cnnspec.layers.base import Shape, ShapeError, Weight
from cnnspec.layers.convolving import Convolution, each
from cnnspec.layers.settings import ConstraintField, InitializerField, RegularizerField
from cnnspec.layers.windows import not_both, padding_field


class _Conv(Convolution):
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
            raise ShapeError(
                "shape-groups",
                f"{self.groups} groups do not divide the input's channels: {channels}",
                argument="groups",
                label=f"{channels} / {self.groups} is not a whole number",
                help=groups_help(self.groups, channels, self.filters),
            )
        return (*spatial, self.filters)

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        shape = (*self.kernel_size, self.channels(inputs[0]) // self.groups, self.filters)
        return (Weight("kernel", shape, self.trainable), *self.bias(self.filters))

    def multiply_adds(self, *inputs: Shape) -> int | None:
        return each(self.spatial(inputs[0]), self.weights(*inputs)[0].size)


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
