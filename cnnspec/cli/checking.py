"""Checks every spec that a command line names, and says what came of it. Prints nothing."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from cnnspec import pipeline
from cnnspec.cli.specs import Named, Spec
from cnnspec.graph.graph import Graph
from cnnspec.language import limits
from cnnspec.language.diagnostics import Diagnostic
from cnnspec.language.spans import Span

RUN_CODES = ("file-unreadable", "internal-error")
"""Codes that say something of the run, not of a spec."""


class Settings(NamedTuple):
    """How to check."""

    overrides: tuple[str, ...] = ()
    allow_large: bool = False
    strict: bool = False
    deep: bool = False


class Mend(NamedTuple):
    """What fixing made of a file: its bytes before and after, and how many fixes were taken."""

    spec: Spec
    before: bytes
    after: bytes
    fixes: int


class Outcome:
    """What a run found: every diagnostic once, however many specs share the file that it stands in."""

    def __init__(self, settings: Settings, specs: Iterable[Spec] = (), fix: bool = False, write: bool = False) -> None:
        named = tuple(specs)
        self.settings = settings
        self.specs = len(named)
        self.named = {spec.real for spec in named}
        self.involved = {spec.real for spec in named if not spec.stdin}
        """The real paths of all files that had a say, those that are missing, too."""
        self.found: dict[tuple[Any, ...], Diagnostic] = {}
        self.sources: dict[str, str] = {}
        self.fine: list[str] = []
        """A line for each spec that holds."""
        self.touched = 0
        """How many specs something was found in."""
        self.wrong = self.unread = False
        self.mends: list[Mend] = []
        self.fix, self.write = fix, write
        """Whether fixes are taken, and whether they are written or only shown."""
        self.stdin: bytes | None = None
        """What came from standard input, mended."""

    @property
    def diagnostics(self) -> list[Diagnostic]:
        """What was found, in the order of the specs."""
        return list(self.found.values())

    @property
    def of_specs(self) -> list[Diagnostic]:
        """The same without what concerns the run itself."""
        return [each for each in self.found.values() if each.code not in RUN_CODES]

    @property
    def exit_code(self) -> int:
        """0 fine, 1 a spec is wrong, 2 a file cannot be read or written, 70 a mistake of ours."""
        if any(each.code == "internal-error" for each in self.found.values()):
            return 70
        return 2 if self.unread else int(self.wrong)

    @property
    def fixes(self) -> int:
        """How many fixes were taken."""
        return sum(mend.fixes for mend in self.mends)

    def fixable(self, here: bool = True) -> list[Diagnostic]:
        """The diagnostics with a fix in a file that the command line names (or, not `here`, in another one)."""
        return [
            each
            for each in self.of_specs
            if each.fix is not None and (here or not each.fix.span.standard)
            if (os.path.realpath(each.fix.span.file) in self.named) == here
        ]

    def add(self, found: Iterable[Diagnostic], sources: Iterable[tuple[str, str]] = ()) -> None:
        """Keep what is new."""
        for each in found:
            span = each.span
            key = (each.code, each.message, os.path.realpath(span.file), *span[1:])
            self.found.setdefault(key, each)
        self.sources.update(sources)

    def fail(self, file: str, message: str) -> None:
        """Keep that a file cannot be read or written."""
        self.unread = True
        self.add([Diagnostic("file-unreadable", message, Span(file, 1, 1, 1, 1))])


def checked(named: Named, settings: Settings, fix: bool = False, write: bool = False) -> Outcome:
    """Check all specs; before that, where `fix` is set, mend them, and where `write` is, on the disk."""
    outcome = Outcome(settings, named.specs, fix, write)
    for folder in named.empty:
        outcome.fail(folder, f"no spec in {folder}: a spec has `layers`, `blocks` or `cnnspec`")
    for path, error in named.unreadable:
        outcome.fail(path, _unreadable(path, error))
    texts = dict(_read(named.specs, outcome))
    if fix:
        for spec, data in texts.items():
            with _mistakes_of_ours(spec, outcome):
                texts[spec] = _mended(spec, data, outcome, write)
            outcome.stdin = texts[spec] if spec.stdin else outcome.stdin
    held = {mend.spec.real: mend.after.decode("utf-8-sig") for mend in outcome.mends}
    for spec, data in texts.items():
        with _mistakes_of_ours(spec, outcome):
            _check(spec, data, outcome, held)
    return outcome


class InternalError(Exception):
    """A mistake of ours, with what was found until then."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__("internal error")
        self.outcome = outcome


@contextmanager
def _mistakes_of_ours(spec: Spec, outcome: Outcome) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        message = f"this is a mistake in cnnspec, not in your spec ({type(error).__name__})"
        outcome.add([Diagnostic("internal-error", message, Span(spec.shown, 1, 1, 1, 1))])
        raise InternalError(outcome) from error


def _read(specs: Iterable[Spec], outcome: Outcome) -> Iterator[tuple[Spec, bytes]]:
    for spec in specs:
        try:
            yield spec, sys.stdin.buffer.read(limits.READ_BYTES) if spec.stdin else pipeline.contents(Path(spec.path))
        except OSError as error:
            outcome.fail(spec.shown, _unreadable(spec.shown, error))


def _mended(spec: Spec, data: bytes, outcome: Outcome, write: bool) -> bytes:
    from cnnspec import fixing

    settings = outcome.settings._replace(strict=False)
    file = _file(spec, data)
    new, fixes = fixing.fixed_bytes(data, file, lambda text: _report(spec, text.encode(), settings).diagnostics)
    if not fixes:
        return data
    if write and not spec.stdin:
        try:
            fixing.write(Path(spec.path), new, data)
        except OSError as error:
            outcome.fail(spec.shown, f"cannot write {spec.shown}: {(error.strerror or str(error)).lower()}")
            return data
    outcome.mends.append(Mend(spec, data, new, fixes))
    return new


def _check(spec: Spec, data: bytes, outcome: Outcome, held: dict[str, str]) -> None:
    report = _report(spec, data, outcome.settings, held)
    deeper = [each for graph in report.graphs.values() for each in _deep(graph)] if outcome.settings.deep else []
    found = [*report.diagnostics, *deeper]
    outcome.add(found, report.sources.items())
    outcome.touched += bool(found)
    outcome.involved.update(report.files.paths if report.files is not None else ())
    wrong = any(each.severity == "error" for each in found)
    outcome.wrong |= wrong
    if not wrong:
        outcome.fine.append(f"{spec.label}: ok, {_sum(report)}")


def _report(spec: Spec, data: bytes, settings: Settings, held: dict[str, str] | None = None) -> pipeline.Report:
    options: dict[str, Any] = {"allow_large": settings.allow_large, "strict": settings.strict}
    if pipeline.holds_blocks_alone(text := _text(data)):
        return pipeline.check_blocks(text, spec.name, spec.folder, held or {}, **options)
    return pipeline.check_bytes(
        data, spec.shown, directory=spec.folder, overrides=settings.overrides, buffers=held, **options
    )


def _file(spec: Spec, data: bytes) -> str:
    """What the report on a spec calls its file."""
    return pipeline.blocks_file(spec.name, spec.folder) if pipeline.holds_blocks_alone(_text(data)) else spec.shown


def _text(data: bytes) -> str:
    """The text of a spec; none where its bytes are no UTF-8."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return ""


def _sum(report: pipeline.Report) -> str:
    warnings = f" ({count(len(report.diagnostics), 'warning')})" if report.diagnostics else ""
    if not report.graphs:
        return f"a file of blocks{warnings}"
    if report.graph is not None:
        return _figures(report.graph) + _labels(report) + warnings
    return "; ".join(f"{name}: {_figures(graph)}" for name, graph in report.graphs.items()) + warnings


def _labels(report: pipeline.Report) -> str:
    """What the labels mean, where that is known before they are loaded."""
    found = report.labels
    if not found:
        return ""
    several = "; ".join(f"`{name}` {text}" for name, text in found.items())
    return "; labels: " + (several if len(found) > 1 else next(iter(found.values())))


def _figures(graph: Graph) -> str:
    from cnnspec.layers.base import show

    shapes = ", ".join(map(show, graph.output_shapes.values()))
    total = sum(node.parameters for node in graph.nodes)
    return f"{count(len(graph.nodes), 'layer')}, {total:,} parameters, output {shapes}"


def _deep(graph: Graph) -> list[Diagnostic]:
    from cnnspec.training.device import start

    start(device="cpu")
    from cnnspec.emit.deep import differences

    return [
        Diagnostic(
            "deep-difference",
            f"`{node.layer.entry}`: {message}",
            node.span,
            help="this is a mistake in cnnspec: please report it with the spec",
        )
        for node, message in differences(graph)
    ]


def _unreadable(path: str, error: OSError) -> str:
    from cnnspec.cli.common import unreadable

    return unreadable(path, error).message


def count(number: int, what: str) -> str:
    """`1 error`, `2 errors`."""
    return f"{number:,} {what}{'s' * (number != 1)}"
