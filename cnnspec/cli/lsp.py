"""`cnnspec lsp`."""

from __future__ import annotations

import click


@click.command("lsp")
@click.option("--stdio", is_flag=True, help="Speak over standard input and output (the only way, and the default).")
def command(stdio: bool) -> None:
    """The language server: what is wrong while it is typed, shapes, completion, definitions and quick fixes.

    Editors start it by themselves; docs/editors.md says how to tell them.
    """
    import gc
    import os
    import sys

    from cnnspec.editor.serving import serve

    # Whatever a library prints is no protocol: it goes to stderr.
    protocol = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    gc.freeze()
    gc.enable()
    serve(sys.stdin.buffer, protocol)
