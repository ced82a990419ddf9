"""The outline of a spec: its sections, its blocks, and its entries with what is nested in them."""

from __future__ import annotations

from bisect import bisect_left
from typing import Literal, NamedTuple

from cnnspec.editor.around import is_spec
from cnnspec.editor.declared import Source, name_of
from cnnspec.editor.grammar import Place, root
from cnnspec.editor.hints import Hint
from cnnspec.editor.lines import Range
from cnnspec.editor.tree import Listing, Mapping, Scalar, Tree

_MOST = 20_000


class Symbol(NamedTuple):
    """One line of the outline: `range` is all of it, `word` its name."""

    name: str
    kind: Literal["section", "block", "entry", "value"]
    detail: str
    range: Range
    word: Range
    children: tuple[Symbol, ...] = ()


def outline(source: Source, hints: list[Hint]) -> list[Symbol]:
    """The outline; an entry's detail is its name and its output shape."""
    tree = source.tree
    if not is_spec(source) or not isinstance(tree, Mapping):
        return []
    shapes = {hint.offset: hint.text for hint in hints}
    ends = _line_ends(source.text)
    maker = _Outline(source, shapes, ends)
    pairs = [pair for pair in tree.pairs if pair.key.text]
    return [maker.section(pair.key, pair.value, root().step(pair.key.text, {})) for pair in pairs]


def _line_ends(text: str) -> list[int]:
    return [at for at, char in enumerate(text) if char in "\r\n"] + [len(text)]


class _Outline:
    def __init__(self, source: Source, shapes: dict[int, str], ends: list[int]) -> None:
        self.source = source
        self.shapes = shapes
        self.ends = ends
        self.left = _MOST

    def section(self, key: Scalar, value: Tree | None, place: Place) -> Symbol:
        """A key of the spec with what is in it."""
        children: list[Symbol] = []
        if key.text == "blocks" and isinstance(value, Mapping):
            for pair in value.pairs:
                layers = pair.value.get("layers") if isinstance(pair.value, Mapping) else None
                inner = tuple(self.entries(layers, 0))
                children.append(self.symbol(pair.key, "block", "", pair.value, inner))
        elif place.of_layers:
            children = self.entries(value, 0)
        elif isinstance(value, Mapping):
            children = [self.symbol(pair.key, "value", self.short(pair.value), pair.value) for pair in value.pairs]
        return self.symbol(key, "section", "" if children else self.short(value), value, tuple(children))

    def entries(self, node: Tree | None, depth: int) -> list[Symbol]:
        """The entries of a list of layers."""
        found = []
        for item in node.items if isinstance(node, Listing) else []:
            self.left -= 1
            key = item.pairs[0].key if isinstance(item, Mapping) and item.pairs else item
            if not isinstance(key, Scalar) or not key.text or self.left < 0:
                continue
            name = name_of(item)
            inner = self.within(item.pairs[0].value if isinstance(item, Mapping) else None, depth + 1)
            detail = " ".join(part for part in (name.text if name else "", self.shape(key)) if part)
            found.append(self.symbol(key, "entry", detail, item, tuple(inner)))
        return found

    def within(self, node: Tree | None, depth: int) -> list[Symbol]:
        """The entries in the lists of a structure."""
        if depth > 30:
            return []
        if isinstance(node, Listing):
            if any(isinstance(item, Listing) for item in node.items):
                return [symbol for item in node.items for symbol in self.within(item, depth + 1)]
            return self.entries(node, depth) if any(isinstance(item, Mapping) for item in node.items) else []
        if not isinstance(node, Mapping):
            return []
        lists = [node.get(key) for key in ("layers", "shortcut", "paths", "otherwise")]
        return [symbol for each in lists for symbol in self.within(each, depth + 1)]

    def shape(self, key: Scalar) -> str:
        """The hint behind the line of an entry."""
        return self.shapes.get(self.ends[bisect_left(self.ends, key.end)], "")

    def short(self, node: Tree | None) -> str:
        """A value in a few words."""
        text = self.source.written(node) or ""
        return text if len(text) <= 40 else text[:39] + "…"

    def symbol(
        self,
        key: Scalar,
        kind: Literal["section", "block", "entry", "value"],
        detail: str,
        value: Tree | None,
        children: tuple[Symbol, ...] = (),
    ) -> Symbol:
        """A line of the outline."""
        word = Range(key.start, key.end)
        end = max([key.end, value.end if value else 0, *_ends(value), *(child.range.end for child in children)])
        return Symbol(key.text or "?", kind, detail, Range(key.start, end), word, children)


def _ends(node: Tree | None) -> list[int]:
    """Where the last parts of a node end: a collection that is not in brackets ends with them."""
    found = []
    while node is not None:
        found.append(node.end)
        if isinstance(node, Mapping) and node.pairs:
            found.append(node.pairs[-1].key.end)
            node = node.pairs[-1].value
        elif isinstance(node, Listing) and node.items:
            node = node.items[-1]
        else:
            node = None
    return found
