"""Structures and standard blocks as JSON Schema: what stands after their names."""

from __future__ import annotations

from cnnspec.language.forms import Schema
from cnnspec.reference.forms import shown
from cnnspec.reference.names import HIDDEN, IDENTIFIER, described, head, ref
from cnnspec.reference.standard import StandardBlock
from cnnspec.reference.structures import STRUCTURES
from cnnspec.reference.values import PATTERN, signature_of, snippet

_FURTHER: Schema = {
    "repeat": {
        "oneOf": [{"required": ["times"]}, {"required": ["over"]}],
        "dependencies": {"over": ["as"], "times": {"properties": {"as": {"type": "string"}}}},
    }
}
_WORD: Schema = {"enum": ["identity", "projection"], "properties": {}}


def structure(name: str, which: str) -> Schema:
    """A structure whose lists of layers are those of `which`."""
    word, layers = STRUCTURES[name], ref(f"inner_layers_{which}")
    forms: Schema = {
        "layers": layers,
        "otherwise": layers,
        "shortcut": {"anyOf": [_WORD, layers]},
        "activation": ref("activation_or_null"),
        "paths": {"anyOf": [{"type": "array", "items": layers, "minItems": 1}, ref("expression")]},
        "merge": ref("merge"),
        "times": {"type": ["integer", "string"], "minimum": 0, "pattern": PATTERN},
        "over": {"anyOf": [{"type": "array"}, ref("expression")]},
        "as": {"anyOf": [{**IDENTIFIER, "properties": {}}, {"type": "array", "items": IDENTIFIER, "minItems": 1}]},
        "condition": {"type": ["boolean", "string"], "pattern": PATTERN},
        "entry": ref("name"),
    }
    told = {"title": name, "description": word.text.summary, "markdownDescription": word.text.markdown}
    if not word.keys:
        return {**ref("name"), **told}
    properties = {
        key: described(forms[key], key, takes + (f" (`= {default}`)" if default else ""))
        for key, (takes, default) in word.keys.items()
    }
    required = [key for key, (_, default) in word.keys.items() if default is None]
    arguments = _arguments({**properties, **head()}, required) | _FURTHER.get(name, {})
    alone: Schema = {
        "layers": {"type": "array", "items": ref(f"item_{which}"), "properties": {}},
        "paths": {"type": "array", "items": layers, "minItems": 1, "properties": {}},
        "entry": forms["entry"],
    }
    form = {"anyOf": [alone[word.first], arguments]} if word.first else arguments
    return {**told, **snippet(name, required), **form}


def standard(block: StandardBlock) -> Schema:
    """The call of a standard block."""
    told = _told(block)
    required = [*block.required, *["inputs"] * (len(block.inputs) > 1)]
    arguments = _arguments({**_parameters(block), **head()}, required)
    if not required:
        arguments["type"] = ["object", "null"]
        told |= HIDDEN
    first = next(iter(block.parameters), None)
    value: Schema = {"type": ["string", "number", "boolean", "array"], "properties": {}}
    alone = first and set(required) <= {first}
    form = {"anyOf": [value if alone else ref("expression"), arguments]}
    return {**told, **snippet(block.name, required), **form}


def loose(block: StandardBlock) -> Schema:
    """The same where the file may hold a block of that name with other parameters."""
    properties = {**_parameters(block), **head()}
    return {**_told(block), **snippet(block.name, block.required), "properties": properties}


def _arguments(properties: Schema, required: list[str]) -> Schema:
    form: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**form, "required": required} if required else form


def _parameters(block: StandardBlock) -> Schema:
    return {
        name: {"title": name, "description": "must be given"}
        if value is None
        else {"title": name, "description": f"default {shown(value)}", "default": value}
        for name, value in block.parameters.items()
    }


def _told(block: StandardBlock) -> Schema:
    text = block.text.with_arguments(signature_of(block.parameters))
    return {"title": block.name, "description": block.text.summary, "markdownDescription": text}
