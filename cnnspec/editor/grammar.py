"""What may stand at a place of a spec: the language's own schema, walked along the steps to it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property

from cnnspec.editor.tree import Step
from cnnspec.language.forms import Schema
from cnnspec.reference.names import head, ref
from cnnspec.reference.schema import schema

_LISTS = ("item_only", "item_and_blocks")
_DEFINITION = "#/definitions/"
_LAYERS: Schema = {"type": "array", "items": ref("item_and_blocks")}
_HOLDS_LAYERS = re.compile(r"\[\]|\[\s*[{A-Za-z]|…")
"""Defaults of parameters that may hold a list of layers."""
_PLAIN = ("type", "enum", "const", "properties", "items")
_TEXTS = ("title", "description", "markdownDescription")


@dataclass(frozen=True, eq=False)
class Place:
    """A value's place: the forms that it may take, the definitions they were found in, and what is said of it.

    The places below are remembered: a spec comes by the same ones again and again.
    """

    forms: tuple[Schema, ...]
    names: frozenset[str]
    texts: Mapping[str, str]
    _below: dict[str | None, Place] = field(default_factory=dict, repr=False)

    @cached_property
    def of_entry(self) -> bool:
        """Whether an entry of a list of layers stands here."""
        return any(name in self.names for name in _LISTS)

    @cached_property
    def of_layers(self) -> bool:
        """Whether a list of layers stands here."""
        return any("$ref" in form.get("items", ()) and _named(form["items"]) in _LISTS for form in self.forms)

    @property
    def of_names(self) -> bool:
        """Whether the names of entries stand here."""
        return "inputs" in self.names

    @property
    def markdown(self) -> str:
        """What is said of it."""
        return self.texts.get("markdownDescription") or self.texts.get("description", "")

    @cached_property
    def properties(self) -> dict[str, Schema]:
        """The keys that a mapping here may have."""
        return {name: value for form in self.forms for name, value in form.get("properties", {}).items()}

    @cached_property
    def required(self) -> list[str]:
        """The keys that a mapping of arguments here must have."""
        return next((list(form["required"]) for form in self.forms if "required" in form), [])

    def step(self, key: str | int, blocks: Mapping[str, Schema]) -> Place:
        """The place of a key's value, or of an item; `blocks` are the calls of own blocks."""
        if isinstance(key, str) and self.of_entry and key in blocks:
            return place([blocks[key]])
        word = "" if isinstance(key, int) else key if key in self.properties else None
        if word not in self._below:
            self._below[word] = place(self._schemas(word))
        return self._below[word]

    def _schemas(self, word: str | None) -> list[Schema]:
        """The schemas of a key (None: of any other), or of an item ("")."""
        if word == "":
            found = [form.get("items") for form in self.forms]
        elif word is not None:
            found = [form["properties"][word] for form in self.forms if word in form.get("properties", {})]
        else:
            found = [form.get("additionalProperties") for form in self.forms]
        return [schema for schema in found if isinstance(schema, dict)]


@cache
def _schema() -> Schema:
    return schema()


def place(schemas: Iterable[Schema]) -> Place:
    """A place that takes what any of `schemas` does."""
    given = list(schemas)
    names: set[str] = set()
    forms = tuple(form for each in given for form in _forms(each, names))
    texts = {key: value for each in reversed(given) for key, value in _texts(each).items()}
    return Place(forms, frozenset(names), texts)


def _forms(form: Schema, names: set[str]) -> Iterator[Schema]:
    """The alternatives of a schema, and the definitions on the way."""
    if "$ref" in form:
        names.add(_named(form))
        yield from _forms(_schema()["definitions"][_named(form)], names)
        return
    parts = [part for key in ("anyOf", "oneOf", "allOf") for part in form.get(key, ())]
    if any(key in form for key in _PLAIN):
        yield form
    for part in parts:
        if "$ref" in part or any(key in part for key in (*_PLAIN, "anyOf", "allOf")):
            yield from _forms(part, names)


def _texts(form: Schema) -> dict[str, str]:
    """What is said of a schema, by itself or by what it refers to."""
    below = _texts(_schema()["definitions"][_named(form)]) if "$ref" in form else {}
    return {**below, **{key: str(form[key]) for key in _TEXTS if key in form}}


def _named(form: Schema) -> str:
    return str(form["$ref"]).removeprefix(_DEFINITION)


@cache
def root() -> Place:
    """The place of a whole spec."""
    properties = {**_schema()["properties"]}
    for key, value in _schema()["allOf"][1]["else"]["properties"].items():
        properties[key] = {**properties[key], **value}
    properties["training"] = {**properties["training"], "anyOf": [ref("training"), ref("gan_training")]}
    properties["blocks"] = {**properties["blocks"], "additionalProperties": ref("block")}
    return place([{"type": "object", "properties": properties}])


def places(steps: Iterable[Step], blocks: Mapping[str, Schema]) -> list[Place]:
    """The places on the way, the whole spec first: one more than there are steps."""
    found = [root()]
    for step in steps:
        found.append(found[-1].step(step.key, blocks))
    return found


def call(name: str, parameters: Mapping[str, str | None], summary: str = "") -> Schema:
    """The schema of a call of an own block: its parameters with their defaults as written (None: required)."""
    properties: Schema = {
        key: {"title": key, "description": "must be given" if default is None else f"default {default}"}
        | ({} if default is None else {"default": default})
        | (_LAYERS if default is None or _HOLDS_LAYERS.match(default) else {})
        for key, default in parameters.items()
    }
    required = [key for key, default in parameters.items() if default is None]
    return {
        "title": name,
        "description": summary or f"The block `{name}`",
        "type": "object",
        "properties": {**properties, **head()},
        **({"required": required} if required else {}),
    }
