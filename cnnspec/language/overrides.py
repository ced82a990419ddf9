"""`--set parameters.alpha=0.5`: values put into the document before it is parsed."""

from __future__ import annotations

from typing import NamedTuple

from cnnspec.language.diagnostics import Diagnostic, Diagnostics
from cnnspec.language.nodes import MappingNode, Node, ScalarNode, SequenceNode
from cnnspec.language.reader import read
from cnnspec.language.spans import Span


class Override(NamedTuple):
    """One `--set`: a path into the document and the text of its new value. Errors are shown in `file`'s text."""

    path: tuple[str, ...]
    value: str
    file: str
    text: str


def parse_override(setting: str) -> Override:
    """`a.b.0=value` as an override. Raises `ValueError` where there is no `=` or no path."""
    path, sign, value = setting.partition("=")
    steps = tuple(path.strip().split("."))
    if not sign or not all(steps):
        raise ValueError(f"`{setting}` is not PATH=VALUE, such as parameters.alpha=0.5")
    return Override(steps, value, f"--set {steps[0]}…" if len(setting) > 60 else f"--set {setting}", setting)


def apply(root: Node, overrides: tuple[Override, ...], diagnostics: Diagnostics) -> Node:
    """The document with each override put in, in the order given."""
    for override in overrides:
        if override.path[0] == "extends":
            here = Span(override.file, 1, 1, 1, len("extends") + 1)
            message = "`extends` is followed before anything is set"
            diagnostics.add(Diagnostic("set-path", message, here, help="write it into the file"))
            continue
        value = _value(override, diagnostics)
        if value is not None:
            root = _put(root, override.path, value, override, diagnostics)
    return root


def _value(override: Override, diagnostics: Diagnostics) -> Node | None:
    """The value's node, its places in the text of the setting itself."""
    start = len(override.text) - len(override.value)
    if not override.value.strip():
        return ScalarNode(None, "", Span(override.file, 1, 1, 1, len(override.text) + 1))
    return read(" " * start + override.value, override.file, diagnostics)


def _put(node: Node, path: tuple[str, ...], value: Node, override: Override, diagnostics: Diagnostics) -> Node:
    if not path:
        return value
    step, rest = path[0], path[1:]
    here = Span(override.file, 1, 1, 1, len(".".join(override.path)) + 1)
    match node:
        case SequenceNode():
            if not step.isdigit() or int(step) >= len(node.items):
                message = f"`{step}` is no item of this list of {len(node.items)}"
                diagnostics.add(Diagnostic("set-path", message, here, help="items count from 0"))
                return node
            items = list(node.items)
            items[int(step)] = _put(items[int(step)], rest, value, override, diagnostics)
            return SequenceNode(tuple(items), node.span, node.size + value.size)
        case ScalarNode() if node.text == step:
            return MappingNode(
                ((node, _put(_empty(here), rest, value, override, diagnostics)),), node.span, node.size + value.size
            )
        case ScalarNode() if node.value is not None:
            message = f"`{node.text}` has nothing called `{step}` in it"
            diagnostics.add(Diagnostic("set-path", message, here, help="set the whole value"))
            return node
        case ScalarNode():
            node = _empty(here)
    below = node.get(step)
    inner = _put(below if below is not None else _empty(here), rest, value, override, diagnostics)
    if below is None:
        key = ScalarNode(step, step, here)
        return MappingNode((*node.pairs, (key, inner)), node.span, node.size + inner.size)
    pairs = tuple((key, inner if key.text == step else old) for key, old in node.pairs)
    return MappingNode(pairs, node.span, node.size + inner.size)


def _empty(span: Span) -> MappingNode:
    return MappingNode((), span, 1)
