"""`cnnspec code SPEC`."""

from __future__ import annotations

import click

from cnnspec.cli.common import network_option, one_network, read, require, spec_options, write


@click.command("code")
@click.argument("spec", metavar="SPEC")
@click.option("-o", "--output", metavar="FILE", help="Write to FILE rather than to standard output.")
@spec_options
@network_option
def command(spec: str, output: str | None, overrides: tuple[str, ...], allow_large: bool, network: str | None) -> None:
    """Print the network of a spec as Keras source.

    A module of its own, in the functional style: a function for each block, loops where the spec repeats, and
    `build_model()`, which gives the same model as the spec: layers, connections, weights. Of a GAN, `--network` says
    which of its two. No framework is imported.
    """
    report = read(spec, overrides, allow_large)
    require(report)
    from cnnspec.emit.source import code

    write(code(one_network(report, network)), output)
