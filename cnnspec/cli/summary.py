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
    of the input one output sees, and the memory of its output (float32, one sample). No framework is imported.
    """
    report = read(spec, overrides, allow_large)
    require(report)
    assert report.graph is not None
    if as_json:
        click.echo(json.dumps(table.as_json(report.graph), indent=2, ensure_ascii=False))
        return
    click.echo(f"{report.graph.name} ({spec})\n")
    click.echo(table.as_text(report.graph))
