"""The spec as a tree: what parsing makes of the document, with the place of every part."""

from __future__ import annotations

from collections.abc import Mapping
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
    """`branches: {merge, paths}`; a splice stands for paths that a parameter holds."""

    head: Head
    merge: Node | None
    paths: tuple[Items, ...] | Splice


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
    """A block, called like a layer; `library` holds the blocks in scope of the file that calls it."""

    head: Head
    block: str
    arguments: MappingNode | None
    library: Mapping[str, Block]


class Share(NamedTuple):
    """`share: tower`: an entry once more, with the same weights."""

    head: Head
    entry: Node


class Naming(NamedTuple):
    """`name: here`: a name for the running tensor."""

    head: Head


class Splice(NamedTuple):
    """`$name` where layers are wanted: the list of layers that the parameter holds."""

    head: Head
    parameter: str


class Broken(NamedTuple):
    """An entry that does not read; what is wrong has been said."""

    head: Head


Item: TypeAlias = LayerItem | Residual | Branches | Repeat | When | Call | Share | Naming | Splice | Broken
Items: TypeAlias = tuple[Item, ...]


class Block(NamedTuple):
    """A declared block: its parameters (None: required), its layers, and the names of what it takes.

    `scope` holds the parameters of the file that declares it.
    """

    name: str
    span: Span
    parameters: dict[str, Node | None]
    layers: Items
    inputs: tuple[ScalarNode, ...]
    scope: Scope
    recursive: bool = False
    broken: bool = False
    """Whether its declaration has a mistake, so that nothing can be said of its calls."""


class Input(NamedTuple):
    """One input: its shape (None where it does not read) and its place."""

    shape: tuple[int | None, ...] | None
    span: Span


class Spec(NamedTuple):
    """A parsed spec: what elaboration needs, and the sections that are read later.

    `outputs` maps the outputs' names to names of entries; None stands for the last entry. With `task: gan`, `networks`
    holds the generator and the discriminator, so far as they are written, and the spec has no layers of its own.
    """

    name: str
    inputs: dict[str, Input]
    outputs: dict[str, ScalarNode] | None
    scope: Scope
    layers: Items
    layers_span: Span
    document: MappingNode
    data: MappingNode | None
    training: MappingNode | None
    task: str | None = None
    networks: Mapping[str, Spec] = {}
