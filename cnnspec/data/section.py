"""The `data:` section: where the images come from, and what is done to them before the network sees them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Self, TypeAlias

from pydantic import BeforeValidator, Field, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from cnnspec.data.adapting import ADAPT, adapting
from cnnspec.data.augmentations import AUGMENTATIONS, Augmentation
from cnnspec.data.class_weights import ClassWeights
from cnnspec.data.label_section import LabelsField, Said
from cnnspec.data.sources import SOURCES, Source
from cnnspec.language import limits
from cnnspec.language.entries import (
    Invalid,
    Path,
    Problem,
    Section,
    Vocabulary,
    nested,
    read_entry,
    refuse,
    shown,
    split_entry,
)
from cnnspec.language.forms import Form, Schema, entry_of
from cnnspec.language.hints import mend
from cnnspec.language.problems import Expects
from cnnspec.language.suggest import meant, nearest
from cnnspec.language.types import choice
from cnnspec.layers.base import LAYERS, Layer, Shape


def _none_is_nothing(value: Any) -> Any:
    return 0.0 if value is None else value


_SHARE = Form(
    lambda rank: {"type": ["number", "null"], "minimum": 0, "exclusiveMaximum": 1}, "a number from 0, below 1"
)


def _stages(value: Any, info: ValidationInfo) -> Any:
    """A list of layers, or a mapping of inputs to such lists."""
    name = str(info.field_name)
    if not isinstance(value, Mapping):
        return _chain(value, name)
    if len(value) == 1 and _layer(*next(iter(value.items())), name):
        return _chain(value, name)
    return {key: _chain(listed, name, key) for key, listed in value.items()}


def _layer(key: str, value: Any, section: str) -> bool:
    """Whether an entry stands where an input would with its list."""
    known = [*LAYERS, *AUGMENTATIONS] if section == "augmentation" else LAYERS
    return key in known or (not isinstance(value, tuple | list) and meant(key, known) is not None)


def _read(item: Any, section: str) -> Layer:
    """One entry of `preprocessing` or `augmentation`."""
    if isinstance(item, Layer):
        return item
    if section == "preprocessing" and (found := adapting(item)) is not None:
        return found
    vocabulary: Vocabulary = LAYERS
    if section == "augmentation":
        name, _ = split_entry(item, LAYERS.kind)
        if name in AUGMENTATIONS or (name not in LAYERS and nearest(name, [*LAYERS, *AUGMENTATIONS]) in AUGMENTATIONS):
            vocabulary = AUGMENTATIONS
    return read_entry(item, vocabulary)  # type: ignore[return-value]


def _chain(value: Any, name: str, *path: str) -> tuple[Any, ...]:
    if not isinstance(value, tuple | list):
        word = path[0] if path else name
        message = f"`{word}` takes a list, not {shown(value)}"
        found = mend(value, "list", word)
        raise refuse("wrong-type", message, found and found.help, at="".join(path), mend=found and found.text)
    layers: list[Layer] = []
    problems: list[Problem] = []
    for index, item in enumerate(value):
        try:
            layers.append(_read(item, name))
        except Invalid as invalid:
            problems += invalid.below(*path, index).problems
            if len(problems) > limits.DIAGNOSTICS:
                break
    if problems:
        raise PydanticCustomError("nested", "nested", {"problems": tuple(problems)})
    return tuple(layers)


_ADAPT: Schema = {
    "type": "object",
    "properties": {"normalization": {"const": ADAPT}},
    "required": ["normalization"],
    "additionalProperties": False,
}


def _form(*vocabularies: Vocabulary, more: tuple[Schema, ...] = ()) -> Form:
    entries = [*(entry_of(vocabulary) for vocabulary in vocabularies), *more]
    layers: Schema = {"type": "array", "items": entries[0] if len(entries) == 1 else {"anyOf": entries}}
    form: Schema = {"anyOf": [layers, {"type": "object", "additionalProperties": layers}]}
    return Form(lambda rank: form, "a list of layers, or a mapping of inputs to such lists")


Stages: TypeAlias = Annotated[Any, BeforeValidator(_stages), _form(LAYERS, more=(_ADAPT,))]
Augmenting: TypeAlias = Annotated[Any, BeforeValidator(_stages), _form(LAYERS, AUGMENTATIONS)]


class Data(Section):
    """Where the images come from.

    `preprocessing` is a list of layers that every image passes once, before training; `augmentation` one that only
    training images pass, anew in every epoch (to crop at random, pad there: `[{zero_padding2d: 4}, {random_crop: …}]`).
    With several inputs, each of the two is for all that are images (height, width, channels), every one on its own;
    a mapping of inputs to lists says it for each.
    `normalization: adapt` in `preprocessing` takes mean and variance of each channel from the training split (behind
    the layers above it), and writes them into the run's spec.
    `validation_split` is the share of the training images held out to watch over training (0 or null: none), and
    `test_split` the share set apart to test with at the end, where the source brings none; both are shares of all of
    them. The test images are never used to watch. `split_by` says how they are drawn: with the same share of every
    class (`label`), in whole groups (`group`, where the source knows what belongs together, such as the images of one
    patient), or `random`; left out, by groups where the source has them, else by label.
    `class_weights` says how much the images of each class (for masks: its pixels) count in the loss of training:
    `balanced` gives every class the same say, as N / (classes · images of the class); or numbers by name or number of
    the class, 1 where one is left out. With several outputs it may be a mapping by their names.
    Labels that are maps (masks, or images to learn) are moved with their images by `augmentation`, and keep their
    values. `mix_up`, `cut_mix` and `rand_augment` stand there, too.
    `targets` is what the network learns to tell: the `labels`, or (for an autoencoder) its own `inputs`,
    preprocessed, and moved but not changed otherwise by augmentation.
    `labels` says what the labels mean, where it cannot be known or is taken otherwise: `classes` (class numbers),
    `one_hot`, `tags` (any number of classes per image), `values`, `class_maps` (masks), `one_hot_maps`, `value_maps`
    (images to learn) or `boxes`; a mapping adds `names` of the classes, and for tags the `threshold` above which one is
    given (a number, numbers by tag, or `auto`: the best F1 of each tag on the validation split). With several outputs
    it may be a mapping by their names.

    Example:
        data:
          source: fashion_mnist
          preprocessing: [{rescaling: $(1/255)}]
          augmentation: [{random_flip: horizontal}]
          validation_split: 0.1

    Example:
        data:
          source: {npz: {path: scenes.npz}}
          labels: {kind: tags, names: [beach, sea, mountain], threshold: auto}
    """

    spoken: ClassVar[str] = "data"

    source: Annotated[Source, nested(SOURCES), Expects("the name of a data source")]
    preprocessing: Stages = ()
    augmentation: Augmenting = ()
    validation_split: Annotated[float, Field(ge=0, lt=1), BeforeValidator(_none_is_nothing), _SHARE] = 0.1
    test_split: Annotated[float, Field(ge=0, lt=1), BeforeValidator(_none_is_nothing), _SHARE] = 0.0
    split_by: choice("label", "group", "random") | None = None  # type: ignore[valid-type]
    class_weights: ClassWeights = None
    targets: choice("labels", "inputs") = "labels"  # type: ignore[valid-type]
    labels: LabelsField = None

    @model_validator(mode="after")
    def _something_left(self) -> Self:
        if self.validation_split + self.test_split >= 1:
            message = "`validation_split` and `test_split` leave nothing to train on"
            raise refuse("out-of-range", message, "let both together stay below 1", at="test_split")
        return self

    def said_of(self, output: str) -> Said | None:
        """What the spec says of the labels of an output."""
        named: Mapping[str, Said] = self.labels or {}
        return named.get(output, named.get(""))

    def stages(self, key: str, name: str, inputs: Mapping[str, Shape]) -> tuple[tuple[Layer, Path], ...]:
        """The layers of `preprocessing` or `augmentation` (`key`) for the input `name`, with their places."""
        listed = getattr(self, key)
        place: Path = ("data", key)
        if isinstance(listed, Mapping):
            listed, place = listed.get(name, ()), (*place, name)
        elif len(inputs) > 1 and len(inputs[name]) != 3:
            listed = ()
        return tuple((layer, (*place, index)) for index, layer in enumerate(listed))

    def mixing(self, maps: bool) -> Augmentation | None:
        """What makes mixtures of labels, if something does: of labels that are `maps`, or one class an image."""
        listed = self.augmentation
        chains = listed.values() if isinstance(listed, Mapping) else (listed,)
        layers = (layer for chain in chains for layer in chain if isinstance(layer, Augmentation))
        return next((layer for layer in layers if (layer.mixes_maps if maps else layer.mixes)), None)

    def inputs_named(self) -> Iterator[tuple[str, str]]:
        """Where inputs are named: `preprocessing` or `augmentation`, and the name."""
        for key in ("preprocessing", "augmentation"):
            listed = getattr(self, key)
            yield from ((key, name) for name in (listed if isinstance(listed, Mapping) else ()))
