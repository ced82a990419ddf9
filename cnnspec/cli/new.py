"""`cnnspec new NAME`."""

from __future__ import annotations

import re
from pathlib import Path

import click

TEMPLATES = Path(__file__).parents[1] / "templates"
_NAMES = ("classifier", "residual", "unet", "autoencoder")


@click.command("new")
@click.argument("name")
@click.option(
    "--template", type=click.Choice(_NAMES), default="classifier", show_default=True, help="What to start from."
)
def command(name: str, template: str) -> None:
    """Start a spec: writes NAME.yaml, which validates and trains as it is. With `-` it is printed.

    NAME may have a folder before it. A file that is there already is left alone.
    """
    if name == "-":
        click.echo(text_of(template, template), nl=False)
        return
    path = Path(name if name.endswith((".yaml", ".yml")) else f"{name}.yaml")
    if not re.fullmatch(r"[\w.-]*\w[\w.-]*", path.stem):
        raise click.UsageError(f"`{path.stem}` cannot name a network: use letters, digits, `_`, `-`, `.`")
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text_of(template, path.stem))
    except FileExistsError:
        raise click.ClickException(f"{path} is there already") from None
    except OSError as error:
        from cnnspec.cli.common import unwritable

        raise unwritable(path, error) from None
    click.echo(f"{path}: a spec from the template `{template}`. Next:\n")
    click.echo(f"  cnnspec validate {shell(path)}\n  cnnspec train {shell(path)}")


def text_of(template: str, name: str) -> str:
    """The text of a template with the name of the network put in."""
    text = (TEMPLATES / f"{template}.yaml").read_text(encoding="utf-8")
    return re.sub(r"^name: .*$", f"name: {written(name)}", text, count=1, flags=re.MULTILINE)


def written(name: str) -> str:
    """A name as YAML text: quoted where it would be read as a number, a truth or null."""
    from cnnspec.language.scalars import is_text

    return name if is_text(name) and name[0] not in "-." else f'"{name}"'


def shell(path: Path) -> str:
    """A path as a shell takes it."""
    import shlex

    return shlex.quote(str(path))
