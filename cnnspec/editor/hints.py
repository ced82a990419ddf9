"""What each entry gives, at the end of its line."""

from __future__ import annotations

from typing import NamedTuple

from cnnspec.editor.around import entries
from cnnspec.editor.declared import Source
from cnnspec.editor.lines import Lines
from cnnspec.editor.world import World
from cnnspec.language.spans import alike
from cnnspec.layers.base import show

_FEW = 3
_LONGEST = 200
"""Behind a longer line, nobody sees a hint."""


class Hint(NamedTuple):
    """A text at an offset, and more of it for the pointer."""

    offset: int
    text: str
    more: str = ""


def hints(world: World, source: Source) -> list[Hint]:
    """The output shape of each entry.

    Of several entries on a line the outermost counts, and of those side by side the last.
    """
    lines = world.lines(source.file)
    chosen: dict[int, tuple[int, Hint]] = {}
    for word, depth in entries(source, world.load):
        line = lines.line_of(word.start)
        if word.text == "name" or line.end - line.start > _LONGEST:
            continue
        known = chosen.get(line.end)
        if known is not None and known[0] < depth:
            continue
        found = [each.shape for each in world.occurrences(source, word)]
        shapes = [show(shape) for shape in found if shape is not None]
        distinct = list(dict.fromkeys(shapes))
        if distinct:
            text = "→ " + ", ".join(distinct[:_FEW]) + (", …" if len(distinct) > _FEW else "")
            more = f"{len(shapes)} times: " + ", ".join(distinct[:20]) if len(shapes) > 1 else ""
            chosen[line.end] = depth, Hint(line.end, text, more)
    return [hint for _, hint in sorted(chosen.values(), key=lambda each: each[1].offset)]


def still(before: str, after: str, known: list[Hint]) -> list[Hint]:
    """Of the hints of a text, those that hold in another one: above the first line that differs.

    For a text that does not read while it is being typed.
    """
    start = Lines(after).line_of(alike(before, after)).start
    return [hint for hint in known if hint.offset < start]
