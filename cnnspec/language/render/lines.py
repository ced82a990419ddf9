"""A line for each diagnostic, for `grep` and for editors that read compilers' output."""

from __future__ import annotations

from collections.abc import Iterable

from cnnspec.language.diagnostics import Diagnostic
from cnnspec.language.render.common import Paint, Sources, plain_paint, printable, title


def concise(diagnostics: Iterable[Diagnostic], sources: Sources, paint: Paint = plain_paint) -> str:
    """One line each: `file:line:column: error[code]: message`."""
    return "\n".join(
        f"{printable(found.span.file)}:{found.span.line}:{found.span.column}: "
        f"{title(found, paint)}: {printable(found.message)}"
        for found in diagnostics
    )
