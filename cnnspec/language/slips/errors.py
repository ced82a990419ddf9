"""YAML's own errors in words that help: where the slip is, what it is, and what to write."""

from __future__ import annotations

import re

import yaml

from cnnspec.language import limits
from cnnspec.language.diagnostics import Diagnostic, Related
from cnnspec.language.slips.mending import mended
from cnnspec.language.spans import LINE_BREAK, Span

_PHRASES = (
    (
        "mapping values are not allowed",
        "a `:` where none can stand",
        "one `key: value` a line; quote a text that holds `: `",
    ),
    ("found character '\\t'", "a tab where YAML wants spaces", "indent with spaces"),
    ("cannot start any token", "this character cannot start a value", "quote the text"),
    (
        "expected ',' or ']'",
        "this list is not closed, or a comma is missing",
        "put a comma between its values, and `]` at its end",
    ),
    (
        "expected ',' or '}'",
        "this mapping is not closed, or a comma is missing",
        "put a comma between its pairs, and `}` at its end",
    ),
    ("unexpected end of stream", "the quote that opens here is not closed", "close the quote"),
    ("could not find expected ':'", "a key without its `:`", "write `key: value`"),
    (
        "did not find expected key",
        "this line does not fit the lines above it",
        "align it with the keys beside it; after `-` comes one entry",
    ),
    (
        "expected <block end>",
        "this line does not fit the lines above it",
        "align it with the keys beside it; after `-` comes one entry",
    ),
    (
        "did not find expected '-' indicator",
        "this line does not fit the list above it",
        "start it with `-`, or indent it as part of the entry above",
    ),
    (
        "did not find expected node content",
        "a value is missing here, or the bracket above is not closed",
        "write the value, or close the bracket",
    ),
    ("unknown escape character", "an unknown escape in double quotes", "use single quotes, or write `\\\\`"),
    ("did not find expected", "this is not readable as YAML", None),
)


def _slip(lines: list[str], line: int, column: int, message: str) -> tuple[int, str, str] | None:
    """What a hand often does in a line that does not read: the column of it, what it is, what to write."""
    here, before = lines[line - 1], next((text for text in reversed(lines[: line - 1]) if text.strip()), "")
    start = len(here) - len(here.lstrip()) + 1
    if re.match(r"-[^\W\d]", here.lstrip()):
        return start, "no space behind the `-`", f"write `- {here.lstrip()[1:]}`"
    pair = re.match(r"(\s*(?:- +)?)([\w.-]+):\s+[^\s|>#]", before)
    if (
        pair
        and message == "a `:` where none can stand"
        and start > len(pair[1]) + 1
        and here[: column - 1].lstrip().isidentifier()
    ):
        return start, f"this line is indented deeper than `{pair[2]}`", f"align it with `{pair[2]}`"
    if here[column - 1 : column] in ("}", "]") and message.startswith("this line does not fit"):
        return column, f"a `{here[column - 1]}` too many", "take it out"
    if message == "a key without its `:`" and here.strip().isidentifier():
        return start, message, "write `key: value`; a new entry starts with `-`"
    return None


def syntax_error(text: str, file: str, error: yaml.MarkedYAMLError) -> Diagnostic:
    """The diagnostic of an error that PyYAML found."""
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    if "nesting depth" in str(error.problem):  # PyYAML 6.0.4 stops at a depth of its own, before it gives any event
        message = f"nested more than {limits.DEPTH} levels deep"
        return Diagnostic("yaml-limit", message, Span(file, line, column, line, column + 1))
    lines = LINE_BREAK.split(text)
    if line > len(lines) or (column > len(lines[line - 1]) and not lines[line - 1].strip()):
        line = next((n for n in range(min(line, len(lines)), 0, -1) if lines[n - 1].strip()), 1)
        column = max(1, len(lines[line - 1].rstrip()))
    opened = [mark.line for mark in (error.context_mark,) if mark]
    if found := mended(text, file, line - 1, opened):
        return found
    problem = error.problem or ""
    message, help = next(
        ((words, hint) for phrase, words, hint in _PHRASES if phrase in problem), ("this is not readable as YAML", None)
    )
    if "\t" in lines[line - 1][: column + 1] and not lines[line - 1][:column].strip():
        message, help = "a tab where YAML wants spaces", "indent with spaces"
    if slip := _slip(lines, line, column, message):
        column, message, help = slip
        return Diagnostic("yaml-syntax", message, Span(file, line, column, line, column + 1), help=help)
    related: tuple[Related, ...] = ()
    context = error.context_mark
    if (
        context
        and (context.line, context.column) != (line - 1, column - 1)
        and "".join(lines[context.line : context.line + 1]).strip()
    ):
        place = Span(file, context.line + 1, context.column + 1, context.line + 1, context.column + 2)
        related = (Related("the value begins here", place),)
    if related and message.startswith("the quote"):
        return Diagnostic("yaml-syntax", message, related[0].span, help=help)
    span = Span(file, line, column, line, column + 1)
    return Diagnostic("yaml-syntax", message, span, related=related, help=help)
