"""Workflow commands of GitHub Actions: an annotation in the pull request for each diagnostic.

A path must be relative to the root of the repository for its annotation to attach, so the caller says what each file is
called there (None for what is no file, such as standard input). Columns are told only where a span stays on one line:
the runner refuses them elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from cnnspec.language.diagnostics import Diagnostic

Locate = Callable[[str], str | None]
"""What a file is called from the root of the repository."""


def github(diagnostics: Iterable[Diagnostic], locate: Locate) -> str:
    """One line each: `::error file=…,line=…,col=…,endLine=…,endColumn=…,title=…::message`."""
    return "\n".join(_command(found, locate) for found in diagnostics)


def _command(found: Diagnostic, locate: Locate) -> str:
    span, path = found.span, locate(found.span.file)
    place = {
        "file": path,
        "line": span.line,
        "col": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }
    if span.line != span.end_line:
        del place["col"], place["endColumn"]
    properties = {**(place if path is not None else {}), "title": f"cnnspec: {found.code}"}
    listed = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items())
    return f"::{found.severity} {listed}::{_data(chr(10).join(_lines(found, path, locate)))}"


def _lines(found: Diagnostic, path: str | None, locate: Locate) -> Iterator[str]:
    yield found.message if path is not None else f"{found.span.file}: {found.message}"
    if found.label:
        yield found.label
    for related in found.related:
        if related.span != found.span:
            yield f"{locate(related.span.file) or related.span.file}:{related.span.line}: {related.message}"
    if found.help:
        yield f"help: {found.help}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
