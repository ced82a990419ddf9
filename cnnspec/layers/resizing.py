"""Layers that change the height and width: padding, cropping, scaling."""

from fractions import Fraction
from typing import Any, ClassVar, Self

from pydantic import field_validator, model_validator

from cnnspec.language.entries import refuse
from cnnspec.language.types import Count, PerAxis, Real, choice, spread
from cnnspec.layers.base import KerasCall, Layer, Motion, Saved, Shape, ShapeError, Spatial, Step
from cnnspec.layers.bounds import Bounds, hull
from cnnspec.layers.windows import by_axis, sides, sides_field, times

INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5")
_REACH = {"nearest": 1, "bilinear": 2, "bicubic": 4, "lanczos3": 6, "lanczos5": 10}
_WITHIN = ("nearest", "bilinear")
"""What weighs pixels by shares; the others overshoot beside edges."""


class _Sides(Spatial):
    """What adds or cuts pixels at the edges: P, one P an axis, or `[before, after]` for each axis."""

    saved: ClassVar[Saved] = Saved()

    @field_validator("padding", "cropping", mode="after", check_fields=False)
    @classmethod
    def _for_each_axis(cls, value: Any, info: Any) -> Any:
        return sides(value, cls.rank, info.field_name)

    def pixels(self) -> tuple[tuple[int, int], ...]:
        """Pixels before and after on each axis, the default included."""
        pairs = sides(getattr(self, self.first), self.rank)
        assert not isinstance(pairs, str)
        return pairs

    def calls(self, *inputs: Shape) -> tuple[KerasCall, ...]:
        pixels = self.pixels()
        arguments = {**self.keras_arguments(self.first), self.first: pixels if self.rank > 1 else pixels[0]}
        return (KerasCall(self.keras, arguments),)


class _ZeroPadding(_Sides):
    motion: ClassVar[Motion] = "move"
    first: ClassVar[str] = "padding"

    padding: sides_field("padding") = 1  # type: ignore[valid-type]

    def value_range_behind(self, low: float, high: float) -> Bounds:
        return hull((low, high), (0.0, 0.0)) if any(map(any, self.pixels())) else (low, high)

    def output_shape(self, *inputs: Shape) -> Shape:
        self.check_rank(inputs[0])
        pairs = zip(inputs[0][:-1], self.pixels(), strict=True)
        return (*(None if size is None else size + sum(pair) for size, pair in pairs), inputs[0][-1])

    def formula(self, *inputs: Shape) -> str:
        pairs = zip(inputs[0][:-1], self.pixels(), strict=True)
        return by_axis([_sum("?" if size is None else size, "+", pair) for size, pair in pairs])


class ZeroPadding1D(_ZeroPadding):
    """Zeros before and after a sequence; two different sides are `[[before, after]]`. As `zero_padding2d`.

    Example:
        input: [128, 12]
        layers:
          - zero_padding1d: [[2, 0]]
    """

    rank: ClassVar[int] = 1


class ZeroPadding2D(_ZeroPadding):
    """Zeros around the map: P, `[P_h, P_w]`, or `[[top, bottom], [left, right]]`.

    Example:
        input: [28, 28, 1]
        layers:
          - zero_padding2d: 2
          - zero_padding2d: [[0, 1], [0, 1]]
    """

    rank: ClassVar[int] = 2


class ZeroPadding3D(_ZeroPadding):
    """Zeros around a volume. As `zero_padding2d`.

    Example:
        input: [8, 16, 16, 4]
        layers:
          - zero_padding3d: [0, 1, 1]
    """

    rank: ClassVar[int] = 3


class _Cropping(_Sides):
    motion: ClassVar[Motion] = "move"
    within: ClassVar[bool] = True
    first: ClassVar[str] = "cropping"

    cropping: sides_field("cropping") = 1  # type: ignore[valid-type]

    def output_shape(self, *inputs: Shape) -> Shape:
        self.check_rank(inputs[0])
        sizes = []
        for size, pair in zip(inputs[0][:-1], self.pixels(), strict=True):
            if size is not None and size <= sum(pair):
                raise ShapeError(
                    "shape-crop",
                    f"cropping {pair[0]} + {pair[1]} leaves nothing of {times(inputs[0][:-1])}",
                    argument="cropping",
                    label=f"out = {_sum(size, '−', pair)}",
                    help=f"cut less than {size} in all",
                )
            sizes.append(None if size is None else size - sum(pair))
        return (*sizes, inputs[0][-1])

    def formula(self, *inputs: Shape) -> str:
        pairs = zip(inputs[0][:-1], self.pixels(), strict=True)
        return by_axis([_sum("?" if size is None else size, "−", pair) for size, pair in pairs])


class Cropping1D(_Cropping):
    """Cuts steps off a sequence; two different sides are `[[before, after]]`. As `cropping2d`.

    Example:
        input: [128, 12]
        layers:
          - cropping1d: 4
    """

    rank: ClassVar[int] = 1


class Cropping2D(_Cropping):
    """Cuts pixels off the map: P, `[P_h, P_w]`, or `[[top, bottom], [left, right]]`.

    Errors: `shape-crop` (nothing is left).

    Example:
        input: [28, 28, 1]
        layers:
          - cropping2d: 2
          - cropping2d: [[0, 1], [0, 1]]
    """

    rank: ClassVar[int] = 2
    cropping: sides_field("cropping") = 0  # type: ignore[valid-type]


class Cropping3D(_Cropping):
    """Cuts the edges of a volume. As `cropping2d`.

    Example:
        input: [8, 16, 16, 4]
        layers:
          - cropping3d: [0, 2, 2]
    """

    rank: ClassVar[int] = 3


class _UpSampling(Spatial):
    saved: ClassVar[Saved] = Saved()
    within: ClassVar[bool] = True
    first: ClassVar[str] = "size"

    size: PerAxis = 2  # type: ignore[assignment]

    @field_validator("size", mode="before")
    @classmethod
    def _one_for_each_axis(cls, value: Any) -> Any:
        return spread(value, cls.rank, "size")

    def factors(self) -> tuple[int, ...]:
        """How many times larger each axis becomes, the default included."""
        return (self.size,) * self.rank if isinstance(self.size, int) else self.size

    def output_shape(self, *inputs: Shape) -> Shape:
        self.check_rank(inputs[0])
        pairs = zip(inputs[0][:-1], self.factors(), strict=True)
        return (*(None if size is None else size * factor for size, factor in pairs), inputs[0][-1])

    def step(self, *inputs: Shape) -> Step:
        return Step((1,) * self.rank, tuple(Fraction(1, factor) for factor in self.factors()))

    def formula(self, *inputs: Shape) -> str:
        pairs = zip(inputs[0][:-1], self.factors(), strict=True)
        return by_axis([f"{'?' if n is None else n}·{k} = {'?' if n is None else n * k}" for n, k in pairs])


class UpSampling1D(_UpSampling):
    """Repeats every step `size` times. As `up_sampling2d`, without interpolation.

    Example:
        input: [32, 12]
        layers:
          - up_sampling1d: 2
    """

    rank: ClassVar[int] = 1

    def calls(self, *inputs: Shape) -> tuple[KerasCall, ...]:
        return (KerasCall(self.keras, {**self.keras_arguments("size"), "size": self.factors()[0]}),)


class UpSampling2D(_UpSampling):
    """Enlarges a map by whole factors, n → n · size: repeats pixels, or interpolates between them.

    Followed by a convolution, it is the way up without the checkerboards of transposed convolutions
    (A. Odena et al., Deconvolution and Checkerboard Artifacts, 2016).

    Example:
        input: [14, 14, 8]
        layers:
          - up_sampling2d: {size: 2, interpolation: bilinear}
          - conv2d: {filters: 4, kernel_size: 3, padding: same}
    """

    rank: ClassVar[int] = 2
    interpolation: choice(*INTERPOLATIONS) = "nearest"  # type: ignore[valid-type]

    def value_range_behind(self, low: float, high: float) -> Bounds | None:
        return (low, high) if self.interpolation in _WITHIN else None

    def step(self, *inputs: Shape) -> Step:
        reach = _REACH[self.interpolation]
        return Step(tuple(1 if factor == 1 else reach for factor in self.factors()), super().step(*inputs).stride)


class UpSampling3D(_UpSampling):
    """Repeats every voxel `size` times on each axis.

    Example:
        input: [4, 8, 8, 2]
        layers:
          - up_sampling3d: [1, 2, 2]
    """

    rank: ClassVar[int] = 3


class _ToSize(Layer):
    """What brings a map to `height`×`width`, whatever it was."""

    motion: ClassVar[Motion] = "move"
    saved: ClassVar[Saved] = Saved()
    ranks: ClassVar[tuple[int, ...]] = (3,)

    height: Count
    width: Count

    def output_shape(self, *inputs: Shape) -> Shape:
        self.check_rank(inputs[0])
        return (self.height, self.width, inputs[0][-1])

    def step(self, *inputs: Shape) -> Step:
        return Step(whole=True)

    def formula(self, *inputs: Shape) -> str:
        return f"{times(inputs[0][:-1])} → {self.height}×{self.width}"


class Resizing(_ToSize):
    """Scales images to `height`×`width`.

    `crop_to_aspect_ratio` cuts the edges that do not fit, `pad_to_aspect_ratio` fills what is missing with
    `fill_value`; without either the image is stretched. `antialias` smooths before making it smaller.

    Example:
        input: [null, null, 3]
        layers:
          - resizing: {height: 64, width: 64, crop_to_aspect_ratio: true}
    """

    interpolation: choice(*INTERPOLATIONS) = "bilinear"  # type: ignore[valid-type]
    crop_to_aspect_ratio: bool = False
    pad_to_aspect_ratio: bool = False
    fill_mode: choice("constant") = "constant"  # type: ignore[valid-type]
    fill_value: Real = 0.0
    antialias: bool = False

    def value_range_behind(self, low: float, high: float) -> Bounds | None:
        if self.interpolation not in _WITHIN:
            return None
        return hull((low, high), (self.fill_value, self.fill_value)) if self.pad_to_aspect_ratio else (low, high)

    @model_validator(mode="after")
    def _crop_or_pad(self) -> Self:
        if self.crop_to_aspect_ratio and self.pad_to_aspect_ratio:
            raise refuse(
                "conflict",
                "`resizing` cannot both crop and pad to the aspect ratio",
                "keep one of the two",
                at="pad_to_aspect_ratio",
            )
        return self


class CenterCrop(_ToSize):
    """Cuts `height`×`width` out of the middle; a smaller image is enlarged until it fits.

    Example:
        input: [40, 40, 3]
        layers:
          - center_crop: {height: 32, width: 32}
    """

    within: ClassVar[bool] = True


def _sum(size: int | str, sign: str, pair: tuple[int, int]) -> str:
    total = size if isinstance(size, str) else size + sum(pair) if sign == "+" else size - sum(pair)
    sides = f"2·{pair[0]}" if pair[0] == pair[1] else f"{pair[0]} {sign} {pair[1]}"
    return f"{size} {sign} {sides} = {total}".replace("-", "−")
