"""What is declared around a place: blocks, parameters, names of entries, wherever the text of their file has them."""

from __future__ import annotations

import os
from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

from cnnspec.editor.grammar import Place
from cnnspec.editor.lines import Range
from cnnspec.editor.loose import parse
from cnnspec.editor.tree import Listing, Scalar, Step, Tree
from cnnspec.editor.tree import Mapping as Keys
from cnnspec.language.library import STANDARD, standard_names
from cnnspec.language.spans import STANDARD_FILES

_FILES = 100
_LARGEST = 300_000
"""A longer text is checked, and no more: nobody types into it."""
Load = Callable[[str], str | None]
"""The text of a file, by its path; None where there is none."""


class Target(NamedTuple):
    """A place in a file."""

    file: str
    range: Range


class Parameter(NamedTuple):
    """A parameter: its default as it is written (None: it must be given), and the place of its name."""

    name: str
    default: str | None
    target: Target


class Block(NamedTuple):
    """A declared block."""

    name: str
    target: Target
    parameters: dict[str, Parameter]
    inputs: tuple[Scalar, ...]
    layers: Tree | None


class Source:
    """A file's text and tree, and what it declares."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text
        self.tree = parse(text) if len(text) <= _LARGEST else None

    def get(self, key: str) -> Tree | None:
        """The value of a key of the spec."""
        return self.tree.get(key) if isinstance(self.tree, Keys) else None

    def target(self, scalar: Scalar) -> Target:
        """The place of a word."""
        return Target(self.file, Range(scalar.start, scalar.end))

    def path(self, written: str) -> str:
        """The file that a path in this one names."""
        return os.path.normpath(os.path.join(os.path.dirname(self.file), written))  # noqa: PTH118, PTH120

    def parameters(self, node: Tree | None) -> dict[str, Parameter]:
        """The parameters that a mapping declares."""
        pairs = node.pairs if isinstance(node, Keys) else []
        return {
            pair.key.text: Parameter(pair.key.text, self.written(pair.value), self.target(pair.key)) for pair in pairs
        }

    def written(self, node: Tree | None) -> str | None:
        """A value in one line; None for nothing."""
        text = " ".join(self.text[node.start : node.end].split()) if node is not None else ""
        if isinstance(node, Listing | Keys) and not node.flow:
            return "…"
        return None if text in ("", "null", "~") else text

    @cached_property
    def blocks(self) -> dict[str, Block]:
        """The blocks that this file declares."""
        node = self.get("blocks")
        found = {}
        for pair in node.pairs if isinstance(node, Keys) else []:
            body = pair.value if isinstance(pair.value, Keys) else None
            names = tuple(item for item in _items(body and body.get("inputs")) if isinstance(item, Scalar))
            parameters = self.parameters(body.get("parameters") if body else None)
            layers = body.get("layers") if body else None
            found[pair.key.text] = Block(pair.key.text, self.target(pair.key), parameters, names, layers)
        return found

    def references(self, key: str) -> list[Scalar]:
        """The paths under `extends` or `imports`."""
        node = self.get(key)
        items = node.items if isinstance(node, Listing) else [node]
        return [item for item in items if isinstance(item, Scalar) and item.text]


def _items(node: Tree | None) -> list[Tree | None]:
    return node.items if isinstance(node, Listing) else []


def family(source: Source, load: Load) -> Iterator[Source]:
    """A file, and those that it extends, nearest first."""
    seen = {source.file}
    at: Source | None = source
    while at is not None and len(seen) < _FILES:
        yield at
        paths = [at.path(word.text) for word in at.references("extends")[:1]]
        at = opened(paths[0], load) if paths and paths[0] not in seen else None
        seen.update(paths)


def opened(file: str, load: Load) -> Source | None:
    """A file's text and tree; None where it cannot be read."""
    text = load(file)
    return None if text is None else source_of(file, text)


_LATEST: dict[str, Source] = {}


def source_of(file: str, text: str) -> Source:
    """A file's text and tree, which are read once for each text that it has."""
    known = _LATEST.get(file)
    if known is None or known.text != text:
        known = _LATEST[file] = Source(file, text)
    return known


def blocks_of(source: Source, load: Load) -> dict[str, Block]:
    """The blocks in scope of a file, but for the standard ones: its own win over inherited and imported ones."""
    found: dict[str, Block] = {}
    relatives = list(family(source, load))
    for relative in relatives:
        found = {**relative.blocks, **found}
    for relative in relatives:
        for word in relative.references("imports")[:_FILES]:
            imported = opened(relative.path(word.text), load)
            found = {**(imported.blocks if imported else {}), **found}
    return found


def standard(name: str) -> Block | None:
    """A standard block, in its file."""
    if name not in standard_names():
        return None
    file = STANDARD / f"{name}.yaml"
    return source_of(str(file), file.read_text(encoding="utf-8")).blocks.get(name)


def on_disk(file: str) -> str:
    """The path of a span's file: those of standard blocks are named by where they stand in the package."""
    return str(STANDARD / file.removeprefix(STANDARD_FILES)) if file.startswith(STANDARD_FILES) else file


def parameters_of(source: Source, load: Load) -> dict[str, Parameter]:
    """The parameters of a file: its own win over inherited ones."""
    found: dict[str, Parameter] = {}
    for relative in family(source, load):
        found = {**relative.parameters(relative.get("parameters")), **found}
    return found


def parameters_at(source: Source, steps: tuple[Step, ...], outer: dict[str, Parameter]) -> ChainMap[str, Parameter]:
    """The parameters that `$` finds at a place: of the repetitions around, of the block, of the file (`outer`)."""
    found: dict[str, Parameter] = {}
    for step in reversed(steps):
        if not isinstance(step.node, Keys) or step.key != "layers":
            continue
        names = step.node.get("as")
        words = names.items if isinstance(names, Listing) else [names]
        for word in words:
            if isinstance(word, Scalar) and word.text:
                found.setdefault(word.text, Parameter(word.text, None, source.target(word)))
    if len(steps) > 1 and steps[0].key == "blocks":
        block = source.blocks.get(str(steps[1].key))
        found = {**(block.parameters if block else {}), **found}
    return ChainMap(found, outer)


class Name(NamedTuple):
    """A name of an entry: where it is given, and the entry (None for an input)."""

    name: str
    target: Target
    entry: Keys | None = None


def names_at(
    source: Source, steps: tuple[Step, ...], places: list[Place], given: Callable[[Listing], list[tuple[int, Name]]]
) -> dict[str, Name]:
    """The names that an entry at a place may take, nearest first: those above it in its list and in those around.

    `given` tells the names that the items of a list give, each with the item's number.
    """
    found: dict[str, Name] = {}
    outside = 2 if steps and steps[0].key == "blocks" else 0
    for depth in range(len(steps) - 1, outside - 1, -1):
        step = steps[depth]
        if isinstance(step.node, Listing) and isinstance(step.key, int) and places[depth].of_layers:
            repeated = any(around.key == "repeat" for around in steps[max(0, depth - 2) : depth])
            for at, name in reversed(given(step.node)):
                if repeated or at < step.key:
                    found.setdefault(name.name, name)
    for word in _inputs(source, steps):
        found.setdefault(word.text, Name(word.text, source.target(word)))
    return found


def names_of(source: Source, items: Tree | None, blocks: Mapping[str, Block]) -> dict[str, Name]:
    """The names that a list of layers gives, and the inputs: what `outputs` may say."""
    return {name.name: name for _, name in _named(source, _items(items), blocks)}


def names_in(source: Source, items: Listing, blocks: Mapping[str, Block]) -> list[tuple[int, Name]]:
    """The names that the items of a list of layers give, each with the item's number."""
    return list(_named(source, items.items, blocks))


def _inputs(source: Source, steps: tuple[Step, ...]) -> list[Scalar]:
    """The names of what comes in: into the block, or into the network."""
    if len(steps) > 1 and steps[0].key == "blocks":
        block = source.blocks.get(str(steps[1].key))
        return list(block.inputs) if block else []
    several = source.get("inputs")
    if isinstance(several, Keys):
        return [pair.key for pair in several.pairs]
    alone = source.tree.pair("input") if isinstance(source.tree, Keys) else None
    return [alone.key] if alone else []


def _named(source: Source, items: list[Tree | None], blocks: Mapping[str, Block]) -> Iterator[tuple[int, Name]]:
    """The names that entries give, and (with dots) those within the ones that have a name."""
    for at, item in enumerate(items):
        name = name_of(item)
        if name is None or not isinstance(item, Keys):
            continue
        called = blocks.get(item.pairs[0].key.text)
        if called is not None and called.target.file == source.file:
            for _, inner in _named(source, _items(called.layers), {}):
                yield at, inner._replace(name=f"{name.text}.{inner.name}")
        yield from ((at, inner) for inner in _within(source, name.text, item, 0))
        yield at, Name(name.text, source.target(name), item)


def _within(source: Source, prefix: str, entry: Tree | None, depth: int) -> Iterator[Name]:
    """The names in the lists of a structure, seen from outside."""
    stack: list[Tree | None] = [pair.value for pair in entry.pairs] if isinstance(entry, Keys) else []
    while stack and depth < 4:
        node = stack.pop()
        if isinstance(node, Listing):
            for item in node.items:
                name = name_of(item)
                if name is not None and isinstance(item, Keys):
                    yield Name(f"{prefix}.{name.text}", source.target(name), item)
                    yield from _within(source, f"{prefix}.{name.text}", item, depth + 1)
                else:
                    stack.append(item)
        elif isinstance(node, Keys):
            stack += [pair.value for pair in node.pairs]


def name_of(item: Tree | None) -> Scalar | None:
    """The name that an entry gives its output."""
    if not isinstance(item, Keys) or not item.pairs:
        return None
    first = item.pairs[0]
    value = (
        first.value if first.key.text == "name" else first.value.get("name") if isinstance(first.value, Keys) else None
    )
    return value if isinstance(value, Scalar) and value.text else None
