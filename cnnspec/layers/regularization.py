"""Layers that act while training only: dropout and noise."""

from typing import Annotated, Any, ClassVar

from pydantic import Field

from cnnspec.language.types import Count, Fraction, Natural
from cnnspec.layers.base import Layer, Motion, Saved, Shape, ShapeError, show
from cnnspec.layers.bounds import Bounds, hull, scaled

_BelowOne = Annotated[float, Field(ge=0, lt=1)]


class _Rate(Layer):
    motion: ClassVar[Motion] = "stay"
    saved: ClassVar[Saved] = Saved(between=0.25)  # a mask of bytes
    first: ClassVar[str] = "rate"

    rate: Fraction
    seed: Natural | None = None

    def value_range_behind(self, low: float, high: float) -> Bounds | None:
        """Zeros, and the others made larger."""
        kept = scaled((low, high), 1 / (1 - self.rate)) if self.rate < 1 else (0.0, 0.0)
        return hull((low, high), (0.0, 0.0), kept)

    def scale_behind(self, black: float, white: float) -> Bounds | None:
        """None: a white pixel is white, brighter than that, or black."""
        return None


class _Shaped(_Rate):
    """Dropout whose zeros may be shared along axes."""

    noise_shape: tuple[Count | None, ...] | None = None

    def output_shape(self, *inputs: Shape) -> Shape:
        sizes = (None, *inputs[0])
        if self.noise_shape is None:
            return inputs[0]
        if len(self.noise_shape) != len(sizes):
            raise ShapeError(
                "shape-rank",
                f"`noise_shape` has {len(self.noise_shape)} sizes for {show(inputs[0])} with its batch",
                argument="noise_shape",
                help=f"write {len(sizes)}: `null` where values drop one by one, 1 where they drop together",
            )
        if any(noise not in (None, 1, size) for noise, size in zip(self.noise_shape, sizes, strict=True)):
            raise ShapeError(
                "shape-axis",
                f"`noise_shape` does not go with {show(inputs[0])}",
                argument="noise_shape",
                help="write `null` where values drop one by one, 1 where they drop together",
            )
        return inputs[0]


class Dropout(_Shaped):
    """Sets a random share `rate` of the values to zero while training, and scales the others by 1/(1 − rate).

    `noise_shape`, the batch first, has a 1 on each axis along which values drop together: `[null, 1, 1, 1]` drops whole
    samples of a map, as stochastic depth does in a residual branch.
    Source: N. Srivastava et al., Dropout, 2014. G. Huang et al., Deep Networks with Stochastic Depth, 2016.

    Example:
        input: [8, 8, 64]
        layers:
          - residual:
              layers:
                - conv2d: {filters: 64, kernel_size: 3, padding: same}
                - dropout: {rate: 0.2, noise_shape: [null, 1, 1, 1]}
          - dropout: 0.5
    """


class GaussianDropout(_Rate):
    """Multiplies by noise of mean 1 and standard deviation √(rate/(1 − rate)) while training.

    Example:
        input: [64]
        layers:
          - gaussian_dropout: 0.2
    """

    saved: ClassVar[Saved] = Saved(between=1)
    rate: _BelowOne

    def value_range_behind(self, low: float, high: float) -> Bounds | None:
        return None


class AlphaDropout(_Shaped):
    """Dropout that keeps mean and variance, for SELU networks.

    Source: G. Klambauer et al., Self-Normalizing Neural Networks, 2017.

    Example:
        input: [64]
        layers:
          - dense: {units: 32, activation: selu, kernel_initializer: lecun_normal}
          - alpha_dropout: 0.1
    """

    rate: _BelowOne

    def value_range_behind(self, low: float, high: float) -> Bounds | None:
        return None


class GaussianNoise(Layer):
    """Adds noise of mean 0 and standard deviation `stddev` (0 to 1) while training.

    Example:
        input: [28, 28, 1]
        layers:
          - gaussian_noise: 0.1
    """

    saved: ClassVar[Saved] = Saved()
    motion: ClassVar[Motion] = "stay"
    first: ClassVar[str] = "stddev"

    stddev: Fraction
    seed: Natural | None = None


class _Spatial(_Rate):
    """Keras's class takes no `trainable`, and there is nothing to train."""

    saved: ClassVar[Saved] = Saved()

    def keras_arguments(self, *leave_out: str) -> dict[str, Any]:
        return super().keras_arguments("trainable", *leave_out)


class SpatialDropout1D(_Spatial):
    """Dropout of whole channels of a sequence. As `spatial_dropout2d`.

    Example:
        input: [128, 12]
        layers:
          - spatial_dropout1d: 0.2
    """

    ranks: ClassVar[tuple[int, ...]] = (2,)


class SpatialDropout2D(_Spatial):
    """Dropout of whole channels: neighbouring pixels are alike, so single ones would hardly be missed.

    Source: J. Tompson et al., Efficient Object Localization Using Convolutional Networks, 2015.

    Example:
        input: [28, 28, 8]
        layers:
          - spatial_dropout2d: 0.2
    """

    ranks: ClassVar[tuple[int, ...]] = (3,)


class SpatialDropout3D(_Spatial):
    """Dropout of whole channels of a volume. As `spatial_dropout2d`.

    Example:
        input: [8, 16, 16, 4]
        layers:
          - spatial_dropout3d: 0.2
    """

    ranks: ClassVar[tuple[int, ...]] = (4,)
