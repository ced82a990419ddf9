"""Places in a text: offsets, the lines and columns of spans, and the positions that editors count."""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cached_property
from typing import NamedTuple

from cnnspec.language.spans import Span, line_starts, offsets

_EDITORS_BREAK = re.compile("\r\n|[\n\r]")
_UNITS = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2)}


class Range(NamedTuple):
    """A stretch of a text, by offsets."""

    start: int
    end: int


class Lines:
    """A text whose offsets are found from lines and columns, and the other way round.

    YAML ends a line at more characters (U+0085, U+2028, U+2029) than editors do, so each has lines of its own.
    """

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def _of_editors(self) -> list[int]:
        return [0, *(found.end() for found in _EDITORS_BREAK.finditer(self.text))]

    @cached_property
    def _of_yaml(self) -> list[int]:
        return line_starts(self.text)

    def offset(self, line: int, character: int, encoding: str) -> int:
        """Where an editor's position is; past a line's end, that end."""
        if line >= len(self._of_editors):
            return len(self.text)
        start, end = self.line(line)
        if encoding not in _UNITS or self.text[start:end].isascii():
            return min(start + character, end)
        codec, size = _UNITS[encoding]
        units = self.text[start:end].encode(codec, "surrogatepass")[: character * size]
        return start + len(units.decode(codec, "ignore"))

    def position(self, offset: int, encoding: str) -> tuple[int, int]:
        """The line and the character of an offset, as editors count them, from 0."""
        line = bisect_right(self._of_editors, offset) - 1
        before = self.text[self._of_editors[line] : offset]
        if encoding not in _UNITS or before.isascii():
            return line, len(before)
        codec, size = _UNITS[encoding]
        return line, len(before.encode(codec, "surrogatepass")) // size

    def line(self, number: int) -> Range:
        """A line as editors count them, without its break."""
        start = self._of_editors[number]
        end = self._of_editors[number + 1] if number + 1 < len(self._of_editors) else len(self.text)
        while end > start and self.text[end - 1] in "\r\n":
            end -= 1
        return Range(start, end)

    def line_of(self, offset: int) -> Range:
        """The line that an offset is in."""
        return self.line(bisect_right(self._of_editors, offset) - 1)

    def range(self, span: Span) -> Range:
        """The stretch of a span."""
        start, end = offsets(span, self._of_yaml, len(self.text))
        return Range(start, max(start, end))

    def place(self, offset: int) -> tuple[int, int]:
        """The line and column of an offset as spans have them, from 1."""
        line = bisect_right(self._of_yaml, offset)
        return line, offset - self._of_yaml[line - 1] + 1
