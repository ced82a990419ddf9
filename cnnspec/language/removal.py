"""Fixes that take something out."""

from __future__ import annotations

from cnnspec.language.diagnostics import Fix
from cnnspec.language.nodes import MappingNode, ScalarNode
from cnnspec.language.spans import Span


def removal(node: MappingNode, gone: ScalarNode) -> Fix | None:
    """Takes a key out of a mapping, with its comma; None where that takes more than one cut on one line."""
    at = next((at for at, (key, _) in enumerate(node.pairs) if key is gone), None)
    if at is None or len(node.pairs) == 1:
        return None
    key, value = node.pairs[at]
    span = key.span.to(value.span)
    if span.line != span.end_line:
        return None
    if not node.in_braces:
        return Fix(span, "")
    if at + 1 < len(node.pairs):
        following = node.pairs[at + 1][0].span
        same = following.line == span.line
        return Fix(Span(span.file, span.line, span.column, span.line, following.column), "") if same else None
    before = node.pairs[at - 1][1].span
    if before.end_line != span.line:
        return None
    return Fix(Span(span.file, span.line, before.end_column, span.line, span.end_column), "")
