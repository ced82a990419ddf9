"""What `evaluate` and `predict` share: options, and exit codes for what goes wrong."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import click

from cnnspec.cli.common import paint_for, require

F = TypeVar("F", bound=Callable[..., Any])

FAILED = 3


def machine_options(command: F) -> F:
    """`--backend`, `--device`, `--batch-size` and `--allow-large`."""
    for option in (
        click.option("--allow-large", is_flag=True, help="Lift the limits on the spec of the run."),
        click.option(
            "--batch-size", type=click.IntRange(min=1), help="How many images go through the network at once."
        ),
        click.option("--device", metavar="DEVICE", help="cpu, gpu or gpu:N; without it a GPU where there is one."),
        click.option(
            "--backend",
            type=click.Choice(["tensorflow", "jax", "torch"]),
            help="What Keras computes with; that of the run else.",
        ),
    ):
        command = option(command)
    return command


@contextmanager
def failing() -> Iterator[None]:
    """Tells what goes wrong, and exits: 1 for the spec of a run, 2 for what is no run, 3 for data and weights."""
    from cnnspec.data.errors import Failure
    from cnnspec.judging.runs import RunError
    from cnnspec.pipeline import SpecError

    try:
        yield
    except SpecError as error:
        require(error.report)
        raise click.exceptions.Exit(1) from None
    except Failure as failure:
        complain(failure.message, failure.help)
        raise click.exceptions.Exit(2 if isinstance(failure, RunError) else FAILED) from None


def complain(message: str, help: str | None = None) -> None:
    """An error, and what to do."""
    paint = paint_for(sys.stderr)
    click.echo(f"{paint('error', 'error')}: {message}", err=True)
    if help:
        click.echo(f"  {paint('help', 'help')}: {help}", err=True)
