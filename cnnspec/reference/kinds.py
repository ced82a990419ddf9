"""Every vocabulary of the language, and its entries by name."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from cnnspec.language.entries import Entry, Invalid, Vocabulary
from cnnspec.layers.base import LAYERS


@cache
def vocabularies() -> dict[str, Vocabulary]:
    """The vocabularies by what their entries are called: `layer`, `optimizer`, `data source`, …"""
    from cnnspec.data.augmentations import AUGMENTATIONS
    from cnnspec.data.sources import SOURCES
    from cnnspec.layers.settings import ACTIVATIONS, CONSTRAINTS, INITIALIZERS, REGULARIZERS
    from cnnspec.training.callbacks import CALLBACKS
    from cnnspec.training.losses import LOSSES
    from cnnspec.training.metrics import METRICS
    from cnnspec.training.optimizers import OPTIMIZERS
    from cnnspec.training.schedules import SCHEDULES

    settings = (ACTIVATIONS, INITIALIZERS, REGULARIZERS, CONSTRAINTS)
    training = (OPTIMIZERS, SCHEDULES, LOSSES, METRICS, CALLBACKS)
    return {vocabulary.kind: vocabulary for vocabulary in (LAYERS, *settings, *training, AUGMENTATIONS, SOURCES)}


def entries_called(name: str) -> Iterator[type[Entry]]:
    """Every entry of that name; a layer first."""
    for vocabulary in vocabularies().values():
        if name in vocabulary:
            yield vocabulary[name]


def families() -> dict[str, list[str]]:
    """The names of the layers by family, in the order of the manual."""
    from cnnspec.layers.families import FAMILIES

    return {family: names.split() for family, names in FAMILIES.items()}


def arguments_of(cls: type[Entry]) -> list[str]:
    """The names of its arguments: the one that `name: value` gives first, then the required ones."""
    fields = cls.model_fields
    names = [name for name in fields if name != "trainable"]
    return sorted(names, key=lambda name: (name != cls.first, not fields[name].is_required()))


def required_of(cls: type[Entry]) -> list[str]:
    """The names of the arguments that must be given, in that order."""
    return [name for name in arguments_of(cls) if cls.model_fields[name].is_required()]


def stands_alone(cls: type[Entry]) -> bool:
    """Whether its name is a whole entry, without any argument."""
    try:
        cls.read({})
    except Invalid:
        return False
    return True
