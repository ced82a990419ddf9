"""Augmentation that mixes the images of a batch, and their labels with them."""

from typing import ClassVar

from cnnspec.data.augmentations import Augmentation
from cnnspec.language.types import Fraction, Positive


class _Mixing(Augmentation):
    module: ClassVar[str] = "cnnspec.training.mixing"
    first: ClassVar[str] = "alpha"
    mixes: ClassVar[bool] = True
    within: ClassVar[bool] = True


class MixUp(_Mixing):
    """Blends each image with another of its batch, and their labels in the same proportion.

    The proportion is drawn for each image from Beta(`alpha`, `alpha`): small values leave most images nearly as they
    are, 1 draws all proportions alike. `factor` is the share of the images that are blended. Class numbers are made
    one-hot; the accuracy of training counts the class with the larger part. Values and image weights are blended, too.
    Source: H. Zhang et al., mixup: Beyond Empirical Risk Minimization, 2018.

    Example:
        data:
          source: digits
          preprocessing: [{rescaling: $(1/16)}]
          augmentation: [{mix_up: 0.2}]
    """

    mixes_maps: ClassVar[bool] = True
    alpha: Positive = 0.2
    factor: Fraction = 1.0


class CutMix(_Mixing):
    """Puts a rectangle of another image of the batch into each, and mixes their labels by the area that each has.

    The share of the image that stays is drawn from Beta(`alpha`, `alpha`); the rectangle has the image's proportions
    and a random place, cut off at the border. `factor` is the share of the images that are changed. Class numbers are
    made one-hot; the accuracy of training counts the class with the larger part. Labels that are masks get the
    rectangle of the other mask, and need not be one-hot.
    Source: S. Yun et al., CutMix: Regularization Strategy to Train Strong Classifiers, 2019.

    Example:
        data:
          source: digits
          preprocessing: [{rescaling: $(1/16)}]
          augmentation: [{cut_mix: {alpha: 1, factor: 0.5}}]
    """

    alpha: Positive = 1.0
    factor: Fraction = 1.0
