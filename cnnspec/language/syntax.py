"""The spec as a tree: what parsing makes of the document, with the place of every part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from cnnspec.language.entries import Entry
from cnnspec.language.nodes import MappingNode, Node, ScalarNode
from cnnspec.language.scope import Scope
from cnnspec.language.spans import Span


@dataclass(frozen=True, slots=True)
class Head:
    """What every entry of a `layers:` list has: its place, and its `name:` and `inputs:`."""

    node: Node
    span: Span
    name: Node | None = None
    inputs: Node | None = None


@dataclass(frozen=True, slots=True)
class LayerItem:
    """A layer. `layer` is read already where no argument is an expression; `broken` says that it cannot be."""

    head: Head
    cls: type[Entry]
    arguments: Node | None
    layer: Entry | None
    broken: bool = False


@dataclass(frozen=True, slots=True)
class Residual:
    """`residual: {layers, shortcut, activation}`; `shortcut` is a word's node or a list of layers."""

    head: Head
    layers: Items
    shortcut: Node | Items | None
    shortcut_span: Span
    activation: Node | None


@dataclass(frozen=True, slots=True)
class Branches:
    """`branches: {merge, paths}`."""

    head: Head
    merge: Node | None
    paths: tuple[Items, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """`repeat: {times, layers}` or `repeat: {over, as, layers}`."""

    head: Head
    times: Node | None
    over: Node | None
    names: tuple[ScalarNode, ...]
    single: bool
    layers: Items


@dataclass(frozen=True, slots=True)
class When:
    """`when: {condition, layers, otherwise}`."""

    head: Head
    condition: Node
    layers: Items
    otherwise: Items


@dataclass(frozen=True, slots=True)
class Call:
    """A block, called like a layer."""

    head: Head
    block: str
    arguments: MappingNode | None


@dataclass(frozen=True, slots=True)
class Splice:
    """`$name` where layers are wanted: the list of layers that the parameter holds."""

    head: Head
    parameter: str


@dataclass(frozen=True, slots=True)
class Broken:
    """An entry that does not read; what is wrong has been said."""

    head: Head


Item: TypeAlias = LayerItem | Residual | Branches | Repeat | When | Call | Splice | Broken
Items: TypeAlias = tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """A declared block: its parameters (None: required) and its layers."""

    name: str
    span: Span
    parameters: dict[str, Node | None]
    layers: Items
    recursive: bool = False


@dataclass(frozen=True, slots=True)
class Spec:
    """A parsed spec: what elaboration needs, and the sections that are read later."""

    name: str
    input: tuple[int | None, ...] | None
    input_span: Span
    scope: Scope
    blocks: dict[str, Block]
    layers: Items
    layers_span: Span
    document: MappingNode
    data: MappingNode | None
    training: MappingNode | None
