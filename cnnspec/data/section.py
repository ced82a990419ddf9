"""The `data:` section: where the images come from, and what is done to them before the network sees them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Self, TypeAlias

from pydantic import BeforeValidator, Field, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from cnnspec.data.sources import SOURCES, Source
from cnnspec.language import limits
from cnnspec.language.entries import Invalid, Path, Problem, Section, nested, read_entry, refuse, shown
from cnnspec.language.forms import Form, Schema, entry_of
from cnnspec.language.hints import mend
from cnnspec.language.problems import Expects
from cnnspec.language.suggest import meant
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
    if len(value) == 1 and _layer(*next(iter(value.items()))):
        return _chain(value, name)
    return {key: _chain(listed, name, key) for key, listed in value.items()}


def _layer(key: str, value: Any) -> bool:
    """Whether an entry stands where an input would with its list."""
    return key in LAYERS or (not isinstance(value, tuple | list) and meant(key, LAYERS) is not None)


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
            layers.append(item if isinstance(item, Layer) else read_entry(item, LAYERS))  # type: ignore[arg-type]
        except Invalid as invalid:
            problems += invalid.below(*path, index).problems
            if len(problems) > limits.DIAGNOSTICS:
                break
    if problems:
        raise PydanticCustomError("nested", "nested", {"problems": tuple(problems)})
    return tuple(layers)


def _form(rank: int) -> Schema:
    layers: Schema = {"type": "array", "items": entry_of(LAYERS)}
    return {"anyOf": [layers, {"type": "object", "additionalProperties": layers}]}


Stages: TypeAlias = Annotated[
    Any, BeforeValidator(_stages), Form(_form, "a list of layers, or a mapping of inputs to such lists")
]


class Data(Section):
    """Where the images come from.

    `preprocessing` is a list of layers that every image passes once, before training; `augmentation` one that only
    training images pass, anew in every epoch (to crop at random, pad there: `[{zero_padding2d: 4}, {random_crop: …}]`).
    With several inputs, each of the two is for all that are images (height, width, channels), every one on its own;
    a mapping of inputs to lists says it for each.
    `validation_split` is the share of the training images held out to watch over training (0 or null: none), and
    `test_split` the share set apart to test with at the end, where the source brings none; both are shares of all of
    them. The test images are never used to watch. `split_by` says how they are drawn: with the same share of every
    class (`label`), in whole groups (`group`, where the source knows what belongs together, such as the images of one
    patient), or `random`; left out, by groups where the source has them, else by label.
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
    preprocessing: Stages = ()
    augmentation: Stages = ()
    validation_split: Annotated[float, Field(ge=0, lt=1), BeforeValidator(_none_is_nothing), _SHARE] = 0.1
    test_split: Annotated[float, Field(ge=0, lt=1), BeforeValidator(_none_is_nothing), _SHARE] = 0.0
    split_by: choice("label", "group", "random") | None = None  # type: ignore[valid-type]
    targets: choice("labels", "inputs") = "labels"  # type: ignore[valid-type]

    @model_validator(mode="after")
    def _something_left(self) -> Self:
        if self.validation_split + self.test_split >= 1:
            message = "`validation_split` and `test_split` leave nothing to train on"
            raise refuse("out-of-range", message, "let both together stay below 1", at="test_split")
        return self

    def stages(self, key: str, name: str, inputs: Mapping[str, Shape]) -> tuple[tuple[Layer, Path], ...]:
        """The layers of `preprocessing` or `augmentation` (`key`) for the input `name`, with their places."""
        listed = getattr(self, key)
        place: Path = ("data", key)
        if isinstance(listed, Mapping):
            listed, place = listed.get(name, ()), (*place, name)
        elif len(inputs) > 1 and len(inputs[name]) != 3:
            listed = ()
        return tuple((layer, (*place, index)) for index, layer in enumerate(listed))

    def inputs_named(self) -> Iterator[tuple[str, str]]:
        """Where inputs are named: `preprocessing` or `augmentation`, and the name."""
        for key in ("preprocessing", "augmentation"):
            listed = getattr(self, key)
            yield from ((key, name) for name in (listed if isinstance(listed, Mapping) else ()))
