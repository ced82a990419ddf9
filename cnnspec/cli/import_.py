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
@click.option("--verify/--no-verify", default=True, help="Whether the spec's outputs are compared with the model's.")
def command(
    model: str,
    output: str | None,
    name: str | None,
    input_shape: tuple[int | None, ...] | None,
    partial: bool,
    verify: bool,
) -> int:
    """Write the spec of a Keras model: a `.keras` file, or `keras.applications:NAME`.

    The spec makes the same network: the same layers with the same weights. What repeats is folded into `repeat` and
    `blocks`. Nothing in the file is run, and no weights are downloaded. The spec is built and compared with the model
    on random inputs, with copied weights, and with those of the file as `weights:` loads them; the largest difference
    is printed on stderr. Exits 1 where layers have no word in the language (they are listed), 2 where MODEL cannot be
    read, 3 where the spec would compute something else (by more than 1e-5 of the largest output); then nothing is
    written.
    """
    from cnnspec.training.device import start

    start(device="cpu")
    from cnnspec import pipeline
    from cnnspec.importing.keras_files import load
    from cnnspec.importing.keras_freezing import freeze_patterns
    from cnnspec.importing.keras_model import Unreadable, read_model
    from cnnspec.importing.spec import as_spec, prepared
    from cnnspec.importing.write import freezing

    paint = paint_for(sys.stderr)
    try:
        source = load(model, input_shape)
        network = prepared(read_model(source, name))
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
    proof = None
    text = as_spec(network, model if model.startswith("keras.applications:") else Path(model).name)
    report = pipeline.check_text(text, output if output and output != "-" else "<import>")
    if verify and report.ok and report.graph is not None and not network.gaps:
        from cnnspec.importing.keras_proof import prove

        file = None if model.startswith("keras.applications:") else Path(model)
        try:
            proof = prove(source, report.graph, network, file)
        except ValueError as error:
            click.echo(f"{paint('error', 'error')}: not compared: {error}; `--no-verify` leaves this out", err=True)
            return 3
        click.echo(str(proof), err=True)
        if not proof.holds:
            click.echo(f"{paint('error', 'error')}: the spec would compute something else; it is not written", err=True)
            return 3
    for remark in network.remarks:
        click.echo(f"{paint('warning', 'warning')}: {remark}", err=True)
    if report.ok and report.graph is not None:
        text = freezing(text, freeze_patterns(source, report.graph, proof))
    write(text, output)
    if report.ok:
        return 0
    click.echo(str(report), err=True)
    return 0 if partial else 1
