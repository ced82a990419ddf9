"""`cnnspec validate SPEC…`."""

from __future__ import annotations

import sys

import click

from cnnspec.cli.common import coloured, paint_for, read, spec_options
from cnnspec.graph.graph import Graph
from cnnspec.language import render
from cnnspec.language.diagnostics import Diagnostic
from cnnspec.language.spans import Span


@click.command("validate")
@click.argument("specs", nargs=-1, required=True, metavar="SPEC...")
@click.option("--format", "format_", type=click.Choice(["text", "concise", "json"]), default="text", show_default=True)
@click.option("--deep", is_flag=True, help="Also build in Keras and compare every layer with its rule.")
@spec_options
def command(specs: tuple[str, ...], format_: str, deep: bool, overrides: tuple[str, ...], allow_large: bool) -> int:
    """Check that specs hold: everything that can be known without a framework.

    `-` reads standard input. Exits 1 where a spec has an error, 2 where a file cannot be read.
    """
    found: list[Diagnostic] = []
    sources: dict[str, str] = {}
    unread = False
    wrong = 0
    for path in specs:
        try:
            report = read(path, overrides, allow_large)
        except click.ClickException as error:
            unread = True
            found.append(Diagnostic("file-unreadable", error.message, Span(path, 1, 1, 1, 1)))
            if format_ != "json":
                click.echo(f"{paint_for(sys.stderr)('error', 'error')}: {error.message}", err=True)
            continue
        deeper = _deep(report.graph) if deep and report.graph is not None else []
        found.extend([*report.diagnostics, *deeper])
        sources.update(report.sources)
        wrong += not report.ok or bool(deeper)
        if format_ == "text" and report.ok and report.graph is not None:
            shapes = ", ".join(map(_shape, report.graph.output_shapes.values()))
            total = sum(node.parameters for node in report.graph.nodes)
            notes = "" if not report.diagnostics else f" ({_count(len(report.diagnostics), 'warning')})"
            click.echo(
                f"{path}: ok, {_count(len(report.graph.nodes), 'layer')}, {total:,} parameters, output {shapes}{notes}"
            )
    _print(found, sources, format_)
    if unread:
        return 2
    return 1 if wrong else 0


def _deep(graph: Graph) -> list[Diagnostic]:
    from cnnspec.training.device import start

    start(device="cpu")
    from cnnspec.emit.deep import differences

    return [
        Diagnostic(
            "deep-difference",
            f"`{node.layer.entry}`: {message}",
            node.span,
            help="this is a mistake in cnnspec: please report it with the spec",
        )
        for node, message in differences(graph)
    ]


def _shape(shape: tuple[int | None, ...]) -> str:
    from cnnspec.layers.base import show

    return show(shape)


def _print(found: list[Diagnostic], sources: dict[str, str], format_: str) -> None:
    if format_ == "json":
        click.echo(render.as_json(found))
        return
    readable = [item for item in found if item.code != "file-unreadable"]
    if not readable:
        return
    renderer = render.text if format_ == "text" else render.concise
    click.echo(renderer(readable, sources, paint_for(sys.stdout)), color=coloured(sys.stdout))
    if format_ == "text":
        errors = sum(item.severity == "error" for item in readable)
        warnings = len(readable) - errors
        parts = [_count(errors, "error")] * bool(errors) + [_count(warnings, "warning")] * bool(warnings)
        click.echo(f"\n{', '.join(parts)}")


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"
