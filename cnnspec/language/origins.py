"""Diagnostics of a spec that stands in several files: where each is told, and who called for that file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from cnnspec.language.diagnostics import Diagnostic, Related
from cnnspec.language.imports import standard_text
from cnnspec.language.spans import STANDARD_FILES


def told(found: Iterable[Diagnostic], main: str, callers: Mapping[str, Related]) -> Iterator[Diagnostic]:
    """The diagnostics as the person who wrote `main` needs them.

    A mistake in a file that was extended or imported comes with the places that called for it; one inside a standard
    block, which nobody here can mend, is told at its call.
    """
    for diagnostic in found:
        if diagnostic.span.standard and diagnostic.span.file != main:
            diagnostic = _at_the_call(diagnostic)
        yield replace(diagnostic, related=(*diagnostic.related, *_ways(diagnostic, main, callers)))


def _ways(diagnostic: Diagnostic, main: str, callers: Mapping[str, Related]) -> Iterator[Related]:
    """From the file of a mistake up to the spec itself."""
    seen = {related.span for related in diagnostic.related}
    file = diagnostic.span.file
    while file != main and file in callers:
        caller = callers[file]
        if caller.span not in seen:
            yield caller
        file = caller.span.file


def _at_the_call(diagnostic: Diagnostic) -> Diagnostic:
    """The same, told at the innermost place outside the standard blocks."""
    call = diagnostic.call
    if call is None:
        return diagnostic
    inside = Related(diagnostic.label or "inside the block", diagnostic.span)
    others = tuple(related for related in diagnostic.related if related is not call)
    return replace(diagnostic, span=call.span, label="", related=(inside, *others))


def standard_texts(found: Iterable[Diagnostic]) -> dict[str, str]:
    """The texts of the standard blocks that diagnostics speak of."""
    spans = (span for each in found for span in (each.span, *(related.span for related in each.related)))
    files = {span.file for span in spans if span.standard}
    return {file: standard_text(file.removeprefix(STANDARD_FILES).removesuffix(".yaml")) for file in sorted(files)}
