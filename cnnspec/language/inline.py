"""A spec in one file: what it imports, written into it."""

from __future__ import annotations

from collections.abc import Mapping, Set
from pathlib import Path
from typing import Any

from cnnspec.language.files import Files
from cnnspec.language.nodes import MappingNode, SequenceNode, plain

_NAMES = {"inputs", "over", "as", "add", "subtract", "multiply", "average", "maximum", "minimum", "concatenate", "dot"}
"""Keys whose lists hold names and values, not layers."""


def inlined(root: MappingNode, files: Files) -> dict[str, Any]:
    """The plain values of a document that was read through `files`, with the blocks of its imports among its own.

    An imported block gets the parameters of its file as defaults of its own. Where two files have a block of one name,
    the imported one bears its file's name in front.
    """
    values: dict[str, Any] = plain(root)
    imports = root.get("imports")
    if not isinstance(imports, SequenceNode):
        return values
    del values["imports"]
    own: dict[str, Any] = values.get("blocks") or {}
    blocks: dict[str, Any] = {}
    for reference in imports.items:
        document = files.open(reference, "imports")
        assert document is not None
        inner = inlined(document, files)
        prefix = Path(str(plain(reference))).stem
        taken = {name: f"{prefix}_{name}" for name in inner["blocks"] if name in own or name in blocks}
        for name, block in inner["blocks"].items():
            blocks[taken.get(name, name)] = _with(block, inner.get("parameters") or {}, taken)
    return {**values, "blocks": {**blocks, **own}}


def _with(block: dict[str, Any], parameters: Mapping[str, Any], taken: Mapping[str, str]) -> dict[str, Any]:
    """A block with its file's parameters, and the new names of the blocks that it calls."""
    given = block.get("parameters") or {}
    more = {name: value for name, value in parameters.items() if name not in given and value is not None}
    return {**block, "parameters": {**given, **more}, "layers": _renamed(block["layers"], taken)}


def _renamed(value: Any, taken: Mapping[str, str], skip: Set[str] = _NAMES) -> Any:
    if isinstance(value, list):
        return [taken.get(item, item) if isinstance(item, str) else _renamed(item, taken) for item in value]
    if isinstance(value, dict):
        return {
            taken.get(key, key) if len(value) == 1 else key: inner if key in skip else _renamed(inner, taken)
            for key, inner in value.items()
        }
    return value
