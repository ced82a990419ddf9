"""Specs as a validator sees them: plain values by the rules of YAML 1.2, from the project's own reader."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator

from cnnspec.language.diagnostics import Diagnostics
from cnnspec.language.nodes import plain
from cnnspec.language.reader import read
from cnnspec.reference.schema import schema

ROOT = Path(__file__).parents[2]


@cache
def validator() -> Draft7Validator:
    """The independent validator, with the schema as it is now."""
    return Draft7Validator(schema())


def values(text: str) -> Any:
    """What stands in a spec; None where it does not read."""
    node = read(text, "spec.yaml", Diagnostics())
    return None if node is None else plain(node)


def problems(text: str) -> list[str]:
    """What the validator says of a spec."""
    return [f"{list(error.absolute_path)}: {error.message[:300]}" for error in validator().iter_errors(values(text))]
