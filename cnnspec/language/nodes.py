"""The document as written: scalars, sequences and mappings, each with its place in the text.

Nodes are what the reader returns. `plain` strips the places off; `locate` finds the place of a value again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from cnnspec.language.spans import Span

Atom: TypeAlias = bool | int | float | str | None


@dataclass(frozen=True, slots=True)
class ScalarNode:
    """One value: `value` is what YAML 1.2 makes of it, `text` what the person wrote."""

    value: Atom
    text: str
    span: Span
    size: int = 1


@dataclass(frozen=True, slots=True)
class SequenceNode:
    """A list; `size` counts the nodes in it, itself included, with every alias expanded."""

    items: tuple[Node, ...]
    span: Span
    size: int


@dataclass(frozen=True, slots=True)
class MappingNode:
    """A mapping with unique scalar keys, in the order written."""

    pairs: tuple[tuple[ScalarNode, Node], ...]
    span: Span
    size: int
    _by_key: dict[str, tuple[ScalarNode, Node]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def _pair(self, key: str) -> tuple[ScalarNode, Node] | tuple[None, None]:
        if not self._by_key:
            self._by_key.update({name.text: (name, value) for name, value in reversed(self.pairs)})
        return self._by_key.get(key, (None, None))

    def get(self, key: str) -> Node | None:
        """The value of `key`, or None."""
        return self._pair(key)[1]

    def key(self, key: str) -> ScalarNode | None:
        """The key itself, for its place."""
        return self._pair(key)[0]

    @property
    def in_braces(self) -> bool:
        """Whether it is written as `{…}`, rather than one key a line."""
        return not self.pairs or self.span[1:3] != self.pairs[0][0].span[1:3]

    def without(self, *keys: str) -> MappingNode:
        """This mapping less the pairs of `keys`."""
        return MappingNode(tuple(pair for pair in self.pairs if pair[0].text not in keys), self.span, self.size)


Node: TypeAlias = ScalarNode | SequenceNode | MappingNode


class Spelled:
    """A number with the text that a person wrote for it: as a name, `2.50` is not `2.5`."""

    text: str


class _Int(Spelled, int):
    pass


class _Float(Spelled, float):
    pass


def plain(node: Node, spelled: bool = False) -> Any:
    """The bare Python value of a node: atoms, lists and dictionaries with text keys. With `spelled`, numbers keep the
    text that they were written with."""
    match node:
        case ScalarNode():
            return _spelled(node) if spelled else node.value
        case SequenceNode():
            return [plain(item, spelled) for item in node.items]
        case MappingNode():
            return {key.text: plain(value, spelled) for key, value in node.pairs}


def _spelled(node: ScalarNode) -> Any:
    if isinstance(node.value, bool) or not isinstance(node.value, int | float):
        return node.value
    number = _Int(node.value) if isinstance(node.value, int) else _Float(node.value)
    number.text = node.text
    return number


def locate(node: Node, path: Sequence[str | int], *, key: bool = False) -> Span:
    """The place of the value at `path` below `node` (of its key with `key=True`).

    Where the path leaves the text (a computed value, a default), the last node on the way answers.
    """
    last = len(path) - 1
    for index, step in enumerate(path):
        match node:
            case MappingNode():
                name = node.key(str(step))
                if name is None:
                    return head(node)
                if key and index == last:
                    return name.span
                below = node.get(str(step))
                assert below is not None
                node = below
            case SequenceNode() if isinstance(step, int) and 0 <= step < len(node.items):
                node = node.items[step]
            case _:
                break
    return head(node)


def head(node: Node) -> Span:
    """What to underline for a node: all of it on one line, or else its first key."""
    if node.span.line == node.span.end_line:
        return node.span
    if isinstance(node, MappingNode) and node.pairs:
        return head(node.pairs[0][0])
    if isinstance(node, SequenceNode) and node.items:
        return head(node.items[0])
    return node.span


def walk(node: Node) -> Iterator[Node]:
    """Every node below and including `node`, in the order written."""
    yield node
    match node:
        case SequenceNode():
            for item in node.items:
                yield from walk(item)
        case MappingNode():
            for _, value in node.pairs:
                yield from walk(value)
        case ScalarNode():
            pass


def as_written(node: Node) -> Node:
    """Names as they are written: `1` and `2.50` are names, too."""
    match node:
        case SequenceNode():
            return SequenceNode(tuple(map(as_written, node.items)), node.span, node.size)
        case MappingNode():
            return MappingNode(tuple((key, as_written(value)) for key, value in node.pairs), node.span, node.size)
        case ScalarNode(value=bool() | int() | float()):
            return ScalarNode(node.text, node.text, node.span)
    return node
