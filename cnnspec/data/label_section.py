"""`data.labels`: what the labels mean, where it cannot be known, or is taken otherwise than meant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator

from cnnspec.data.kinds import KINDS, Kind
from cnnspec.language.entries import refuse, shown
from cnnspec.language.forms import Form, Schema
from cnnspec.language.suggest import nearest

AUTO: Literal["auto"] = "auto"

_MEANT: dict[str, Kind] = {
    "class": "classes", "class_numbers": "classes", "categorical": "classes", "sparse": "classes",
    "classification": "classes", "binary": "classes", "onehot": "one_hot", "one_hot_classes": "one_hot",
    "multi_hot": "tags", "multihot": "tags", "multi_label": "tags", "multilabel": "tags", "tag": "tags",
    "value": "values", "numbers": "values", "regression": "values", "continuous": "values", "float": "values",
    "masks": "class_maps", "mask": "class_maps", "segmentation": "class_maps", "one_hot_masks": "one_hot_maps",
    "images": "value_maps", "image": "value_maps", "depth": "value_maps", "box": "boxes", "bounding_boxes": "boxes",
}  # fmt: skip
_KEYS = ("kind", "names", "threshold")

Threshold: TypeAlias = float | Literal["auto"] | Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Said:
    """What a spec says of the labels of an output: their kind, the names of the classes or tags in order, and for tags
    the probability from which on one is given (`auto`: the best F1 on the validation split, for each tag)."""

    kind: Kind | None = None
    names: tuple[str, ...] = ()
    threshold: Threshold | None = None


def _read(value: Any) -> Any:
    """One word, a mapping with `kind`, or a mapping of outputs to such."""
    if value is None or isinstance(value, Said):
        return value
    if isinstance(value, str):
        return {"": Said(_kind(value))}
    if not isinstance(value, Mapping) or not value:
        raise refuse("wrong-type", f"`labels` takes a kind of labels, not {shown(value)}", _listed())
    if all(isinstance(each, Said) for each in value.values()):
        return dict(value)
    if all(key in _KEYS for key in value) and not isinstance(value.get("kind"), Mapping):
        return {"": _one(value)}
    found = {}
    for output, each in value.items():
        if not isinstance(each, str | Mapping):
            guess = nearest(str(output), _KEYS)
            help = f"did you mean `{guess}`?" if guess else _listed()
            raise refuse("label-kind", f"`{output}` takes a kind of labels, not {shown(each)}", help, at=str(output))
        found[str(output)] = Said(_kind(each, str(output))) if isinstance(each, str) else _one(each, str(output))
    return found


def _one(value: Mapping[str, Any], at: str = "") -> Said:
    for key in value:
        if key not in _KEYS:
            guess = nearest(str(key), _KEYS)
            help = f"did you mean `{guess}`?" if guess else "it takes `kind`, `names` and `threshold`"
            raise refuse("label-kind", f"labels have no `{key}`", help, at=at or str(key))
    kind = value.get("kind")
    found = None if kind is None else _kind(kind, at or "kind")
    names = _names(value.get("names"), at or "names")
    threshold = _threshold(value.get("threshold"), at or "threshold")
    if threshold is not None and found not in (None, "tags"):
        message = f"`threshold` is for tags, and `kind` is `{found}`"
        raise refuse("label-kind", message, "leave `threshold` out, or write `kind: tags`", at=at or "threshold")
    return Said(found, names, threshold)


def _kind(value: Any, at: str = "") -> Kind:
    if isinstance(value, str) and value in KINDS:
        return value
    word = value.replace("-", "_").replace(" ", "_").lower() if isinstance(value, str) else ""
    sure = _MEANT.get(word)
    guess = sure or (nearest(word, KINDS) if word else None)
    help = f"did you mean `{guess}`?" if guess else _listed()
    raise refuse("label-kind", f"{shown(value)} is no kind of labels", help, at=at, mend=sure)


def _listed() -> str:
    return "the kinds are " + ", ".join(f"`{kind}`" for kind in KINDS)


def _names(value: Any, at: str) -> tuple[str, ...]:
    if value is None:
        return ()
    listed = value if isinstance(value, list | tuple) else ()
    if len(listed) < 1 or not all(isinstance(name, str) and name for name in listed):
        message = f"`names` lists the names of the classes in order, not {shown(value)}"
        raise refuse("label-kind", message, "write `names: [cat, dog]`", at=at)
    twice = next((name for index, name in enumerate(listed) if name in listed[:index]), None)
    if twice is not None:
        raise refuse("label-kind", f"`names` lists `{twice}` twice", "give each class a name of its own", at=at)
    return tuple(listed)


def _threshold(value: Any, at: str) -> Threshold | None:
    if value is None or value == AUTO:
        return value  # type: ignore[no-any-return]
    each = value.values() if isinstance(value, Mapping) else (value,)
    for number in each:
        if isinstance(number, bool) or not isinstance(number, int | float) or not 0 < number < 1:
            message = f"`threshold` is a probability above 0 and below 1, not {shown(number)}"
            raise refuse("label-kind", message, "write a number such as `0.5`, numbers by tag, or `auto`", at=at)
    if isinstance(value, Mapping):
        return {str(name): float(number) for name, number in value.items()}
    return float(value)


_SHARE: Schema = {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}
_ONE: list[Schema] = [
    {"enum": list(KINDS)},
    {
        "type": "object",
        "properties": {
            "kind": {"enum": list(KINDS)},
            "names": {"type": "array", "items": {"type": "string"}, "minItems": 1},
            "threshold": {"anyOf": [_SHARE, {"const": AUTO}, {"type": "object", "additionalProperties": _SHARE}]},
        },
        "additionalProperties": False,
    },
]


def _form(rank: int) -> Schema:
    return {"anyOf": [*_ONE, {"type": "object", "additionalProperties": {"anyOf": _ONE}}, {"type": "null"}]}


LabelsField: TypeAlias = Annotated[
    Any,
    BeforeValidator(_read),
    Form(_form, "a kind of labels, or a mapping of `kind`, `names` and `threshold`; by output where there are several"),
]
