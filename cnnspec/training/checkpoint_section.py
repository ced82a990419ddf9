"""`checkpoint`: how often a run is saved. No framework is imported."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, TypeAlias

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from cnnspec.language.entries import Invalid, Section, refuse, shown
from cnnspec.language.forms import Form, Schema
from cnnspec.language.types import Count

_EVERY = re.compile(r"([1-9][0-9]{0,8})\s*(steps?|minutes?|seconds?|epochs?)")
_SECONDS = {"second": 1.0, "minute": 60.0}
_PAUSE, _LONGEST = 10.0, 600.0


def _every(value: Any) -> Any:
    if value == "auto" or (isinstance(value, str) and _EVERY.fullmatch(value)):
        return value
    help = "write e.g. `500 steps`, `10 minutes`, `1 epoch` or `auto`"
    if type(value) is int and value > 0:
        help = f"write `{value} steps`, `{value} minutes` or `{value} epochs`"
    raise refuse("wrong-type", f"`every` takes a number of steps, minutes or epochs, not {shown(value)}", help)


_EVERY_FORM = Form(
    lambda rank: {"anyOf": [{"const": "auto"}, {"type": "string", "pattern": f"^{_EVERY.pattern}$"}]},
    "`500 steps`, `10 minutes`, `1 epoch`, or `auto`",
)


class Checkpoint(Section):
    """How often a run is saved, to go on from there with `--resume`.

    `every` is a number of steps, of seconds, of minutes, or of epochs (`500 steps`, `10 minutes`, `1 epoch`); `auto`
    saves behind an epoch where the last save is 10 seconds ago, and within one every 10 minutes. The `keep` newest
    checkpoints stay.

    Example:
        training:
          checkpoint: {every: 500 steps, keep: 3}
    """

    spoken: ClassVar[str] = "checkpoint"

    every: Annotated[str, BeforeValidator(_every), _EVERY_FORM] = "auto"
    keep: Count = 2

    def due(self, steps: int, seconds: float, epochs: int, within: bool) -> bool:
        """Whether it is time, so long after the last save; `within` an epoch, or behind one."""
        if self.every == "auto":
            return seconds >= (_LONGEST if within else _PAUSE)
        match = _EVERY.fullmatch(self.every)
        assert match
        number, unit = int(match[1]), match[2].rstrip("s")
        if unit == "epoch":
            return not within and epochs >= number
        return steps >= number if unit == "step" else seconds >= number * _SECONDS[unit]


def _checkpoint(value: Any) -> Any:
    if isinstance(value, Checkpoint):
        return value
    try:
        return Checkpoint.read(value if isinstance(value, Mapping) else {"every": value})
    except Invalid as invalid:
        raise PydanticCustomError("nested", "nested", {"problems": invalid.problems}) from None


def _form(rank: int) -> Schema:
    every = _EVERY_FORM.schema(0)
    properties = {"every": every, "keep": {"type": "integer", "minimum": 1}}
    return {"anyOf": [every, {"type": "object", "properties": properties, "additionalProperties": False}]}


CheckpointField: TypeAlias = Annotated[
    Checkpoint, BeforeValidator(_checkpoint), Form(_form, "`500 steps`, `10 minutes`, …, or `{every: …, keep: …}`")
]
"""How often a run is saved: `every` alone, or with `keep`."""
