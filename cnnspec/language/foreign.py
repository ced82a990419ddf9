"""Entries as other frameworks write them, in our words: `nn.Conv2d(1, 32, 3)`, `{type: Convolution, pad: 1}`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from cnnspec.language.diagnostics import Diagnostics, Fix
from cnnspec.language.entries import Entry, Vocabulary
from cnnspec.language.habits import NEEDLESS
from cnnspec.language.nodes import MappingNode, Node, ScalarNode
from cnnspec.language.spans import Span
from cnnspec.language.suggest import meant, nearest
from cnnspec.language.words import plain_name

_CONV = ("filters", "kernel_size", "strides", "padding", "dilation_rate")
_POOL = ("pool_size", "strides", "padding")
_HOLDERS = ("config", "args", "arguments", "params", "kwargs", "options")
_GONE = ("top", *NEEDLESS)
_SIZED = {
    "batchnorm", "batchnorm1d", "batchnorm2d", "batchnorm3d", "bn", "layernorm", "instancenorm2d", "instancenorm",
    "instancenormalization",
}  # fmt: skip
"""Their first argument is a size that is known here."""


def sized(name: str) -> bool:
    """Whether the value behind `name` is a size that is known here, as in `BatchNorm2d: 64`."""
    return plain_name(name) in _SIZED


def called(text: str, vocabulary: Vocabulary) -> str | None:
    """`Conv2D(32, 3, activation='relu')` as an entry; None where it does not read so."""
    try:
        tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    if not isinstance(tree, ast.Call):
        return None
    word = ast.unparse(tree.func)
    name = word if word in vocabulary else nearest(word, vocabulary)
    if name is None:
        return None
    cls = vocabulary[name]
    torch = word != name and re.search(r"(?:^|\.)[A-Z]\w*\dd$|Linear$", word) is not None
    order = _order(cls, name, torch)
    pairs: list[tuple[str, ast.expr]] = []
    if sized(word):
        order = ("",)
    if len(tree.args) > len(order):
        return None
    pairs += [(key, value) for key, value in zip(order, tree.args, strict=False) if key]
    pairs += [(keyword.arg or "**", keyword.value) for keyword in tree.keywords]
    written = []
    for key, value in pairs:
        ours = key if key in cls.model_fields else meant(key, cls.model_fields)
        shown = _value(value)
        if key in _GONE:
            continue
        if ours is None or shown is None:
            return None
        written.append(f"{ours}: {shown}")
    if len(written) == 1 and written[0].startswith(f"{cls.first}: "):
        return f"{name}: {written[0].partition(': ')[2]}"
    return f"{name}: {{{', '.join(written)}}}" if written else name


def _order(cls: type[Entry], name: str, torch: bool) -> tuple[str, ...]:
    """The arguments that may stand without their names, in order."""
    known: tuple[str, ...] = (cls.first,) if cls.first else ()
    if re.fullmatch(r"conv\dd(_transpose)?", name):
        known = _CONV[:4]
    elif name == "dense":
        known = ("units",) if torch else ("units", "activation")
    elif "pooling" in name and "global" not in name:
        known = _POOL
    return ("", *known) if torch and name.startswith(("conv", "dense")) else known


def _value(node: ast.expr) -> str | None:
    match node:
        case ast.Constant(value=bool() as value):
            return str(value).lower()
        case ast.Constant(value=int() | float() as value):
            return str(value)
        case ast.Constant(value=str() as value) if re.fullmatch(r"[\w.-]+", value):
            return value.lower()
        case ast.Constant(value=None):
            return "null"
        case ast.Tuple(elts=items) | ast.List(elts=items):
            inner = [_value(item) for item in items]
            return None if None in inner else f"[{', '.join(map(str, inner))}]"
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
            return str(-value)
        case ast.Name(id=word):
            return word
    return None


def typed(node: MappingNode, key: ScalarNode, name: str, cls: type[Entry], diagnostics: Diagnostics) -> str | None:
    """`{type: conv2d, filters: 8}` as an entry; None where it takes more than moving words."""
    pairs = [(word, value) for word, value in node.pairs if word is not key]
    held = [value for word, value in pairs if word.text in _HOLDERS and isinstance(value, MappingNode)]
    outside = [(word, value) for word, value in pairs if word.text not in _HOLDERS]
    pairs = [*outside, *(pair for value in held for pair in value.pairs)]
    written = []
    for word, value in pairs:
        if word.text in _GONE:
            continue
        known = [*cls.model_fields, "name", "inputs"]
        ours = word.text if word.text in known else meant(word.text, known)
        text = diagnostics.text(value.span)
        if ours is None or not text or "\n" in text:
            return None
        written.append(f"{ours}: {text}")
    return f"{name}: {{{', '.join(written)}}}" if written else name


def row(items: Iterable[Node], vocabulary: Vocabulary) -> str | None:
    """What the row of a table is, as in `[-1, 1, Conv, [64, 3, 2]]`."""
    items = list(items)
    if not any(isinstance(item, ScalarNode) and isinstance(item.value, int) for item in items):
        entries = any(isinstance(item, MappingNode) for item in items)
        return "put each of its entries behind one `-`" if entries else None
    for item in items:
        if isinstance(item, ScalarNode) and isinstance(item.value, str):
            name = item.text if item.text in vocabulary else nearest(item.text, vocabulary)
            if name is not None:
                return f"write `- {name}: {{…}}`; `inputs:` names other inputs, and `repeat:` repeats"
    return None


def edited(text: str, at: Span, fixes: Iterable[Fix]) -> str | None:
    """`text`, which stands at `at`, with every fix in it; None where one reaches out of it or two overlap."""
    starts = [0, *(found.end() for found in re.finditer("\n", text))]

    def offset(line: int, column: int) -> int:
        return starts[line - at.line] + column - (at.column if line == at.line else 1)

    end = len(text)
    for fix in sorted(fixes, key=lambda fix: fix.span.order, reverse=True):
        inside = at.line <= fix.span.line and fix.span.end_line <= at.end_line
        if not inside:
            return None
        start, stop = offset(*fix.span[1:3]), offset(*fix.span[3:5])
        if not 0 <= start <= stop <= end:
            return None
        text = text[:start] + fix.text + text[stop:]
        end = start
    return text
