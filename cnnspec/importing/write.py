"""Entries → the text of a spec."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cnnspec.importing.tree import Expression, Item, Items, Map, merges
from cnnspec.language.scalars import is_text
from cnnspec.layers import LAYERS

_WIDTH = 116
_FIRST = "cnnspec: 1"
"""The line behind the comments."""
_SPECIAL = set(",[]{}#&*!|>'\"%@`:")


def spec(
    name: str,
    inputs: Mapping[str, Any],
    outputs: Mapping[str, str],
    blocks: Mapping[str, tuple[tuple[str, ...], Mapping[str, Any], Items]],
    layers: Items,
    header: Sequence[str],
) -> str:
    """The text of a whole spec."""
    lines = [*(f"# {line}" for line in header), _FIRST, f"name: {scalar(name)}"]
    if [*inputs] == ["input"]:
        lines.append(f"input: {flow(tuple(inputs['input']))}")
    else:
        lines.append("inputs: " + flow(Map((key, tuple(shape)) for key, shape in inputs.items())))
    if outputs:
        same = all(key == value for key, value in outputs.items())
        lines.append("outputs: " + flow(tuple(outputs) if same else Map(outputs.items())))
    if blocks:
        lines.append("blocks:")
        for block, (names, parameters, body) in blocks.items():
            lines.append(f"  {block}:")
            if names:
                lines.append(f"    inputs: {flow(names)}")
            if parameters:
                lines.append(f"    parameters: {flow(Map(parameters.items()))}")
            lines += ["    layers:", *entries(body, 6)]
    lines += ["layers:", *entries(layers, 2)]
    return "\n".join(lines) + "\n"


def freezing(text: str, patterns: Sequence[str]) -> str:
    """The text of a spec with the `training.freeze` of these patterns.

    A network whose layers are all frozen (`*`) has nothing to train: a comment says so.
    """
    if [*patterns] == ["*"]:
        word = "# All its layers were frozen (`trainable = False`); see `training.freeze` to freeze some of them."
        return text.replace(f"{_FIRST}\n", f"{word}\n{_FIRST}\n", 1)
    line = f"  freeze: {flow(tuple(patterns))}"
    lines = [line] if len(line) <= _WIDTH else ["  freeze:", *(f"    - {scalar(each)}" for each in patterns)]
    return text + "\n".join(["training:", *lines]) + "\n" if patterns else text


def entries(items: Items, indent: int) -> list[str]:
    """A list of entries, one or several lines each."""
    return [line for item in items for line in entry(item, indent)]


def entry(item: Item, indent: int) -> list[str]:
    """The lines of one entry."""
    pad = " " * indent
    note = [f"{pad}# {item.note}"] if item.note else []
    whole = one_line(item)
    fits = len(pad) + len(whole) + 2 <= _WIDTH
    if not item.parts:
        return [*note, f"{pad}- {whole}"] if fits else [*note, *_long(item, pad)]
    inner = [child for part in item.parts for child in part]
    if fits and len(inner) <= 2 and not any(child.parts or child.note for child in inner):
        return [*note, f"{pad}- {whole}"]
    lines = [*note, f"{pad}- {item.entry}:"]
    body = dict(_body(item))
    for key, value in body.items():
        if isinstance(value, _List):
            lines.append(f"{pad}    {key}:")
            lines += entries(value.items, indent + 6)
        elif isinstance(value, _Paths):
            lines.append(f"{pad}    {key}:")
            for path in value.paths:
                lines += _path(path, indent + 6)
        elif key == "over" and len(flow(value)) + indent + 10 > _WIDTH:
            lines.append(f"{pad}    over:")
            lines += [f"{pad}      - {flow(row)}" for row in value]
        else:
            lines.append(f"{pad}    {key}: {flow(value, top=True)}")
    return lines


def one_line(item: Item) -> str:
    """An entry on one line, as a list item has it."""
    body = _body(item)
    if not body:
        return item.entry
    if len(body) == 1 and _stands_alone(item, *body[0]):
        return f"{item.entry}: {flow(body[0][1], top=True)}"
    return f"{item.entry}: {flow(Map(body))}"


class _List(tuple[Item, ...]):
    """Entries below a key."""

    @property
    def items(self) -> Items:
        return tuple(self)


class _Paths(tuple[Items, ...]):
    """Lists of entries below a key."""

    @property
    def paths(self) -> tuple[Items, ...]:
        return tuple(self)


def _body(item: Item) -> list[tuple[str, Any]]:
    """Everything that stands behind the entry's name, in order."""
    arguments = list(item.arguments)
    if item.inputs and merges(item):
        arguments.insert(0, ("inputs", item.inputs[0] if len(item.inputs) == 1 else item.inputs))
    elif item.inputs:
        arguments.append(("inputs", item.inputs[0] if len(item.inputs) == 1 else item.inputs))
    if item.entry == "residual":
        arguments.insert(0, ("layers", _List(item.parts[0])))
        if len(item.parts) > 1:
            arguments.insert(1, ("shortcut", _List(item.parts[1])))
    elif item.entry == "branches":
        arguments.append(("paths", _Paths(item.parts)))
    elif item.parts:
        arguments.append(("layers", _List(item.parts[0])))
    return [*arguments, *([("name", item.name)] if item.name else [])]


def _stands_alone(item: Item, argument: str, value: Any) -> bool:
    """Whether an argument may be written without its name."""
    if isinstance(value, Map) or value is None:
        return False
    if item.entry in LAYERS:
        return argument == LAYERS[item.entry].first or (argument == "inputs" and merges(item))
    return item.entry == "share" and argument == "entry"


def _path(path: Items, indent: int) -> list[str]:
    """One path of branches."""
    pad = " " * indent
    line = f"{pad}- {flow(_List(path))}"
    if not path or (len(line) <= _WIDTH and not any(item.parts or item.note for item in path) and len(path) <= 3):
        return [line]
    lines = entries(path, indent + 2)
    return [f"{pad}- {lines[0].lstrip()}", *lines[1:]] if not path[0].note else [f"{pad}-", *lines]


def _long(item: Item, pad: str) -> list[str]:
    """An entry with its arguments below it, as many on a line as there is room for."""
    lines, line = [], f"{pad}- {item.entry}: {{"
    body = _body(item)
    if len(body) == 1:
        return [f"{pad}- {one_line(item)}"]
    for at, (key, value) in enumerate(body):
        text = f"{key}: {flow(value)}" + ("}" if at == len(body) - 1 else ", ")
        if len(line) + len(text) > _WIDTH and at:
            lines.append(line.rstrip())
            line = f"{pad}    "
        line += text
    return [*lines, line]


def flow(value: Any, top: bool = False) -> str:
    """A value on one line; `top` is outside of brackets."""
    match value:
        case _List():
            return (
                "[" + ", ".join(one_line(item) if not _body(item) else f"{{{one_line(item)}}}" for item in value) + "]"
            )
        case _Paths():
            return "[" + ", ".join(flow(_List(path)) for path in value) + "]"
        case Map():
            return "{" + ", ".join(f"{key}: {flow(inner)}" for key, inner in value) + "}"
        case Expression():
            return str(value)
        case tuple() | list():
            return "[" + ", ".join(flow(item) for item in value) + "]"
    return scalar(value, top)


def scalar(value: Any, top: bool = False) -> str:
    """An atom as YAML 1.2 reads it back."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case float() if (fraction := _fraction(value)) is not None:
            return fraction
        case float():
            return repr(int(value)) + ".0" if value.is_integer() and abs(value) < 1e15 else repr(value)
        case int():
            return str(value)
    text = str(value)
    plain = (
        is_text(text)
        and not (set(text) & _SPECIAL)
        and text == text.strip()
        and text[0] not in "-?$=~.<"
        and text.isprintable()
    )
    return text if plain else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _fraction(value: float) -> str | None:
    """`$(1/255)` for a number that is a short fraction, and long otherwise."""
    if len(repr(value)) < 10 or not 1e-5 < abs(value) < 1:
        return None
    for over in (1, 2, 3, 5):
        under = round(over / value)
        if abs(under) < 10000 and over / under == value:
            return f"$({over}/{under})"
    return None
