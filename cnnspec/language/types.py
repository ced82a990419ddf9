"""The value types of fields: numbers with bounds, names from a list, one number an axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field

from cnnspec.language.entries import refuse, shown
from cnnspec.language.forms import Form, Schema, per_axis
from cnnspec.language.problems import Expects
from cnnspec.language.suggest import meant, nearest

Count: TypeAlias = Annotated[int, Field(ge=1)]
Natural: TypeAlias = Annotated[int, Field(ge=0)]
Real: TypeAlias = float
Positive: TypeAlias = Annotated[float, Field(gt=0)]
NonNegative: TypeAlias = Annotated[float, Field(ge=0)]
Fraction: TypeAlias = Annotated[float, Field(ge=0, le=1)]

_EACH = Expects("a whole number from 1, or a list with one for each axis")

_COUNTS = Form(per_axis({"type": "integer", "minimum": 1}))

PerAxis: TypeAlias = Annotated[tuple[Count, ...], _EACH, _COUNTS]
"""One whole number for every spatial axis; a single number stands for all of them (see `spread`)."""

PerAxisOrNone: TypeAlias = Annotated[tuple[Count, ...] | None, _EACH, _COUNTS]
"""The same, where it may be left out."""


def spread(value: Any, rank: int, name: str, least: int = 1) -> Any:
    """`3` → `(3, 3)`; a list must have one value for each of the `rank` axes. What is no number stays as it is."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        if len(value) != rank:
            axes = "one axis" if rank == 1 else f"{rank} axes"
            raise refuse(
                "wrong-length",
                f"`{name}` has {len(value)} value{'s' * (len(value) != 1)} for {axes}",
                "write one number" if rank == 1 else f"write one number, or a list of {rank}",
            )
        return tuple(value)
    whole = isinstance(value, int) and not isinstance(value, bool) and value >= least
    return (value,) * rank if whole else value


@dataclass(frozen=True)
class OneOf:
    """Accepts one of `names`."""

    names: tuple[str, ...]

    def __call__(self, value: Any) -> Any:
        if isinstance(value, str) and value in self.names:
            return value
        guess = nearest(value, self.names) if isinstance(value, str) else None
        sure = meant(value, self.names) if isinstance(value, str) else None
        help = f"did you mean `{guess}`?" if guess else None
        raise refuse("bad-choice", f"{shown(value)} is not {self}", help, mend=sure)

    def __str__(self) -> str:
        words = [f"`{name}`" for name in self.names]
        return " or ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]


def choice(*names: str) -> Any:
    """A text that is one of `names`, with a "did you mean"."""
    return Annotated[str, BeforeValidator(OneOf(names))]


AXIS: Schema = {"type": "integer", "not": {"const": 0}}


def _no_zero(value: int) -> int:
    if value == 0:
        raise refuse(
            "out-of-range", "axis 0 is the batch, which is not part of a shape", "count axes from 1, or -1 for the last"
        )
    return value


Axis: TypeAlias = Annotated[int, AfterValidator(_no_zero), Form(lambda rank: AXIS, "an axis, not 0")]
"""An axis counted with the batch as axis 0, as Keras counts; −1 is the last."""
