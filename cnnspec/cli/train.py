"""`cnnspec train SPEC`."""

from __future__ import annotations

import gc
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from cnnspec.cli.common import paint_for, read, require, spec_options

if TYPE_CHECKING:
    from cnnspec.data.errors import Failure
    from cnnspec.training.errors import Interrupted
    from cnnspec.training.plan import Run

FAILED = 3


@click.command("train")
@click.argument("spec", metavar="[SPEC]", required=False)
@spec_options
@click.option("--epochs", type=click.IntRange(min=1), help="Train for so many epochs (as --set training.epochs=N).")
@click.option("--backend", type=click.Choice(["tensorflow", "jax", "torch"]), help="What Keras computes with.")
@click.option("--device", metavar="DEVICE", help="cpu, gpu or gpu:N; without it a GPU where there is one.")
@click.option(
    "--runs",
    type=click.Path(path_type=Path),
    default=Path("runs"),
    show_default=True,
    metavar="DIR",
    help="Where run folders go: DIR/NAME/NUMBER.",
)
@click.option(
    "--resume",
    type=click.Path(path_type=Path),
    metavar="RUN",
    help="Go on with the run in this folder; without SPEC with the spec that it holds.",
)
@click.option(
    "--accept-changes", is_flag=True, help="With --resume: go on where the run's files contradict its checkpoint."
)
@click.option("--dry-run", is_flag=True, help="Take a few steps, tell what the run would take, and leave nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON document.")
@click.option("--quiet", "-q", is_flag=True, help="Show no progress.")
def command(
    spec: str | None, overrides: tuple[str, ...], allow_large: bool, epochs: int | None, backend: str | None,
    device: str | None, runs: Path, resume: Path | None, accept_changes: bool, dry_run: bool, as_json: bool,
    quiet: bool,
) -> int:  # fmt: skip
    """Train a spec on its data.

    Keeps the best model, checkpoints, the history and a log in a run folder, and evaluates the best weights on the
    test split. `--resume` goes on with a run that was interrupted, however it was, as if it had not been.
    `--dry-run` does everything up to the first steps for real, and tells how long and how large the run would be.
    Progress goes to stderr, the result to stdout. Exits 1 where the spec is wrong, 3 where data or training fail,
    130 or 143 where it is interrupted; the best model so far stays.
    """
    gc.enable()
    if dry_run and resume is not None:
        raise click.UsageError("--dry-run tries a new run; leave out --resume.")
    from cnnspec.data.errors import Failure
    from cnnspec.training.run_folder import SPEC, to_resume

    if resume is not None:
        try:
            named, resume = resume, to_resume(resume)
        except Failure as failure:
            _fail(failure)
        if named != resume and not quiet:
            click.echo(f"the newest run in {named} is {resume}", err=True)
    if spec is None:
        if resume is None:
            raise click.UsageError("Missing argument 'SPEC'.")
        spec = str(resume / SPEC)
    report = read(spec, (*overrides, f"training.epochs={epochs}") if epochs else overrides, allow_large)
    require(report)
    if report.data is None:
        _complain("the spec has no `data:`, so there is nothing to train on", "add `data: {source: …}`")
        return 1

    from cnnspec.training.errors import Interrupted
    from cnnspec.training.interrupts import Terminated, raised_at_once
    from cnnspec.training.run import rehearse_report, train_report

    gan = len(report.graphs) > 1
    try:
        with raised_at_once():
            if dry_run:
                found = rehearse_report(report, runs=runs, backend=backend, device=device, quiet=quiet)
                click.echo(json.dumps(found.to_json()) if as_json else found.text())
                return 0
            run = train_report(
                report, runs=runs, backend=backend, device=device, quiet=quiet, resume=resume,
                accept_changes=accept_changes,
            )  # fmt: skip
    except Failure as failure:
        _fail(failure)
    except Interrupted as interrupted:
        _complain(_left_behind(interrupted, gan), f"go on with: cnnspec train --resume {interrupted.folder}")
        return 143 if interrupted.terminated else 130
    except Terminated:
        _complain("interrupted before training began")
        return 143
    return _print(json.dumps(run.to_json(), ensure_ascii=False) if as_json else summary(run, gan), run)


def summary(run: Run, gan: bool = False) -> str:
    """What a run came to, for a person; of a GAN no epoch is the best one."""
    from cnnspec.training.progress import values_text

    shown = {split: values for split, values in run.metrics.items() if values}
    width = max(map(len, shown))
    lines = [f"{split:<{width}}  {values_text(values)}" for split, values in shown.items()]
    kept = f"{'last' if gan else 'best'}: epoch {run.best_epoch} of {run.epochs}"
    lines.append(f"{kept}; {run.seconds:.1f} s in all, {run.images_per_second:,.0f} images/s on {run.device}")
    lines.append(f"run:  {run.folder}")
    return "\n".join(lines)


def _print(result: str, run: Run) -> int:
    """The exit code: a run whose result cannot be printed is whole all the same."""
    try:
        click.echo(result)
    except BrokenPipeError:
        raise
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left to flush goes nowhere
        _complain(f"cannot print the result: {(error.strerror or str(error)).lower()}", f"the run is in {run.folder}")
        return FAILED
    return 0


def _left_behind(interrupted: Interrupted, gan: bool) -> str:
    """What is there of a run that was stopped, and how it goes on."""
    when = f"after {interrupted.epochs} epoch{'s' * (interrupted.epochs != 1)}"
    kept = ""
    if interrupted.best_epoch is not None:
        what = "generator" if gan else "best model so far"
        kept = f"; the {what} (epoch {interrupted.best_epoch}) is {interrupted.folder / 'best.keras'}"
    return f"interrupted {when if interrupted.epochs else 'in the first epoch'}{kept}"


def _fail(failure: Failure) -> NoReturn:
    _complain(failure.message, failure.help)
    raise click.exceptions.Exit(FAILED)


def _complain(message: str, help: str | None = None) -> None:
    paint = paint_for(sys.stderr)
    click.echo(f"{paint('error', 'error')}: {message}", err=True)
    if help:
        click.echo(f"  {paint('help', 'help')}: {help}", err=True)
