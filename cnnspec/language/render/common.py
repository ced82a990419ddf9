"""What the formats share: colour, titles, and how wide a text stands on a terminal."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from functools import lru_cache

from cnnspec.language.diagnostics import Diagnostic

Sources = Mapping[str, str]
"""The text of each file."""

Paint = Callable[[str, str], str]
"""Colours a text for a role: `error`, `warning`, `message`, `place`, `related`, `help`."""

_WORDS = {"error": "error", "warning": "warn"}
_HIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]")


def plain_paint(text: str, role: str) -> str:
    """No colour."""
    return text


def title(found: Diagnostic, paint: Paint = plain_paint) -> str:
    """`error[code]`."""
    return paint(f"{_WORDS[found.severity]}[{found.code}]", found.severity)


def printable(text: str) -> str:
    """The text without what would move a terminal's cursor, or turn its writing around: a character for each."""
    return _HIDDEN.sub(_picture, text)


def _picture(found: re.Match[str]) -> str:
    character = found[0]
    return " " if character == "\t" else chr(0x2400 + ord(character)) if character < " " else "\ufffd"


def cells(text: str) -> int:
    """Columns on a terminal: wide characters take two, combining and invisible ones none."""
    return len(text) if text.isascii() else sum(map(_cell, text))


@lru_cache(maxsize=4096)
def _cell(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def head(text: str, room: int) -> int:
    """How many characters from the start of `text` stand in `room` columns."""
    if text.isascii():
        return min(len(text), room)
    taken = 0
    for at, character in enumerate(text):
        taken += _cell(character)
        if taken > room:
            return at
    return len(text)


def fold(text: str, width: int | None, first: int = 0, rest: int = 0) -> list[str]:
    """`text` in lines of at most `width` columns, of which `first` (`rest` in further lines) are taken already.

    Lines break at blanks; a longer word stands on a line of its own. Without a width nothing is folded.
    """
    if width is None or first + cells(text) <= width:
        return [text]
    lines: list[str] = []
    line, room = "", width - first
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if line and cells(longer) > room:
            lines.append(line)
            line, room = word, width - rest
        else:
            line = longer
    return [*lines, line]
