"""What cnnspec says about a spec: diagnostics, and the list that collects them.

A stage never throws at the first mistake: it adds diagnostics to a `Diagnostics` list and goes on.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal, NamedTuple

from cnnspec.language.spans import LINE_BREAK, Span

Severity = Literal["error", "warning"]


CALLED = "called from here"


class Related(NamedTuple):
    """A secondary place that helps to understand a diagnostic, with what it has to do with it."""

    message: str
    span: Span


def called_from(calls: tuple[Span, ...]) -> tuple[Related, ...]:
    """The places that called the block in which a mistake was found, nearest first."""
    return tuple(Related(CALLED, call) for call in reversed(calls))


class Fix(NamedTuple):
    """A mechanical mend: replace the text of `span` by `text`."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One mistake (or doubt): a stable code, a terse message, where, why, and what to write instead."""

    code: str
    message: str
    span: Span
    label: str = ""
    related: tuple[Related, ...] = ()
    help: str | None = None
    fix: Fix | None = None
    severity: Severity = "error"

    @property
    def call(self) -> Related | None:
        """For a mistake in a standard block, which nobody here can mend: the innermost call outside of them."""
        calls = (related for related in self.related if related.message == CALLED and not related.span.standard)
        return next(calls, None) if self.span.standard else None

    @property
    def place(self) -> Span:
        """Where it is told."""
        return self.call.span if self.call else self.span


class TooMany(Exception):
    """More mistakes than anybody reads; that has been said."""


@dataclass
class Diagnostics:
    """The mistakes found so far. One place yields one message a code, however often it is expanded.

    After `most` errors it is enough: `add` says so and raises `TooMany`. Of the warnings as many are kept.
    """

    most: int | None = None
    texts: dict[str, str] = field(default_factory=dict)
    """What was read, by file, for fixes that move or join text."""
    _found: dict[tuple[str, Span], Diagnostic] = field(default_factory=dict)
    _count: dict[Severity, int] = field(default_factory=lambda: {"error": 0, "warning": 0})

    def add(self, diagnostic: Diagnostic) -> None:
        """Keep `diagnostic`, unless the same place already has one of its code (a block called twice)."""
        key, severity = (diagnostic.code, diagnostic.place), diagnostic.severity
        if key in self._found or (self.most is not None and self._count[severity] > self.most):
            return
        self._found[key] = diagnostic
        self._count[severity] += 1
        if self.most is not None and self._count[severity] > self.most:
            self._found[key] = _enough(diagnostic, self.most)
            if severity == "error":
                raise TooMany

    def replace(self, told: Diagnostic, better: Diagnostic) -> None:
        """Say `better` in the place of `told`, which has the same code and place; nothing where `told` was not kept."""
        key = (told.code, told.place)
        if self._found.get(key) is told:
            self._found[key] = better

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Forget what is added meanwhile."""
        found, count = dict(self._found), dict(self._count)
        try:
            yield
        finally:
            self._found, self._count = found, count

    def has(self, code: str, span: Span) -> bool:
        """Whether `add` would drop another one of `code` at `span`."""
        return (code, span) in self._found

    def text(self, span: Span) -> str:
        """The text of a span, or nothing where its file was not read."""
        lines = list(_lines(self.texts.get(span.file, ""))[span.line - 1 : span.end_line])
        if len(lines) != span.end_line - span.line + 1:
            return ""
        lines[-1] = lines[-1][: span.end_column - 1]
        lines[0] = lines[0][span.column - 1 :]
        return "\n".join(lines)

    def __iter__(self) -> Iterator[Diagnostic]:
        return iter(sorted(self._found.values(), key=lambda found: found.place.order))

    def __len__(self) -> int:
        return len(self._found)

    @property
    def failed(self) -> bool:
        """Whether any of them is an error."""
        return self._count["error"] > 0


@lru_cache(maxsize=4)
def _lines(text: str) -> tuple[str, ...]:
    return tuple(LINE_BREAK.split(text))


def _enough(last: Diagnostic, most: int) -> Diagnostic:
    """What stands in the place of the diagnostic that is one too many."""
    what, then = ("mistakes", "looked for") if last.severity == "error" else ("warnings", "shown")
    message = f"more than {most:,} {what}: the others are not {then}"
    return Diagnostic("limit-diagnostics", message, last.place, help="mend these first", severity=last.severity)
