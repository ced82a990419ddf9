"""A spec in one file: what it imports, written into it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cnnspec.language.diagnostics import Diagnostics
from cnnspec.language.expressions import ExpressionError, is_expression
from cnnspec.language.files import Files
from cnnspec.language.imports import standard_root
from cnnspec.language.library import standard_names
from cnnspec.language.nodes import MappingNode, SequenceNode, plain
from cnnspec.language.parameters import parameters_of
from cnnspec.language.scope import Failed

_NAMES = {"inputs", "over", "as", "add", "subtract", "multiply", "average", "maximum", "minimum", "concatenate", "dot"}
"""Keys whose lists hold names and values, not layers."""
_WORD = re.compile(r"[^\W\d]\w*")


@dataclass
class _File:
    """A file, those that it imports, and what its blocks are called in the one file."""

    stem: str
    root: MappingNode
    imports: list[_File] = field(default_factory=list)
    called: dict[str, str] = field(default_factory=dict)

    @property
    def blocks(self) -> dict[str, Any]:
        """Its own blocks."""
        node = self.root.get("blocks")
        return plain(node, spelled=True) or {} if node is not None else {}

    def in_one(self, outer: Mapping[str, str]) -> dict[str, Any]:
        """Its blocks as they stand in the one file; `outer` are new names of standard blocks."""
        names = {**outer, **{name: word for file in self.imports for name, word in file.called.items()}, **self.called}
        parameters = _parameters(self.root)
        return {self.called[name]: _with(block, parameters, names) for name, block in self.blocks.items()}


def inlined(root: MappingNode, files: Files) -> dict[str, Any]:
    """The plain values of a document that was read through `files`, with the blocks of its imports among its own.

    An imported block gets the parameters of its file that it uses as defaults of its own. The blocks that the document
    sees keep their names; others that would hide one, or be hidden, bear their file's name in front, and so does a
    standard block that an import calls and that the document hides.
    """
    values: dict[str, Any] = plain(root, spelled=True)
    if not isinstance(root.get("imports"), SequenceNode):
        return values
    del values["imports"]
    found: dict[int, _File] = {}
    main = _file(root, "", files, found)
    for file in (*reversed(main.imports), main):
        file.called = {name: name for name in file.blocks if file is main or name not in main.blocks}
    taken = {name for file in found.values() for name in file.called}
    hidden = [_File("standard", standard_root(name)) for name in sorted(taken & standard_names())]
    others = [*hidden, *(file for file in found.values() if file is not main)]
    for file in others:
        for name in file.blocks:
            if name not in file.called:
                file.called[name] = _free(name, file.stem, taken)
                taken.add(file.called[name])
    copies = {name: word for file in hidden for name, word in file.called.items()}
    blocks: dict[str, Any] = {}
    for file in others:
        blocks.update(file.in_one(copies))
    words = set(_words(list(blocks.values())))
    used = {name: block for name, block in blocks.items() if name not in copies.values() or name in words}
    return {**values, "blocks": {**used, **main.blocks}}


def _file(root: MappingNode, stem: str, files: Files, found: dict[int, _File]) -> _File:
    """A file with all that it imports; each is in `found` once."""
    if id(root) not in found:
        file = found[id(root)] = _File(stem, root)
        imports = root.get("imports")
        for reference in imports.items if isinstance(imports, SequenceNode) else ():
            document = files.open(reference, "imports")
            assert document is not None
            file.imports.append(_file(document, Path(str(plain(reference))).stem, files, found))
    return found[id(root)]


def _free(name: str, stem: str, taken: Set[str]) -> str:
    word = name
    if word in taken or word in standard_names():
        word = f"{stem}_{name}"
    while word in taken:
        word += "_"
    return word


def _parameters(root: MappingNode) -> dict[str, Any]:
    """The parameters of a file that have a value; computed, but for lists of layers that need the running tensor."""
    diagnostics = Diagnostics()
    scope = parameters_of(root, diagnostics, complete=False)
    values = {}
    for name, binding in scope.bindings.items():
        if binding.node is not None and not binding.missing:
            try:
                values[name] = _lists(scope.value(name, diagnostics))
            except (Failed, ExpressionError):
                values[name] = plain(binding.node)
    return values


def _lists(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_lists(item) for item in value]
    return {key: _lists(inner) for key, inner in value.items()} if isinstance(value, dict) else value


def _with(block: dict[str, Any], parameters: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """A block with its file's parameters, and the new names of the blocks that it calls."""
    given = block.get("parameters") or {}
    used = set(_computed_from([block]))
    for _ in parameters:
        used.update(_computed_from([value for name, value in parameters.items() if name in used]))
    every = {**given, **{name: value for name, value in parameters.items() if name not in given and name in used}}
    every = {name: _renamed(value, names) for name, value in every.items()}
    return {**block, "parameters": every, "layers": _renamed(block["layers"], names)}


def _computed_from(value: Any) -> Iterator[str]:
    """Every word of the expressions below a value."""
    if is_expression(value):
        yield from _WORD.findall(value)
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _computed_from(inner)


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_entry(item, names) for item in value]
    if isinstance(value, dict):
        return {key: inner if key in _NAMES else _renamed(inner, names) for key, inner in value.items()}
    return value


def _entry(item: Any, names: Mapping[str, str]) -> Any:
    """An item of a list: a block is called by an item that is its name, or a mapping of its name alone."""
    if isinstance(item, str):
        return names.get(item, item)
    if isinstance(item, dict) and len(item) == 1:
        return {names.get(key, key): inner for key, inner in _renamed(item, names).items()}
    return _renamed(item, names)


def _words(value: Any) -> Iterator[str]:
    """Every key and every text in lists."""
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        if isinstance(inner, str):
            yield inner
        yield from _words(inner)
    if isinstance(value, dict):
        yield from value
