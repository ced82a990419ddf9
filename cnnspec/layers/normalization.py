"""Normalisations: zero mean and unit variance over a batch, a sample, groups of channels.

Their statistics look at the whole map, but they do not count towards the receptive field, as is usual.
"""

from typing import ClassVar

from pydantic import field_validator

from cnnspec.language.entries import refuse
from cnnspec.language.types import Axis, Fraction, Positive
from cnnspec.layers.axes import Axes, each, groups_help, place, size_at
from cnnspec.layers.base import Layer, Saved, Shape, ShapeError, Weight, show
from cnnspec.layers.bounds import Bounds
from cnnspec.layers.settings import ConstraintField, InitializerField, RegularizerField


class _ScaledAndShifted(Layer):
    """What ends with a learned scale γ and shift β."""

    epsilon: Positive = 1e-3
    center: bool = True
    scale: bool = True
    beta_initializer: InitializerField = "zeros"
    gamma_initializer: InitializerField = "ones"
    beta_regularizer: RegularizerField = None
    gamma_regularizer: RegularizerField = None
    beta_constraint: ConstraintField = None
    gamma_constraint: ConstraintField = None

    def learned(self, shape: tuple[int, ...]) -> tuple[Weight, ...]:
        """γ and β, where they are wanted."""
        gamma = (Weight("gamma", shape, self.trainable),) if self.scale else ()
        beta = (Weight("beta", shape, self.trainable),) if self.center else ()
        return (*gamma, *beta)

    def output_shape(self, *inputs: Shape) -> Shape:
        self.weights(*inputs)
        return inputs[0]


class BatchNormalization(_ScaledAndShifted):
    """γ(x − μ)/√(σ² + ε) + β for each channel.

    While training, μ and σ² are those of the batch; after it, their moving averages. Weights: γ, β, and a moving mean
    and variance that are not trained. A convolution before it needs no bias. `synchronized` takes the statistics over
    all devices.
    Source: S. Ioffe and C. Szegedy, Batch Normalization, 2015.

    Example:
        input: [32, 32, 3]
        layers:
          - conv2d: {filters: 16, kernel_size: 3, use_bias: false}
          - batch_normalization
          - relu
    """

    saved: ClassVar[Saved] = Saved(input=True, to_learn=True, scratch=3)
    first: ClassVar[str] = "axis"

    axis: Axis = -1
    momentum: Fraction = 0.99
    moving_mean_initializer: InitializerField = "zeros"
    moving_variance_initializer: InitializerField = "ones"
    synchronized: bool = False

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        shape = (size_at(self.axis, inputs[0], self.entry),)
        return (*self.learned(shape), Weight("moving_mean", shape, False), Weight("moving_variance", shape, False))


class LayerNormalization(_ScaledAndShifted):
    """γ(x − μ)/√(σ² + ε) + β with μ and σ² over `axis` (one or several) of each sample.

    Weights: γ and β of the shape of those axes. Source: J. Ba, J. Kiros and G. Hinton, Layer Normalization, 2016.

    Example:
        input: [16, 16, 32]
        layers:
          - layer_normalization: {epsilon: 1e-6}
          - layer_normalization: [1, 2, 3]
    """

    saved: ClassVar[Saved] = Saved(input=True, between=2, scratch=3)
    first: ClassVar[str] = "axis"

    axis: Axes = -1

    def output_shape(self, *inputs: Shape) -> Shape:
        for axis in each(self.axis):
            place(axis, inputs[0])
        return super().output_shape(*inputs)

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        wanted = self.center or self.scale
        return self.learned(_sizes(self.axis, inputs[0], self.entry)) if wanted else ()


class GroupNormalization(_ScaledAndShifted):
    """Layer normalisation over each of `groups` groups of channels; as good with a batch of 2 as of 32.

    `groups: -1` gives every channel its own group (instance normalisation). The channels must divide by the groups.
    Source: Y. Wu and K. He, Group Normalization, 2018.

    Example:
        input: [16, 16, 32]
        layers:
          - group_normalization: 8
          - group_normalization: {groups: -1}
    """

    saved: ClassVar[Saved] = Saved(input=True, between=2, scratch=3)
    first: ClassVar[str] = "groups"

    groups: int = 32
    axis: Axis = -1

    @field_validator("groups")
    @classmethod
    def _some_groups(cls, value: int) -> int:
        if value < 1 and value != -1:
            raise refuse(
                "out-of-range",
                f"`groups` must be at least 1, or -1 for one a channel, not `{value}`",
                "write e.g. `group_normalization: 8`",
            )
        return value

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        channels = size_at(self.axis, inputs[0], self.entry)
        if self.groups != -1 and channels % self.groups:
            raise ShapeError(
                "shape-groups",
                f"{self.groups} groups do not divide the input's channels: {channels}",
                argument="groups",
                label=f"{channels} / {self.groups} is not a whole number",
                help=groups_help(self.groups, channels),
            )
        return self.learned((channels,))


class UnitNormalization(Layer):
    """x / ‖x‖ over `axis` (one or several): every sample's vector has length 1.

    Example:
        input: [64]
        layers:
          - dense: 16
          - unit_normalization
    """

    saved: ClassVar[Saved] = Saved(input=True, between=2, scratch=3)
    first: ClassVar[str] = "axis"

    axis: Axes = -1

    def value_range_behind(self, low: float, high: float) -> Bounds:
        return (0.0 if low >= 0 else -1.0), (0.0 if high <= 0 else 1.0)

    def output_shape(self, *inputs: Shape) -> Shape:
        for axis in each(self.axis):
            place(axis, inputs[0])
        return inputs[0]


class RMSNormalization(Layer):
    """γ · x / √(mean(x²) + ε) over `axis` (one or several): layer normalisation without mean and shift.

    Source: B. Zhang and R. Sennrich, Root Mean Square Layer Normalization, 2019.

    Example:
        input: [16, 16, 32]
        layers:
          - rms_normalization
    """

    saved: ClassVar[Saved] = Saved(input=True, between=2, scratch=3)
    first: ClassVar[str] = "axis"

    axis: Axes = -1
    epsilon: Positive = 1e-6

    def output_shape(self, *inputs: Shape) -> Shape:
        self.weights(*inputs)
        return inputs[0]

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        sizes = _sizes(self.axis, inputs[0], self.entry)
        places, rank = sorted(place(axis, inputs[0]) for axis in each(self.axis)), len(inputs[0])
        if places != list(range(rank - len(places), rank)):
            raise ShapeError(
                "shape-axis",
                f"`rms_normalization` takes the last axes, and {show(inputs[0])} has others after axis {places[0] + 1}",
                argument="axis",
                help="write `axis: -1`, or name all axes to the last; Keras scales along the wrong one in silence",
            )
        return (Weight("scale", sizes, self.trainable),)


def _sizes(axes: int | tuple[int, ...], shape: Shape, layer: str) -> tuple[int, ...]:
    return tuple(size_at(axis, shape, layer) for axis in sorted(each(axes)))
