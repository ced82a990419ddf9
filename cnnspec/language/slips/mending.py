"""Slips of the hand in a text that is no YAML: each is tried as its mend, and the one whose mend reads is told.

A slip is a rule over a few lines: what it makes of them, and what is wrong with them. The rules are tried where the
parser stopped and on the lines above; the first one that lets the parser read on tells the mistake, with its fix.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import yaml

from cnnspec.language.diagnostics import Diagnostic, Fix
from cnnspec.language.slips import lines as rules
from cnnspec.language.slips.layout import Mend, bullets, in_list, indentation, written
from cnnspec.language.spans import LINE_BREAK, Span, alike, line_starts

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_BUDGET = 4_000_000
"""How many characters are parsed again, in all, to find what was meant."""
_LONGEST = 2_000
"""No hand has written longer lines; looking for its slips in them would take long."""
_END = 1 << 30


def mended(text: str, file: str, at: int, above: Iterable[int]) -> Diagnostic | None:
    """What is wrong with a text that does not read at line `at` (from 0), if one of the rules mends it.

    `above` are lines that may be to blame as well, such as the one where an open bracket stands.
    """
    starts = line_starts(text)
    lines = LINE_BREAK.split(text)
    budget = _BUDGET
    if max(map(len, lines)) > _LONGEST:
        return None
    for mend in _candidates(lines, at, [line for line in above if 0 <= line < len(lines)]):
        begin, end = starts[mend.first], starts[mend.last] + len(lines[mend.last])
        old = text[begin:end]
        breaks = [*(found[0] for found in LINE_BREAK.finditer(old)), ""]
        new = "".join(line + ending for line, ending in zip(mend.lines, breaks, strict=True))
        budget -= len(text)
        if budget < 0:
            return None
        whole = text[:begin] + new + text[end:]
        if new != old and trouble(whole) > max(at, mend.last) + 2:
            return _diagnostic(mend, old, new, file)
    return None


def trouble(text: str) -> int:
    """The line (from 0) where the parser stops, or finds a value that runs on into the next line; past the end
    where the text reads."""
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            if folded(event):
                start: Any = event.start_mark
                return int(start.line) + 1
    except yaml.MarkedYAMLError as error:
        mark: Any = error.problem_mark or error.context_mark
        return int(mark.line) if mark else 0
    except yaml.YAMLError:
        return 0
    return _END


def folded(event: object) -> bool:
    """Whether a value without quotes runs on into the next line, as one does below which a `:` or a `-` is missing."""
    return (
        isinstance(event, yaml.ScalarEvent)
        and event.style in (None, "")
        and _lines(event) > 1
        and not event.value.startswith("$")
    )


def _lines(event: Any) -> int:
    return int(event.end_mark.line - event.start_mark.line) + 1


def _diagnostic(mend: Mend, old: str, new: str, file: str) -> Diagnostic:
    """The mend as the smallest replacement."""
    start = alike(old, new)
    tail = alike(old[start:][::-1], new[start:][::-1])
    gone, put = old[start : len(old) - tail], new[start : len(new) - tail]
    before, inside = LINE_BREAK.split(old[:start]), LINE_BREAK.split(gone)
    line, column = mend.first + len(before), len(before[-1]) + 1
    end_line = line + len(inside) - 1
    end_column = len(inside[-1]) + (column if end_line == line else 1)
    fix = Fix(Span(file, line, column, end_line, end_column), put)
    if not gone:
        last = LINE_BREAK.split(old)[line - mend.first - 1]
        word = re.search(r"[\w.-]+$", last[: column - 1])
        column = word.start() + 1 if word else min(column, max(1, len(last.rstrip())))
        end_line, end_column = line, max(column + 1, word.end() + 1 if word else 0)
    if end_line > line or (gone and not gone.strip()):
        bare = LINE_BREAK.split(old)[line - mend.first - 1]
        column = len(bare) - len(bare.lstrip()) + 1 if not gone.strip() and not bare[: column - 1].strip() else column
        end_line, end_column = line, max(column + 1, len(bare.rstrip()) + 1 if end_line > line else 0)
    return Diagnostic(
        "yaml-syntax", mend.message, Span(file, line, column, end_line, end_column), help=mend.help, fix=fix
    )


def _candidates(lines: list[str], at: int, above: list[int]) -> Iterator[Mend]:
    """What may have been meant, the surest first."""
    before = next((line for line in range(at - 1, -1, -1) if written(lines[line])), at)
    near = list(dict.fromkeys([before, at, *above]))
    near = [line for line in near if 0 <= line < len(lines)]
    for rule in (rules.characters, rules.dash, rules.anchor, rules.comment, rules.braces, rules.assignment):
        for line in near:
            for text, message, help in rule(lines[line]):
                yield Mend(line, line, (text,), message, help)
    yield from bullets(lines, at)
    for line in list(dict.fromkeys([*above, before, at])):
        for text, message, help in (*rules.brackets(lines[line]), *rules.quotes(lines[line])):
            yield Mend(line, line, (text,), message, help)
    for rule in (rules.no_space, rules.commas, rules.two_colons, rules.starts):
        for line in near:
            for text, message, help in rule(lines[line]):
                yield Mend(line, line, (text,), message, help)
    for line in near:
        yield from in_list(lines, line)
        for text, message, help in rules.no_colon(lines[line]):
            yield Mend(line, line, (text,), message, help)
    yield from indentation(lines, before, at)
