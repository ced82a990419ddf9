"""What cnnspec says about a spec: diagnostics, and the list that collects them.

A stage never throws at the first mistake: it adds diagnostics to a `Diagnostics` list and goes on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from cnnspec.language.spans import Span

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


@dataclass
class Diagnostics:
    """The mistakes found so far. One place yields one message a code, however often it is expanded."""

    _found: dict[tuple[str, Span], Diagnostic] = field(default_factory=dict)

    def add(self, diagnostic: Diagnostic) -> None:
        """Keep `diagnostic`, unless the same place already has one of its code (a block called twice)."""
        key = (diagnostic.code, diagnostic.place)
        self._found.setdefault(key, diagnostic)

    def has(self, code: str, span: Span) -> bool:
        """Whether `add` would drop another one of `code` at `span`."""
        return (code, span) in self._found

    def __iter__(self) -> Iterator[Diagnostic]:
        return iter(sorted(self._found.values(), key=lambda found: found.place.order))

    def __len__(self) -> int:
        return len(self._found)

    @property
    def failed(self) -> bool:
        """Whether any of them is an error."""
        return any(found.severity == "error" for found in self._found.values())
