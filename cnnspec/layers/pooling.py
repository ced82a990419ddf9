"""Poolings: the maximum or the mean of a window, of a whole map, or of a fixed number of regions."""

from math import inf
from typing import ClassVar, Self

from pydantic import model_validator

from cnnspec.language.entries import refuse
from cnnspec.language.types import PerAxis, PerAxisOrNone
from cnnspec.layers.base import INPUT, KerasCall, Saved, Shape
from cnnspec.layers.windowed import Windowed, zero_pads


class _Pooling(Windowed):
    within: ClassVar[bool] = True
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
    saved: ClassVar[Saved] = Saved(input=True, output=True)
    pool_size: PerAxis = 2  # type: ignore[assignment]

    def calls(self, *inputs: Shape) -> tuple[KerasCall, ...]:
        word, pads = self.padding_in_keras()
        if not pads:
            return (self.with_padding(word),)
        pad = KerasCall("ops.pad", {"pad_width": ((0, 0), *pads, (0, 0)), "constant_values": -inf})
        return (pad, self.with_padding(word))


class _AveragePooling(_Pooling):
    saved: ClassVar[Saved] = Saved()

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
