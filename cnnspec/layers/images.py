"""What the layers that change images share: factors, the range of the pixels, and how images are checked.

A factor is a number or a pair [lower, upper] from which each image draws its own; a single number stands for
[−number, number], from 0 where the factor cannot be negative.
"""

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, ValidationInfo

from cnnspec.language.entries import refuse, shown
from cnnspec.language.forms import Form, one_or, several
from cnnspec.language.types import Natural
from cnnspec.layers.base import Layer, Motion, Shape, ShapeError, show
from cnnspec.layers.bounds import Bounds, hull


def bounded(low: float, high: float, *, above: bool = False) -> Any:
    """The type of a factor: a number from `low` to `high`, or a pair of them; with `above`, `low` is too little."""

    def check(value: Any, info: ValidationInfo) -> Any:
        listed = _numbers(value, info.field_name, "a number, or a pair [lower, upper]")
        for number in listed:
            if not low <= number <= high or (above and number == low):
                span = f"{'more than' if above else 'from'} {low} to {high}"
                help = None
                if high == 1 and 2 <= abs(number) <= 360:
                    help = "it is a share: 0.1 is a tenth (of a full turn, of the height, …)"
                raise refuse("out-of-range", f"`{info.field_name}` must be {span}, not {shown(number)}", help)
        return listed if isinstance(value, Sequence) else value

    number = {"type": "number", "exclusiveMinimum" if above else "minimum": low, "maximum": high}
    words = f"a number {f'more than {low}, up' if above else f'from {low}'} to {high}, or a pair of them"
    return Annotated[Any, BeforeValidator(check), Form(lambda rank: one_or(number, 1, 2), words)]


def _numbers(value: Any, name: str | None, what: str) -> tuple[float, ...]:
    """A number or a pair of them, as a tuple."""
    listed = tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else (value,)
    if not all(isinstance(item, int | float) and not isinstance(item, bool) for item in listed):
        raise refuse("wrong-type", f"`{name}` takes {what}, not {shown(value)}")
    if len(listed) not in (1, 2):
        raise refuse("wrong-length", f"`{name}` takes {what}, not {len(listed)} numbers")
    return listed


def _range(value: Any, info: ValidationInfo) -> Any:
    listed = _numbers(value, info.field_name, "a pair [lowest, highest]")
    if len(listed) != 2 or listed[0] >= listed[1]:
        raise refuse(
            "out-of-range",
            f"`{info.field_name}` takes a pair [lowest, highest], not {shown(value)}",
            "write e.g. `[0, 255]`, or `[0, 1]` after rescaling",
        )
    return listed


_PAIR = Form(lambda rank: several({"type": "number"}, 2, 2), "a pair [lowest, highest]")

Range = Annotated[Any, BeforeValidator(_range), _PAIR]
"""The lowest and the highest value of a pixel."""


class Image(Layer):
    """A layer that takes one image and returns one."""

    abstract: ClassVar[bool] = True
    ranks: ClassVar[tuple[int, ...]] = (3,)


class RandomImage(Image):
    """The same, with chance in it."""

    abstract: ClassVar[bool] = True

    seed: Natural | None = None


class Colours(Image):
    """A layer that looks at pixel values, so it must know their range: [0, 255] unless they were rescaled."""

    abstract: ClassVar[bool] = True
    motion: ClassVar[Motion] = "stay"
    channels: ClassVar[tuple[int, ...]] = ()
    """The numbers of channels that it works on; any without."""

    right_on: ClassVar[Literal["any", "zero", "unit"]] = "any"
    """The pixels on which Keras computes it right: of any range, of one that starts at 0 (it takes 0 for black), or
    of 0 to 1 alone."""

    value_range: Range = (0, 255)

    def value_range_behind(self, low: float, high: float) -> Bounds:
        return hull((low, high), self.value_range)

    def output_shape(self, *inputs: Shape) -> Shape:
        self.check_rank(inputs[0])
        check_channels(self.entry, inputs[0], self.channels)
        return inputs[0]


class RandomColours(Colours):
    """The same, with chance in it."""

    abstract: ClassVar[bool] = True

    seed: Natural | None = None


def check_channels(entry: str, shape: Shape, wanted: tuple[int, ...]) -> None:
    """Refuse images without the channels that a layer works on."""
    if wanted and shape[-1] is not None and shape[-1] not in wanted:
        raise ShapeError(
            "shape-channels",
            f"`{entry}` takes images of {' or '.join(map(str, wanted))} channels, not {show(shape)}",
            label=f"its input has {shape[-1]}",
            help="leave it out, or bring the images to three channels",
        )
