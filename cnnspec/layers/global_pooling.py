"""Pooling over the whole map: one value a channel, whatever its size."""

from typing import ClassVar

from cnnspec.layers.base import Saved, Shape, Spatial, Step
from cnnspec.layers.windows import times


class _Global(Spatial):
    within: ClassVar[bool] = True
    first: ClassVar[str] = "keepdims"

    keepdims: bool = False

    def output_shape(self, *inputs: Shape) -> Shape:
        self.check_rank(inputs[0])
        return (*((1,) * self.rank if self.keepdims else ()), inputs[0][-1])

    def step(self, *inputs: Shape) -> Step:
        return Step(whole=True)

    def formula(self, *inputs: Shape) -> str:
        return f"{times(inputs[0][:-1])} → 1"


class GlobalMaxPooling1D(_Global):
    """The maximum of each channel over all steps: steps×channels → channels.

    Example:
        input: [128, 12]
        layers:
          - global_max_pooling1d
    """

    rank: ClassVar[int] = 1


class GlobalMaxPooling2D(_Global):
    """The maximum of each channel over the map: height×width×channels → channels (1×1×… with `keepdims`).

    Example:
        input: [7, 7, 64]
        layers:
          - global_max_pooling2d
          - dense: 10
    """

    rank: ClassVar[int] = 2


class GlobalMaxPooling3D(_Global):
    """The maximum of each channel over the volume. As `global_max_pooling2d`.

    Example:
        input: [4, 7, 7, 8]
        layers:
          - global_max_pooling3d
    """

    rank: ClassVar[int] = 3


class GlobalAveragePooling1D(_Global):
    """The mean of each channel over all steps: steps×channels → channels.

    Example:
        input: [128, 12]
        layers:
          - global_average_pooling1d
    """

    saved: ClassVar[Saved] = Saved()
    rank: ClassVar[int] = 1


class GlobalAveragePooling2D(_Global):
    """The mean of each channel over the map: height×width×channels → channels (1×1×… with `keepdims`).

    In place of `flatten` it lets the head take maps of any size, with far fewer weights.
    Source: M. Lin, Q. Chen and S. Yan, Network In Network, 2014.

    Example:
        input: [null, null, 64]
        layers:
          - global_average_pooling2d
          - dense: 10
    """

    saved: ClassVar[Saved] = Saved()
    rank: ClassVar[int] = 2


class GlobalAveragePooling3D(_Global):
    """The mean of each channel over the volume. As `global_average_pooling2d`.

    Example:
        input: [4, 7, 7, 8]
        layers:
          - global_average_pooling3d: {keepdims: true}
    """

    saved: ClassVar[Saved] = Saved()
    rank: ClassVar[int] = 3
