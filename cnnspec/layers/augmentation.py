"""Random changes to the geometry of images, while training only.

They stand under `data.augmentation` or among the layers, and keep the shape (`random_crop` apart).
"""

from typing import ClassVar

from cnnspec.language.types import Count, Fraction, Real, choice
from cnnspec.layers.base import Motion, Shape
from cnnspec.layers.bounds import Bounds, hull
from cnnspec.layers.images import RandomColours, RandomImage, bounded

FILL_MODES = ("reflect", "wrap", "constant", "nearest")


class _Geometry(RandomImage):
    """What moves pixels, and must fill the places that become free."""

    motion: ClassVar[Motion] = "move"
    to_scale: ClassVar[bool] = True

    fill_mode: choice(*FILL_MODES) = "reflect"  # type: ignore[valid-type]
    interpolation: choice("nearest", "bilinear") = "bilinear"  # type: ignore[valid-type]
    fill_value: Real = 0.0

    def value_range_behind(self, low: float, high: float) -> Bounds:
        return _filled(low, high, self.fill_value if self.fill_mode == "constant" else None)


def _filled(low: float, high: float, fill_value: float | None) -> Bounds:
    """The bounds of an image with places that became free, and were filled with a value or from the image."""
    return (low, high) if fill_value is None else hull((low, high), (fill_value, fill_value))


class RandomFlip(RandomImage):
    """Mirrors half of the images left to right, top to bottom, or both.

    Example:
        input: [32, 32, 3]
        layers:
          - random_flip: horizontal
    """

    motion: ClassVar[Motion] = "move"
    to_scale: ClassVar[bool] = True
    within: ClassVar[bool] = True
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


class RandomPerspective(RandomImage):
    """Looks at a share `factor` of the images from an angle, which `scale` makes stronger.

    Example:
        input: [32, 32, 3]
        layers:
          - random_perspective: {factor: 0.5, scale: 0.3}
    """

    motion: ClassVar[Motion] = "move"
    first: ClassVar[str] = "factor"

    factor: bounded(0, 1) = 1.0  # type: ignore[valid-type]
    scale: Fraction = 1.0
    interpolation: choice("nearest", "bilinear") = "bilinear"  # type: ignore[valid-type]
    fill_value: Real = 0.0

    def value_range_behind(self, low: float, high: float) -> Bounds:
        return _filled(low, high, self.fill_value)


class RandomElasticTransform(RandomColours):
    """Bends a share `factor` of the images as if they were printed on rubber, by `scale`.

    Source: P. Simard, D. Steinkraus and J. Platt, Best Practices for Convolutional Neural Networks, 2003.

    Example:
        input: [32, 32, 3]
        layers:
          - random_elastic_transform: 0.5
    """

    motion: ClassVar[Motion] = "move"
    first: ClassVar[str] = "factor"

    factor: bounded(0, 1) = 1.0  # type: ignore[valid-type]
    scale: bounded(0, 1) = 1.0  # type: ignore[valid-type]
    interpolation: choice("nearest", "bilinear") = "bilinear"  # type: ignore[valid-type]
    fill_mode: choice(*FILL_MODES) = "reflect"  # type: ignore[valid-type]
    fill_value: Real = 0.0

    def value_range_behind(self, low: float, high: float) -> Bounds:
        return _filled(
            *super().value_range_behind(low, high), self.fill_value if self.fill_mode == "constant" else None
        )


class RandomCrop(RandomImage):
    """Cuts `height`×`width` out at a random place; the middle when it is not training.

    Example:
        input: [36, 36, 3]
        layers:
          - random_crop: {height: 32, width: 32}
    """

    motion: ClassVar[Motion] = "move"
    within: ClassVar[bool] = True
    height: Count
    width: Count

    def output_shape(self, *inputs: Shape) -> Shape:
        self.check_rank(inputs[0])
        return (self.height, self.width, inputs[0][-1])


class RandomErasing(RandomColours):
    """Covers a rectangle in a share `factor` of the images, with `fill_value` or with noise.

    `scale` is the rectangle's share of the area. Source: Z. Zhong et al., Random Erasing Data Augmentation, 2020.

    Example:
        input: [32, 32, 3]
        layers:
          - random_erasing: {factor: 0.5, scale: [0.02, 0.2]}
    """

    first: ClassVar[str] = "factor"

    factor: bounded(0, 1) = 1.0  # type: ignore[valid-type]
    scale: bounded(0, 1) = (0.02, 0.33)  # type: ignore[valid-type]
    fill_value: Real | None = None
