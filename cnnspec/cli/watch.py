"""`cnnspec validate --watch`: checks again when a file that has a say is saved."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable
from typing import NoReturn

import click

from cnnspec.cli.checking import Outcome, Settings, checked
from cnnspec.cli.output import show
from cnnspec.cli.specs import Named

_PAUSE = 0.2
_SETTLE = 0.05
_CLEAR = "\x1b[2J\x1b[3J\x1b[H"

Stamps = dict[str, tuple[int, int, int] | None]
"""What a save changes of each path; None where nothing is there."""


def watch(find: Callable[[], Named], settings: Settings, format_: str) -> NoReturn:
    """Check, print, and wait for a change; for ever."""
    changed, stamps = "", Stamps()
    while True:
        outcome, stamps = _checked(find, settings, stamps)
        _print(outcome, format_, changed)
        changed = _wait(stamps)


def _checked(find: Callable[[], Named], settings: Settings, known: Iterable[str]) -> tuple[Outcome, Stamps]:
    """The outcome, and the stamps of all that had a say in it, taken before it was read."""
    while True:
        stamps = _stamps(known)
        named = find()
        outcome = checked(named, settings)
        known = {*stamps, *named.looked_at, *outcome.involved}
        if known == stamps.keys():
            return outcome, stamps


def _wait(stamps: Stamps) -> str:
    """Wait until something is saved, and until the saving is over; what it was."""
    while True:
        time.sleep(_PAUSE)
        new = _stamps(stamps)
        if new != stamps:
            break
    changed = next(path for path in stamps if new[path] != stamps[path])
    for _ in range(40):
        before = new
        time.sleep(_SETTLE)
        new = _stamps(stamps)
        if new == before:
            break
    return changed


def _stamps(paths: Iterable[str]) -> Stamps:
    return {path: _stamp(path) for path in paths}


def _stamp(path: str) -> tuple[int, int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _print(outcome: Outcome, format_: str, changed: str) -> None:
    """A clear screen on a terminal, else a line with the time for each check; then what was found."""
    if sys.stdout.isatty():
        click.echo(_CLEAR, nl=False)
    why = f" after a change of {os.path.relpath(changed)}" if changed else ""
    click.echo(f"{time.strftime('%H:%M:%S')} checked{why}")
    show(outcome, format_, sys.stdout)
    sys.stdout.flush()
