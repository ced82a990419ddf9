"""`cnnspec validate SPEC…`."""

from __future__ import annotations

import sys
from importlib.util import find_spec

import click

from cnnspec.cli.checking import InternalError, Outcome, Settings, checked
from cnnspec.cli.common import spec_options
from cnnspec.cli.output import DOCUMENTS, FORMATS, diffs, show
from cnnspec.cli.specs import Named, named


@click.command("validate")
@click.argument("specs", nargs=-1, required=True, metavar="SPEC...")
@click.option("--format", "format_", type=click.Choice(FORMATS), default="text", show_default=True)
@click.option("--strict", is_flag=True, envvar="CNNSPEC_STRICT", help="Warnings are errors (as with CNNSPEC_STRICT=1).")
@click.option("--fix", is_flag=True, help="Mend in place what can be mended mechanically; `-` is printed.")
@click.option("--diff", is_flag=True, help="Print what --fix would change, and exit 1 if there is something.")
@click.option("--watch", is_flag=True, help="Check again whenever a file that has a say is saved.")
@click.option("--only-specs", is_flag=True, help="Pass over named files that do not look like specs.")
@click.option("--stdin-filename", metavar="PATH", help="What `-` is called, and where its paths start.")
@click.option("--deep", is_flag=True, help="Also build in Keras and compare every layer with its rule.")
@spec_options
def command(
    specs: tuple[str, ...],
    format_: str,
    strict: bool,
    fix: bool,
    diff: bool,
    watch: bool,
    only_specs: bool,
    stdin_filename: str | None,
    deep: bool,
    overrides: tuple[str, ...],
    allow_large: bool,
) -> int:
    """Check that specs hold: everything that can be known without a framework.

    A folder stands for the specs below it, `-` for standard input. Exits 1 where a spec has an error, 2 where a file
    cannot be read.
    """
    if deep and find_spec("keras") is None:
        raise click.UsageError("--deep needs Keras and TensorFlow, which are not installed")
    settings = Settings(overrides, allow_large, strict, deep)
    if watch:
        if fix or diff or format_ in DOCUMENTS or "-" in specs:
            raise click.UsageError("--watch takes files and folders, and no --fix, --diff, or --format for machines")
        from cnnspec.cli.watch import watch as watched

        watched(lambda: named(specs, only_specs=only_specs), settings, format_)
    return once(named(specs, stdin_filename, only_specs), settings, format_, fix, diff)


def once(found: Named, settings: Settings, format_: str, fix: bool = False, diff: bool = False) -> int:
    """Check (and mend) once, print what came of it; the exit code.

    Where standard output holds a mended text or a diff, messages go to stderr.
    """
    try:
        outcome = checked(found, settings, fix or diff, write=not diff)
    except InternalError as error:
        if format_ in DOCUMENTS:
            show(error.outcome, format_, sys.stdout)
        raise error.__cause__ or error from None
    if diff:
        click.echo("".join(diffs(outcome)), nl=False)
    elif fix:
        _print_mended(outcome)
    show(outcome, format_, sys.stderr if diff or (fix and outcome.stdin is not None) else sys.stdout)
    return outcome.exit_code or int(diff and bool(outcome.mends))


def _print_mended(outcome: Outcome) -> None:
    if outcome.stdin is not None:
        sys.stdout.flush()
        sys.stdout.buffer.write(outcome.stdin)
        sys.stdout.buffer.flush()
