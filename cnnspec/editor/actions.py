"""What can be done about diagnostics: their fixes one by one, all that help at once, and ignoring a warning."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from cnnspec.editor.declared import Target
from cnnspec.editor.lines import Lines, Range
from cnnspec.editor.world import World
from cnnspec.language.diagnostics import Diagnostic
from cnnspec.language.spans import alike

_IGNORED = re.compile(r"(?<![^ \t])#[ \t]*cnnspec:[ \t]*ignore[ \t]*\[[^\]\n\r]*(?=\])")


class Edit(NamedTuple):
    """A stretch of a file with what to write for it."""

    target: Target
    text: str


class Action(NamedTuple):
    """One thing to do about a diagnostic."""

    title: str
    edit: Edit
    about: Diagnostic
    preferred: bool = False


def actions(world: World, file: str, within: Range) -> list[Action]:
    """What can be done about the diagnostics whose lines meet a stretch of a file."""
    lines = world.lines(file)
    first, last = lines.line_of(within.start).start, lines.line_of(within.end).end
    found: list[Action] = []
    for each in world.diagnostics(file):
        place = lines.range(each.place)
        if place.start <= last and place.end >= first:
            found += _about(world, each)
    return found


def _about(world: World, found: Diagnostic) -> Iterator[Action]:
    if found.fix is not None and not found.fix.span.standard:
        lines = world.lines(found.fix.span.file)
        target = Target(found.fix.span.file, lines.range(found.fix.span))
        yield Action(_title(found, lines, target.range), Edit(target, found.fix.text), found, preferred=True)
    if found.severity == "warning" and found.code != "unused-ignore":
        yield Action(f"Ignore {found.code} here", _ignore(world, found), found)


def _title(found: Diagnostic, lines: Lines, range: Range) -> str:
    assert found.fix is not None
    new, old = found.fix.text.strip(), lines.text[range.start : range.end].strip()
    if not new:
        return f"Take out {_short(old)}" if old else "Take it out"
    return f"Write {_short(new)} for {_short(old)}" if old else f"Insert {_short(new)}"


def _short(text: str) -> str:
    text = " ".join(text.split())
    return f"`{text}`" if len(text) <= 50 else f"`{text[:49]}…`"


def _ignore(world: World, found: Diagnostic) -> Edit:
    """A comment behind the line, or one more code in the one that is there."""
    lines = world.lines(found.place.file)
    start, end = lines.line_of(lines.range(found.place).start)
    known = _IGNORED.search(lines.text, start, end)
    if known is not None:
        return Edit(Target(found.place.file, Range(known.end(), known.end())), f", {found.code}")
    comment = f"  # cnnspec: ignore[{found.code}]"
    return Edit(Target(found.place.file, Range(end, end)), comment)


def fixable(world: World, file: str) -> int:
    """How many diagnostics of a file have a fix."""
    return sum(each.fix is not None and each.fix.span.file == file for each in world.diagnostics(file))


def fix_all(file: str, text: str, check: Callable[[str], Sequence[Diagnostic]]) -> list[Edit]:
    """Every fix of a file that helps, line by line; `check` is asked what is wrong with the text in between."""
    from cnnspec.fixing import fixed

    new = fixed(text, file, check).text
    old, mended = text.splitlines(keepends=True), new.splitlines(keepends=True)
    if len(old) != len(mended):
        old, mended = [text], [new]
    starts = accumulate(map(len, old), initial=0)
    return [_edit(file, *each) for each in zip(starts, old, mended, strict=False) if each[1] != each[2]]


def _edit(file: str, start: int, old: str, new: str) -> Edit:
    """The smallest edit that makes `new` of `old`, which starts at an offset."""
    before = alike(old, new)
    after = alike(old[before:][::-1], new[before:][::-1])
    return Edit(Target(file, Range(start + before, start + len(old) - after)), new[before : len(new) - after])
