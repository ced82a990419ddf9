"""The spec as a tree: what parsing makes of the document, with the place of every part."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from cnnspec.language.entries import Entry
from cnnspec.language.nodes import MappingNode, Node, ScalarNode
from cnnspec.language.scope import Scope
from cnnspec.language.spans import Span


class Head(NamedTuple):
    """What every entry of a `layers:` list has: its place, and its `name:` and `inputs:`."""

    node: Node
    span: Span
    name: Node | None = None
    inputs: Node | None = None


class LayerItem(NamedTuple):
    """A layer. `layer` is read already where no argument is an expression; `broken` says that it cannot be."""

    head: Head
    cls: type[Entry]
    arguments: Node | None
    layer: Entry | None
    broken: bool = False


class Residual(NamedTuple):
    """`residual: {layers, shortcut, activation}`; `shortcut` is a word's node or a list of layers."""

    head: Head
    layers: Items
    shortcut: Node | Items | None
    shortcut_span: Span
    activation: Node | None


class Branches(NamedTuple):
    """`branches: {merge, paths}`."""

    head: Head
    merge: Node | None
    paths: tuple[Items, ...]


class Repeat(NamedTuple):
    """`repeat: {times, layers}` or `repeat: {over, as, layers}`."""

    head: Head
    times: Node | None
    over: Node | None
    names: tuple[ScalarNode, ...]
    single: bool
    layers: Items


class When(NamedTuple):
    """`when: {condition, layers, otherwise}`."""

    head: Head
    condition: Node
    layers: Items
    otherwise: Items


class Call(NamedTuple):
    """A block, called like a layer."""

    head: Head
    block: str
    arguments: MappingNode | None


class Splice(NamedTuple):
    """`$name` where layers are wanted: the list of layers that the parameter holds."""

    head: Head
    parameter: str


class Broken(NamedTuple):
    """An entry that does not read; what is wrong has been said."""

    head: Head


Item: TypeAlias = LayerItem | Residual | Branches | Repeat | When | Call | Splice | Broken
Items: TypeAlias = tuple[Item, ...]


class Block(NamedTuple):
    """A declared block: its parameters (None: required) and its layers."""

    name: str
    span: Span
    parameters: dict[str, Node | None]
    layers: Items
    recursive: bool = False
    broken: bool = False
    """Whether its declaration has a mistake, so that nothing can be said of its calls."""


class Spec(NamedTuple):
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
