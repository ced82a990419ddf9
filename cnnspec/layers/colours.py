"""Changes to the colours of images. The random ones act while training only.

They stand under `data.augmentation` or among the layers, and keep the shape.
"""

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator

from cnnspec.language.entries import refuse, shown
from cnnspec.language.forms import Form, one_or
from cnnspec.language.types import Count, Fraction, Positive
from cnnspec.layers.base import Motion, Shape
from cnnspec.layers.images import Colours, RandomColours, RandomImage, bounded, check_channels

_ODD = {"type": "integer", "minimum": 1, "not": {"type": "integer", "multipleOf": 2}}
_ODD_WORDS = "an odd number, or a pair of them"


def _odd(value: Any) -> Any:
    listed = tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else (value,)
    if len(listed) not in (1, 2) or not all(type(size) is int and size > 0 and size % 2 for size in listed):
        raise refuse(
            "out-of-range",
            f"`kernel_size` takes an odd number, or a pair of them, not {shown(value)}",
            "write e.g. `kernel_size: 5`",
        )
    return listed if isinstance(value, Sequence) else value


def _whole(value: Any) -> Any:
    listed = value if isinstance(value, tuple) else (value,)
    if any(number != int(number) for number in listed):
        raise refuse(
            "out-of-range", f"`factor` counts bits: a whole number, not {shown(value)}", "write e.g. `factor: 4`"
        )
    return tuple(map(int, value)) if isinstance(value, tuple) else int(value)


class RandomContrast(RandomColours):
    """Moves pixels away from the mean of the image, or towards it.

    Example:
        input: [32, 32, 3]
        layers:
          - random_contrast: 0.2
    """

    first: ClassVar[str] = "factor"

    factor: bounded(0, 1)  # type: ignore[valid-type]


class RandomBrightness(RandomColours):
    """Adds up to `factor` of the value range to all pixels.

    Example:
        input: [32, 32, 3]
        layers:
          - random_brightness: 0.2
    """

    first: ClassVar[str] = "factor"

    factor: bounded(-1, 1)  # type: ignore[valid-type]


class RandomHue(RandomColours):
    """Turns the hue; 1 is half the colour wheel.

    Example:
        input: [32, 32, 3]
        layers:
          - random_hue: 0.1
    """

    first: ClassVar[str] = "factor"
    channels: ClassVar[tuple[int, ...]] = (3,)

    factor: bounded(0, 1)  # type: ignore[valid-type]


class RandomSaturation(RandomColours):
    """Makes colours paler or stronger; 0.5 leaves them as they are, 0 is grey.

    Example:
        input: [32, 32, 3]
        layers:
          - random_saturation: [0.4, 0.6]
    """

    right_on: ClassVar[Literal["any", "zero", "unit"]] = "unit"
    first: ClassVar[str] = "factor"
    channels: ClassVar[tuple[int, ...]] = (3,)

    factor: bounded(-1, 1)  # type: ignore[valid-type]


class RandomColorDegeneration(RandomColours):
    """Blends with a grey copy: 0 leaves the image as it is, 1 is grey. Takes three channels.

    Example:
        input: [32, 32, 3]
        layers:
          - random_color_degeneration: 0.5
    """

    first: ClassVar[str] = "factor"
    channels: ClassVar[tuple[int, ...]] = (3,)

    factor: bounded(-1, 1)  # type: ignore[valid-type]


class RandomColorJitter(RandomColours):
    """Random brightness, contrast, saturation and hue in one, each where its factor is given.

    Example:
        input: [32, 32, 3]
        layers:
          - random_color_jitter: {brightness_factor: 0.2, contrast_factor: 0.2}
    """

    right_on: ClassVar[Literal["any", "zero", "unit"]] = "unit"

    brightness_factor: bounded(-1, 1) | None = None  # type: ignore[valid-type]
    contrast_factor: bounded(0, 1) | None = None  # type: ignore[valid-type]
    saturation_factor: bounded(-1, 1) | None = None  # type: ignore[valid-type]
    hue_factor: bounded(0, 1) | None = None  # type: ignore[valid-type]

    def output_shape(self, *inputs: Shape) -> Shape:
        self.check_rank(inputs[0])
        if self.saturation_factor is not None or self.hue_factor is not None:
            check_channels(self.entry, inputs[0], (3,))
        return inputs[0]


class RandomGrayscale(RandomImage):
    """Makes a share `factor` of the images grey, with as many channels as before.

    Example:
        input: [32, 32, 3]
        layers:
          - random_grayscale: 0.2
    """

    within: ClassVar[bool] = True
    motion: ClassVar[Motion] = "stay"
    first: ClassVar[str] = "factor"

    factor: Fraction = 0.5

    def output_shape(self, *inputs: Shape) -> Shape:
        self.check_rank(inputs[0])
        check_channels(self.entry, inputs[0], (1, 3))
        return inputs[0]


class RandomSharpness(RandomColours):
    """Blurs or sharpens; 0.5 leaves the image as it is.

    Example:
        input: [32, 32, 3]
        layers:
          - random_sharpness: [0.3, 0.7]
    """

    right_on: ClassVar[Literal["any", "zero", "unit"]] = "zero"
    first: ClassVar[str] = "factor"

    factor: bounded(0, 1)  # type: ignore[valid-type]


class RandomGaussianBlur(RandomColours):
    """Blurs a share `factor` of the images with a Gaussian of up to `sigma`.

    Example:
        input: [32, 32, 3]
        layers:
          - random_gaussian_blur: {factor: 0.3, kernel_size: 5}
    """

    right_on: ClassVar[Literal["any", "zero", "unit"]] = "zero"
    first: ClassVar[str] = "factor"

    factor: bounded(0, 1) = 1.0  # type: ignore[valid-type]
    kernel_size: Annotated[Any, BeforeValidator(_odd), Form(lambda rank: one_or(_ODD, 1, 2), _ODD_WORDS)] = 3
    sigma: bounded(0, 1) = 1.0  # type: ignore[valid-type]


class RandomInvert(RandomColours):
    """Makes negatives of a share `factor` of the images.

    Example:
        input: [32, 32, 3]
        layers:
          - random_invert: 0.1
    """

    right_on: ClassVar[Literal["any", "zero", "unit"]] = "zero"
    first: ClassVar[str] = "factor"

    factor: bounded(0, 1) = 1.0  # type: ignore[valid-type]


class RandomPosterization(RandomColours):
    """Keeps only the upper `factor` bits of each value (1 to 8).

    Example:
        input: [32, 32, 3]
        layers:
          - random_posterization: 4
    """

    first: ClassVar[str] = "factor"

    factor: Annotated[bounded(1, 8), AfterValidator(_whole)]  # type: ignore[valid-type]


class Solarization(RandomColours):
    """Inverts the values above a random threshold, after adding a random amount.

    Example:
        input: [32, 32, 3]
        layers:
          - solarization: {threshold_factor: 0.5}
    """

    addition_factor: bounded(0, 1) = 0.0  # type: ignore[valid-type]
    threshold_factor: bounded(0, 1) = 0.0  # type: ignore[valid-type]


class AutoContrast(Colours):
    """Stretches each channel to the whole value range.

    Example:
        input: [32, 32, 3]
        layers:
          - auto_contrast
    """


class ContrastLimitedAdaptiveHistogramEqualization(Colours):
    """Histogram equalisation in each tile of a grid, with the contrast limited to `clip_limit`.

    Source: K. Zuiderveld, Contrast Limited Adaptive Histogram Equalization, 1994.

    Example:
        input: [32, 32, 3]
        layers:
          - contrast_limited_adaptive_histogram_equalization: {clip_limit: 2, tile_grid_size: [4, 4]}
    """

    clip_limit: Positive = 4.0
    tile_grid_size: tuple[Count, Count] = (8, 8)
