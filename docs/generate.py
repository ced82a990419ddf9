"""Writes docs/layers.md and docs/cnnspec.schema.json from the entries themselves: `make docs`. Tests say when one is
out of date."""

from __future__ import annotations

from pathlib import Path

from cnnspec.layers.base import LAYERS
from cnnspec.reference.kinds import families
from cnnspec.reference.schema import as_text, schema
from cnnspec.reference.standard import standard_blocks
from cnnspec.reference.texts import text_of
from cnnspec.reference.values import signature, signature_of

PAGE = Path(__file__).parent / "layers.md"
SCHEMA = Path(__file__).parent / "cnnspec.schema.json"
HEAD = """# The layers

Every layer with its rule, its arguments (their defaults after `=`), and an example that runs in the tests. The first
argument that may be written as `name: value` stands first. Every layer also takes `name`, `inputs` and `trainable`.
Shapes leave the batch out. The standard blocks stand at the end; they are called like layers.

This page is written by `make docs` from the layers' own texts; `cnnspec layers NAME` prints the same.
"""


def page() -> str:
    """The whole page of layers."""
    parts = [HEAD]
    for family, names in families().items():
        parts.append(f"## {family.replace('_', ' ').capitalize()}\n")
        for name in names:
            parts.append(_entry(name, text_of(LAYERS[name].__doc__).with_arguments(signature(LAYERS[name]))))
    blocks = standard_blocks()
    parts += ["## Standard blocks\n"] * bool(blocks)
    parts += [_entry(name, block.text.with_arguments(signature_of(block.parameters))) for name, block in blocks.items()]
    return "\n".join(parts)


def _entry(name: str, markdown: str) -> str:
    return f"### `{name}`\n\n{markdown}\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    SCHEMA.write_text(as_text(schema()), encoding="utf-8")
