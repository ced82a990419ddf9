"""Poolings: the maximum or the mean of a window, of a whole map, or of a fixed number of regions."""

from math import inf
from typing import Any, ClassVar, Self

from pydantic import field_validator, model_validator

from cnnspec.language.entries import refuse
from cnnspec.language.types import PerAxis, PerAxisOrNone, spread
from cnnspec.layers.base import INPUT, KerasCall, Shape, Spatial, Step, need
from cnnspec.layers.windowed import Windowed, zero_pads
from cnnspec.layers.windows import times


class _Pooling(Windowed):
    first: ClassVar[str] = "pool_size"
    window: ClassVar[str] = "pool_size"
    dilation_rate: ClassVar[int] = 1

    pool_size: PerAxis
    strides: PerAxisOrNone = None

    @model_validator(mode="after")
    def _padding_below_window(self) -> Self:
        if isinstance(self.padding, str):
            return self
        for pads, size in zip(self.padding, self.per_axis("pool_size"), strict=True):
            if max(pads) >= size:
                raise refuse(
                    "out-of-range",
                    f"`padding` ({max(pads)}) must be less than `pool_size` ({size}): "
                    "a window of padding alone has nothing to pool",
                    f"write `padding: {size // 2}` or less",
                    at="padding",
                )
        return self

    def per_axis(self, name: str) -> tuple[int, ...]:
        return super().per_axis("pool_size" if name == "strides" and self.strides is None else name)

    def output_shape(self, *inputs: Shape) -> Shape:
        return (*self.spatial(inputs[0]), inputs[0][-1])


class _MaxPooling(_Pooling):
    pool_size: PerAxis = 2  # type: ignore[assignment]

    def calls(self, *inputs: Shape) -> tuple[KerasCall, ...]:
        word, pads = self.padding_in_keras()
        if not pads:
            return (self.with_padding(word),)
        pad = KerasCall("ops.pad", {"pad_width": ((0, 0), *pads, (0, 0)), "constant_values": -inf})
        return (pad, self.with_padding(word))


class _AveragePooling(_Pooling):
    def calls(self, *inputs: Shape) -> tuple[KerasCall, ...]:
        word, pads = self.padding_in_keras()
        pool = self.with_padding(word)
        if not pads:
            return (pool,)
        (pad,) = zero_pads(pads)
        # The mean over padded windows, divided by the share of each window that lies on the map.
        return (pad, pool, KerasCall("ops.ones_like", of=(INPUT,)), pad, pool, KerasCall("ops.divide", of=(1, 4)))


class MaxPooling1D(_MaxPooling):
    """The maximum of each window of a sequence. As `max_pooling2d`.

    Example:
        input: [128, 12]
        layers:
          - max_pooling1d: 4
    """

    rank: ClassVar[int] = 1


class MaxPooling2D(_MaxPooling):
    """The maximum of each window: height×width×channels → height'×width'×channels.

    On each axis out = ⌊(n + 2P − k)/s⌋ + 1; `strides` are the pool size unless given. Padding never wins a maximum.
    Errors: `shape-window` (the window does not fit).

    Example:
        input: [28, 28, 8]
        layers:
          - max_pooling2d: 2
          - max_pooling2d: {pool_size: 3, strides: 2, padding: 1}
    """

    rank: ClassVar[int] = 2


class MaxPooling3D(_MaxPooling):
    """The maximum of each window of a volume. As `max_pooling2d`.

    Example:
        input: [16, 32, 32, 4]
        layers:
          - max_pooling3d: {pool_size: [1, 2, 2]}
    """

    rank: ClassVar[int] = 3


class AveragePooling1D(_AveragePooling):
    """The mean of each window of a sequence. As `average_pooling2d`.

    Example:
        input: [128, 12]
        layers:
          - average_pooling1d: 4
    """

    rank: ClassVar[int] = 1


class AveragePooling2D(_AveragePooling):
    """The mean of each window: height×width×channels → height'×width'×channels.

    Sizes as in `max_pooling2d`. Padding is not counted: a window at the edge is averaged over its real pixels.

    Example:
        input: [28, 28, 8]
        layers:
          - average_pooling2d: 2
          - average_pooling2d: {pool_size: 3, strides: 2, padding: 1}
    """

    rank: ClassVar[int] = 2


class AveragePooling3D(_AveragePooling):
    """The mean of each window of a volume. As `average_pooling2d`.

    Example:
        input: [16, 32, 32, 4]
        layers:
          - average_pooling3d: 2
    """

    rank: ClassVar[int] = 3


class _Whole(Spatial):
    """What reduces the spatial axes to a fixed size, so that each output sees everything."""

    def step(self, *inputs: Shape) -> Step:
        return Step(whole=True)


class _Global(_Whole):
    first: ClassVar[str] = "keepdims"

    keepdims: bool = False

    def output_shape(self, *inputs: Shape) -> Shape:
        self.check_rank(inputs[0])
        return (*((1,) * self.rank if self.keepdims else ()), inputs[0][-1])

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

    rank: ClassVar[int] = 2


class GlobalAveragePooling3D(_Global):
    """The mean of each channel over the volume. As `global_average_pooling2d`.

    Example:
        input: [4, 7, 7, 8]
        layers:
          - global_average_pooling3d: {keepdims: true}
    """

    rank: ClassVar[int] = 3


class _Adaptive(_Whole):
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

    rank: ClassVar[int] = 1


class AdaptiveAveragePooling2D(_Adaptive):
    """The mean of `output_size` regions: height×width×channels → out_h×out_w×channels.

    Region i of an axis of n pixels runs from ⌊i·n/out⌋ to ⌈(i + 1)·n/out⌉. The sizes of the input must be known.

    Example:
        input: [30, 30, 8]
        layers:
          - adaptive_average_pooling2d: 7
    """

    rank: ClassVar[int] = 2


class AdaptiveAveragePooling3D(_Adaptive):
    """The mean of `output_size` regions of a volume. As `adaptive_average_pooling2d`.

    Example:
        input: [8, 16, 16, 4]
        layers:
          - adaptive_average_pooling3d: 2
    """

    rank: ClassVar[int] = 3
