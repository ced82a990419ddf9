"""Values and entries as JSON Schema: arguments with their texts, and expressions wherever a value stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cnnspec.language.entries import Entry, Section
from cnnspec.language.forms import Schema
from cnnspec.reference.forms import default_of, form_of, shown, types_of, words_of
from cnnspec.reference.kinds import arguments_of, required_of, stands_alone
from cnnspec.reference.names import HIDDEN
from cnnspec.reference.texts import text_of

PATTERN = r"^\$([A-Za-z_][A-Za-z0-9_]*|\([\s\S]*\))$"
EXPRESSION: Schema = {
    "type": "string",
    "pattern": PATTERN,
    "patternErrorMessage": "neither a value that may stand here, nor an expression such as `$name` or `$(2 * name)`",
    "description": "an expression",
}
_REFERENCE: Schema = {"$ref": "#/definitions/expression"}


def computable(schema: Schema, words: str = "") -> Schema:
    """`schema`, or an expression for the whole of it or for any item of its lists; `words` say what it takes."""
    kinds = types_of(schema)
    if not schema or "$ref" in schema or kinds == ["string"]:
        return schema
    if "anyOf" in schema:
        parts = [_part(part, words) for part in schema["anyOf"]]
        computed = any("$ref" in part or part.get("pattern") == PATTERN for part in parts)
        return {"anyOf": [*map(_apart, parts), *[_REFERENCE] * (not computed)]}
    if not kinds or {*kinds} & {"string", "object", "array"}:
        return {"anyOf": [_apart(_inside(schema)), _REFERENCE]}
    message = {"patternErrorMessage": f"{words} is wanted here, or an expression such as `$name`"} if words else {}
    return {**_inside(schema), "type": [*kinds, "string"], "pattern": PATTERN, **message}


def _part(schema: Schema, words: str) -> Schema:
    """An alternative: scalars take the expression, beside which no other alternative needs to."""
    scalar = types_of(schema) and not {*types_of(schema)} & {"string", "object", "array"}
    return computable(schema, words) if scalar else _inside(schema)


def _inside(schema: Schema) -> Schema:
    """`schema` with expressions in its lists and mappings, but not for the whole of it."""
    found = dict(schema)
    for key in ("items", "additionalProperties"):
        if isinstance(found.get(key), dict):
            found[key] = computable(found[key])
    if "properties" in found:
        found["properties"] = {name: computable(value) for name, value in found["properties"].items()}
    return found


def _apart(schema: Schema) -> Schema:
    """An alternative that editors can tell from the others: yaml-language-server compares `properties`, and takes two
    without any for one."""
    return schema if "$ref" in schema else {"properties": {}, **schema}


def argument(cls: type[Section], name: str) -> Schema:
    """A field, with its text and its default."""
    words = words_of(cls, name)
    form: Schema = {"title": name, **computable(form_of(cls, name), words), "description": words}
    if cls.model_fields[name].is_required():
        return form
    default = default_of(cls, name)
    form |= {"description": f"{words} (default {shown(default)})"}
    return form if default is None else {**form, "default": default}


def signature(cls: type[Entry]) -> str:
    """The arguments with their defaults, in markdown."""
    fields = cls.model_fields
    return ", ".join(
        f"`{name}`" if fields[name].is_required() else f"`{name} = {shown(default_of(cls, name))}`"
        for name in arguments_of(cls)
    )


def signature_of(parameters: Mapping[str, Any]) -> str:
    """The same for the parameters of a block, where null is required."""
    return ", ".join(
        f"`{name}`" if value is None else f"`{name} = {shown(value)}`" for name, value in parameters.items()
    )


def told(cls: type[Entry]) -> Schema:
    """Title and texts of an entry."""
    text = text_of(cls.__doc__)
    whole = text.with_arguments(signature(cls))
    return {"title": cls.entry, "description": text.summary, "markdownDescription": whole}


def entry(
    cls: type[Entry], more: Schema | None = None, needed: tuple[str, ...] = (), value: Schema | None = None
) -> Schema:
    """What stands after an entry's name: its arguments, the value of the first one, or nothing.

    `more` are arguments that are not fields, `needed` those of them that must be given; `value` is what may stand in
    place of the arguments where that is no field.
    """
    required = [*needed, *required_of(cls)]
    properties = {
        name: argument(cls, name) for name in [*arguments_of(cls), *["trainable"] * ("trainable" in cls.model_fields)]
    }
    arguments: Schema = {
        "type": "object",
        "properties": {**properties, **(more or {})},
        "additionalProperties": False,
        **({"required": required} if required else {}),
    }
    whole = not needed and stands_alone(cls)
    if value is None and cls.first and set(required) <= {cls.first}:
        value = alone(form_of(cls, cls.first), words_of(cls, cls.first))
    if whole:
        arguments["type"] = ["object", "null"]
    form = {"anyOf": [_REFERENCE if value is None else _apart(value), arguments]}
    return {**told(cls), **snippet(cls.entry, required), **(HIDDEN if whole else {}), **form}


def alone(schema: Schema, words: str) -> Schema:
    """The form of a first argument where it follows the name: never a mapping, which would be the arguments."""
    found = computable(schema, words)
    if "$ref" in str(schema):
        return {"allOf": [{"not": {"type": "object"}}, found]}
    return found


def snippet(name: str, required: list[str]) -> Schema:
    """What an editor inserts after a name: the arguments that must be given."""
    if not required:
        return {}
    body: Any = {argument: f"${place}" for place, argument in enumerate(required, 1)}
    return {"defaultSnippets": [{"label": f"{name}: what it needs", "body": body}]}
