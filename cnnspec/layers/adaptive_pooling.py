"""Pooling to a size that is given: the windows follow from the input."""

from typing import Any, ClassVar

from pydantic import field_validator

from cnnspec.language.types import PerAxis, spread
from cnnspec.layers.base import Saved, Shape, Spatial, Step, need
from cnnspec.layers.windows import times


class _Adaptive(Spatial):
    within: ClassVar[bool] = True
    first: ClassVar[str] = "output_size"

    output_size: PerAxis

    @field_validator("output_size", mode="before")
    @classmethod
    def _one_for_each_axis(cls, value: Any) -> Any:
        return spread(value, cls.rank, "output_size")

    def output_shape(self, *inputs: Shape) -> Shape:
        self.check_rank(inputs[0])
        for size in inputs[0][:-1]:
            need(size, "size on every spatial axis", self.entry)
        return (*self.output_size, inputs[0][-1])

    def step(self, *inputs: Shape) -> Step:
        return Step(whole=True)

    def formula(self, *inputs: Shape) -> str:
        return f"{times(inputs[0][:-1])} → {times(self.output_size)}"


class AdaptiveMaxPooling1D(_Adaptive):
    """The maximum of `output_size` regions of a sequence. As `adaptive_average_pooling2d`.

    Example:
        input: [128, 12]
        layers:
          - adaptive_max_pooling1d: 4
    """

    rank: ClassVar[int] = 1


class AdaptiveMaxPooling2D(_Adaptive):
    """The maximum of `output_size` regions of the map. As `adaptive_average_pooling2d`.

    Example:
        input: [30, 30, 8]
        layers:
          - adaptive_max_pooling2d: [7, 7]
    """

    rank: ClassVar[int] = 2


class AdaptiveMaxPooling3D(_Adaptive):
    """The maximum of `output_size` regions of a volume. As `adaptive_average_pooling2d`.

    Example:
        input: [8, 16, 16, 4]
        layers:
          - adaptive_max_pooling3d: 2
    """

    rank: ClassVar[int] = 3


class AdaptiveAveragePooling1D(_Adaptive):
    """The mean of `output_size` regions of a sequence. As `adaptive_average_pooling2d`.

    Example:
        input: [128, 12]
        layers:
          - adaptive_average_pooling1d: 4
    """

    saved: ClassVar[Saved] = Saved()
    rank: ClassVar[int] = 1


class AdaptiveAveragePooling2D(_Adaptive):
    """The mean of `output_size` regions: height×width×channels → out_h×out_w×channels.

    Region i of an axis of n pixels runs from ⌊i·n/out⌋ to ⌈(i + 1)·n/out⌉. The sizes of the input must be known.

    Example:
        input: [30, 30, 8]
        layers:
          - adaptive_average_pooling2d: 7
    """

    saved: ClassVar[Saved] = Saved()
    rank: ClassVar[int] = 2


class AdaptiveAveragePooling3D(_Adaptive):
    """The mean of `output_size` regions of a volume. As `adaptive_average_pooling2d`.

    Example:
        input: [8, 16, 16, 4]
        layers:
          - adaptive_average_pooling3d: 2
    """

    saved: ClassVar[Saved] = Saved()
    rank: ClassVar[int] = 3
