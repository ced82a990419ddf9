"""Positions in source text: every diagnostic points with one of these."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
"""Where YAML ends a line."""

STANDARD_FILES = "cnnspec/blocks/"


class Span(NamedTuple):
    """A stretch of one file's text; lines and columns count from 1, `end_column` is exclusive."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int

    @property
    def standard(self) -> bool:
        """Whether this lies in the file of a standard block."""
        return self.file.startswith(STANDARD_FILES)

    @property
    def order(self) -> tuple[str, int, int]:
        """Sorts spans in reading order."""
        return self.file, self.line, self.column

    def to(self, other: Span) -> Span:
        """The stretch from the start of this one to the end of `other`."""
        return Span(self.file, self.line, self.column, other.end_line, other.end_column)

    def part(self, start: int, length: int) -> Span:
        """`length` characters of this one-line span, from offset `start`; the whole where they don't fit."""
        column = self.column + start
        if self.line != self.end_line or column + length > self.end_column:
            return self
        return Span(self.file, self.line, column, self.line, column + length)


def line_starts(text: str) -> list[int]:
    """The offset of each line of a text."""
    return [0, *(found.end() for found in LINE_BREAK.finditer(text))]


def offsets(span: Span, starts: Sequence[int], size: int) -> tuple[int, int]:
    """Where a span starts and ends in a text of so many characters, whose lines begin at `starts`."""

    def offset(line: int, column: int) -> int:
        return min(size, starts[line - 1] + column - 1) if line <= len(starts) else size

    return offset(span.line, span.column), offset(span.end_line, span.end_column)


def alike(one: str, other: str) -> int:
    """How many characters two texts begin with alike."""
    least = min(len(one), len(other))
    return next((at for at in range(least) if one[at] != other[at]), least)
