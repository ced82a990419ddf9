"""The keys of a spec file."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field, field_validator

from cnnspec.language.entries import Section, refuse, shown
from cnnspec.language.expressions import is_expression
from cnnspec.language.nodes import MappingNode, Node, ScalarNode, SequenceNode, plain
from cnnspec.language.problems import Expects
from cnnspec.language.suggest import meant, nearest
from cnnspec.language.types import Count

TASKS = ("gan",)
NETWORKS = ("generator", "discriminator")
"""The networks of a spec with `task: gan`."""
_INPUT = "a list of sizes such as `[28, 28, 1]`: height, width, channels"


def _mapping(name: str, hint: str, first: str = "", needed: bool = False) -> Any:
    def check(node: Any) -> Any:
        empty = isinstance(node, ScalarNode) and node.value is None and not needed
        if not isinstance(node, MappingNode) and not empty:
            message = f"`{name}` takes a mapping, not {shown(plain(node))}"
            if first and isinstance(node, ScalarNode) and node.text and not is_expression(node.text):
                text = f"{{{first}: {node.text}}}"
                raise refuse("wrong-type", message, f"write `{name}: {text}`", mend=text)
            raise refuse("wrong-type", message, hint)
        return None if empty else node

    return Annotated[Any, BeforeValidator(check)]


def _list(value: Any) -> Any:
    if not isinstance(value, SequenceNode) or not value.items:
        path = value.value if isinstance(value, ScalarNode) and isinstance(value.value, str) else "blocks.yaml"
        help = f"write `imports: [{path}]`, the path relative to this file"
        sure = (
            f"[{path}]"
            if isinstance(value, ScalarNode) and isinstance(value.value, str) and path != "blocks.yaml"
            else None
        )
        raise refuse("wrong-type", f"`imports` takes a list of spec files, not {shown(plain(value))}", help, mend=sure)
    return value


def _task(node: Any) -> Any:
    value = plain(node)
    if value is not None and value not in TASKS:
        named = isinstance(value, str)
        message = f"no task is called `{value}`" if named else f"`task` takes the name of a task, not {shown(value)}"
        guess = nearest(value, TASKS) if named else None
        help = f"did you mean `{guess}`?" if guess else "write `task: gan`; a network that learns from labels has none"
        raise refuse("unknown-task", message, help, mend=meant(value, TASKS) if named else None)
    return value


def _outputs(value: Any) -> Any:
    """Names of entries by names of outputs; in a list, each output is called like its entry."""
    if isinstance(value, tuple) and all(isinstance(name, str) for name in value):
        twice = next((name for at, name in enumerate(value) if name in value[:at]), None)
        if twice is not None:
            help = "give each output a name of its own: `outputs: {class: head, box: box_head}`"
            raise refuse("name-duplicate", f"the output `{twice}` stands twice", help)
        value = {name: name for name in value}
    names = list(value.values()) if isinstance(value, dict) else []
    if not names or not all(isinstance(name, str) and name for name in names):
        help = "name the entries with `name:`, and write e.g. `outputs: {class: head, box: box_head}`"
        raise refuse("wrong-type", f"`outputs` takes names of outputs with names of entries, not {shown(value)}", help)
    return value


def _several(value: Any) -> Any:
    if not isinstance(value, dict) or not value:
        flat = isinstance(value, tuple) and all(size is None or isinstance(size, int) for size in value)
        help = f"write `input: [{', '.join(map(_size, value))}]`" if flat and value else None
        help = help or "write e.g. `inputs: {left: [64, 64, 3], right: [64, 64, 3]}`"
        raise refuse("wrong-type", f"`inputs` takes names with sizes, not {shown(value)}", help)
    for name in value:
        if not _NAME.fullmatch(name):
            message = f"`{name}` cannot be the name of an input"
            raise refuse("name-invalid", message, "a name is letters, digits, `_`, `-` and `.`")
    return value


def _size(value: Any) -> str:
    return "null" if value is None else str(value)


_NAME = re.compile(r"[\w.\-]+")
_Sizes = Annotated[tuple[Count | None, ...], Field(min_length=1, max_length=8), Expects(_INPUT)]


class Network(Section):
    """What comes in, and the layers that it passes: a network of a spec that has several."""

    input: _Sizes
    layers: Any

    @field_validator("input", mode="before")
    @classmethod
    def _by_name(cls, value: Any) -> Any:
        if isinstance(value, tuple) and value and all(isinstance(size, dict) and len(size) == 1 for size in value):
            text = f"[{', '.join(_size(*size.values()) for size in value)}]"
            raise refuse("wrong-type", f"`input` takes {_INPUT}, not {shown(value)}", f"write `input: {text}`")
        if isinstance(value, dict) and value and cls is Document:
            help = "inputs by name stand under `inputs:`"
            if len(value) == 1 and isinstance(sizes := next(iter(value.values())), tuple) and "shape" in value:
                raise refuse(
                    "wrong-type",
                    f"`input` takes {_INPUT}, not {shown(value)}",
                    f"write `input: [{', '.join(map(_size, sizes))}]`",
                )
            if set(value) <= {"height", "width", "channels", "depth"}:
                help = f"write `input: [{', '.join(map(_size, value.values()))}]`"
            raise refuse("wrong-type", f"`input` takes {_INPUT}, not {shown(value)}", help)
        return value

    @field_validator("layers", mode="before")
    @classmethod
    def _layers(cls, node: Any) -> Any:
        if isinstance(node, ScalarNode) and is_expression(node.value):
            return node
        if not isinstance(node, SequenceNode) or not node.items:
            found = "an empty list" if isinstance(node, SequenceNode) else shown(plain(node))
            raise refuse(
                "wrong-type",
                f"`layers` takes a list of entries, not {found}",
                "write each entry on a line of its own: `- conv2d: {filters: 32, kernel_size: 3}`",
            )
        return node


class Document(Network):
    """A spec file: `input` and `layers`, and what is optional around them."""

    spoken: ClassVar[str] = "the spec"

    cnnspec: int = 1
    name: str | None = None
    extends: Any = None
    imports: Annotated[Any, BeforeValidator(_list)] = None
    inputs: Any = None
    outputs: Annotated[dict[str, str] | None, BeforeValidator(_outputs)] = None
    parameters: _mapping("parameters", "write `parameters: {filters: 32}`") = None  # type: ignore[valid-type]
    blocks: _mapping("blocks", "write `blocks: {my_block: {parameters: …, layers: […]}}`") = None  # type: ignore[valid-type]
    data: _mapping("data", "write `data: {source: mnist}`", "source") = None  # type: ignore[valid-type]
    training: _mapping("training", "write `training: {epochs: 10}`") = None  # type: ignore[valid-type]
    task: Annotated[Any, BeforeValidator(_task)] = None
    generator: Any = None
    discriminator: Any = None

    @field_validator("cnnspec", mode="before")
    @classmethod
    def _version(cls, version: Any) -> Any:
        if version != 1 or isinstance(version, bool | float):
            message = f"language version {shown(version).removeprefix('the text ')} is not known; this is version 1"
            raise refuse("version", message, "write `cnnspec: 1`", mend="1")
        return version

    @field_validator("name", mode="after")
    @classmethod
    def _name(cls, name: str | None) -> str | None:
        if name is not None and (not name.strip() or "/" in name or "\\" in name or name.strip(".") == ""):
            raise refuse("name-invalid", f"{shown(name)} cannot name a network", "use letters, digits, `_`, `-`, `.`")
        return name


def unread(section: Node | None) -> bool:
    """Whether a section of a document is neither a mapping nor empty, which is an error."""
    return section is not None and not isinstance(section, MappingNode) and plain(section) is not None


def misspelt(root: MappingNode, *meant: str) -> list[tuple[ScalarNode, str]]:
    """The unknown keys of a document that were likely meant to be one of `meant`, each with that one."""
    keys = tuple(Document.model_fields)
    guesses = [(key, nearest(key.text, keys)) for key, _ in root.pairs if key.text not in keys]
    return [(key, guess) for key, guess in guesses if guess in meant]


class SeveralInputs(Document):
    """A spec file with `inputs` by name in place of `input`."""

    input: Any = None
    inputs: Annotated[dict[str, _Sizes], BeforeValidator(_several)]

    @field_validator("input", mode="before")
    @classmethod
    def _one_of_the_two(cls, value: Any) -> Any:
        if value is not None:
            raise refuse("input-twice", "`input` and `inputs` stand side by side", "keep one of them")
        return None


def _network(name: str, sizes: str) -> Any:
    whole = f"`{name}: {{input: {sizes}, layers: […]}}`"

    def check(node: Any) -> Any:
        if isinstance(node, ScalarNode) and node.text.endswith((".yaml", ".yml")):
            message = f"`{name}` takes a mapping, not a file: a network cannot be taken from `{node.text}`"
            help = f"write {whole}; `imports: [{node.text}]` brings in blocks of a file"
            raise refuse("wrong-type", message, help)
        return node

    return Annotated[_mapping(name, f"write {whole}", needed=True), BeforeValidator(check)]


class TwoNetworks(Document):
    """A spec file with `task: gan`: a generator and a discriminator in place of `input` and `layers`."""

    input: Any = None
    layers: Any = None
    generator: _network("generator", "[100]")  # type: ignore[valid-type]
    discriminator: _network("discriminator", "[28, 28, 1]")  # type: ignore[valid-type]


class Generator(Network):
    """The network that makes images of noise."""

    spoken: ClassVar[str] = "the generator"


class Discriminator(Network):
    """The network that tells made images from real ones."""

    spoken: ClassVar[str] = "the discriminator"


NETWORK_FORMS: dict[str, type[Network]] = {"generator": Generator, "discriminator": Discriminator}
