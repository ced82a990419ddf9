"""What convolutions and poolings share: a window that slides over the spatial axes."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, ClassVar

from pydantic import field_validator

from cnnspec.language.types import spread
from cnnspec.layers.base import KerasCall, Shape, Spatial, Step
from cnnspec.layers.windows import Sides, by_axis, extent, fit, padding_field, sides, written


class Windowed(Spatial):
    """A layer with a window: its rule for sizes, its receptive field, and its padding in Keras."""

    abstract: ClassVar[bool] = True
    window: ClassVar[str] = "kernel_size"
    """The argument that is the window's size."""

    padding: padding_field() = "valid"  # type: ignore[valid-type]

    @field_validator("kernel_size", "pool_size", "strides", "dilation_rate", mode="before", check_fields=False)
    @classmethod
    def _one_for_each_axis(cls, value: Any, info: Any) -> Any:
        return value if value is None else spread(value, cls.rank, info.field_name)

    @field_validator("padding", mode="after")
    @classmethod
    def _sides(cls, value: Any) -> Any:
        return sides(value, cls.rank)

    def per_axis(self, name: str) -> tuple[int, ...]:
        """A field as one number an axis, its default included."""
        value = getattr(self, name)
        return (value,) * self.rank if isinstance(value, int) else value

    def spatial(self, shape: Shape) -> tuple[int | None, ...]:
        """The output sizes of the spatial axes. Raises `ShapeError` where the window does not fit."""
        self.check_rank(shape)
        return fit(
            self.entry,
            shape[:-1],
            self.per_axis(self.window),
            self.per_axis("strides"),
            self.per_axis("dilation_rate"),
            self.padding,
            self.window,
        )

    def step(self, *inputs: Shape) -> Step:
        covered = zip(self.per_axis(self.window), self.per_axis("dilation_rate"), strict=True)
        return Step(tuple(extent(k, d) for k, d in covered), tuple(map(Fraction, self.per_axis("strides"))))

    def formula(self, *inputs: Shape) -> str:
        return by_axis(
            [
                written(
                    size,
                    self.per_axis(self.window)[axis],
                    self.per_axis("strides")[axis],
                    self.per_axis("dilation_rate")[axis],
                    axis_padding(self.padding, axis),
                )
                for axis, size in enumerate(inputs[0][:-1])
            ]
        )

    def padding_in_keras(self) -> tuple[str, Sides]:
        """A word that Keras knows, and the pixels to add by hand before it.

        With stride 1, half the window on each side is exactly `same`, whatever the input size.
        """
        if isinstance(self.padding, str):
            return self.padding, ()
        covered = zip(self.per_axis(self.window), self.per_axis("dilation_rate"), strict=True)
        reach = [extent(k, d) - 1 for k, d in covered]
        halves = all(pad == (r / 2, r / 2) for pad, r in zip(self.padding, reach, strict=True))
        if halves and max(self.per_axis("strides")) == 1:
            return ("same" if any(reach) else "valid"), ()
        return "valid", self.padding if any(map(sum, self.padding)) else ()

    def with_padding(self, word: str, *leave_out: str) -> KerasCall:
        """The call of the Keras layer with `padding=word`."""
        arguments = self.keras_arguments("padding", *leave_out)
        return KerasCall(self.keras, arguments if word == "valid" else {**arguments, "padding": word})


def axis_padding(padding: str | Sides, axis: int) -> str | tuple[int, int]:
    """The padding of one axis."""
    return padding if isinstance(padding, str) else padding[axis]


def zero_pads(pads: Sides) -> tuple[KerasCall, ...]:
    """A zero padding of `pads`, where there is any."""
    return _around("ZeroPadding", "padding", pads)


def crops(pads: Sides) -> tuple[KerasCall, ...]:
    """A cropping of `pads`, where there is any."""
    return _around("Cropping", "cropping", pads)


def _around(name: str, argument: str, pads: Sequence[tuple[int, int]]) -> tuple[KerasCall, ...]:
    if not any(map(sum, pads)):
        return ()
    return (KerasCall(f"{name}{len(pads)}D", {argument: pads if len(pads) > 1 else pads[0]}),)
