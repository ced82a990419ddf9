"""From a word to where it is declared, to every place that means the same, and to another name for all of them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cnnspec.editor.around import Around, everywhere
from cnnspec.editor.declared import Source, Target
from cnnspec.editor.lines import Range
from cnnspec.editor.world import World

_NAME = re.compile(r"[\w.\-]+")
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*")
_BLOCK = re.compile(r"[\w\-]+")


def definition(place: Around, offset: int) -> Target | None:
    """Where the word at an offset is declared: an entry's name, a block, a parameter, a file."""
    word = place.word_at(offset)
    if word is not None:
        return _of_parameter(place, word.text)
    return _of_word(place)


def _of_parameter(place: Around, name: str) -> Target | None:
    entry, _, axis = name.rpartition(".")
    if entry:
        return place.names[entry].target if entry in place.names else None
    found = place.parameters.get(axis)
    return found.target if found else None


def _of_word(place: Around) -> Target | None:
    text, path = place.scalar.text, place.spot.path
    own = place.source.target(place.scalar)
    if path[:1] in (("extends",), ("imports",)) and not place.spot.on_key:
        file = place.source.path(text)
        return Target(file, Range(0, 0)) if place.load(file) is not None else None
    if place.names_entry:
        block = place.block(text)
        return block.target if block else None
    if place.gives or _declares(place):
        return own
    if place.refers:
        given = place.names.get(text)
        return given.target if given else None
    called = place.called()
    if called is not None:
        declared = called.parameters.get(text)
        return declared.target if declared else None
    return None


def _declares(place: Around) -> bool:
    """Whether the word declares a parameter, a block or an input."""
    path = place.spot.path
    if place.spot.on_key:
        return (
            (len(path) == 2 and path[0] in ("parameters", "blocks", "inputs"))
            or (len(path) == 4 and path[0] == "blocks" and path[2] == "parameters")
            or path == ("input",)
        )
    keys = [key for key in path if isinstance(key, str)]
    return (keys[-2:] == ["repeat", "as"]) or (len(keys) == 3 and keys[0] == "blocks" and keys[2] == "inputs")


def references(world: World, place: Around, offset: int) -> list[Target]:
    """Every word in the open specs that means what the one at an offset does, its declaration first."""
    target = definition(place, offset)
    if target is None or target.range == Range(0, 0):
        return []
    files = dict.fromkeys([target.file, place.source.file, *world.texts])
    found = [target]
    for file in files:
        source = world.source(file)
        if source is not None:
            found += [each for each in _meaning(source, place, target) if each not in found]
    return found


def _meaning(source: Source, place: Around, target: Target) -> Iterator[Target]:
    named = _text(place, target)
    for other in everywhere(source, place.load):
        if other.expression:
            for word in other.words():
                if named in word.text.split(".") or word.text == named:
                    entry, _, axis = word.text.rpartition(".")
                    if _of_parameter(other, word.text) == target:
                        end = word.range.end - (len(axis) + 1 if entry else 0)
                        yield Target(source.file, Range(word.range.start, end))
        elif named in other.scalar.text and _of_word(other) == target:
            yield source.target(other.scalar)


def _text(place: Around, target: Target) -> str:
    text = place.load(target.file) or ""
    return text[target.range.start : target.range.end].strip("'\"")


def rename(world: World, place: Around, offset: int, name: str) -> list[Target] | str:
    """The words to write `name` for, or why not."""
    target = definition(place, offset)
    if target is None or target.range == Range(0, 0):
        return "this has no name of its own"
    if world.texts.get(target.file) is None and target.file != place.source.file:
        return "it is declared in a file that is not open"
    found = references(world, place, offset)
    old = _text(place, target)
    block = place.names_entry or (place.spot.path[:1] == ("blocks",) and len(place.spot.path) == 2)
    parameter = place.word_at(offset) is not None or (place.spot.on_key and not block)
    form = _BLOCK if block else _IDENTIFIER if parameter else _NAME
    if not form.fullmatch(name):
        return f"`{name}` cannot be a name here: letters, digits and `_`"
    texts = {each: (world.load(each.file) or "")[each.range.start : each.range.end].strip("'\"") for each in found}
    return [each for each, text in texts.items() if text == old]


def renamable(place: Around, offset: int) -> Range | None:
    """The word at an offset, where it can be given another name."""
    target = definition(place, offset)
    if target is None or target.range == Range(0, 0) or place.spot.path == ("input",):
        return None
    word = place.word_at(offset)
    return word.range if word else Range(place.scalar.start, place.scalar.end)
