"""`cnnspec explain [CODE…]`."""

from __future__ import annotations

import json
import re
import sys
import textwrap
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import click

from cnnspec.cli.terminal import contents, filled

if TYPE_CHECKING:
    from cnnspec.language.render import Paint
    from cnnspec.reference.codes import Code

_PASTED = re.compile(r"(?:error|warn|warning)\[([^\]]*)\]", re.IGNORECASE)
_INDENT = " " * 4


def _complete(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    from cnnspec.reference import codes

    return [name for name in codes.names() if name.startswith(incomplete.lower())]


@click.command("explain")
@click.argument("codes", nargs=-1, metavar="[CODE]...", shell_complete=_complete)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(codes: tuple[str, ...], as_json: bool) -> None:
    """What an error or a warning means, why it matters and how to mend it, with a wrong example and a right one.

    CODE is what stands in brackets, as in error[shape-window]; the whole of it may be pasted. Without CODE, all codes
    are listed. Exits 2 where there is no such code.
    """
    from cnnspec.reference.codes import families, page

    if not codes:
        listed = families()
        document = {"codes": [code.summary() for family in listed.values() for code in family]}
        click.echo(_json(document) if as_json else _contents(listed))
        return
    pages = [page(name) for name in dict.fromkeys(map(_known, codes))]
    if as_json:
        records = [{**found.as_json(), "output": found.output(found.bad) if found.bad else None} for found in pages]
        click.echo(_json({"codes": records}))
        return
    from cnnspec.cli.common import coloured, paint_for, width_of

    paint, columns = paint_for(sys.stdout), width_of(sys.stdout)
    text = "\n\n".join(_page(found, paint, columns and columns - len(_INDENT)) for found in pages)
    click.echo(text, color=coloured(sys.stdout))


def _known(written: str) -> str:
    """The code that is meant by `error[shape-window]` or `SHAPE_WINDOW`. Raises `ClickException` where none is."""
    from cnnspec.language.suggest import nearest
    from cnnspec.reference.codes import names

    pasted = _PASTED.search(written)
    name = (pasted[1] if pasted else written).strip(" `[]:").lower().replace("_", "-")
    known = names()
    if name in known:
        return name
    guess = nearest(name, known)
    help = f"did you mean `{guess}`?" if guess else "`cnnspec explain` lists all"
    raise click.ClickException(f"no code is called `{name}`; {help}")


def _json(document: Mapping[str, object]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2)


def _contents(families: Mapping[str, Iterable[Code]]) -> str:
    listed = contents((family, [(code.code, code.title) for code in codes]) for family, codes in families.items())
    return f"{listed}\n\n`cnnspec explain CODE` tells all of one."


def _page(code: Code, paint: Paint, room: int | None) -> str:
    first = code.severity.split()[0]
    word = {"warning": "warn"}.get(first, first)
    parts = [
        f"{paint(f'{word}[{code.code}]', first)}: {paint(code.title, 'message')}",
        *(_wrapped(paragraph) for paragraph in code.text.split("\n\n")),
    ]
    if code.severity == "error or warning":
        parts.insert(1, "An error or a warning, as the case may be.")
    if code.bad:
        options = "".join(f" --set {override}" for override in code.overrides)
        parts += [paint("Wrong", "message"), _indented(code.bad)]
        for name, text in code.files:
            parts += [f"beside {name}", _indented(text)]
        parts += [
            paint(f"`cnnspec validate spec.yaml{options}` says", "message"),
            _indented(code.output(code.bad, paint, room)),
            paint("Right", "message"),
            _indented(code.good),
        ]
    return "\n\n".join(parts)


def _indented(text: str) -> str:
    return textwrap.indent(text.strip("\n"), _INDENT)


def _wrapped(paragraph: str) -> str:
    """A paragraph filled to the width; lists by item, formulas (indented) as they are."""
    if paragraph.startswith(_INDENT):
        return paragraph
    items = re.split(r"\n(?=- )", paragraph)
    return "\n".join(filled(" ".join(item.split()), below="  " * item.startswith("- ")) for item in items)
