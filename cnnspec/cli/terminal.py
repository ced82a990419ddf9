"""Text in the width of the terminal."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterable

import click

Listed = tuple[str, Iterable[tuple[str, str]]]
"""A title, and names with what is to say of each in a line."""

_WIDEST_NAME = 30


def width() -> int:
    """How many columns there are to fill; 100 where the output goes elsewhere."""
    return min(shutil.get_terminal_size((100, 24)).columns, 120)


def filled(text: str, first: str = "", below: str = "") -> str:
    """The text in lines of that width, with `first` before the first one and `below` before the others."""
    return textwrap.fill(
        text,
        width(),
        initial_indent=first,
        subsequent_indent=below,
        break_on_hyphens=False,
        break_long_words=False,
    )


def contents(groups: Iterable[Listed]) -> str:
    """A list of names below their titles, one line each."""
    groups = [(title, list(entries)) for title, entries in groups]
    column = max(min(len(name), _WIDEST_NAME) for _, entries in groups for name, _ in entries)
    return "\n\n".join(
        "\n".join([click.style(title, bold=True), *(_line(f"  {name:{column}}  ", text) for name, text in entries)])
        for title, entries in groups
    )


def _line(start: str, text: str) -> str:
    """One line; on a terminal, cut to its width."""
    if not sys.stdout.isatty():
        return start + text
    return start + textwrap.shorten(text, max(width() - len(start), 30), placeholder=" …")
