"""The `data:` section: where the images come from, and what is done to them before the network sees them."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field

from cnnspec.data.sources import SOURCES, Source
from cnnspec.language.entries import Section, nested
from cnnspec.language.forms import Form
from cnnspec.language.problems import Expects
from cnnspec.language.types import choice
from cnnspec.layers.base import LAYERS, Layer


def _none_is_nothing(value: Any) -> Any:
    return 0.0 if value is None else value


_SHARE = Form(
    lambda rank: {"type": ["number", "null"], "minimum": 0, "exclusiveMaximum": 1}, "a number from 0, below 1"
)


class Data(Section):
    """Where the images come from.

    `preprocessing` is a list of layers that every image passes once, before training; `augmentation` one that only
    training images pass, anew in every epoch (to crop at random, pad there: `[{zero_padding2d: 4}, {random_crop: …}]`).
    `validation_split` is the share of the training images held out to watch over training (0 or null: none), the same
    share of every class; the test images are never used for that.
    `targets` is what the network learns to tell: the `labels`, or (for an autoencoder) its own `inputs`,
    preprocessed and not augmented.

    Example:
        data:
          source: fashion_mnist
          preprocessing: [{rescaling: $(1/255)}]
          augmentation: [{random_flip: horizontal}]
          validation_split: 0.1
    """

    spoken: ClassVar[str] = "data"

    source: Annotated[Source, nested(SOURCES), Expects("the name of a data source")]
    preprocessing: tuple[Annotated[Layer, nested(LAYERS), Expects("a layer")], ...] = ()
    augmentation: tuple[Annotated[Layer, nested(LAYERS), Expects("a layer")], ...] = ()
    validation_split: Annotated[float, Field(ge=0, lt=1), BeforeValidator(_none_is_nothing), _SHARE] = 0.1
    targets: choice("labels", "inputs") = "labels"  # type: ignore[valid-type]
