"""The keys of a spec file."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field, field_validator

from cnnspec.language.entries import Section, refuse, shown
from cnnspec.language.expressions import is_expression
from cnnspec.language.nodes import MappingNode, ScalarNode, SequenceNode, plain
from cnnspec.language.problems import Expects
from cnnspec.language.types import Count

_INPUT = "a list of sizes such as `[28, 28, 1]`: height, width, channels"


def _mapping(name: str, hint: str) -> Any:
    def check(node: Any) -> Any:
        empty = isinstance(node, ScalarNode) and node.value is None
        if not isinstance(node, MappingNode) and not empty:
            raise refuse("wrong-type", f"`{name}` takes a mapping, not {shown(plain(node))}", hint)
        return None if empty else node

    return Annotated[Any, BeforeValidator(check)]


class Document(Section):
    """A spec file: `input` and `layers`, and what is optional around them."""

    spoken: ClassVar[str] = "the spec"

    input: Annotated[tuple[Count | None, ...], Field(min_length=1, max_length=8), Expects(_INPUT)]
    layers: Any
    cnnspec: int = 1
    name: str | None = None
    parameters: _mapping("parameters", "write `parameters: {filters: 32}`") = None  # type: ignore[valid-type]
    blocks: _mapping("blocks", "write `blocks: {my_block: {parameters: …, layers: […]}}`") = None  # type: ignore[valid-type]
    data: _mapping("data", "write `data: {source: mnist}`") = None  # type: ignore[valid-type]
    training: _mapping("training", "write `training: {epochs: 10}`") = None  # type: ignore[valid-type]

    @field_validator("cnnspec", mode="after")
    @classmethod
    def _version(cls, version: int) -> int:
        if version != 1:
            raise refuse("version", f"language version {version} is not known; this is version 1", "write `cnnspec: 1`")
        return version

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

    @field_validator("name", mode="after")
    @classmethod
    def _name(cls, name: str | None) -> str | None:
        if name is not None and (not name.strip() or "/" in name or "\\" in name or name.strip(".") == ""):
            raise refuse("name-invalid", f"{shown(name)} cannot name a network", "use letters, digits, `_`, `-`, `.`")
        return name
