"""`data.class_weights`: how much the images of each class count in training."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator

from cnnspec.language.entries import Path, Problem, refuse, shown
from cnnspec.language.forms import Form, Schema
from cnnspec.language.suggest import meant, nearest

BALANCED = "balanced"

Weights: TypeAlias = str | Mapping[str, float]
"""`balanced`, or numbers by class: names, or class numbers as text."""

_HELP = "write `balanced`, or numbers by class: `{0: 1, 1: 5}`"


def _read(value: Any) -> Any:
    """The weights of one output, or of several by their names."""
    if not isinstance(value, Mapping) or not any(isinstance(each, str | Mapping) for each in value.values()):
        return _one(value)
    return {str(output): _one(each, str(output)) for output, each in value.items()}


def _one(value: Any, *path: str) -> Any:
    if value is None or value == BALANCED:
        return value
    at = path[0] if path else ""
    if not isinstance(value, Mapping):
        raise refuse("class-weights", f"classes are weighed by numbers, not by {shown(value)}", _HELP, at=at)
    for name, weight in value.items():
        if isinstance(weight, bool) or not isinstance(weight, int | float) or weight < 0:
            message = f"class `{name}` is weighed by a number from 0, not by {shown(weight)}"
            raise refuse("class-weights", message, _HELP, at=at or str(name))
    if not any(value.values()):
        raise refuse("class-weights", "no class has a weight above 0", _HELP, at=at)
    return {str(name): float(weight) for name, weight in value.items()}


def _form(rank: int) -> Schema:
    weights = {"type": "object", "additionalProperties": {"type": "number", "minimum": 0}, "minProperties": 1}
    one: list[Schema] = [{"const": BALANCED}, weights]
    return {"anyOf": [*one, {"type": "object", "additionalProperties": {"anyOf": one}}, {"type": "null"}]}


ClassWeights: TypeAlias = Annotated[
    Any, BeforeValidator(_read), Form(_form, "`balanced`, or numbers by class; several outputs take a mapping of these")
]


def by_output(weights: Any) -> Mapping[str, Weights] | None:
    """The weights by output, where they are given so."""
    given = isinstance(weights, Mapping) and any(isinstance(each, str | Mapping) for each in weights.values())
    return weights if given else None


def weights_of(weights: Any, output: str) -> Weights | None:
    """The weights of the classes of one output."""
    named = by_output(weights)
    found: Weights | None = weights if named is None else named.get(output)
    return found


def numbers_of(weights: Mapping[str, float], classes: int, names: Iterable[str] | None) -> dict[int, float]:
    """The weights by class number; names that no class has are left out."""
    numbered = {name: number for number, name in enumerate(names or ())}
    found = {name: numbered.get(name, int(name) if name.isdecimal() else -1) for name in weights}
    return {found[name]: weight for name, weight in weights.items() if 0 <= found[name] < classes}


def class_problems(
    weights: Mapping[str, float], classes: int | None, names: Sequence[str] | None, place: Path
) -> Iterator[Problem]:
    """Weights of classes that there are not; `classes` and `names` are None where only the files tell them, and there
    are no names where classes have numbers alone."""
    for name in weights:
        if name in (names or ()) or (name.isdecimal() and (classes is None or int(name) < classes)):
            continue
        if not name.isdecimal() and names is None:
            continue
        there = f"there are: {', '.join(names)}" if names else _numbers(classes, named=not name.isdecimal())
        guess = nearest(name, names or ())
        help = f"did you mean `{guess}`?" if guess else there
        yield Problem(
            "class-weights", f"no class is called `{name}`", (*place, name), True, help, meant(name, names or ())
        )


def _numbers(classes: int | None, named: bool) -> str:
    """What to write where classes have no names; `named` says that one was written."""
    if not named:
        return f"the {classes} classes are 0 to {(classes or 1) - 1}"
    return f"classes have no names here: write their numbers, 0 to {'…' if classes is None else classes - 1}"
