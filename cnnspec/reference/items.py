"""Lists of layers as JSON Schema: layers, the words of the language, standard blocks, and calls of own blocks.

A schema cannot know the blocks that a file declares. So there are two lists: where a file declares, imports or inherits
blocks, a word that is no layer may be one of them; elsewhere it is a mistake.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cnnspec.language.entries import Entry
from cnnspec.language.forms import Schema
from cnnspec.layers.base import LAYERS
from cnnspec.reference import calls
from cnnspec.reference.kinds import stands_alone
from cnnspec.reference.names import HIDDEN, NAME, described, head, ref
from cnnspec.reference.standard import standard_blocks
from cnnspec.reference.structures import STRUCTURES
from cnnspec.reference.texts import Text, text_of
from cnnspec.reference.values import entry

_MERGES = [name for name, cls in LAYERS.items() if getattr(cls, "merges", False)]


def taken_names() -> list[str]:
    """The names that no block can have."""
    return [*LAYERS, *STRUCTURES]


def one_of_entries(kind: str, entries: Mapping[str, type[Entry]], prefix: str) -> Schema:
    """One entry of a vocabulary, or an expression."""
    mapping = {word: ref(f"{prefix}.{word}") for word in entries}
    return {"anyOf": [_single(mapping, kind), *_bare(entries), ref("expression")]}


def _bare(entries: Mapping[str, type[Entry]]) -> list[Schema]:
    """The entries that need no argument, by their names alone."""
    return [_word(name, text_of(cls.__doc__)) for name, cls in entries.items() if stands_alone(cls)]


def _word(name: str, text: Text) -> Schema:
    told = {"title": name, "description": text.summary, "markdownDescription": text.markdown}
    return {"type": "string", "const": name, **told}


def _single(properties: Schema, kind: str) -> Schema:
    """A mapping of one name to what stands after it."""
    return {
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
        "errorMessage": f"no {kind} is written so; `cnnspec layers` lists what there is",
    }


def definitions() -> Schema:
    """Every layer, structure and standard block, and the lists of them."""
    merges = {name: LAYERS[name] for name in _MERGES}
    layers = {name: cls for name, cls in LAYERS.items() if name not in merges}
    found: dict[str, Any] = {
        "name": {"anyOf": [{"type": ["string", "number", "boolean"], **NAME, "properties": {}}, ref("expression")]},
        "inputs": described(
            {"anyOf": [ref("name"), {"type": "array", "items": ref("name"), "minItems": 1}]},
            "inputs",
            "The name of an entry above, or a list of names, to take in place of the entry above.",
        ),
        "layer_name": {"anyOf": _bare(layers)},
        "layer": {"allOf": [one_of_entries("layer", layers, "layer"), _HEADLESS]},
        "merge": one_of_entries("merge", merges, "merge"),
    }
    found |= {f"layer.{name}": entry(cls, head()) for name, cls in layers.items()}
    found |= {f"layer.{name}": entry(cls, head(), ("inputs",), ref("inputs")) for name, cls in merges.items()}
    found |= {f"merge.{name}": entry(cls) for name, cls in merges.items()}
    blocks = standard_blocks()
    alone = [_word(name, block.text) for name, block in blocks.items() if not block.required]
    found |= {f"block.{name}": calls.standard(block) for name, block in blocks.items()}
    found |= _lists("only", {name: ref(f"block.{name}") for name in blocks}, alone, {})
    own: Schema = {"additionalProperties": ref("own_block"), "propertyNames": {**NAME, **HIDDEN}}
    found["own_block"] = {"description": "A block, called with its arguments, `name` and `inputs`."}
    needy = [*(name for name, cls in LAYERS.items() if not stands_alone(cls)), *_MERGES, *STRUCTURES]
    called: Schema = {"type": "string", **NAME, "not": {"enum": list(dict.fromkeys(needy))}, "description": "A block."}
    loose = {name: calls.loose(block) for name, block in blocks.items()}
    return found | _lists("and_blocks", loose, [*alone, called], own)


_HEADLESS: Schema = {
    "additionalProperties": {"not": {"type": "object", "anyOf": [{"required": ["name"]}, {"required": ["inputs"]}]}}
}
"""A layer without `name` and `inputs`, as those of a preprocessing are."""

_LIST: Schema = {"defaultSnippets": [{"label": "a list of layers", "body": ["$1"]}]}


def _lists(which: str, blocks: Schema, bare: list[Schema], others: Schema) -> Schema:
    """The definitions of lists that hold layers, structures and `blocks`; `others` says what else may stand there."""
    layers = {name: ref(f"layer.{name}") for name in LAYERS}
    words = {name: ref(f"{name}_{which}") for name in STRUCTURES}
    mapping = {**_single({**layers, **words, **blocks}, "layer or block"), **others}
    items: Schema = {"type": "array", "items": ref(f"item_{which}")}
    return {
        f"item_{which}": {"anyOf": [mapping, ref("layer_name"), *bare, ref("expression")]},
        f"layers_{which}": {"anyOf": [{**items, "minItems": 1}, ref("expression")], **_LIST},
        f"inner_layers_{which}": {"anyOf": [items, ref("expression")], **_LIST},
        **{f"{name}_{which}": calls.structure(name, which) for name in STRUCTURES},
    }
