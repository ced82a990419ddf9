"""`cnnspec import MODEL`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from cnnspec.cli.common import paint_for, write


def _shape(ctx: click.Context, parameter: click.Parameter, value: str | None) -> tuple[int | None, ...] | None:
    if value is None:
        return None
    sizes = [size.strip() for size in value.strip("[]() ").split(",")]
    if not all((size.isdecimal() and int(size) > 0) or size in ("null", "None") for size in sizes):
        raise click.BadParameter(f"`{value}` is no shape; write e.g. 64,64,3")
    return tuple(int(size) if size.isdecimal() else None for size in sizes)


@click.command("import")
@click.argument("model", metavar="MODEL")
@click.option("-o", "--output", type=click.Path(dir_okay=False), help="Where to write the spec; standard output else.")
@click.option("--name", help="The spec's name; the model's else.")
@click.option("--input-shape", metavar="H,W,C", callback=_shape, help="For keras.applications: the input, as 64,64,3.")
@click.option("--partial", is_flag=True, help="Write what can be expressed; comments mark what cannot.")
def command(
    model: str, output: str | None, name: str | None, input_shape: tuple[int | None, ...] | None, partial: bool
) -> int:
    """Write the spec of a Keras model: a `.keras` file, or `keras.applications:NAME`.

    The spec makes the same network: the same layers with the same weights in the same order. What repeats is folded
    into `repeat` and `blocks`. Weights are neither read nor downloaded, and nothing in the file is run.
    Exits 1 where layers have no word in the language (they are listed), 2 where MODEL cannot be read.
    """
    from cnnspec.training.device import start

    start(device="cpu")
    from cnnspec.importing.keras_files import load
    from cnnspec.importing.keras_model import Unreadable, read_model
    from cnnspec.importing.spec import as_spec, prepared

    paint = paint_for(sys.stderr)
    try:
        network = prepared(read_model(load(model, input_shape), name))
    except Unreadable as error:
        click.echo(f"{paint('error', 'error')}: {error}", err=True)
        return 1 if error.foreign else 2
    if network.gaps:
        many = f"{len(network.gaps)} layer{'s' * (len(network.gaps) != 1)} could not be imported"
        role = "warning" if partial else "error"
        click.echo(f"{paint(role, role)}: {many}", err=True)
        for gap in network.gaps:
            click.echo(f"  {gap}", err=True)
        if not partial:
            click.echo("`--partial` writes the rest, with comments in their places", err=True)
            return 1
    text = as_spec(network, model if model.startswith("keras.applications:") else Path(model).name)
    write(text, output)
    return _checked(text, output if output and output != "-" else "<import>", partial)


def _checked(text: str, file: str, partial: bool) -> int:
    """Say what is wrong with the spec, where something is: past a limit, or behind a gap."""
    from cnnspec import pipeline

    report = pipeline.check_text(text, file)
    if report.ok:
        return 0
    click.echo(str(report), err=True)
    return 0 if partial else 1
