"""`columns` of a source with a table: which of the table's columns says what. Pure, without NumPy."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator

from cnnspec.language.entries import refuse, shown
from cnnspec.language.forms import Form, Schema, one_or
from cnnspec.language.suggest import nearest

Named: TypeAlias = Mapping[str, tuple[str, ...]]
"""Columns by the output (or input) that they are for; `""` stands for every output."""

ROLES = ("path", "label", "tags", "split", "group", "weight", "inputs")
_ALONE = ("path", "split", "group", "weight")
_NAMED = ("label", "tags", "inputs")
_MEANT = {
    "file": "path", "filename": "path", "image": "path", "images": "path", "id": "path",
    "labels": "label", "class": "label", "target": "label", "targets": "label", "y": "label", "value": "label",
    "values": "label", "outputs": "label", "tag": "tags", "subset": "split", "fold": "split", "groups": "group",
    "weights": "weight", "sample_weight": "weight", "input": "inputs", "features": "inputs",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Columns:
    """The names of columns by what they hold; None (or nothing) where the spec leaves it open."""

    path: str | None = None
    split: str | None = None
    group: str | None = None
    weight: str | None = None
    label: Named = field(default_factory=dict)
    tags: Named = field(default_factory=dict)
    inputs: Named = field(default_factory=dict)

    @property
    def outputs(self) -> tuple[str, ...]:
        """The outputs that labels are given for by name; none where one set of labels is for all."""
        return tuple(name for name in (*self.label, *self.tags) if name)

    def used(self) -> Iterator[tuple[str, str]]:
        """Each column that is named, behind what it is named for, as it stands in the spec."""
        for role in _ALONE:
            if (name := getattr(self, role)) is not None:
                yield role, name
        for role in _NAMED:
            for key, names in getattr(self, role).items():
                yield from ((f"{role}: {{{key}" if key else role, name) for name in names)


NO_COLUMNS = Columns()


def _read(value: Any) -> Any:
    if value is None or isinstance(value, Columns):
        return value
    if not isinstance(value, Mapping) or not value:
        raise refuse("wrong-type", f"`columns` takes a mapping, not {shown(value)}", _EXAMPLE)
    for role in value:
        if role not in ROLES:
            guess = _MEANT.get(str(role)) or nearest(str(role), ROLES)
            help = f"did you mean `{guess}`?" if guess else f"it takes {', '.join(f'`{one}`' for one in ROLES)}"
            raise refuse("table-columns", f"`columns` has no `{role}`", help, at=str(role))
    alone = {role: _name(value[role], role) for role in _ALONE if value.get(role) is not None}
    named = {role: _named(value[role], role) for role in _NAMED if value.get(role) is not None}
    found = replace(Columns(**alone), **named)  # type: ignore[arg-type]
    _check_outputs(found)
    return found


_EXAMPLE = "write `columns: {path: file, label: breed}`: what each is, and the name of its column"


def _check_outputs(found: Columns) -> None:
    both = [name for name in found.tags if name in found.label]
    if both or (("" in found.label or "" in found.tags) and found.label and found.tags):
        what = f"`{both[0]}` has" if both and both[0] else "there are"
        help = "name an output for each: `label: {kind: breed}, tags: {marks: tags}`; or keep one"
        raise refuse("table-columns", f"{what} both `label` and `tags`", help, at="tags")


def _name(value: Any, *path: str) -> str:
    if isinstance(value, str) and value.strip():
        return value.strip()
    message = f"`{path[-1]}` takes the name of a column, not {shown(value)}"
    number = isinstance(value, int | float) and not isinstance(value, bool)
    raise refuse("wrong-type", message, f'in quotes it is a name: `"{value}"`' if number else None, at=path[0])


def _several(value: Any, *path: str) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        return (_name(value, *path),)
    if not value:
        raise refuse("wrong-type", f"`{path[-1]}` lists no column", "name one", at=path[0])
    names = tuple(_name(each, *path) for each in value)
    twice = next((name for index, name in enumerate(names) if name in names[:index]), None)
    if twice is not None:
        raise refuse("table-columns", f"`{path[-1]}` lists the column `{twice}` twice", "name it once", at=path[0])
    return names


def _named(value: Any, role: str) -> Named:
    if isinstance(value, Mapping):
        if not value:
            raise refuse("wrong-type", f"`{role}` names no column", "name one", at=role)
        return {_name(key, role): _several(each, role, str(key)) for key, each in value.items()}
    if role == "inputs":
        message = f"`inputs` takes columns by the input that they are for, not {shown(value)}"
        raise refuse("wrong-type", message, "write `inputs: {facts: [age, weight]}`", at=role)
    return {"": _several(value, role)}


def written(name: str) -> str:
    """The name of a column as it is written in a spec."""
    plain = re.fullmatch(r"[^\W\d][\w .%/()+-]*", name) is not None
    return name if plain and name.lower() not in ("null", "true", "false") else json.dumps(name, ensure_ascii=False)


def as_columns(**roles: str | Sequence[str]) -> str:
    """What to write under `columns`, ready to paste; `…` stands for a name that is not known."""
    listed = (
        f"{role}: {written(names) if isinstance(names, str) else '[' + ', '.join(map(written, names)) + ']'}"
        for role, names in roles.items()
    )
    return f"`columns: {{{', '.join(listed)}}}`"


_TEXT: Schema = {"type": "string", "minLength": 1}
_BY_OUTPUT: Schema = {"type": "object", "additionalProperties": one_or(_TEXT), "minProperties": 1}
_SCHEMA: Schema = {
    "anyOf": [
        {
            "type": "object",
            "properties": {
                **dict.fromkeys(_ALONE, _TEXT),
                **{role: {"anyOf": [one_or(_TEXT), _BY_OUTPUT]} for role in ("label", "tags")},
                "inputs": _BY_OUTPUT,
            },
            "additionalProperties": False,
            "minProperties": 1,
        },
        {"type": "null"},
    ]
}

ColumnsField: TypeAlias = Annotated[
    Any,
    BeforeValidator(_read),
    Form(lambda rank: _SCHEMA, f"the names of the table's columns by what they hold: {', '.join(ROLES)}"),
]
