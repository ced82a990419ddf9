"""What only `data.augmentation` holds: entries that look at a whole batch, or at the labels with the images."""

from __future__ import annotations

from typing import ClassVar

from cnnspec.language.entries import Vocabulary
from cnnspec.layers.base import KerasCall
from cnnspec.layers.images import RandomImage

AUGMENTATIONS = Vocabulary(
    "augmentation",
    {"cnnspec.data.entries.mixing": "mix_up cut_mix", "cnnspec.data.entries.rand_augment": "rand_augment"},
)


class Augmentation(RandomImage):
    """The base of these entries. Their Keras layers are ours: they take the images and the labels that go with them."""

    abstract: ClassVar[bool] = True
    vocabulary: ClassVar[Vocabulary] = AUGMENTATIONS
    module: ClassVar[str]
    mixes: ClassVar[bool] = False
    """Whether it makes mixtures of labels that are one class an image."""
    mixes_maps: ClassVar[bool] = False
    """The same of labels that are maps."""

    def calls(self, *inputs: object) -> tuple[KerasCall, ...]:
        return (KerasCall(f"{self.module}.{self.keras}", self.keras_arguments("trainable")),)
