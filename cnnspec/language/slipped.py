"""Keys that stand beside the key which they belong below, because they are not indented."""

from __future__ import annotations

from collections.abc import Collection

from cnnspec.language.diagnostics import Diagnostic, Diagnostics, Fix
from cnnspec.language.nodes import MappingNode, ScalarNode
from cnnspec.language.spans import Span


def slipped(
    node: MappingNode, holders: Collection[str], known: Collection[str], diagnostics: Diagnostics
) -> MappingNode:
    """The mapping with keys that it does not know moved below an empty key of `holders` right before them; that is
    told once, with its fix."""
    for at, (holder, value) in enumerate(node.pairs):
        empty = isinstance(value, ScalarNode) and value.value is None and value.text == ""
        if not empty or holder.text not in holders:
            continue
        end = at + 1
        while end < len(node.pairs) and node.pairs[end][0].text not in known:
            end += 1
        inner = node.pairs[at + 1 : end]
        if not inner:
            continue
        first = inner[0][0].span
        lines = Span(first.file, first.line, 1, inner[-1][1].span.end_line, inner[-1][1].span.end_column)
        text = "\n".join("  " + line if line.strip() else line for line in diagnostics.text(lines).split("\n"))
        message = f"`{inner[0][0].text}` is not indented below `{holder.text}:`"
        others = f", and what follows it, as parts of `{holder.text}:`" if len(inner) > 1 else ""
        fix = Fix(lines, text) if first.line > holder.span.line else None
        diagnostics.add(Diagnostic("yaml-syntax", message, first, help=f"indent it by two spaces{others}", fix=fix))
        below = MappingNode(inner, first.to(inner[-1][1].span), sum(value.size for _, value in inner) + 1)
        return MappingNode((*node.pairs[:at], (holder, below), *node.pairs[end:]), node.span, node.size)
    return node
