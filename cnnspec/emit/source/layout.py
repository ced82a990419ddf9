"""Lines of Python as Black lays them out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from cnnspec.layers.base import KerasCall

WIDTH = 88


@dataclass(frozen=True)
class Group:
    """What stands in brackets."""

    opening: str
    items: tuple[Doc, ...]
    closing: str


Doc: TypeAlias = "tuple[str | Group, ...]"


def flat(doc: Doc) -> str:
    """All in one line."""
    return "".join(piece if isinstance(piece, str) else _flat(piece) for piece in doc)


def _flat(group: Group) -> str:
    inner = ", ".join(map(flat, group.items))
    if group.opening == "(" and group.closing == ",)":
        return f"({inner},)"
    return group.opening + inner + group.closing


def lines(doc: Doc, indent: int = 0, end: str = "") -> list[str]:
    """The lines of a statement: in one if it fits, else the longest brackets are broken up."""
    pad = " " * indent
    whole = pad + flat(doc) + end
    groups = [at for at, piece in enumerate(doc) if isinstance(piece, Group) and piece.items]
    if len(whole) <= WIDTH or not groups:
        return [whole]
    at = max(groups, key=lambda at: len(flat((doc[at],))))
    group = doc[at]
    assert isinstance(group, Group)
    head = pad + flat(doc[:at]) + group.opening
    closing = ")" if group.closing == ",)" else group.closing
    tail = pad + closing + flat(doc[at + 1 :]) + end
    body = " " * (indent + 4) + ", ".join(map(flat, group.items))
    last = groups[-1]
    piece = doc[last]
    assert isinstance(piece, Group)
    ugly = last != at and len(pad + flat(doc[:last]) + piece.opening) <= WIDTH
    before = doc[at - 1] if at else ""
    called = group.opening == "(" and at and (isinstance(before, Group) or before[-1] not in "= ")
    if len(body) <= WIDTH and called and not ugly and group.closing != ",)":
        return [head, body, tail]
    exploded = [line for item in group.items for line in lines(item, indent + 4, ",")]
    return [head, *exploded, tail]


def literal(value: Any) -> Doc:
    """A constant."""
    match value:
        case KerasCall():
            return call(f"keras.{value.name}", (), {key: literal(item) for key, item in value.kwargs.items()})
        case str():
            return (text(value),)
        case float():
            return (number(value),)
        case tuple():
            return (Group("(", tuple(map(literal, value)), ")" if len(value) != 1 else ",)"),)
        case list():
            return (Group("[", tuple(map(literal, value)), "]"),)
        case dict():
            items = tuple((*literal(key), ": ", *literal(item)) for key, item in value.items())
            return (Group("{", items, "}"),)
    return (repr(value),)


def number(value: float) -> str:
    """A number; those that Python has no literal for are made from text."""
    if value != value or value in (float("inf"), float("-inf")):
        return f'float("{value}")'
    return repr(value)


def text(value: str) -> str:
    """A string in double quotes, or in those that need no backslash."""
    quoted = repr(value)
    if quoted[0] == "'" and '"' not in value:
        return '"' + quoted[1:-1].replace("\\'", "'") + '"'
    return quoted


def call(callee: str, arguments: tuple[Doc, ...], keywords: dict[str, Doc]) -> Doc:
    """`callee(arguments, keywords…)`."""
    named = tuple((f"{key}=", *value) for key, value in keywords.items())
    return (callee, Group("(", (*arguments, *named), ")"))
