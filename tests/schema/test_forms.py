"""The form of every field, beside the class that reads it: what the class takes, the schema takes."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from jsonschema import Draft7Validator

from cnnspec.data.section import Data
from cnnspec.language.entries import Entry, Invalid, Section
from cnnspec.reference.forms import default_of, form_of, words_of
from cnnspec.reference.kinds import required_of, vocabularies
from cnnspec.reference.schema import schema
from cnnspec.reference.values import argument
from cnnspec.training.adversarial.section import AdversarialTraining
from cnnspec.training.section import Training

VALUES: list[Any] = [
    None, True, False, 0, 1, 2, 3, 8, 64, -1, -2, 10**6, 0.0, 0.5, 1.0, 1.5, 8.5, -0.5, 100.0, 1e-9,
    "", "a", "same", "valid", "causal", "mean", "max", "relu", "he_normal", "l2", "adam", "accuracy", "hinge", "epoch",
    "early_stopping", "max_norm", "digits", "cosine_decay", "labels", "horizontal", "bilinear", "path/to.npz",
    (), (1,), (1, 2), (2, 2, 2), (0, 1), (-1, 1), (0.1, 0.2), (0.5,), (1.5, 2.5), ((1, 2), (3, 4)), ((1, 1),), (1, (2, 3)),
    (None, 1), ("accuracy",), ("early_stopping",), ("a", "b"), ("circle", "star"), ({"early_stopping": {"patience": 3}},), (("accuracy",),),
    {}, {"a": 1}, {"l2": 0.1}, {"constant": 0.5}, {"cosine_decay": 0.1}, {"leaky_relu": 0.1}, {"relu": {"max_value": 6.0}},
    ("hinge", "poisson"), {"a": "hinge"}, {"a": ("accuracy",)}, {"max_norm": 2.0}, {"adam": 0.1}, {"a": 0.5, "b": 2.0}, {"npz": "a.npz"},
    "{stem}_mask", "{stem}", "#00008e", {"road": (128, 64, 128), "car": "#00008e"}, {"road": "#00008e"}, (128, 64, 128), (0, 0, 256),
]  # fmt: skip
SECTIONS: list[type[Section]] = [Data, Training, AdversarialTraining]
ENTRIES = [cls for vocabulary in vocabularies().values() for cls in vocabulary.values()]
KINDS = list(vocabularies())


def fields(kind: str) -> list[tuple[type[Section], str]]:
    classes = SECTIONS if kind == "section" else list(vocabularies()[kind].values())
    return [(cls, name) for cls in classes for name in cls.model_fields]


def accepted(cls: type[Section], arguments: dict[str, Any], name: str) -> bool:
    """Whether the class has nothing against one argument (what it says of others aside)."""
    try:
        cls.read(arguments)
    except Invalid as invalid:
        return not any(not problem.path or problem.path[0] == name for problem in invalid.problems)
    return True


def valid(cls: type[Section]) -> dict[str, Any]:
    """Arguments with which the class reads: the required ones, tried out."""
    needed = required_of(cls) if issubclass(cls, Entry) else [n for n, f in cls.model_fields.items() if f.is_required()]
    if cls.__name__ == "Normalization":
        return {"mean": 0.0, "variance": 1.0}
    special = {"equation": ["bhwc,cd->bhwd"], "values": [(0.1,)], "boundaries": [()], "losses": [("hinge", "hinge")]}
    for values in product(*(special.get(name, [1, 2, 0.5, (1, 1), (1,), "digits", "relu", "a"]) for name in needed)):
        arguments = dict(zip(needed, values, strict=True))
        try:
            cls.read(arguments)
        except Invalid:
            continue
        return arguments
    return {}


def _written(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_written(item) for item in value]
    return {key: _written(item) for key, item in value.items()} if isinstance(value, dict) else value


DEFINITIONS = schema()["definitions"]


class Checked:
    """A field's form with its validator."""

    def __init__(self, cls: type[Section], name: str) -> None:
        self.form = argument(cls, name)
        self.validator = Draft7Validator({**self.form, "definitions": DEFINITIONS})

    def takes(self, value: Any) -> bool:
        return bool(self.validator.is_valid(_written(value)))

    @property
    def words(self) -> list[str]:
        """The words that it lists."""
        return [word for part in [self.form, *self.form.get("anyOf", ())] for word in part.get("enum", ())]


def distinct(kind: str) -> list[tuple[type[Section], str]]:
    """The fields of a kind, those of one name and form once."""
    found = {(name, str(form_of(cls, name))): (cls, name) for cls, name in fields(kind)}
    return list(found.values())


@pytest.mark.parametrize("kind", [*KINDS, "section"])
def test_every_field_has_a_form_and_words(kind: str) -> None:
    for cls, name in fields(kind):
        assert form_of(cls, name), f"{cls.__name__}.{name}: give its type a `Form`"
        assert words_of(cls, name) not in ("", "a value"), f"{cls.__name__}.{name}"


_NEED_OTHERS = {"equation", "images", "labels", "test_images", "test_labels"}
_LENIENT = 0.15
"""The share of what the classes of a kind refuse that their schema may take."""


@pytest.mark.parametrize("kind", [*KINDS, "section"])
def test_what_a_class_takes_the_schema_takes_and_little_more(kind: str) -> None:
    refused = []
    for cls, name in distinct(kind):
        checked, base = Checked(cls, name), valid(cls)
        values = [*VALUES, *checked.words]
        right = [accepted(cls, {**base, name: value}, name) for value in values]
        assert any(right) or name in _NEED_OTHERS, f"{cls.__name__}.{name}"
        for value, holds in zip(values, right, strict=True):
            if holds:
                assert checked.takes(value), f"{cls.__name__}.{name}: {value!r}"
            else:
                refused.append(checked.takes(value))
    assert sum(refused) < _LENIENT * len(refused)


@pytest.mark.parametrize("kind", [*KINDS, "section"])
def test_defaults_and_expressions_may_stand(kind: str) -> None:
    for cls, name in distinct(kind):
        checked = Checked(cls, name)
        for text in ("$value", "$(2 * value)", "$(max(1, value))"):
            assert checked.takes(text), f"{cls.__name__}.{name}"
        if not cls.model_fields[name].is_required():
            assert checked.takes(default_of(cls, name)), f"{cls.__name__}.{name}: its default"


def test_a_limit_is_told_with_all_its_digits() -> None:
    assert words_of(Training, "seed") == "a whole number from 0 to 4,294,967,295"
    with pytest.raises(Invalid) as invalid:
        Training.read({"seed": 5_000_000_000})
    assert [problem.message for problem in invalid.value.problems] == [
        "`seed` must be at most 4,294,967,295, not `5000000000`"
    ]
