"""Writes docs/layers.md from the layers themselves: `make docs`. A test says when it is out of date."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

from cnnspec.language.entries import Entry
from cnnspec.layers.base import LAYERS

PAGE = Path(__file__).parent / "layers.md"
HEAD = """# The layers

Every layer with its rule, its arguments (their defaults after `=`), and an example that runs in the tests. The first
argument that may be written as `name: value` stands first. Every layer also takes `name`, `inputs` and `trainable`.
Shapes leave the batch out.

This page is written by `make docs` from the layers' own texts.
"""


def page() -> str:
    """The whole page."""
    families: dict[str, list[type[Entry]]] = {}
    for cls in LAYERS.values():
        families.setdefault(cls.__module__.rpartition(".")[2], []).append(cls)
    parts = [HEAD]
    for family, classes in families.items():
        parts.append(f"## {family.capitalize()}\n")
        parts += [_entry(cls) for cls in classes]
    return "\n".join(parts)


def _entry(cls: type[Entry]) -> str:
    text, _, example = inspect.cleandoc(cls.__doc__ or "").partition("Example:\n")
    arguments = ", ".join(_argument(cls, name) for name in _ordered(cls))
    lines = [f"### `{cls.entry}`\n", f"{text.strip()}\n"]
    if arguments:
        lines.append(f"Arguments: {arguments}\n")
    if example:
        lines.append("```yaml\n" + inspect.cleandoc(example).rstrip() + "\n```\n")
    return "\n".join(lines)


def _ordered(cls: type[Entry]) -> list[str]:
    fields = cls.model_fields
    names = [name for name in fields if name != "trainable"]
    return sorted(names, key=lambda name: (name != cls.first, not fields[name].is_required()))


def _argument(cls: type[Entry], name: str) -> str:
    field = cls.model_fields[name]
    if field.is_required():
        return f"`{name}`"
    return f"`{name} = {_shown(field.get_default(call_default_factory=True))}`"


def _shown(value: Any) -> str:
    if isinstance(value, Entry):
        return value.entry
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_shown, value)) + "]"
    return str(value)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
