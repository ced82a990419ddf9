"""Layers that bring the values of an input to a known scale."""

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Self

from pydantic import BeforeValidator, ValidationInfo, model_validator

from cnnspec.language.entries import Invalid, Problem, refuse, shown
from cnnspec.language.forms import Form, Schema, one_or
from cnnspec.language.types import Real
from cnnspec.layers.axes import Axes, each, place, size_at
from cnnspec.layers.base import Layer, Motion, Saved, Shape, ShapeError, Weight
from cnnspec.layers.bounds import Bounds, hull, scaled


class Rescaling(Layer):
    """`scale` · x + `offset`.

    Example:
        input: [28, 28, 1]
        layers:
          - rescaling: $(1/255)
          - rescaling: {scale: 2, offset: -1}
    """

    saved: ClassVar[Saved] = Saved()
    motion: ClassVar[Motion] = "stay"
    first: ClassVar[str] = "scale"

    scale: Real
    offset: Real = 0.0

    def value_range_behind(self, low: float, high: float) -> Bounds:
        return scaled((low, high), self.scale, self.offset)

    def scale_behind(self, black: float, white: float) -> Bounds | None:
        return scaled((black, white), self.scale, self.offset) if self.scale else None


def _numbers(value: Any, info: ValidationInfo) -> Any:
    many = isinstance(value, Sequence) and not isinstance(value, str)
    listed = tuple(value) if many else (value,)
    if not listed or not all(isinstance(item, int | float) and not isinstance(item, bool) for item in listed):
        raise refuse(
            "wrong-type", f"`{info.field_name}` takes a number, or a list with one for each channel, not {shown(value)}"
        )
    if info.field_name == "variance" and min(listed) < 0:
        raise refuse("out-of-range", f"`variance` must be at least 0, not {shown(min(listed))}")
    return listed if many else value


def _form(number: Schema) -> Form:
    return Form(lambda rank: one_or(number), "a number, or a list with one for each channel")


class Normalization(Layer):
    """(x − `mean`) / √`variance` for each channel, or back again with `invert`.

    `mean` and `variance` are one number for all, or a list with one for each size on the last of `axis`. They are
    part of the spec, not learned: state those of the training data, scaled as the layer will see it. In
    `data.preprocessing`, `normalization: adapt` takes them from the training split, once a run. With `null` for
    both they are weights that are not trained, besides a count: 0 and 1 until they are loaded with the others.

    Example:
        input: [32, 32, 3]
        layers:
          - rescaling: $(1/255)
          - normalization: {mean: [0.49, 0.48, 0.45], variance: [0.061, 0.059, 0.068]}
    """

    saved: ClassVar[Saved] = Saved()
    motion: ClassVar[Motion] = "stay"

    axis: Axes | None = -1
    mean: Annotated[Any, BeforeValidator(_numbers), _form({"type": "number"})] | None = None
    variance: Annotated[Any, BeforeValidator(_numbers), _form({"type": "number", "minimum": 0})] | None = None
    invert: bool = False

    @classmethod
    def read_value(cls, value: Any) -> Self:
        if value == "adapt":
            message = "`normalization: adapt` learns from the training images, which `data.preprocessing` alone sees"
            help = "move it there, or write `normalization: {mean: …, variance: …}` with the numbers"
            raise Invalid(Problem("entry-form", message, help=help))
        return super().read_value(value)

    @model_validator(mode="after")
    def _both_given(self) -> Self:
        if self._loaded():
            return self
        if self.mean is None or self.variance is None:
            missing = [f"`{name}`" for name in ("mean", "variance") if getattr(self, name) is None]
            raise refuse(
                "missing-argument",
                f"`normalization` needs {' and '.join(missing)}",
                "write `normalization: {mean: …, variance: …}` with the numbers of your training data",
            )
        if _length(self.mean) != _length(self.variance):
            message = f"`mean` has {_many(self.mean)}, `variance` {_many(self.variance)}"
            help = "give both one number for each channel, or one for all"
            raise refuse("wrong-length", message, help, at="variance")
        if _length(self.mean) and self.axis is None:
            raise refuse("wrong-length", "with `axis: null`, `mean` and `variance` are single numbers", at="mean")
        return self

    def value_range_behind(self, low: float, high: float) -> Bounds | None:
        if self.mean is None or self.variance is None:
            return None
        means, variances = (value if isinstance(value, tuple) else (value,) for value in (self.mean, self.variance))
        return hull(*(self._brought((low, high), *each) for each in zip(means, variances, strict=True)))

    def scale_behind(self, black: float, white: float) -> Bounds | None:
        """With numbers for each channel, black is another one in each."""
        return None if isinstance(self.mean, tuple) else self.value_range_behind(black, white)

    def _brought(self, bounds: Bounds, mean: float, variance: float) -> Bounds:
        root = max(variance**0.5, 1e-7)
        return scaled(bounds, root, mean) if self.invert else scaled(bounds, 1 / root, -mean / root)

    def output_shape(self, *inputs: Shape) -> Shape:
        places = sorted(place(axis, inputs[0]) for axis in self.kept())
        for axis in self.kept():
            size_at(axis, inputs[0], self.entry)
        given = _length(self.mean)
        if given not in (0, 1) and given != (size := inputs[0][places[-1]]):
            raise ShapeError(
                "shape-statistics",
                f"`mean` has {given} values for {size} channels",
                argument="mean",
                label=f"{given} values",
                help=f"write one number, or a list of {size}",
            )
        return inputs[0]

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        if not self._loaded():
            return ()
        shape = tuple(size_at(axis, inputs[0], self.entry) for axis in sorted(self.kept()))
        return (Weight("mean", shape, False), Weight("variance", shape, False), Weight("count", (), False))

    def _loaded(self) -> bool:
        """Whether mean and variance are weights, as `null` says that was written for both."""
        written = {"mean", "variance"} <= self.model_fields_set
        return written and self.mean is None and self.variance is None

    def kept(self) -> tuple[int, ...]:
        """The axes along which mean and variance differ."""
        return () if self.axis is None else each(self.axis)


def _many(value: Any) -> str:
    return f"{len(value)} value{'s' * (len(value) != 1)}" if isinstance(value, tuple) else "one number"


def _length(value: Any) -> int:
    return len(value) if isinstance(value, tuple) else 0
