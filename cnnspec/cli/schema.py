"""`cnnspec schema`."""

from __future__ import annotations

import click


@click.command("schema")
def command() -> None:
    """Print the JSON Schema of the language, for editors.

    Save it, and name it in the first line of a spec:

    \b
        cnnspec schema > cnnspec.schema.json
        # yaml-language-server: $schema=cnnspec.schema.json
    """
    from cnnspec.reference.schema import as_text, schema

    click.echo(as_text(schema()), nl=False)
