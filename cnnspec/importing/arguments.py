"""Keras's configurations → the arguments of entries, by the names of the fields, defaults left out."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from cnnspec.language.entries import Entry, Invalid, Vocabulary
from cnnspec.layers import LAYERS
from cnnspec.layers.base import Layer, Spatial
from cnnspec.layers.settings import ACTIVATIONS, CONSTRAINTS, INITIALIZERS, REGULARIZERS

_SETTINGS = {
    "initializers": INITIALIZERS,
    "regularizers": REGULARIZERS,
    "constraints": CONSTRAINTS,
    "layers": ACTIVATIONS,
    "activations": ACTIVATIONS,
}

_FRONT = ("kernel_size", "pool_size", "strides", "padding", "dilation_rate", "groups", "activation", "use_bias")


def entry_named(keras: str, vocabulary: Vocabulary = LAYERS) -> type[Entry] | None:
    """The entry whose class in Keras has this name."""
    return next((vocabulary[name] for name in vocabulary if _squeezed(name) == keras.lower()), None)


@cache
def _squeezed(name: str) -> str:
    return name.replace("_", "")


def read_layer(cls: type[Layer], config: Mapping[str, Any], rank: int) -> Layer:
    """The layer of `cls` with the arguments in Keras's `config`, on a tensor of `rank` axes (the batch among them).

    Raises `Invalid` where an argument has a value that the field does not take.
    """
    given = {name: _value(config[name]) for name in cls.model_fields if name in config}
    if cls.model_fields.get("activation") and not cls.model_fields["activation"].is_required():
        given = {name: None if (name, value) == ("activation", "linear") else value for name, value in given.items()}
    if "axis" in given and cls.model_fields["axis"].default == -1 and given["axis"] in (rank - 1, (rank - 1,), (-1,)):
        given["axis"] = -1
    if issubclass(cls, Spatial) and cls.rank == 1:
        both = {name: given[name] for name in ("padding", "cropping") if isinstance(given.get(name), tuple)}
        given |= {name: (value,) for name, value in both.items() if len(value) == 2}
    if given.get("axis") == ():
        given["axis"] = None
    try:
        return cls.read(given)
    except Invalid:
        centred = {name: value[1] for name, value in given.items() if _around_zero(name, value)}
        if not centred:
            raise
        return cls.read({**given, **centred})


def _around_zero(name: str, value: Any) -> bool:
    """Whether Keras made `[-factor, factor]` of a factor."""
    return name.endswith("factor") and isinstance(value, tuple) and len(value) == 2 and value[0] == -value[1]


def written(entry: Entry) -> dict[str, Any]:
    """An entry's arguments in their shortest form, those with default values left out."""
    found: dict[str, Any] = {}
    if entry.entry == "normalization" and getattr(entry, "mean", 0) is None:
        found = {"mean": None, "variance": None}
    for name, field in type(entry).model_fields.items():
        value = _shortest(getattr(entry, name), isinstance(entry, Spatial))
        if value == field.get_default(call_default_factory=True):
            continue
        if name == "strides" and field.default is None and value == found.get("pool_size", 2):
            continue
        found[name] = value
    return ranked(type(entry), found)


def ranked(entry: type[Entry], arguments: dict[str, Any]) -> dict[str, Any]:
    """Arguments in the order of a hand: the first, then what everybody writes, then the others."""
    order = (entry.first, *_FRONT)

    def rank(name: str) -> int:
        return order.index(name) if name in order else len(order) + (name == "trainable")

    return dict(sorted(arguments.items(), key=lambda pair: rank(pair[0])))


def default_of(entry: str, argument: str) -> Any:
    """An argument's value where it is left out. Raises `KeyError` where it must be given."""
    field = LAYERS[entry].model_fields[argument]
    if field.is_required():
        raise KeyError(argument)
    return field.get_default(call_default_factory=True)


def setting(config: Mapping[str, Any]) -> Any:
    """A serialised initializer, regularizer, constraint or activation as an entry. Raises `Invalid`."""
    from cnnspec.language.entries import Problem, read_entry

    module, name = str(config.get("module")).rpartition(".")[2], str(config.get("class_name"))
    vocabulary = _SETTINGS.get(module)
    cls = entry_named(name, vocabulary) if vocabulary is not None else None
    if cls is None or vocabulary is None:
        shown = config["config"] if name == "function" and isinstance(config.get("config"), str) else name
        raise Invalid(Problem("unknown", f"`{shown}` is not one of cnnspec's"))
    given = {key: _value(value) for key, value in config["config"].items() if key in cls.model_fields}
    return _entry(read_entry({cls.entry: given}, vocabulary))


def _value(value: Any) -> Any:
    match value:
        case {"class_name": _, "config": _}:
            return setting(value)
        case list() | tuple():
            return tuple(_value(item) for item in value)
    return value.tolist() if hasattr(value, "tolist") else value


def _entry(entry: Entry) -> Any:
    arguments = written(entry)
    if not arguments:
        return entry.entry
    return {entry.entry: arguments[entry.first] if list(arguments) == [entry.first] else arguments}


def _shortest(value: Any, each: bool) -> Any:
    """A field's value as a spec writes it; with `each`, one number stands for equal ones on every axis."""
    if isinstance(value, Entry):
        return _entry(value)
    if not isinstance(value, tuple) or not each or not value:
        return value
    if all(isinstance(pair, tuple) and len(set(pair)) == 1 for pair in value):
        value = tuple(pair[0] for pair in value)
    return value[0] if len(set(value)) == 1 and not isinstance(value[0], tuple) else value
