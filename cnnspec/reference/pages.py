"""The pages of the reference: one for each layer, word of the language, standard block and setting."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from cnnspec.language.entries import Entry, one
from cnnspec.language.library import standard_names
from cnnspec.layers.base import LAYERS
from cnnspec.reference.forms import default_of, shown, words_of
from cnnspec.reference.kinds import arguments_of, entries_called, families, vocabularies
from cnnspec.reference.standard import StandardBlock, standard_block, standard_blocks
from cnnspec.reference.structures import STRUCTURES
from cnnspec.reference.texts import Text, text_of


class Argument(NamedTuple):
    """One argument: what it takes in words, and its default where it need not be given."""

    name: str
    takes: str
    required: bool
    default: Any = None
    words: str = ""

    @property
    def shown(self) -> str:
        """The default as it is written."""
        return self.words or shown(self.default)


class Page(NamedTuple):
    """All that is to be said of one entry."""

    name: str
    kind: str
    text: Text
    arguments: tuple[Argument, ...]

    @property
    def signature(self) -> str:
        """`name: {argument, argument = default}`."""
        if not self.arguments:
            return self.name
        parts = [item.name if item.required else f"{item.name} = {item.shown}" for item in self.arguments]
        return f"{self.name}: {{{', '.join(parts)}}}"

    def as_json(self) -> dict[str, Any]:
        """The page as plain data."""
        text = self.text
        arguments = [
            {"name": item.name, "takes": item.takes, "required": item.required}
            | ({} if item.required else {"default": item.words or item.default})
            for item in self.arguments
        ]
        told = {"summary": text.summary, "text": text.body, "errors": text.errors, "source": text.source}
        return {"name": self.name, "kind": self.kind, **told, "arguments": arguments, "example": text.example}


class Group(NamedTuple):
    """A part of the contents: names with their summaries."""

    title: str
    kind: str
    entries: tuple[tuple[str, str], ...]


def contents() -> list[Group]:
    """Everything there is: layers by family, structures, standard blocks, then the settings by kind."""
    groups = [
        Group(family.replace("_", " ").capitalize(), "layer", _summaries({name: LAYERS[name] for name in names}))
        for family, names in families().items()
    ]
    words = tuple((name, word.text.summary) for name, word in STRUCTURES.items())
    groups.append(Group("Structures", "structure", words))
    blocks = tuple((name, block.text.summary) for name, block in standard_blocks().items())
    groups += [Group("Standard blocks", "block", blocks)] * bool(blocks)
    for kind, vocabulary in vocabularies().items():
        if vocabulary is not LAYERS:
            groups.append(Group(plural(kind).capitalize(), kind, _summaries(vocabulary)))
    return groups


def _summaries(entries: Mapping[str, type[Entry]]) -> tuple[tuple[str, str], ...]:
    return tuple((name, text_of(cls.__doc__).summary) for name, cls in entries.items())


def plural(kind: str) -> str:
    """`losses`, `optimizers`."""
    return kind + ("es" if kind.endswith("s") else "s")


def as_json(groups: list[Group]) -> dict[str, Any]:
    """The contents as plain data."""
    return {
        "groups": [
            {"title": title, "kind": kind, "entries": [{"name": name, "summary": text} for name, text in entries]}
            for title, kind, entries in groups
        ]
    }


def names() -> list[str]:
    """Every name that has a page."""
    settings = [name for vocabulary in vocabularies().values() for name in vocabulary]
    return list(dict.fromkeys([*LAYERS, *STRUCTURES, *sorted(standard_names()), *settings]))


def pages(name: str) -> list[Page]:
    """The pages of a name, which may be of several kinds (`relu` is a layer and an activation)."""
    return list(_pages(name))


def _pages(name: str) -> Iterator[Page]:
    if name in STRUCTURES:
        keys = STRUCTURES[name].keys.items()
        arguments = (Argument(key, takes, default is None, words=default or "") for key, (takes, default) in keys)
        yield Page(name, "a word of the language", STRUCTURES[name].text, tuple(arguments))
    if name in standard_names():
        yield _block_page(standard_block(name))
    yield from (entry_page(cls) for cls in entries_called(name))


def entry_page(cls: type[Entry]) -> Page:
    """The page of a layer, an optimizer, …"""
    arguments = tuple(_argument(cls, name) for name in arguments_of(cls))
    return Page(cls.entry, one(cls.vocabulary.kind), text_of(cls.__doc__), arguments)


def _argument(cls: type[Entry], name: str) -> Argument:
    required = cls.model_fields[name].is_required()
    return Argument(name, words_of(cls, name), required, None if required else default_of(cls, name))


def _block_page(block: StandardBlock) -> Page:
    arguments = tuple(Argument(name, "", value is None, value) for name, value in block.parameters.items())
    return Page(block.name, "a standard block", block.text, arguments)
