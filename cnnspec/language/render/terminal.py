"""The format for people: the lines that a diagnostic speaks of, with carets under them.

On a terminal, messages are folded to its width and of a long line the part around each mark is shown; elsewhere
nothing is folded, and only very long lines are cut.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from cnnspec.language.diagnostics import Diagnostic
from cnnspec.language.render.common import Paint, Sources, cells, fold, head, plain_paint, printable, title
from cnnspec.language.spans import LINE_BREAK, Span

_LONGEST_LINE = 160
_THIN = 8
"""Of a long line so many characters a column are looked at: most stand in one, some in none."""
_LABEL = 24
"""A label that has fewer columns beside its carets stands below them."""


class _Mark(NamedTuple):
    span: Span
    sign: str
    label: str


class _Style(NamedTuple):
    """How a diagnostic is written: the columns for line numbers, those of the terminal, the colours."""

    gutter: int
    width: int | None
    severity: str
    paint: Paint

    @property
    def room(self) -> int:
        """The columns for a source line."""
        return _LONGEST_LINE if self.width is None else max(20, self.width - self.gutter - 3)

    def line(self, number: int | str, text: str) -> str:
        """A line behind the gutter."""
        left = self.paint(str(number).rjust(self.gutter), "place") if number else " " * self.gutter
        return f"{left} {self.paint('|', 'place')} {text}".rstrip()


def text(
    diagnostics: Iterable[Diagnostic], sources: Sources, paint: Paint = plain_paint, width: int | None = None
) -> str:
    """Each diagnostic with the lines that it speaks of, one blank line between two. `width` is the terminal's."""
    lines = {file: LINE_BREAK.split(source) for file, source in sources.items()}
    return "\n\n".join("\n".join(_block(found, lines, paint, width)) for found in diagnostics)


def _block(found: Diagnostic, sources: dict[str, list[str]], paint: Paint, width: int | None) -> Iterator[str]:
    elsewhere = [_Mark(place.span, "-", place.message) for place in found.related if place.span != found.span]
    marks = [_Mark(found.span, "^", found.label), *elsewhere]
    style = _Style(max(len(str(mark.span.line)) for mark in marks), width, found.severity, paint)
    gutter = " " * style.gutter

    first, *rest = fold(printable(found.message), width, cells(title(found)) + 2, 2)
    yield f"{title(found, paint)}: {paint(first, 'message')}"
    yield from (f"  {paint(line, 'message')}" for line in rest)
    for file in dict.fromkeys(mark.span.file for mark in marks):
        own = [mark for mark in marks if mark.span.file == file]
        arrow = "-->" if file == found.span.file else ":::"
        yield f"{gutter}{paint(arrow, 'place')} {printable(file)}:{own[0].span.line}:{own[0].span.column}"
        yield f"{gutter} {paint('|', 'place')}"
        source = sources.get(file, [])
        for number in sorted({mark.span.line for mark in own}):
            raw = source[number - 1] if number <= len(source) else ""
            here = sorted((mark for mark in own if mark.span.line == number), key=lambda mark: mark.span.column)
            yield from _excerpts(_line(raw), number, here, style)
    if found.help:
        first, *rest = fold(printable(found.help), width, style.gutter + 9, style.gutter + 9)
        yield f"{gutter} {paint('=', 'place')} {paint('help', 'help')}: {first}"
        yield from (f"{gutter}         {line}" for line in rest)


@lru_cache(maxsize=4)
def _line(raw: str) -> str:
    return printable(raw).rstrip()


def _excerpts(line: str, number: int, marks: list[_Mark], style: _Style) -> Iterator[str]:
    """A source line with its marks below it; once more for marks that are too far to the right of the first."""
    while marks:
        begin, end = _window(line, marks[0].span.column - 1, style.room)
        here = [mark for mark in marks if mark.span.column - 1 < end] if end < len(line) else marks
        here = here or marks[:1]
        marks = marks[len(here) :]
        before = "…" if begin else ""
        yield style.line(number, f"{before}{line[begin:end]}{'…' * (end < len(line))}")
        for mark in here:
            start = max(mark.span.column - 1, begin)
            stop = mark.span.end_column - 1 if mark.span.end_line == mark.span.line else len(line)
            indent = cells(before) + cells(line[begin:start])
            length = max(1, cells(line[start : min(stop, end)]))
            yield from _mark(mark, indent, length, style)


def _mark(mark: _Mark, indent: int, length: int, style: _Style) -> Iterator[str]:
    """The carets with their label beside them, or below where there is no room."""
    label = printable(mark.label)
    at = indent + length + 1
    if style.width is not None and at + cells(label) > style.room and style.room - at < min(_LABEL, cells(label)):
        lines = [""]
        at = max(0, min(indent, style.room - min(cells(label), 2 * _LABEL)))
        lines += fold(label, style.room, at, at)
    else:
        lines = fold(label, style.room if style.width is not None else None, at, at)
    role = style.severity if mark.sign == "^" else "related"
    yield style.line("", " " * indent + style.paint(f"{mark.sign * length} {lines[0]}".rstrip(), role))
    yield from (style.line("", " " * at + style.paint(line, role)) for line in lines[1:])


def _window(line: str, column: int, room: int) -> tuple[int, int]:
    """The part of a line that is shown: all of it where it fits, else what stands around `column`."""
    most = _THIN * room
    if len(line) <= most and cells(line) <= room:
        return 0, len(line)
    column = min(column, len(line))
    before = line[max(0, column - most) : column]
    near = cells(before) <= room * 2 // 3 and column < most
    begin = 0 if near else column - head(before[::-1], room // 3)
    return begin, begin + head(line[begin : begin + most], room - 1 - bool(begin))
