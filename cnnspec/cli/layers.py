"""`cnnspec layers [NAME]`."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING

import click

from cnnspec.cli.terminal import contents, filled
from cnnspec.language.suggest import nearest

if TYPE_CHECKING:
    from cnnspec.reference.pages import Argument, Group, Page


@click.command("layers")
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(name: str | None, as_json: bool) -> None:
    """The reference: every layer by family, the words of the language and the standard blocks; with NAME all of one.

    NAME may also be an optimizer, a schedule, a loss, a metric, a callback, an activation, an initializer,
    a regularizer, a constraint, or a data source.
    """
    from cnnspec.reference import pages

    if name is None:
        groups = pages.contents()
        click.echo(json.dumps(pages.as_json(groups), ensure_ascii=False, indent=2) if as_json else _contents(groups))
        return
    found = pages.pages(name)
    if not found:
        guess = nearest(name, pages.names())
        raise click.ClickException(
            f"nothing is called `{name}`" + (f"; did you mean `{guess}`?" if guess else "; `cnnspec layers` lists all")
        )
    if as_json:
        click.echo(json.dumps({"entries": [page.as_json() for page in found]}, ensure_ascii=False, indent=2))
    else:
        click.echo("\n\n".join(_page(page) for page in found))


def _contents(groups: list[Group]) -> str:
    listed = contents((group.title, group.entries) for group in groups)
    return f"{listed}\n\n`cnnspec layers NAME` tells all of one."


def _page(page: Page) -> str:
    signature = filled(page.signature, below="    ")
    lines = [click.style(signature, bold=True), f"{page.name} is {page.kind}.\n"]
    lines += [filled(paragraph) + "\n" for paragraph in page.text.body.split("\n\n")]
    if page.arguments:
        wide = max(len(argument.name) for argument in page.arguments)
        lines += ["Arguments:", *(_argument(argument, wide) for argument in page.arguments), ""]
    if page.kind == "a layer":
        lines.append("As every layer, it also takes `name`, `inputs` and `trainable`.\n")
    lines += [filled(f"Errors: {page.text.errors}") + "\n"] * bool(page.text.errors)
    lines += [filled(f"Source: {page.text.source}") + "\n"] * bool(page.text.source)
    if page.text.example:
        lines += ["Example:", textwrap.indent(page.text.example, "    ")]
    return "\n".join(lines).rstrip()


def _argument(argument: Argument, wide: int) -> str:
    given = "required" if argument.required else f"= {argument.shown}"
    text = f"{argument.takes} ({given})" if argument.takes else given
    return filled(text, f"  {argument.name:{wide}}  ", " " * (wide + 4))
