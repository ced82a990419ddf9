"""What a word of a spec says at its place: its text in the reference, its shapes, its value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from math import prod
from typing import Any, NamedTuple

from cnnspec.editor.around import Around
from cnnspec.editor.declared import Block, Name
from cnnspec.editor.grammar import Place
from cnnspec.editor.lines import Range
from cnnspec.editor.shapes import ExpressionError, Failed, Occurrence
from cnnspec.editor.tree import Scalar
from cnnspec.editor.world import World
from cnnspec.graph.graph import Node
from cnnspec.language import syntax
from cnnspec.layers.base import show
from cnnspec.reference.forms import shown

_FEW = 6
"""How many different shapes or values are listed."""


class Hover(NamedTuple):
    """Markdown, and the word that it is about."""

    range: Range
    markdown: str


def hover(world: World, place: Around, offset: int) -> Hover | None:
    """What to show for the word at a place."""
    word = place.word_at(offset)
    scalar = place.scalar
    if word is not None:
        return Hover(word.range, _parameter(world, place, word.text))
    found = _of_word(world, place)
    return Hover(Range(scalar.start, scalar.end), found) if found else None


def _of_word(world: World, place: Around) -> str:
    if place.expression:
        return _expression(world, place, place.scalar.text)
    if place.names_entry:
        return _entry(world, place)
    if place.refers or place.gives:
        return _name(world, place)
    if place.spot.on_key:
        return _key(world, place)
    word = next((form for form in place.places[-1].forms if form.get("const") == place.scalar.text), None)
    if word is not None:
        return _brief(str(word.get("markdownDescription", "")))
    named = next((at for at, step in reversed(list(enumerate(place.spot.steps))) if step.pair is not None), None)
    if named is None:
        return ""
    name = str(place.spot.steps[named].key)
    return _told(name, place.places[named + 1], place.places[named].properties.get(name, {}).get("default"))


# entries


def _entry(world: World, place: Around) -> str:
    name = place.scalar.text
    occurrences = world.occurrences(place.source, place.scalar)
    block = place.blocks.get(name)
    if block is not None:
        text = _signature(block)
    else:
        depth = len(place.places) - 2 if place.spot.on_key else len(place.places) - 1
        text = _brief(place.places[depth].step(name, place.calls).markdown)
    return "\n\n---\n\n".join(part for part in (_shapes(occurrences), text) if part)


def _brief(markdown: str) -> str:
    """A text of the reference without its example, its errors and its source."""
    parts = markdown.partition("\n\n```yaml")[0].split("\n\n")
    return "\n\n".join(part for part in parts if not part.startswith(("Errors: ", "Source: ")))


def _signature(block: Block) -> str:
    parameters = ", ".join(
        f"`{each.name}`" if each.default is None else f"`{each.name} = {each.default}`"
        for each in block.parameters.values()
    )
    return f"The block `{block.name}`" + (f": {parameters}" if parameters else "")


def _shapes(occurrences: Sequence[Occurrence]) -> str:
    """The shapes, formula and costs of one occurrence; of several, the different shapes, with how often each is."""
    if not occurrences:
        return ""
    first, known = occurrences[0], [occurrence for occurrence in occurrences if occurrence.shape is not None]
    if not known:
        if first.inputs and len(first.inputs) == len(first.part.inputs):
            return f"**{first.change}**  \nThere is a mistake here."
        return "Its shapes are not known: there is a mistake here or above."
    if len(occurrences) == 1:
        formula = _formula(first)
        told = (f"**{first.change}**", f"`{formula}`" if formula else "", _costs(first.nodes))
        return "  \n".join(line for line in told if line)
    rows = Counter(map(_row, known))
    lines = [f"- {row}" + f", {count} times" * (len(rows) > 1 < count) for row, count in rows.items()]
    if len(lines) > _FEW:
        lines = [*lines[: _FEW - 1], f"- … and {sum([*rows.values()][_FEW - 1 :])} more"]
    missing = len(occurrences) - len(known)
    if missing:
        lines.append(f"- not known, {f'{missing} times' if missing > 1 else 'once'}: there is a mistake here or above")
    costs = _costs([node for occurrence in known for node in occurrence.nodes], field=False)
    parts = (f"**{len(occurrences)} times**", "\n".join(lines), f"In all: {costs}" if costs else "")
    return "\n\n".join(part for part in parts if part)


def _row(occurrence: Occurrence) -> str:
    formula = _formula(occurrence)
    return occurrence.change + (f" · `{formula}`" if formula else "")


def _formula(occurrence: Occurrence) -> str:
    """The shape rule of an entry that is a layer."""
    names = occurrence.part.nodes
    layer = isinstance(occurrence.part.item, syntax.LayerItem)
    return occurrence.graph[names[0]].formula if layer and names else ""


def _costs(nodes: Sequence[Node], *, field: bool = True) -> str:
    """Parameters, multiply-adds and the receptive field."""
    if not nodes:
        return ""
    parts = [f"{sum(node.parameters for node in nodes):,} parameters"]
    adds = [node.multiply_adds for node in nodes]
    if None not in adds and any(adds):
        parts.append(f"{sum(add or 0 for add in adds):,} multiply-adds")
    seen = nodes[-1].field.size
    if field and seen is None:
        parts.append("sees all of the input")
    elif field and seen and prod(seen) > 1:
        parts.append(f"sees {'×'.join(map(str, seen))} of the input")
    return " · ".join(parts)


# names


def _name(world: World, place: Around) -> str:
    text = place.scalar.text
    if place.gives:
        entry = place.entry_at(len(place.spot.steps) - 1) or place.entry
        return _tensor(world, place, text, entry)
    given = place.names.get(text)
    if given is None:
        return ""
    first = given.entry.pairs[0] if given.entry is not None and given.entry.pairs else None
    return _tensor(world, place, text, first.key if first else None, given)


def _tensor(world: World, place: Around, name: str, entry: Scalar | None, given: Name | None = None) -> str:
    if entry is None:
        inputs = [shape for shape in world.inputs(place.source).items() if shape[0] == name]
        return f"**`{name}`** {show(inputs[0][1])}\n\nan input" if inputs else f"**`{name}`**: an input"
    occurrences = world.occurrences(place.source, entry)
    shapes = _distinct(show(found.shape) for found in occurrences if found.shape is not None)
    line = world.line(place.source, entry.start)
    origin = f"the output of `{entry.text}`, line {line}"
    formula = _formula(occurrences[0]) if len(occurrences) == 1 else ""
    parts = (f"**`{name}`** {_few(shapes)}".rstrip(), origin, f"`{formula}`" if formula else "")
    return "\n\n".join(part for part in parts if part)


# keys, values and parameters


def _key(world: World, place: Around) -> str:
    here = place.places[-1]
    name = place.scalar.text
    path = place.spot.path
    if len(path) == 2 and path[0] == "blocks" and place.source.blocks.get(name):
        return _signature(place.source.blocks[name])
    if len(path) == 2 and path[0] == "parameters":
        return _parameter(world, place, name)
    if len(path) == 4 and path[0] == "blocks" and path[2] == "parameters":
        default = place.source.written(place.spot.steps[-1].pair.value) if place.spot.steps[-1].pair else None
        return f"**`{name}`**: a parameter of the block `{path[1]}`, " + (
            "which must be given" if default is None else f"`{default}` where it is not given"
        )
    return _told(name, here, place.holder.properties.get(name, {}).get("default"))


def _told(name: str, here: Place, default: Any) -> str:
    """What a key takes."""
    if not here.markdown and not here.forms:
        return ""
    text = _brief(here.markdown)
    if default is not None and "default" not in text:
        text += f" (default `{shown(default)}`)"
    return f"**`{name}`**: {text}" if text else f"**`{name}`**"


def _parameter(world: World, place: Around, name: str) -> str:
    """The values of a parameter, or of a name within an expression."""
    values = _values(world, place, f"${name}" if "." not in name else f"$({name})")
    parameter = place.parameters.get(name)
    told = f"**`{name}`** = {values}" if values else f"**`{name}`**"
    if parameter is not None and parameter.default is not None and parameter.default != values.strip("`"):
        told += f"\n\ndeclared with `{parameter.default}`"
    elif name in place.names and not values:
        told += "\n\nan entry"
    return told


def _expression(world: World, place: Around, text: str) -> str:
    values = _values(world, place, text)
    return f"`{text}` = {values}" if values else ""


def _values(world: World, place: Around, expression: str) -> str:
    """What an expression gives, once for each different value."""
    found: list[str] = []
    entry = place.entry
    occurrences = world.occurrences(place.source, entry) if entry is not None else []
    for occurrence in occurrences[:1000]:
        found += _computed(occurrence, expression)
    if not occurrences:
        found += _computed(world.shapes(place.source), expression)
    return _few([f"`{value}`" for value in _distinct(found)])


def _computed(where: Any, expression: str) -> list[str]:
    try:
        value = where.value(expression)
    except (ExpressionError, Failed):
        return []
    text = shown(list(value) if isinstance(value, tuple) else value) if not isinstance(value, dict) else "{…}"
    return [_short(text)]


def _short(text: str) -> str:
    text = text.replace("(", "[").replace(")", "]") if text.startswith(("(", "[(")) else text
    return text if len(text) <= 60 else text[:59] + "…"


def _distinct(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))


def _few(values: Sequence[str]) -> str:
    return ", ".join(values[:_FEW]) + (", …" if len(values) > _FEW else "")
