"""`cnnspec code SPEC`."""

from __future__ import annotations

import click

from cnnspec.cli.common import read, require, spec_options, write


@click.command("code")
@click.argument("spec", metavar="SPEC")
@click.option("-o", "--output", metavar="FILE", help="Write to FILE rather than to standard output.")
@spec_options
def command(spec: str, output: str | None, overrides: tuple[str, ...], allow_large: bool) -> None:
    """Print the network of a spec as Keras source.

    A module of its own, in the functional style: a function for each block, loops where the spec repeats, and
    `build_model()`, which gives the same model as the spec: layers, connections, weights. No framework is imported.
    """
    report = read(spec, overrides, allow_large)
    require(report)
    assert report.graph is not None
    from cnnspec.emit.source import code

    write(code(report.graph), output)
