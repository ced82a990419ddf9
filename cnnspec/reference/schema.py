"""The language as JSON Schema (draft-07), for editors: what yaml-language-server shows, completes and checks."""

from __future__ import annotations

import json
from typing import Any

from cnnspec.data.section import Data
from cnnspec.language.document import NETWORKS, TASKS, Document
from cnnspec.language.entries import Section
from cnnspec.language.forms import Schema
from cnnspec.reference import items, networks
from cnnspec.reference.forms import form_of
from cnnspec.reference.kinds import vocabularies
from cnnspec.reference.names import HIDDEN, NAME, PARAMETER, described, ref
from cnnspec.reference.texts import text_of
from cnnspec.reference.values import EXPRESSION, argument, computable, entry
from cnnspec.training.adversarial.section import AdversarialTraining
from cnnspec.training.section import Training

_OWN_BLOCKS = ("blocks", "imports", "extends")

_KEYS = {
    "cnnspec": "The version of the language: 1.",
    "name": "The name of the network; the file's name where it is left out.",
    "extends": "Another spec, relative to this file, of which this one says what is different: mappings merge, lists "
    "and single values replace.\n\n```yaml\nextends: resnet50.yaml\nparameters: {depths: [3, 4, 23, 3]}\n```",
    "imports": "Spec files, relative to this one, whose `blocks` are brought in.\n\n"
    "```yaml\nimports: [blocks/mine.yaml]\n```",
    "parameters": "Values that expressions name: `$filters`, `$(4 * filters)`. `--set parameters.filters=8` overrides "
    "one.\n\n```yaml\nparameters: {filters: 32, classes: 10}\n```",
    "input": "What comes in, without the batch: height, width, channels. `null` is any size.\n\n"
    "```yaml\ninput: [28, 28, 1]\n```",
    "inputs": "Several inputs by name, in place of `input`; the first entry then says which it takes.\n\n"
    "```yaml\ninputs: {left: [64, 64, 3], right: [64, 64, 3]}\n```",
    "outputs": "What the network gives: the names of entries, by the names of the outputs, or in a list. Where it is "
    "left out, the last entry.\n\n```yaml\noutputs: {class: head, box: box_head}\n```",
    "blocks": "Blocks of layers, called like a layer. A parameter that is `null` must be given in the call.\n\n"
    "```yaml\nblocks:\n  conv_norm:\n    parameters: {filters: null, strides: 1}\n    layers:\n"
    "      - conv2d: {filters: $filters, kernel_size: 3, strides: $strides, padding: same, use_bias: false}\n"
    "      - batch_normalization\n      - relu\n```",
    "layers": "The network: each entry takes the output of the one above it. An entry is `name`, `name: value` (the "
    "value of its first argument) or `name: {arguments}`; every layer also takes `name` and `inputs`.\n\n"
    "```yaml\nlayers:\n  - conv2d: {filters: 32, kernel_size: 3, padding: same, activation: relu}\n"
    "  - max_pooling2d: 2\n  - flatten\n  - dense: 10\n```",
    **networks.KEYS,
}  # fmt: skip


def schema() -> Schema:
    """The whole schema."""
    own: Schema = {"anyOf": [{"required": [key]} for key in _OWN_BLOCKS]}
    whole: Schema = {
        "required": ["layers"],
        "anyOf": [{"required": ["input"]}, {"required": ["inputs"]}],
        "not": {"required": ["input", "inputs"]},
    }
    blocks: Schema = {"required": ["blocks"], "not": {"required": ["layers"]}}
    one: Schema = {"if": blocks, "then": {}, "else": whole}
    two: Schema = {"if": networks.ARE_MEANT, "then": networks.BOTH, "else": one}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "cnnspec",
        "description": "A convolutional network as a cnnspec spec.",
        "type": "object",
        "properties": _root(),
        "additionalProperties": False,
        "allOf": [
            {"if": {"required": ["extends"]}, "then": {}, "else": two},
            {"if": own, "then": _with_layers("and_blocks"), "else": _with_layers("only")},
            networks.training(_told(Training), _told(AdversarialTraining)),
        ],
        "definitions": _definitions(),
    }


def _with_layers(which: str) -> Schema:
    """The keys that hold lists of layers, with or without blocks of the file's own."""
    properties = {"layers": described(ref(f"layers_{which}"), "layers", _KEYS["layers"])}
    return {"properties": properties | {name: networks.one(name, which) for name in NETWORKS}}


def _root() -> Schema:
    written: Schema = {
        "cnnspec": {"enum": [1]},
        "name": {"type": "string", "pattern": r"^(?!\s*$)(?!\.+$)[^/\\]+$"},
        "extends": {"type": "string", "minLength": 1},
        "imports": {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1},
        "parameters": {"type": ["object", "null"], "propertyNames": PARAMETER},
        "input": computable(form_of(Document, "input")),
        "inputs": {
            "type": "object",
            "propertyNames": {**NAME, **HIDDEN},
            "additionalProperties": computable(form_of(Document, "input")),
            "minProperties": 1,
        },
        "outputs": {
            "anyOf": [
                {"type": "object", "additionalProperties": {"type": "string"}, "minProperties": 1},
                {"type": "array", "items": {"type": "string"}, "minItems": 1},
            ]
        },
        "blocks": {
            "type": ["object", "null"],
            "propertyNames": {**NAME, "not": {"enum": items.taken_names()}, **HIDDEN},
            "additionalProperties": ref("block"),
        },
        "layers": HIDDEN,
        "task": {"enum": [*TASKS]},
        **dict.fromkeys(NETWORKS, HIDDEN),
    }
    properties = {key: described(value, key, _KEYS[key]) for key, value in written.items()}
    properties["cnnspec"]["default"] = 1
    shape = {"label": "height, width, channels", "body": "[${1:28}, ${2:28}, ${3:1}]"}
    properties["input"]["defaultSnippets"] = [shape]
    properties["data"] = {"anyOf": [ref("data"), {"type": "null"}], **_told(Data)}
    properties["training"] = {**HIDDEN, **_told(Training)}
    return properties


def _told(section: type[Section]) -> Schema:
    text = text_of(section.__doc__)
    return {"title": section.spoken, "description": text.summary, "markdownDescription": text.markdown}


def _definitions() -> Schema:
    definitions: dict[str, Any] = {
        "expression": EXPRESSION,
        "data": _section(Data),
        "training": _section(Training),
        "gan_training": _section(AdversarialTraining),
        **networks.definitions(computable(form_of(Document, "input")), _KEYS),
        "block": {
            "type": "object",
            "properties": {
                "inputs": described(
                    {"type": "array", "items": NAME, "minItems": 1, "uniqueItems": True},
                    "inputs",
                    "The names of what the block takes; the first is its running tensor.",
                ),
                "parameters": described(
                    {"type": ["object", "null"], "propertyNames": PARAMETER},
                    "parameters",
                    "The parameters with their defaults; one that is `null` must be given in the call.",
                ),
                "layers": described(ref("inner_layers_and_blocks"), "layers", "The layers of the block."),
            },
            "required": ["layers"],
            "additionalProperties": False,
        },
        **items.definitions(),
    }
    for kind, vocabulary in vocabularies().items():
        if kind != "layer":
            name = kind.replace(" ", "_")
            definitions.update({f"{name}.{word}": entry(cls) for word, cls in vocabulary.items()})
            definitions[name] = items.one_of_entries(kind, vocabulary, name)
            definitions[f"{name}_or_null"] = {"anyOf": [ref(name), {"type": "null", "properties": {}}]}
    return definitions


def _section(section: type[Section]) -> Schema:
    fields = section.model_fields
    properties: dict[str, Any] = {name: argument(section, name) for name in fields}
    for name in ("preprocessing", "augmentation"):
        if name in properties:
            told = {key: value for key, value in properties[name].items() if key not in ("type", "items", "pattern")}
            properties[name] = {"anyOf": [{"type": "array", "items": ref("layer")}, ref("expression")], **told}
    required = [name for name, field in fields.items() if field.is_required()]
    return {
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        **({"required": required} if required else {}),
    }


def as_text(document: Schema) -> str:
    """A schema as JSON with each definition on a line of its own, so that a change shows as one."""
    definitions = document["definitions"]
    rest = json.dumps({**document, "definitions": {}}, ensure_ascii=False, indent=1)
    lines = [f"  {json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}" for name, value in definitions.items()]
    return rest.replace('"definitions": {}', '"definitions": {\n' + ",\n".join(lines) + "\n }") + "\n"
