"""`cnnspec summary SPEC`."""

from __future__ import annotations

import json

import click

from cnnspec.cli.common import read, require, spec_options
from cnnspec.emit import table


@click.command("summary")
@click.argument("spec", metavar="SPEC")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@spec_options
def command(spec: str, as_json: bool, overrides: tuple[str, ...], allow_large: bool) -> None:
    """Print the table of a spec's layers.

    For each layer: the output-size formula with its numbers, the output shape, parameters, multiply-adds, how much
    of the input one output sees, and the memory of its output (float32, one sample). A GAN has a table for each of its
    networks. No framework is imported.
    """
    report = read(spec, overrides, allow_large)
    require(report)
    if as_json:
        tables = {name: table.as_json(graph) for name, graph in report.graphs.items()}
        shown = {"name": report.name, "networks": tables} if len(tables) > 1 else next(iter(tables.values()))
        click.echo(json.dumps(shown, indent=2, ensure_ascii=False))
        return
    click.echo(f"{report.name} ({spec})")
    for name, graph in report.graphs.items():
        click.echo(f"\n{name}\n" if len(report.graphs) > 1 else "")
        click.echo(table.as_text(graph))
