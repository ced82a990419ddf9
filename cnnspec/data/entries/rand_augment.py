"""Augmentation by operations that are drawn for each image."""

from typing import ClassVar

from cnnspec.data.augmentations import Augmentation
from cnnspec.language.types import Count, Fraction, choice
from cnnspec.layers.augmentation import FILL_MODES
from cnnspec.layers.base import Motion
from cnnspec.layers.bounds import Bounds, hull
from cnnspec.layers.images import Range


class RandAugment(Augmentation):
    """Applies `num_ops` operations to each image, drawn anew for each and every time, all as strong as `factor` says.

    They are: nothing, rotation (up to 30°), shearing and translation along each axis (up to 0.3 and 0.45 of the size),
    brightness, contrast, saturation, sharpness, posterization, solarization and stretching of the contrast. `factor`
    is 0 to 1, where the paper's magnitude is 0 to 10; signs are drawn. (Equalisation, which the paper has too, is left
    out.) `value_range` is that of the pixels at this place; left out, it follows from the source and the layers before.
    Source: E. Cubuk et al., RandAugment: Practical Automated Data Augmentation with a Reduced Search Space, 2020.

    Example:
        data:
          source: cifar10
          preprocessing: [{rescaling: $(1/255)}]
          augmentation: [{random_flip: horizontal}, {rand_augment: {num_ops: 2, factor: 0.5}}]
    """

    module: ClassVar[str] = "cnnspec.training.rand_augment"
    first: ClassVar[str] = "factor"
    motion: ClassVar[Motion] = "move"
    to_scale: ClassVar[bool] = True

    factor: Fraction = 0.5
    num_ops: Count = 2
    value_range: Range | None = None
    fill_mode: choice(*FILL_MODES) = "reflect"  # type: ignore[valid-type]
    interpolation: choice("nearest", "bilinear") = "bilinear"  # type: ignore[valid-type]

    def value_range_behind(self, low: float, high: float) -> Bounds:
        """Black fills what becomes free, and colours are cut off at black and white."""
        return hull((low, high), self.value_range or (0, 255))
