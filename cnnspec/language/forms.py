"""What is written for a field, where its Python type does not say: metadata that the reference and editors read.

A form is JSON Schema for the plain value. That an expression may stand for any value is added where the schema of the
language is put together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from cnnspec.language.entries import Vocabulary

Schema: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Form:
    """Metadata of a field: `schema` gives the JSON Schema of what is written for it, of the class's `rank` (its number
    of spatial axes; 0 without); `words` says the same to people."""

    schema: Callable[[int], Mapping[str, Any]]
    words: str = ""


def one_or(item: Schema, least: int = 1, most: int | None = None) -> Schema:
    """`item` alone, or a list of `least` to `most` of them."""
    return {"anyOf": [item, several(item, least, most)]}


def several(item: Schema, least: int = 1, most: int | None = None) -> Schema:
    """A list of `least` to `most` of `item`."""
    bounds = {"minItems": least} if most is None else {"minItems": least, "maxItems": most}
    return {"type": "array", "items": item, **bounds}


def per_axis(item: Schema) -> Callable[[int], Schema]:
    """`item` for every spatial axis, or a list with one for each."""
    return lambda rank: one_or(item, rank or 1, rank or None)


def sides(rank: int) -> Schema:
    """Pixels: P, one P an axis, or `[before, after]` for each axis."""
    pixels: Schema = {"type": "integer", "minimum": 0}
    return {"anyOf": [pixels, several(one_or(pixels, 2, 2), rank or 1, rank or None)]}


def entry_of(vocabulary: Vocabulary, *, optional: bool = False) -> Schema:
    """An entry of `vocabulary` (or null), by the definition that the schema holds of it."""
    return {"$ref": "#/definitions/" + vocabulary.kind.replace(" ", "_") + "_or_null" * optional}
