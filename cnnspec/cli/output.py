"""Prints what a run of `validate` found, in one of the formats."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from cnnspec.cli.checking import RUN_CODES, Outcome, count
from cnnspec.cli.common import coloured, paint_for, width_of
from cnnspec.language import render

if TYPE_CHECKING:
    from cnnspec.language.render.github import Locate
    from cnnspec.language.render.sarif import Rule

FORMATS = ("text", "concise", "json", "github", "sarif")
DOCUMENTS = ("json", "github", "sarif")
"""Formats for machines: all that is found stands in them, and nothing else is printed."""


def show(outcome: Outcome, format_: str, stream: TextIO) -> None:
    """Print what was found to `stream`; for people, what could not be read goes to stderr."""
    if format_ in DOCUMENTS:
        text = _document(outcome, format_)
        if text:
            click.echo(text, file=stream)
        return
    for each in outcome.diagnostics:
        if each.code in RUN_CODES:
            click.echo(
                f"{paint_for(sys.stderr)('error', 'error')}: {each.message}", err=True, color=coloured(sys.stderr)
            )
    found, colour, parts = outcome.of_specs, coloured(stream), []
    if format_ == "text":
        parts = ["\n".join(outcome.fine)]
        if found:
            parts += [render.text(found, outcome.sources, paint_for(stream), width_of(stream)), ""]
        parts.append(summary(outcome))
    elif found:
        parts = [render.concise(found, outcome.sources, paint_for(stream))]
    text = "\n".join(parts).strip("\n")
    if text:
        click.echo(text, file=stream, color=colour)


def summary(outcome: Outcome) -> str:
    """`2 fixed, 3 errors and 1 warning in 2 of 5 specs; …`: the last line for people; nothing where all was well."""
    found = outcome.of_specs
    parts = [f"{outcome.fixes:,} {'fixed' if outcome.write else 'would be fixed'}"] * bool(outcome.fixes)
    if found:
        errors = sum(each.severity == "error" for each in found)
        kinds = [("error", errors), ("warning", len(found) - errors)]
        left = " and ".join(count(number, kind) for kind, number in kinds if number)
        files = f" in {outcome.touched:,} of {outcome.specs:,} specs" if outcome.specs > 1 else ""
        parts.append(left + files)
    first = next((each for each in found if each.severity == "error"), found[0] if found else None)
    more = [f"`cnnspec explain {first.code}` says more"] if first is not None else []
    return "; ".join([", ".join(parts), *_mendable(outcome), *more]) if parts else ""


def _mendable(outcome: Outcome) -> list[str]:
    here, there = outcome.fixable(), outcome.fixable(here=False)
    parts = []
    if here:
        left = f"{_fixes(len(here))} left out, with which more would be wrong"
        parts.append(left if outcome.fix else f"`--fix` can mend {len(here):,}")
    if there:
        files = ", ".join(dict.fromkeys(each.fix.span.file for each in there if each.fix is not None))
        parts.append(f"{_fixes(len(there))} in {files}: name it, too, to have it mended")
    return parts


def _fixes(number: int) -> str:
    return f"{number:,} fix{'es' * (number != 1)}"


def _document(outcome: Outcome, format_: str) -> str:
    found = outcome.diagnostics
    if format_ == "json":
        return render.as_json(found)
    if format_ == "github":
        from cnnspec.language.render.github import github

        return github(found, locator())
    from cnnspec import __version__
    from cnnspec.language.render.sarif import sarif

    return sarif(found, locator(), version=__version__, exit_code=outcome.exit_code, rule=_rule)


def _rule(code: str) -> Rule | None:
    from cnnspec.language.render.sarif import Rule
    from cnnspec.reference.codes import page

    try:
        known = page(code)
    except FileNotFoundError:
        return None
    return Rule(known.title, known.text, known.severity)


def locator() -> Locate:
    """Where files stand in the repository: `$GITHUB_WORKSPACE`, else the folder above that holds `.git`, else here."""
    root = _root()

    def locate(file: str) -> str | None:
        if file.startswith(("<", "--set ")) or (file.startswith("cnnspec/blocks/") and not Path(file).exists()):
            return None
        path = os.path.join(os.path.realpath(Path(file).parent), Path(file).name)  # noqa: PTH118
        relative = os.path.relpath(path, root)
        return (path if relative.startswith("..") else relative).replace(os.sep, "/")

    return locate


def _root() -> str:
    here = Path.cwd()
    workspace = os.environ.get("GITHUB_WORKSPACE")
    if workspace and here.is_relative_to(os.path.realpath(workspace)):
        return os.path.realpath(workspace)
    return str(next((folder for folder in (here, *here.parents) if (folder / ".git").exists()), here))


def diffs(outcome: Outcome) -> Sequence[str]:
    """Each change that fixing makes, as a unified diff."""
    from cnnspec.fixing import diff

    return [diff(mend.before, mend.after, mend.spec.shown) for mend in outcome.mends]
