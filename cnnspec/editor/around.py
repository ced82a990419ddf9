"""A word of a spec with what stands around it: what may stand there, and what is declared above it."""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

from cnnspec.editor import declared
from cnnspec.editor.declared import Block, Load, Name, Parameter, Source
from cnnspec.editor.grammar import Place, call, places
from cnnspec.editor.lines import Range
from cnnspec.editor.tree import Listing, Mapping, Scalar, Spot, scalars, spot_at
from cnnspec.language.expression_words import WORDS
from cnnspec.language.forms import Schema

KEYS = ("cnnspec", "layers", "blocks", "extends", "generator")
"""A document with any of these is a spec."""
_BEGINS = re.compile(rf"^(?:{'|'.join(KEYS)})[ \t]*:", re.MULTILINE)
_WORD = re.compile(r"'[^']*'|\"[^\"]*\"|([A-Za-z_]\w*(?:\.\w+)*)")


def is_spec(source: Source) -> bool:
    """Whether a YAML document is a spec, or may become one."""
    if isinstance(source.tree, Mapping):
        return any(pair.key.text in KEYS for pair in source.tree.pairs)
    return source.tree is None and _BEGINS.search(source.text) is not None


class Word(NamedTuple):
    """A name within an expression."""

    text: str
    range: Range


class FileScope:
    """What a file declares for every place in it, found once: blocks (but for the standard ones), parameters, names."""

    def __init__(self, source: Source, load: Load) -> None:
        self.source = source
        self.load = load
        self._names: dict[int, list[tuple[int, Name]]] = {}

    @cached_property
    def blocks(self) -> dict[str, Block]:
        """The blocks by their names."""
        return declared.blocks_of(self.source, self.load)

    @cached_property
    def calls(self) -> dict[str, Schema]:
        """The schemas of their calls."""
        return {
            name: call(name, {key: given.default for key, given in block.parameters.items()})
            for name, block in self.blocks.items()
        }

    @cached_property
    def parameters(self) -> dict[str, Parameter]:
        """The parameters of the file."""
        return declared.parameters_of(self.source, self.load)

    def names(self, items: Listing) -> list[tuple[int, Name]]:
        """The names that the items of a list of layers give, each with the item's number."""
        if id(items) not in self._names:
            self._names[id(items)] = declared.names_in(self.source, items, self.blocks)
        return self._names[id(items)]


class Around:
    """A place of a spec. `spot` is the word at it; `file` is what its file declares."""

    def __init__(self, source: Source, spot: Spot, load: Load, file: FileScope | None = None) -> None:
        self.source = source
        self.spot = spot
        self.load = load
        self._file = file or FileScope(source, load)

    @property
    def scalar(self) -> Scalar:
        """The word itself."""
        return self.spot.scalar

    @property
    def blocks(self) -> dict[str, Block]:
        """The blocks in scope, but for the standard ones."""
        return self._file.blocks

    @property
    def calls(self) -> dict[str, Schema]:
        """What their calls take."""
        return self._file.calls

    @cached_property
    def places(self) -> list[Place]:
        """The places on the way down; the last one is the word's own, or (for a key) that of its value."""
        return places(self.spot.steps, self.calls)

    @property
    def holder(self) -> Place:
        """The place of the mapping or list that the word stands in."""
        return self.places[-2] if len(self.places) > 1 else self.places[-1]

    @property
    def names_entry(self) -> bool:
        """Whether the word is what an entry of a list of layers starts with."""
        return self.holder.of_entry if self.spot.on_key else self.places[-1].of_entry and not self.expression

    @property
    def expression(self) -> bool:
        """Whether the word is an expression."""
        return self.scalar.text.startswith("$") and not self.spot.on_key

    @property
    def refers(self) -> bool:
        """Whether the word is the name of another entry."""
        if self.spot.on_key or self.expression:
            return False
        place, path = self.places[-1], self.spot.path
        if path[:1] == ("outputs",):
            return True
        named = next((key for key in reversed(path) if isinstance(key, str)), "")
        if path[:1] == ("blocks",) and len(path) in (3, 4) and path[2] == "inputs":
            return False
        return place.of_names or ("name" in place.names and named != "name")

    @property
    def gives(self) -> bool:
        """Whether the word is the name that an entry gives its output."""
        path = self.spot.path
        return not self.spot.on_key and path[-1:] == ("name",) and "name" in self.places[-1].names and len(path) > 1

    @cached_property
    def entry(self) -> Scalar | None:
        """The first word of the innermost entry around."""
        return self.entry_at(len(self.spot.steps))

    def entry_at(self, depth: int) -> Scalar | None:
        """The first word of the innermost entry within so many steps."""
        if depth == len(self.spot.steps) and not self.spot.on_key and self.places[-1].of_entry:
            return self.scalar
        for at in range(min(depth, len(self.spot.steps)) - 1, -1, -1):
            step = self.spot.steps[at]
            if self.places[at].of_entry and step.pair is not None:
                return step.pair.key
        return None

    @cached_property
    def names(self) -> dict[str, Name]:
        """The names of entries and inputs that may be written here."""
        if self.spot.path[:1] == ("outputs",):
            return declared.names_of(self.source, self.source.get("layers"), self.blocks)
        return declared.names_at(self.source, self.spot.steps, self.places, self._file.names)

    @cached_property
    def parameters(self) -> ChainMap[str, Parameter]:
        """The parameters that an expression here may name."""
        return declared.parameters_at(self.source, self.spot.steps, self._file.parameters)

    def block(self, name: str) -> Block | None:
        """The block of that name."""
        return self.blocks.get(name) or declared.standard(name)

    def called(self) -> Block | None:
        """For a key: the block whose argument it is."""
        steps = self.spot.steps
        if self.spot.on_key and len(steps) > 1 and self.places[len(steps) - 2].of_entry:
            return self.block(str(steps[-2].key))
        return None

    def words(self) -> list[Word]:
        """The names in an expression."""
        return expression_words(self.scalar) if self.expression else []

    def word_at(self, offset: int) -> Word | None:
        """The name in an expression that an offset is in."""
        return next((word for word in self.words() if word.range.start <= offset <= word.range.end), None)


def expression_words(scalar: Scalar) -> list[Word]:
    """The names in a scalar that is an expression."""
    start = scalar.start + (scalar.end - scalar.start - len(scalar.text)) // 2
    return [
        Word(found[1], Range(start + found.start(), start + found.end()))
        for found in _WORD.finditer(scalar.text)
        if found[1] is not None and found[1] not in WORDS
    ]


def around(source: Source, offset: int, load: Load) -> Around | None:
    """The place of the word at an offset; None where there is none, or in a document that is no spec."""
    spot = spot_at(source.tree, offset) if is_spec(source) else None
    return Around(source, spot, load) if spot is not None and spot.scalar.text else None


def everywhere(source: Source, load: Load) -> Iterator[Around]:
    """Every word of a spec."""
    file = FileScope(source, load)
    for spot in scalars(source.tree) if is_spec(source) else ():
        yield Around(source, spot, load, file)


def entries(source: Source, load: Load) -> Iterator[tuple[Scalar, int]]:
    """The first word of each entry of a list of layers, with how deep it stands."""
    for place in everywhere(source, load):
        if place.names_entry:
            yield place.scalar, len(place.spot.steps) - place.spot.on_key
