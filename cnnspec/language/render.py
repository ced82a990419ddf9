"""Diagnostics → text: pure functions, one a format.

`text` shows the source with carets, `concise` is a line each, `json` the documented form.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from cnnspec.language.diagnostics import Diagnostic, Related
from cnnspec.language.spans import Span

Sources = Mapping[str, str]
Paint = Callable[[str, str], str]
"""Colours a text for a role: `error`, `warning`, `code`, `help`, `place`, `related`."""

_WORDS = {"error": "error", "warning": "warn"}
_LONGEST_LINE = 160


def plain_paint(text: str, role: str) -> str:
    """No colour."""
    return text


def text(diagnostics: Iterable[Diagnostic], sources: Sources, paint: Paint = plain_paint) -> str:
    """Each diagnostic with the lines that it speaks of, one blank line between two."""
    return "\n\n".join(_block(found, sources, paint) for found in diagnostics)


def concise(diagnostics: Iterable[Diagnostic], sources: Sources, paint: Paint = plain_paint) -> str:
    """One line each: `file:line:column: error[code]: message`."""
    lines = []
    for found in diagnostics:
        span = found.span
        title = paint(f"{_WORDS[found.severity]}[{found.code}]", found.severity)
        lines.append(f"{span.file}:{span.line}:{span.column}: {title}: {found.message}")
    return "\n".join(lines)


def as_json(diagnostics: Iterable[Diagnostic]) -> str:
    """The documented JSON document."""
    return json.dumps({"diagnostics": [_record(found) for found in diagnostics]}, indent=2, ensure_ascii=False)


def _record(found: Diagnostic) -> dict[str, Any]:
    span, fix = found.span, found.fix
    return {
        "code": found.code,
        "severity": found.severity,
        "message": found.message,
        "help": found.help,
        "file": span.file,
        **_ends(span),
        "related": [
            {
                "message": related.message,
                "file": related.span.file,
                "line": related.span.line,
                "column": related.span.column,
            }
            for related in found.related
        ],
        "fix": {**_ends(fix.span), "text": fix.text} if fix else None,
    }


def _ends(span: Span) -> dict[str, int]:
    return {"line": span.line, "column": span.column, "end_line": span.end_line, "end_column": span.end_column}


def _block(found: Diagnostic, sources: Sources, paint: Paint) -> str:
    title = paint(f"{_WORDS[found.severity]}[{found.code}]", found.severity)
    lines = [f"{title}: {paint(found.message, 'message')}"]
    marks = [(found.span, "^", found.label), *((place.span, "-", place.message) for place in _elsewhere(found))]
    files = list(dict.fromkeys(span.file for span, _, _ in marks))
    width = max(len(str(span.line)) for span, _, _ in marks)
    gutter = " " * width
    for file in files:
        place = found.span if file == found.span.file else next(span for span, _, _ in marks if span.file == file)
        arrow = "-->" if file == found.span.file else ":::"
        lines.append(f"{gutter}{paint(arrow, 'place')} {file}:{place.line}:{place.column}")
        lines.append(f"{gutter} {paint('|', 'place')}")
        source = sources.get(file, "").splitlines()
        own = sorted((mark for mark in marks if mark[0].file == file), key=lambda mark: (mark[0].line, mark[0].column))
        for number in dict.fromkeys(span.line for span, _, _ in own):
            raw = source[number - 1] if number <= len(source) else ""
            here = [mark for mark in own if mark[0].line == number]
            lines += _marked(raw, number, here, width, found.severity, paint)
    if found.help:
        lines.append(f"{gutter} {paint('=', 'place')} {paint('help', 'help')}: {found.help}")
    return "\n".join(lines)


def _elsewhere(found: Diagnostic) -> list[Related]:
    return [related for related in found.related if related.span != found.span]


def _marked(
    raw: str, number: int, marks: list[tuple[Span, str, str]], width: int, severity: str, paint: Paint
) -> list[str]:
    """A source line, and below it a line of carets or dashes for each mark."""
    shift = max(0, min(span.column for span, _, _ in marks) - 60) if len(raw) > _LONGEST_LINE else 0
    shown = raw[shift : shift + _LONGEST_LINE].replace("\t", " ").rstrip()
    ellipsis = "…" if shift else ""
    lines = [f"{paint(str(number).rjust(width), 'place')} {paint('|', 'place')} {ellipsis}{shown}".rstrip()]
    for span, sign, label in marks:
        start = span.column - 1 - shift
        end = (span.end_column if span.end_line == span.line else len(raw.rstrip()) + 1) - 1 - shift
        end = min(end, len(shown))
        indent = len(ellipsis) + _cells(shown[:start])
        length = max(1, _cells(shown[start:end]))
        role = severity if sign == "^" else "related"
        marker = paint(f"{sign * length} {label}".rstrip(), role)
        lines.append(f"{' ' * width} {paint('|', 'place')} {' ' * indent}{marker}")
    return lines


def _cells(text: str) -> int:
    """Columns on a terminal: wide characters take two, combining ones none."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
