"""What a checked input must never do."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from cnnspec import pipeline
from cnnspec.fixing import fixed
from cnnspec.language import render
from cnnspec.language.render.github import github
from cnnspec.language.render.sarif import sarif
from cnnspec.language.spans import LINE_BREAK

SLOWEST = 1.0
"""Seconds that checking one input and writing down what was found may take."""
_WORK = 0.015
"""The same of `_work` on the machine that the limit was set on, when nothing else ran."""
_FOREIGN = ("pydantic", "keras", "traceback", "nonetype", "valueerror", "input should be", "<class", "validation error")
_FILE = "fuzz.yaml"


def slowdown() -> float:
    """How much slower than that machine this one is now: other work, and a host that throttles, cost processor time."""
    times = []
    for _ in range(3):
        start = time.process_time()
        _work()
        times.append(time.process_time() - start)
    return max(1.0, min(times) / _WORK)


def _work() -> int:
    words = {}
    for number in range(60_000):
        words[f"name {number % 997}"] = (number, str(number))
    return len(words)


class Outcome(NamedTuple):
    """What went wrong, if anything, and the seconds that the check with all its reports took."""

    trouble: str | None
    seconds: float = 0.0


def checked(data: bytes, folder: Path) -> tuple[pipeline.Report, str]:
    """Check an input and write what was found in every format: the report, and the text."""
    report = pipeline.check_bytes(data, _FILE, directory=folder)
    written = render.text(report.diagnostics, report.sources)
    render.text(report.diagnostics, report.sources, width=60)
    render.concise(report.diagnostics, report.sources)
    render.as_json(report.diagnostics)
    github(report.diagnostics, str)
    sarif(report.diagnostics, str, version="0", exit_code=1)
    return report, written


def trouble(data: bytes, folder: Path, *, thorough: bool = False) -> Outcome:
    """Check an input; `thorough` applies its fixes, too, and asks the editor's parser."""
    start = time.process_time()
    try:
        report, written = checked(data, folder)
        seconds = time.process_time() - start
        if thorough:
            _further(data, report, folder)
    except Exception as error:
        return Outcome(f"{type(error).__name__}: {error} ({_where(error)})", time.process_time() - start)
    if seconds > SLOWEST and seconds > SLOWEST * slowdown():
        return Outcome(f"slow: {seconds:.1f} s", seconds)
    return Outcome(_doubts(data, report, written), seconds)


def _further(data: bytes, report: pipeline.Report, folder: Path) -> None:
    from cnnspec.editor import loose

    text = report.sources[_FILE]
    loose.parse(text)
    if any(found.fix for found in report.diagnostics) and len(data) < 5_000:
        fixed(text, _FILE, lambda text: pipeline.check_text(text, _FILE, directory=folder).diagnostics)


def _doubts(data: bytes, report: pipeline.Report, written: str) -> str | None:
    if not report.ok and not report.diagnostics:
        return "neither a graph nor a diagnostic"
    lines = len(LINE_BREAK.split(report.sources[_FILE]))
    texts = b"".join([data, *(text.encode("utf-8", "replace") for text in report.sources.values())]).lower()
    for found in report.diagnostics:
        spoken = f"{found.message} {found.label} {found.help}".lower()
        foreign = next((word for word in _FOREIGN if word in spoken and word.encode() not in texts), None)
        if foreign:
            return f"`{foreign}` in: {found.message}"
        span = found.span
        if span.line < 1 or span.column < 1 or (span.file == _FILE and span.line > lines + 1):
            return f"a place outside of the text: {span}"
        if (span.end_line, span.end_column) < (span.line, span.column):
            return f"a place that ends before it starts: {span}"
    return None if report.ok or "error[" in written else "only warnings, but no graph"


def _where(error: BaseException) -> str:
    """The innermost line of ours in a traceback."""
    place, trace = "", error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if "cnnspec" in code.co_filename:
            place = f"{Path(code.co_filename).name}:{code.co_name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place


def peak_megabytes() -> float:
    """The most memory that this process has held."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20) if sys.platform == "darwin" else peak / 1024


def shrunk(data: bytes, bad: Callable[[bytes], bool], seconds: float = 10) -> bytes:
    """A smaller input that is still `bad`, found in about that time: pieces are taken out, large ones first."""
    end = time.monotonic() + seconds
    for cut in (b"\n", b""):
        size = len(_pieces(data, cut)) // 2
        while size:
            at = 0
            while at < len(parts := _pieces(data, cut)):
                if time.monotonic() > end:
                    return data
                less = cut.join(parts[:at] + parts[at + size :])
                if bad(less):
                    data = less
                else:
                    at += size
            size //= 2
    return data


def _pieces(data: bytes, cut: bytes) -> list[bytes]:
    return data.split(cut) if cut else [data[at : at + 1] for at in range(len(data))]
