"""What is written for a field: as JSON Schema of the plain value, and in words."""

from __future__ import annotations

import re
import types
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BeforeValidator
from pydantic.fields import FieldInfo

from cnnspec.language.entries import Entry, Nested, Section, one
from cnnspec.language.forms import Form, Schema, entry_of
from cnnspec.language.problems import Expects, bound
from cnnspec.language.types import OneOf

_TYPES = {int: "integer", float: "number", bool: "boolean", str: "string", type(None): "null"}
_BOUNDS = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}
_NULL: Schema = {"type": "null"}
_LENGTHS = {"min_length": "min", "max_length": "max"}


def form_of(cls: type[Section], name: str) -> Schema:
    """JSON Schema of what is written for a field, expressions aside; empty where anything may stand."""
    field = cls.model_fields[name]
    return _schema(field.annotation, field.metadata, getattr(cls, "rank", 0))


def _schema(annotation: Any, metadata: Iterable[Any], rank: int) -> Schema:
    known = list(_flat(metadata))
    optional = type(None) in get_args(annotation)
    for item in known:
        if isinstance(item, Form):
            return either(dict(item.schema(rank)), *[_NULL] * optional)
        if isinstance(item, BeforeValidator) and isinstance(item.func, Nested):
            return entry_of(item.func.vocabulary, optional=annotation is Any)
        if isinstance(item, BeforeValidator) and isinstance(item.func, OneOf):
            return {"enum": list(item.func.names)}
    return _bounded(_typed(annotation, rank), known)


def _flat(metadata: Iterable[Any]) -> Iterator[Any]:
    for item in metadata:
        if isinstance(item, FieldInfo):
            yield from _flat(item.metadata)
        elif get_origin(item) is Annotated:
            yield from _flat(item.__metadata__)
        else:
            yield item


def _typed(annotation: Any, rank: int) -> Schema:
    origin, inner = get_origin(annotation), get_args(annotation)
    if isinstance(annotation, type) and annotation in _TYPES:
        return {"type": _TYPES[annotation]}
    if origin is Annotated:
        return _schema(inner[0], inner[1:], rank)
    if origin in (Union, types.UnionType):
        return either(*(_typed(part, rank) for part in inner))
    if origin is Literal:
        return {"enum": list(inner)}
    if origin is tuple and inner[1:] == (...,):
        return {"type": "array", "items": _typed(inner[0], rank)}
    if origin is tuple:
        return {"type": "array", "items": _typed(inner[0], rank), "minItems": len(inner), "maxItems": len(inner)}
    if origin is dict:
        return {"type": "object", "additionalProperties": _typed(inner[1], rank)}
    return {}


def _bounded(schema: Schema, metadata: Iterable[Any]) -> Schema:
    end = "Items" if schema.get("type") == "array" else "Length"
    keywords = {**_BOUNDS, **{attribute: side + end for attribute, side in _LENGTHS.items()}}
    bounds = {
        keyword: getattr(item, attribute)
        for item in metadata
        for attribute, keyword in keywords.items()
        if hasattr(item, attribute)
    }
    return {**schema, **bounds}


def either(*schemas: Schema) -> Schema:
    """One of several. Scalars of different types join: each keyword says something of one type alone."""
    parts = [part for schema in schemas for part in (schema["anyOf"] if set(schema) == {"anyOf"} else [schema])]
    joined: list[Schema] = []
    for part in parts:
        fitting = next((other for other in joined if _apart(other, part)), None)
        if fitting is None:
            joined.append(dict(part))
        else:
            fitting.update(part, type=[*types_of(fitting), *types_of(part)])
    return joined[0] if len(joined) == 1 else {"anyOf": joined}


def _apart(one: Schema, other: Schema) -> bool:
    """Whether two schemas are of different scalar types, and share no keyword."""
    these, those = {*types_of(one)}, {*types_of(other)}
    return (
        bool(these and those)
        and not these & those
        and not {"integer", "number"} <= these | those
        and not (these | those) & {"array", "object"}
        and ({*one} & {*other} == {"type"})
    )


def types_of(schema: Schema) -> list[str]:
    """The types that a schema names."""
    named = schema.get("type", [])
    return [named] if isinstance(named, str) else list(named)


def words_of(cls: type[Section], name: str) -> str:
    """What a field takes, in words."""
    field = cls.model_fields[name]
    said = next((item.words for item in _flat(field.metadata) if isinstance(item, Expects)), "")
    said = said or _words_in(field.annotation, field.metadata)
    return said or in_words(form_of(cls, name))


def _words_in(annotation: Any, metadata: Iterable[Any]) -> str:
    """The words of a form, wherever it stands in the type."""
    for item in _flat(metadata):
        if isinstance(item, Form) and item.words:
            return item.words
    inner = [part for part in get_args(annotation) if get_origin(part) is Annotated]
    return next((words for part in inner if (words := _words_in(get_args(part)[0], part.__metadata__))), "")


def in_words(schema: Schema) -> str:
    """A schema, in words: `a whole number from 1`."""
    if "anyOf" in schema:
        return " or ".join(words for part in schema["anyOf"] if part != {"type": "null"} and (words := in_words(part)))
    if "$ref" in schema:
        return one(str(schema["$ref"]).rpartition("/")[2].removesuffix("_or_null").replace("_", " "))
    if "enum" in schema:
        return str(OneOf(tuple(map(str, schema["enum"]))))
    kinds = [kind for kind in types_of(schema) if kind != "null"]
    kind = kinds[0] if kinds else ""
    if kind in ("integer", "number"):
        return f"a {'whole ' * (kind == 'integer')}number{_range(schema)}"
    if kind == "array":
        length = f" of {schema['minItems']}" if schema.get("minItems") == schema.get("maxItems", 0) else ""
        return f"a list{length}, each {in_words(schema['items'])}"
    return {"boolean": "`true` or `false`", "string": "a text", "object": "a mapping"}.get(kind, "a value")


def _range(schema: Schema) -> str:
    words = {"minimum": "from", "exclusiveMinimum": "more than", "maximum": "up to", "exclusiveMaximum": "below"}
    said = ",".join(f" {word} {_number(schema[keyword])}" for keyword, word in words.items() if keyword in schema)
    return said.replace(", up to", " to") if "minimum" in schema else said


def _number(value: float) -> str:
    return bound(value).replace("-", "−")


def default_of(cls: type[Section], name: str) -> Any:
    """A field's default as it would be written: plain, with lists for tuples and names for entries."""
    return _plain(cls.model_fields[name].get_default(call_default_factory=True))


def _plain(value: Any) -> Any:
    if isinstance(value, Entry):
        changed = value.changed()
        return {value.entry: _plain(changed)} if changed else value.entry
    if isinstance(value, Section):
        return {key: _plain(getattr(value, key)) for key in type(value).model_fields}
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, tuple | list) else value


def shown(value: Any) -> str:
    """A default as it is written in a spec."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, list):
        return "[" + ", ".join(map(shown, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {shown(item)}" for key, item in value.items()) + "}"
    return re.sub(r"e([-+])0(?=\d)", r"e\1", str(value))
