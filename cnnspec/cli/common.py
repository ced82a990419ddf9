"""What the commands share: reading specs, printing diagnostics, colour, options."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

import click

from cnnspec import pipeline

if TYPE_CHECKING:
    from cnnspec.graph.graph import Graph
    from cnnspec.language.render.common import Paint

F = TypeVar("F", bound=Callable[..., Any])

_STYLES: dict[str, dict[str, Any]] = {
    "error": {"fg": "red", "bold": True},
    "warning": {"fg": "yellow", "bold": True},
    "message": {"bold": True},
    "place": {"fg": "blue", "bold": True},
    "related": {"fg": "cyan"},
    "help": {"fg": "green", "bold": True},
}


def spec_options(command: F) -> F:
    """`--set` and `--allow-large`."""
    command = click.option(
        "--set",
        "overrides",
        metavar="PATH=VALUE",
        multiple=True,
        callback=_check_overrides,
        help="Override a value of the spec, such as parameters.alpha=0.5 or training.epochs=3.",
    )(command)
    return click.option("--allow-large", is_flag=True, help="Lift the limits on layers, units, pixels and parameters.")(
        command
    )


def network_option(command: F) -> F:
    """`--network`."""
    return click.option("--network", metavar="NAME", help="Of a GAN: `generator` or `discriminator`.")(command)


def one_network(report: pipeline.Report, name: str | None) -> Graph:
    """The graph of the network that is meant. A usage error where that is not clear."""
    try:
        return report.network(name)
    except ValueError as error:
        raise click.UsageError(f"{error} (--network NAME)") from None


def _check_overrides(ctx: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    from cnnspec.language.overrides import parse_override

    for value in values:
        try:
            parse_override(value)
        except ValueError as error:
            raise click.BadParameter(str(error)) from None
    return values


def read(path: str, overrides: tuple[str, ...], allow_large: bool) -> pipeline.Report:
    """Check one spec; a file that cannot be read is a usage error (exit 2)."""
    try:
        return pipeline.check_file(path, overrides=overrides, allow_large=allow_large)
    except OSError as error:
        raise unreadable(path, error) from None


def unreadable(path: str, error: OSError) -> click.ClickException:
    """The message for a file that cannot be read."""
    reason = "it does not exist" if isinstance(error, FileNotFoundError) else _reason(error)
    return click.ClickException(f"cannot read {path}: {reason}")


def unwritable(path: str | Path, error: OSError) -> click.ClickException:
    """The message for a file that cannot be written."""
    return click.ClickException(f"cannot write {path}: {_reason(error)}")


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def write(text: str, output: str | None) -> None:
    """Write what a command makes to the file of its `-o`; to standard output where that is `-` or not given."""
    if output is None or output == "-":
        click.echo(text, nl=False)
        return
    try:
        Path(output).write_text(text, encoding="utf-8")
    except OSError as error:
        raise unwritable(output, error) from None


def coloured(stream: TextIO) -> bool:
    """Whether to colour `stream`: never with NO_COLOR, always with FORCE_COLOR or CLICOLOR_FORCE, else on a
    terminal."""
    if os.environ.get("NO_COLOR"):
        return False
    if any(os.environ.get(name, "0") not in ("", "0") for name in ("FORCE_COLOR", "CLICOLOR_FORCE")):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb" and os.environ.get("CLICOLOR") != "0"


def width_of(stream: TextIO) -> int | None:
    """The columns of the terminal behind `stream`; None where there is none: then nothing is folded."""
    if not stream.isatty():
        return None
    columns = os.environ.get("COLUMNS", "")
    try:
        width = int(columns) if columns.isdigit() else os.get_terminal_size(stream.fileno()).columns
    except OSError:
        return None
    return max(40, width) if width else None


def paint_for(stream: TextIO) -> Paint:
    """The paint for `stream`."""
    if not coloured(stream):
        return lambda text, role: text
    return lambda text, role: click.style(text, **_STYLES[role])


def require(report: pipeline.Report) -> None:
    """Print what is wrong to stderr; exit 1 where the spec does not hold."""
    if report.diagnostics:
        from cnnspec.language import render

        click.echo(
            render.text(report.diagnostics, report.sources, paint_for(sys.stderr), width_of(sys.stderr)),
            err=True,
            color=coloured(sys.stderr),
        )
    if not report.ok:
        raise click.exceptions.Exit(1)
