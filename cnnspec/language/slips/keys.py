"""Keys of a spec in the wrong place: not indented below their section, or below a key that holds all of them."""

from __future__ import annotations

import textwrap
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
        text = textwrap.indent(diagnostics.text(lines), "  ")
        message = f"`{inner[0][0].text}` is not indented below `{holder.text}:`"
        others = f", and what follows it, as parts of `{holder.text}:`" if len(inner) > 1 else ""
        fix = Fix(lines, text) if first.line > holder.span.line else None
        diagnostics.add(Diagnostic("yaml-syntax", message, first, help=f"indent it by two spaces{others}", fix=fix))
        below = MappingNode(inner, first.to(inner[-1][1].span), sum(value.size for _, value in inner) + 1)
        return MappingNode((*node.pairs[:at], (holder, below), *node.pairs[end:]), node.span, node.size)
    return node


def unwrapped(root: MappingNode, known: Collection[str], diagnostics: Diagnostics) -> MappingNode:
    """The document without a key around its keys, as in `model: {input: …, layers: …}`; that is told, with its fix."""
    for at, (key, held) in enumerate(root.pairs):
        if key.text in known or root.get("layers") is not None or not isinstance(held, MappingNode):
            continue
        if held.get("layers") is None or not all(inner.text in known for inner, _ in held.pairs):
            continue
        first = held.pairs[0][0].span
        fix = None
        if first.line > key.span.line:
            span = Span(key.span.file, key.span.line, 1, held.span.end_line, held.span.end_column)
            _, *lines = diagnostics.text(span).split("\n")
            width = first.column - 1
            if all(not line[:width].strip() for line in lines):
                fix = Fix(span, "\n".join(line[width:] for line in lines).removeprefix("\n"))
        message, help = f"the spec has no key `{key.text}`", "take it out: its keys start at the left margin"
        diagnostics.add(Diagnostic("unknown-key", message, key.span, help=help, fix=fix))
        return MappingNode((*root.pairs[:at], *held.pairs, *root.pairs[at + 1 :]), root.span, root.size)
    return root
