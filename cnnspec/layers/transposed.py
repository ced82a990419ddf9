"""Transposed convolutions, over one, two or three spatial axes."""

from fractions import Fraction
from typing import Annotated, Any, ClassVar, Self

from pydantic import field_validator, model_validator

from cnnspec.language.entries import refuse
from cnnspec.language.forms import Form, per_axis
from cnnspec.language.problems import Expects
from cnnspec.language.types import Count, Natural, spread
from cnnspec.layers.base import KerasCall, Shape, ShapeError, Step, Weight
from cnnspec.layers.convolving import Convolution, each
from cnnspec.layers.settings import ConstraintField, InitializerField, RegularizerField, activated
from cnnspec.layers.windowed import axis_padding, crops
from cnnspec.layers.windows import by_axis, extent, not_both, times, transposed_size, transposed_written


class _ConvTranspose(Convolution):
    filters: Count
    output_padding: Annotated[
        tuple[Natural, ...] | None,
        Expects("a whole number, or a list with one for each axis"),
        Form(per_axis({"type": "integer", "minimum": 0})),
    ] = None
    kernel_initializer: InitializerField = "glorot_uniform"
    kernel_regularizer: RegularizerField = None
    kernel_constraint: ConstraintField = None

    @field_validator("output_padding", mode="before")
    @classmethod
    def _one_for_each_side(cls, value: Any) -> Any:
        return None if value is None else spread(value, cls.rank, "output_padding", least=0)

    @model_validator(mode="after")
    def _output_padding_below_strides(self) -> Self:
        for extra, stride in zip(self.output_padding or (), self.per_axis("strides"), strict=False):
            if extra >= stride:
                raise refuse(
                    "out-of-range",
                    f"`output_padding` ({extra}) must be less than `strides` ({stride})",
                    f"write `output_padding: {stride - 1}` or less",
                    at="output_padding",
                )
        return self

    def extra(self, axis: int) -> int | None:
        """`output_padding` on one axis."""
        return None if self.output_padding is None else self.output_padding[axis]

    def spatial(self, shape: Shape) -> tuple[int | None, ...]:
        self.check_rank(shape)
        kernel, strides, dilation = (self.per_axis(name) for name in ("kernel_size", "strides", "dilation_rate"))
        not_both(self.entry, strides, dilation)
        outs = tuple(
            transposed_size(
                size, kernel[axis], strides[axis], dilation[axis], axis_padding(self.padding, axis), self.extra(axis)
            )
            for axis, size in enumerate(shape[:-1])
        )
        for out in outs:
            if out is not None and out < 1:
                raise ShapeError(
                    "shape-window",
                    f"padding cuts the {times(shape[:-1])} map away: nothing is left",
                    argument="padding",
                    label=f"out = {self.formula(shape)}",
                    help="write a smaller `padding`",
                )
        return outs

    def output_shape(self, *inputs: Shape) -> Shape:
        spatial = self.spatial(inputs[0])
        self.channels(inputs[0])
        return (*spatial, self.filters)

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        shape = (*self.kernel_size, self.filters, self.channels(inputs[0]))
        return (Weight("kernel", shape, self.trainable), *self.bias(self.filters))

    def multiply_adds(self, *inputs: Shape) -> int | None:
        return each(inputs[0][:-1], self.weights(*inputs)[0].size)

    def step(self, *inputs: Shape) -> Step:
        axes = zip(self.per_axis("kernel_size"), self.per_axis("dilation_rate"), self.per_axis("strides"), strict=True)
        seen = tuple(-(-extent(k, d) // s) for k, d, s in axes)
        return Step(seen, tuple(Fraction(1, s) for s in self.per_axis("strides")))

    def formula(self, *inputs: Shape) -> str:
        return by_axis(
            [
                transposed_written(
                    size,
                    self.per_axis("kernel_size")[axis],
                    self.per_axis("strides")[axis],
                    self.per_axis("dilation_rate")[axis],
                    axis_padding(self.padding, axis),
                    self.extra(axis),
                )
                for axis, size in enumerate(inputs[0][:-1])
            ]
        )

    def calls(self, *inputs: Shape) -> tuple[KerasCall, ...]:
        if isinstance(self.padding, str):
            return activated((self.with_padding(self.padding, "activation"),), self.keras, self.activation)
        whole = self.with_padding("valid", "activation", "output_padding")
        extra = self.output_padding or (0,) * self.rank
        whole = KerasCall(whole.name, {**whole.kwargs, "output_padding": extra})
        return activated((whole, *crops(self.padding)), self.keras, self.activation)


class Conv1DTranspose(_ConvTranspose):
    """Transposed convolution of a sequence. As `conv2d_transpose`.

    Example:
        input: [32, 16]
        layers:
          - conv1d_transpose: {filters: 8, kernel_size: 4, strides: 2, padding: 1}
    """

    rank: ClassVar[int] = 1


class Conv2DTranspose(_ConvTranspose):
    """Transposed convolution, which enlarges a map: height×width×channels → height'×width'×filters.

    With padding P: out = (n − 1)s − 2P + d(k − 1) + output_padding + 1; `output_padding` adds at the bottom and right.
    `same` gives n·s, and `valid` n·s + max(k − s, 0), as in Keras. Weights: kernel k_h×k_w×filters×channels and a bias.
    Multiply-adds: every input pixel is spread over the whole kernel.
    Source: V. Dumoulin and F. Visin, A guide to convolution arithmetic for deep learning, 2016, relationship 14.

    Example:
        input: [7, 7, 64]
        layers:
          - conv2d_transpose: {filters: 32, kernel_size: 4, strides: 2, padding: 1}
          - conv2d_transpose: {filters: 1, kernel_size: 4, strides: 2, padding: 1, output_padding: 1}
    """

    rank: ClassVar[int] = 2


class Conv3DTranspose(_ConvTranspose):
    """Transposed convolution of a volume. As `conv2d_transpose`.

    Example:
        input: [4, 8, 8, 16]
        layers:
          - conv3d_transpose: {filters: 8, kernel_size: 2, strides: 2}
    """

    rank: ClassVar[int] = 3
