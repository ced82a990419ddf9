"""Random changes to images, which act while training only, and fixed changes to their colours.

They stand under `data.augmentation` or among the layers, and keep the shape (`random_crop` apart). A factor is a number
or a pair [lower, upper] from which each image draws its own; a single number stands for [−number, number], from 0
where the factor cannot be negative. `value_range` is the range of the pixels, [0, 255] unless they were rescaled.
"""

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, ValidationInfo

from cnnspec.language.entries import refuse, shown
from cnnspec.language.types import Count, Natural, Positive, Real, choice
from cnnspec.layers.base import Layer, Shape, ShapeError, show

FILL_MODES = ("reflect", "wrap", "constant", "nearest")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _numbers(value: Any, name: str | None, what: str) -> tuple[float, ...]:
    """A number or a pair of them, as a tuple."""
    listed = tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else (value,)
    if not all(map(_is_number, listed)):
        raise refuse("wrong-type", f"`{name}` takes {what}, not {shown(value)}")
    if len(listed) not in (1, 2):
        raise refuse("wrong-length", f"`{name}` takes {what}, not {len(listed)} numbers")
    return listed


def bounded(low: float, high: float, *, above: bool = False) -> Any:
    """The type of a factor: a number from `low` (more than it with `above`) to `high`, or a pair of such numbers."""

    def check(value: Any, info: ValidationInfo) -> Any:
        listed = _numbers(value, info.field_name, "a number, or a pair [lower, upper]")
        for number in listed:
            if not low <= number <= high or (above and number == low):
                start = "more than" if above else "from"
                raise refuse("out-of-range", f"`{info.field_name}` must be {start} {low} to {high}, not {shown(number)}")
        return listed if isinstance(value, Sequence) else value

    return Annotated[Any, BeforeValidator(check)]


def _range(value: Any, info: ValidationInfo) -> Any:
    listed = _numbers(value, info.field_name, "a pair [lowest, highest]")
    if len(listed) != 2 or listed[0] >= listed[1]:
        raise refuse("out-of-range", f"`{info.field_name}` takes a pair [lowest, highest], not {shown(value)}",
                     "write e.g. `[0, 255]`, or `[0, 1]` after rescaling")
    return listed


Range = Annotated[Any, BeforeValidator(_range)]


class _Image(Layer):
    ranks: ClassVar[tuple[int, ...]] = (3,)


class _Random(_Image):
    seed: Natural | None = None


class _Colours(_Image):
    """What looks at pixel values, so it must know their range."""

    value_range: Range = (0, 255)


class _RandomColours(_Colours):
    seed: Natural | None = None


def check_colours(entry: str, shape: Shape, wanted: tuple[int, ...] = (3,)) -> None:
    """Refuse images without the colour channels that a layer works on."""
    if shape[-1] is not None and shape[-1] not in wanted:
        channels = " or ".join(map(str, wanted))
        raise ShapeError("shape-channels", f"`{entry}` takes images of {channels} channels, not {show(shape)}",
                         label=f"its input has {shape[-1]}", help="leave it out, or bring the images to three channels")


class _Geometry(_Random):
    """What moves pixels, and must fill the places that become free."""

    fill_mode: choice(*FILL_MODES) = "reflect"  # type: ignore[valid-type]
    interpolation: choice("nearest", "bilinear") = "bilinear"  # type: ignore[valid-type]
    fill_value: Real = 0.0


class RandomFlip(_Random):
    """Mirrors half of the images left to right, top to bottom, or both.

    Example:
        input: [32, 32, 3]
        layers:
          - random_flip: horizontal
    """

    first: ClassVar[str] = "mode"

    mode: choice("horizontal", "vertical", "horizontal_and_vertical") = "horizontal_and_vertical"  # type: ignore[valid-type]


class RandomRotation(_Geometry):
    """Rotates by up to `factor` of a full turn; 0.1 is ±36°.

    Example:
        input: [32, 32, 3]
        layers:
          - random_rotation: 0.05
    """

    first: ClassVar[str] = "factor"

    factor: bounded(-1, 1)  # type: ignore[valid-type]


class RandomZoom(_Geometry):
    """Zooms out by a positive factor, in by a negative one; without `width_factor` the proportions are kept.

    Example:
        input: [32, 32, 3]
        layers:
          - random_zoom: [-0.2, 0.1]
    """

    first: ClassVar[str] = "height_factor"

    height_factor: bounded(-1, 1, above=True)  # type: ignore[valid-type]
    width_factor: bounded(-1, 1, above=True) | None = None  # type: ignore[valid-type]


class RandomTranslation(_Geometry):
    """Moves by up to a share of the height (down) and of the width (to the right).

    Example:
        input: [32, 32, 3]
        layers:
          - random_translation: {height_factor: 0.1, width_factor: 0.1}
    """

    height_factor: bounded(-1, 1)  # type: ignore[valid-type]
    width_factor: bounded(-1, 1)  # type: ignore[valid-type]


class RandomShear(_Geometry):
    """Slants the image along x and y by up to these factors.

    Example:
        input: [32, 32, 3]
        layers:
          - random_shear: {x_factor: 0.1}
    """

    x_factor: bounded(0, 1) = 0.0  # type: ignore[valid-type]
    y_factor: bounded(0, 1) = 0.0  # type: ignore[valid-type]


class RandomPerspective(_Random):
    """Looks at a share `factor` of the images from an angle, which `scale` makes stronger.

    Example:
        input: [32, 32, 3]
        layers:
          - random_perspective: {factor: 0.5, scale: 0.3}
    """

    first: ClassVar[str] = "factor"

    factor: bounded(0, 1) = 1.0  # type: ignore[valid-type]
    scale: Annotated[float, bounded(0, 1)] = 1.0
    interpolation: choice("nearest", "bilinear") = "bilinear"  # type: ignore[valid-type]
    fill_value: Real = 0.0


class RandomElasticTransform(_RandomColours):
    """Bends a share `factor` of the images as if they were printed on rubber, by `scale`.

    Source: P. Simard, D. Steinkraus and J. Platt, Best Practices for Convolutional Neural Networks, 2003.

    Example:
        input: [32, 32, 3]
        layers:
          - random_elastic_transform: 0.5
    """

    first: ClassVar[str] = "factor"

    factor: bounded(0, 1) = 1.0  # type: ignore[valid-type]
    scale: bounded(0, 1) = 1.0  # type: ignore[valid-type]
    interpolation: choice("nearest", "bilinear") = "bilinear"  # type: ignore[valid-type]
    fill_mode: choice(*FILL_MODES) = "reflect"  # type: ignore[valid-type]
    fill_value: Real = 0.0


class RandomCrop(_Random):
    """Cuts `height`×`width` out at a random place; the middle when it is not training.

    Example:
        input: [36, 36, 3]
        layers:
          - random_crop: {height: 32, width: 32}
    """

    height: Count
    width: Count

    def output_shape(self, *inputs: Shape) -> Shape:
        self.check_rank(inputs[0])
        return (self.height, self.width, inputs[0][-1])


class RandomErasing(_RandomColours):
    """Covers a rectangle of a share `factor` of the images, `scale` of the area large, with `fill_value` or noise.

    Source: Z. Zhong et al., Random Erasing Data Augmentation, 2020.

    Example:
        input: [32, 32, 3]
        layers:
          - random_erasing: {factor: 0.5, scale: [0.02, 0.2]}
    """

    first: ClassVar[str] = "factor"

    factor: bounded(0, 1) = 1.0  # type: ignore[valid-type]
    scale: bounded(0, 1) = (0.02, 0.33)  # type: ignore[valid-type]
    fill_value: Real | None = None


class RandomContrast(_RandomColours):
    """Moves pixels away from the mean of the image, or towards it.

    Example:
        input: [32, 32, 3]
        layers:
          - random_contrast: 0.2
    """

    first: ClassVar[str] = "factor"

    factor: bounded(0, 1)  # type: ignore[valid-type]


class RandomBrightness(_RandomColours):
    """Adds up to `factor` of the value range to all pixels.

    Example:
        input: [32, 32, 3]
        layers:
          - random_brightness: 0.2
    """

    first: ClassVar[str] = "factor"

    factor: bounded(-1, 1)  # type: ignore[valid-type]


class RandomHue(_RandomColours):
    """Turns the hue; 1 is half the colour wheel.

    Example:
        input: [32, 32, 3]
        layers:
          - random_hue: 0.1
    """

    first: ClassVar[str] = "factor"

    factor: bounded(0, 1)  # type: ignore[valid-type]

    def output_shape(self, *inputs: Shape) -> Shape:
        self.check_rank(inputs[0])
        check_colours(self.entry, inputs[0])
        return inputs[0]


class RandomSaturation(_RandomColours):
    """Makes colours paler or stronger; 0.5 leaves them as they are, 0 is grey.

    Example:
        input: [32, 32, 3]
        layers:
          - random_saturation: [0.4, 0.6]
    """

    first: ClassVar[str] = "factor"

    factor: bounded(-1, 1)  # type: ignore[valid-type]

    def output_shape(self, *inputs: Shape) -> Shape:
        self.check_rank(inputs[0])
        check_colours(self.entry, inputs[0])
        return inputs[0]


class RandomColorDegeneration(_RandomColours):
    """Blends with a grey copy: 0 leaves the image as it is, 1 is grey. Takes three channels.

    Example:
        input: [32, 32, 3]
        layers:
          - random_color_degeneration: 0.5
    """

    first: ClassVar[str] = "factor"

    factor: bounded(-1, 1)  # type: ignore[valid-type]

    def output_shape(self, *inputs: Shape) -> Shape:
        self.check_rank(inputs[0])
        check_colours(self.entry, inputs[0])
        return inputs[0]


class RandomColorJitter(_RandomColours):
    """Random brightness, contrast, saturation and hue in one, each where its factor is given.

    Example:
        input: [32, 32, 3]
        layers:
          - random_color_jitter: {brightness_factor: 0.2, contrast_factor: 0.2}
    """

    brightness_factor: bounded(-1, 1) | None = None  # type: ignore[valid-type]
    contrast_factor: bounded(0, 1) | None = None  # type: ignore[valid-type]
    saturation_factor: bounded(-1, 1) | None = None  # type: ignore[valid-type]
    hue_factor: bounded(0, 1) | None = None  # type: ignore[valid-type]

    def output_shape(self, *inputs: Shape) -> Shape:
        self.check_rank(inputs[0])
        if self.saturation_factor is not None or self.hue_factor is not None:
            check_colours(self.entry, inputs[0])
        return inputs[0]


class RandomGrayscale(_Random):
    """Makes a share `factor` of the images grey, with as many channels as before.

    Example:
        input: [32, 32, 3]
        layers:
          - random_grayscale: 0.2
    """

    first: ClassVar[str] = "factor"

    factor: Annotated[float, bounded(0, 1)] = 0.5

    def output_shape(self, *inputs: Shape) -> Shape:
        self.check_rank(inputs[0])
        check_colours(self.entry, inputs[0], (1, 3))
        return inputs[0]


class RandomSharpness(_RandomColours):
    """Blurs or sharpens; 0.5 leaves the image as it is.

    Example:
        input: [32, 32, 3]
        layers:
          - random_sharpness: [0.3, 0.7]
    """

    first: ClassVar[str] = "factor"

    factor: bounded(0, 1)  # type: ignore[valid-type]


class RandomGaussianBlur(_RandomColours):
    """Blurs a share `factor` of the images with a Gaussian of up to `sigma`.

    Example:
        input: [32, 32, 3]
        layers:
          - random_gaussian_blur: {factor: 0.3, kernel_size: 5}
    """

    first: ClassVar[str] = "factor"

    factor: bounded(0, 1) = 1.0  # type: ignore[valid-type]
    kernel_size: Annotated[Any, BeforeValidator(lambda value: _odd(value))] = 3
    sigma: bounded(0, 1) = 1.0  # type: ignore[valid-type]


class RandomInvert(_RandomColours):
    """Makes negatives of a share `factor` of the images.

    Example:
        input: [32, 32, 3]
        layers:
          - random_invert: 0.1
    """

    first: ClassVar[str] = "factor"

    factor: bounded(0, 1) = 1.0  # type: ignore[valid-type]


class RandomPosterization(_RandomColours):
    """Keeps only the upper `factor` bits of each value (1 to 8).

    Example:
        input: [32, 32, 3]
        layers:
          - random_posterization: 4
    """

    first: ClassVar[str] = "factor"

    factor: bounded(1, 8)  # type: ignore[valid-type]


class Solarization(_RandomColours):
    """Inverts the values above a random threshold, after adding a random amount.

    Example:
        input: [32, 32, 3]
        layers:
          - solarization: {threshold_factor: 0.5}
    """

    addition_factor: bounded(0, 1) = 0.0  # type: ignore[valid-type]
    threshold_factor: bounded(0, 1) = 0.0  # type: ignore[valid-type]


class AutoContrast(_Colours):
    """Stretches each channel to the whole value range.

    Example:
        input: [32, 32, 3]
        layers:
          - auto_contrast
    """


class ContrastLimitedAdaptiveHistogramEqualization(_Colours):
    """Histogram equalisation in each tile of a grid, with the contrast limited to `clip_limit`.

    Source: K. Zuiderveld, Contrast Limited Adaptive Histogram Equalization, 1994.

    Example:
        input: [32, 32, 3]
        layers:
          - contrast_limited_adaptive_histogram_equalization: {clip_limit: 2, tile_grid_size: [4, 4]}
    """

    clip_limit: Positive = 4.0
    tile_grid_size: tuple[Count, Count] = (8, 8)


def _odd(value: Any) -> Any:
    listed = tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else (value,)
    if len(listed) not in (1, 2) or not all(isinstance(size, int) and size > 0 and size % 2 for size in listed):
        raise refuse("out-of-range", f"`kernel_size` takes an odd number, or a pair of them, not {shown(value)}",
                     "write e.g. `kernel_size: 5`")
    return listed if isinstance(value, Sequence) else value
