"""Fixes that put something in."""

from __future__ import annotations

from cnnspec.language.diagnostics import Fix
from cnnspec.language.nodes import MappingNode


def insertion(node: MappingNode, text: str) -> Fix | None:
    """Puts `text`, a key with its value, among those of a mapping; None where it is not sure how they are written."""
    if not node.pairs:
        return None
    key, value = node.pairs[-1]
    if not node.in_braces:
        indent = " " * (key.span.column - 1)
        return Fix(key.span._replace(end_line=key.span.line, end_column=key.span.column), f"{text}\n{indent}")
    if value.span.order < key.span.order:  # an alias: the value stands elsewhere
        return None
    end = value.span._replace(line=value.span.end_line, column=value.span.end_column)
    return Fix(end, f", {text}")
