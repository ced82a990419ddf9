"""What may be written at a place, in text that need not read yet."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from cnnspec.editor.around import Around, is_spec
from cnnspec.editor.declared import Load, Source
from cnnspec.editor.grammar import Place
from cnnspec.editor.lines import Range
from cnnspec.editor.tree import Listing, Mapping, Scalar, scalars
from cnnspec.language.expression_words import FUNCTIONS
from cnnspec.language.forms import Schema
from cnnspec.language.scope import AXES
from cnnspec.reference.forms import shown
from cnnspec.reference.structures import STRUCTURES

_MARK = "\ue000"
_IDENTIFIER = re.compile(r"((?:[^\W\d]\w*\.)*)(\w*)$")

Kind = Literal["entry", "block", "key", "value", "name", "parameter", "function"]

_BLOCK_STYLE = {
    "residual": "residual:\n    layers:\n      - $1",
    "branches": "branches:\n    paths:\n      - [$1]\n      - [$2]",
    "repeat": "repeat:\n    times: $1\n    layers:\n      - $2",
    "when": "when:\n    condition: \\$($1)\n    layers:\n      - $2",
}
_FLOW_STYLE = {
    "residual": "residual: {layers: [$1]}",
    "branches": "branches: {paths: [[$1], [$2]]}",
    "repeat": "repeat: {times: $1, layers: [$2]}",
    "when": "when: {condition: \\$($1), layers: [$2]}",
}


class Item(NamedTuple):
    """One thing to write: as it is listed, as it is inserted, and the same with places to fill in (`$1`)."""

    label: str
    kind: Kind
    insert: str
    snippet: str
    detail: str = ""
    text: str = ""
    first: bool = False
    """Whether it is to be listed before the others."""


class Completion(NamedTuple):
    """What may replace a stretch of the text."""

    range: Range
    items: tuple[Item, ...]


def complete(source: Source, offset: int, load: Load) -> Completion:
    """What may be written at an offset."""
    nothing = Completion(Range(offset, offset), ())
    marked = Source(source.file, source.text[:offset] + _MARK + source.text[offset:])
    spot = next((spot for spot in scalars(marked.tree) if spot.scalar.start <= offset < spot.scalar.end), None)
    if spot is None or _MARK not in spot.scalar.text or not (is_spec(marked) or _begins(marked)):
        return nothing
    place = Around(marked, spot, load)
    before = spot.scalar.text.partition(_MARK)[0]
    if before.startswith("$"):
        word = _IDENTIFIER.search(before)
        assert word is not None
        inside = Range(offset - len(word[2]), offset)
        return Completion(inside, tuple(_axes(f"`{word[1][:-1]}`") if word[1] else _expression(place, before)))
    if before == "-" or any(char.isspace() for char in before):
        return nothing
    start = offset - len(before)
    colon = spot.on_key and spot.steps[-1].pair is not None and spot.steps[-1].pair.colon
    end = spot.scalar.end - 1 if colon else offset
    found: dict[str, Item] = {}
    for item in _offered(place):
        known = found.get(item.label)
        if known is None or known.insert.startswith(f"{item.label}:") or not known.text:
            found[item.label] = item
    items = (item._replace(insert=item.label, snippet="") if colon else item for item in found.values())
    return Completion(Range(start, end), tuple(items))


def _begins(source: Source) -> bool:
    """Whether nothing is written yet but one word."""
    tree = source.tree
    return isinstance(tree, Scalar) or (isinstance(tree, Mapping) and len(tree.pairs) == 1 and not tree.flow)


def _expression(place: Around, before: str) -> Iterator[Item]:
    """The names within an expression."""
    for name, parameter in place.parameters.items():
        default = "" if parameter.default is None else f"= {parameter.default}"
        yield Item(name, "parameter", name, "", default, first=True)
    yield from (axis for axis in _axes("the running tensor") if axis.label not in place.parameters)
    if before.startswith("$("):
        for name in place.names:
            yield Item(f"{name}.channels", "name", f"{name}.channels", "", f"of `{name}`")
        for name in FUNCTIONS:
            yield Item(name, "function", f"{name}(", f"{name}($1)")


def _axes(tensor: str) -> Iterator[Item]:
    """The sizes of a tensor."""
    for axis in AXES:
        yield Item(axis, "parameter", axis, "", f"of {tensor}")


def _offered(place: Around) -> Iterator[Item]:
    spot = place.spot
    if not spot.steps:
        yield from _keys(place.places[0], frozenset(), place)
    elif spot.on_key:
        node = spot.steps[-1].node
        assert isinstance(node, Mapping)
        others = frozenset(pair.key.text for pair in node.pairs if pair.key is not spot.scalar)
        holder = place.holder
        if not others:
            yield from _entries(holder, place, "")
        yield from _keys(holder, others, place)
    else:
        yield from _values(place)


def _keys(holder: Place, others: frozenset[str], place: Around) -> Iterator[Item]:
    """The keys of a mapping that are not there yet."""
    required = holder.required
    outer = place.places[-3] if len(place.places) > 2 else holder
    if "layer" in outer.names:
        others |= {"name", "inputs"}
    for form in holder.forms:
        if form.get("maxProperties") == 1:
            continue
        for name, schema in form.get("properties", {}).items():
            if name in others:
                continue
            texts = holder.step(name, {}).texts
            default = "default" in schema and shown(schema["default"])
            filled = f"${{1:{_escaped(default)}}}" if default else "$1"
            if not place.spot.steps:
                filled = "$1"
            text = texts.get("markdownDescription") or texts.get("description", "")
            detail = texts.get("description", "") if text else ""
            yield Item(name, "key", f"{name}: ", f"{name}: {filled}", detail, text, first=name in required)


def _values(place: Around) -> Iterator[Item]:
    """What may stand as a value."""
    steps, here = place.spot.steps, place.places[-1]
    last = steps[-1]
    key = last.pair.key if last.pair is not None else None
    below = key is not None and "\n" in place.source.text[key.end : place.scalar.start]
    if place.refers:
        for name, given in place.names.items():
            entry = given.entry.pairs[0].key.text if given.entry is not None and given.entry.pairs else "an input"
            yield Item(name, "name", name, "", entry)
        if "layer_name" not in here.names:
            return
    if below:
        yield from _keys(here, frozenset(), place)
    in_block_list = isinstance(last.node, Listing) and not last.node.flow
    yield from _entries(here, place, "" if in_block_list else "{}")
    for form in here.forms:
        yield from _plain(form)
        if below and form.get("type") == "array" and isinstance(form.get("items"), dict):
            item = here.step(0, place.calls)
            for each in (*_entries(item, place, ""), *(found for inner in item.forms for found in _plain(inner))):
                yield each._replace(insert=f"- {each.insert}", snippet=each.snippet and f"- {each.snippet}")
    if key is not None and not here.of_layers and not place.gives and place.entry_at(len(steps)) is not None:
        for name, parameter in place.parameters.items():
            yield Item(f"${name}", "parameter", f"${name}", "", f"= {parameter.default}" if parameter.default else "")


def _plain(form: Schema) -> Iterator[Item]:
    """The words that a form allows."""
    default = form.get("default")
    if "const" in form:
        word = str(form["const"])
        yield Item(word, "value", word, "", form.get("description", ""), form.get("markdownDescription", ""))
    for value in form.get("enum", ()):
        yield Item(shown(value), "value", shown(value), "", first=value == default)
    kinds = form.get("type", ())
    if "boolean" in kinds and "pattern" in form and "properties" not in form:
        for truth in (True, False):
            yield Item(shown(truth), "value", shown(truth), "", "default" if default is truth else "")


def _entries(holder: Place, place: Around, braces: str) -> Iterator[Item]:
    """The entries of the vocabularies that a place takes; `braces` are put around those with arguments."""
    names = {name for form in holder.forms if form.get("maxProperties") == 1 for name in form["properties"]}
    alone = {form["const"] for form in holder.forms if "const" in form}
    own = place.calls if holder.of_entry else {}
    flow = bool(braces) or any(step.node.flow for step in place.spot.steps)
    for name in [*own, *(name for name in holder.properties if name in names and name not in own)]:
        below = holder.step(name, place.calls)
        required = below.required
        first = next(iter(below.properties), "")
        short = _short(below) if name not in own else first in required
        body = (_FLOW_STYLE if flow else _BLOCK_STYLE).get(name, "") if holder.of_entry else ""
        if body:
            pass
        elif not required and (name in alone or name in own):
            body = name
        elif (len(required) == 1 and short) or not required:
            body = f"{name}: $1"
        else:
            filled = ", ".join(f"{argument}: ${at}" for at, argument in enumerate(required, 1))
            body = f"{name}: {{{filled}}}"
        if body == name and place.spot.on_key:
            body = f"{name}: $1"
        plain = name if body == name else f"{name}: "
        if braces and body != name:
            body, plain = f"{{{body}}}", f"{{{name}: "
        kind: Kind = "block" if name in own or "block" in "".join(below.names) or name in STRUCTURES else "entry"
        snippet = body if "$" in body else ""
        yield Item(name, kind, plain, snippet, below.texts.get("description", ""), below.markdown, first=name in own)


def _short(place: Place) -> bool:
    """Whether the value of the first argument may follow the name."""
    return any(
        form.get("type") != "object"
        and form.get("description") != "an expression"
        and "object" not in form.get("type", "")
        for form in place.forms
    )


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("$", "\\$").replace("}", "\\}")
