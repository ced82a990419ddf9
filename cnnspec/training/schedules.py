"""Learning-rate schedules: what the learning rate is at each step. A step is a batch.

Steps are a whole number, or a share of the run: with `warmup_steps: 0.05` the warm-up takes a twentieth of it.
`decay_steps` may be left out: the decay then takes the whole run, or what a warm-up leaves of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any, ClassVar, TypeAlias

from pydantic import BeforeValidator

from cnnspec.language.entries import Vocabulary, nested, refuse, shown
from cnnspec.language.forms import Form, entry_of
from cnnspec.language.hints import mend
from cnnspec.language.suggest import nearest
from cnnspec.layers.base import KerasCall
from cnnspec.training.component import Component

SCHEDULES = Vocabulary(
    "schedule",
    {
        "cnnspec.training.entries.schedules": """
        cosine_decay cosine_decay_restarts exponential_decay inverse_time_decay polynomial_decay
        piecewise_constant_decay one_cycle linear_warmup
        """,
    },
)


class Schedule(Component):
    """The base of schedules."""

    abstract: ClassVar[bool] = True
    vocabulary: ClassVar[Vocabulary] = SCHEDULES
    module: ClassVar[str] = "optimizers.schedules"
    first: ClassVar[str] = "initial_learning_rate"

    def over(self, steps: int) -> KerasCall:
        """The call for a run of `steps` batches in all."""
        return self.call()

    def warmup(self, steps: int) -> int:
        """How many steps of a run of `steps` the learning rate climbs."""
        return 0

    def doubt(self, steps: int) -> str | None:
        """What is likely a mistake in a run of `steps` batches in all."""
        climbing = self.warmup(steps)
        if climbing < steps:
            return None
        return (
            f"the warm-up of `{self.entry}` takes {climbing:,} steps and the whole run has {steps:,}: "
            f"write a share of the run, such as `warmup_steps: 0.05`"
        )


def in_run(given: float | None, steps: int, otherwise: int | None = None) -> int:
    """Steps that are given as such or as a share of a run of `steps`; where they are left out, `otherwise` or all."""
    if given is None:
        return max(1, steps if otherwise is None else otherwise)
    return given if isinstance(given, int) else max(1, round(given * steps))


def _steps(value: Any) -> Any:
    whole = isinstance(value, int) and not isinstance(value, bool) and value > 0
    if whole or (isinstance(value, float) and 0 < value < 1):
        return value
    code = "wrong-type" if isinstance(value, bool) or not isinstance(value, int | float) else "out-of-range"
    message = f"a number of steps, or a share of the run below 1, is wanted here, not {shown(value)}"
    percent = re.fullmatch(r"([0-9]{1,2}(?:\.[0-9]+)?) ?%", value) if isinstance(value, str) else None
    share = f"{float(percent[1]) / 100:g}" if percent else None
    raise refuse(code, message, f"write `{share}`" if share else None, mend=share)


def _natural_steps(value: Any) -> Any:
    return 0 if value == 0 and not isinstance(value, bool) else _steps(value)


def _steps_form(least: int) -> Form:
    share = {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}
    return Form(
        lambda rank: {"anyOf": [{"type": "integer", "minimum": least}, share]},
        f"a whole number from {least}, or a share of the run below 1",
    )


Steps: TypeAlias = Annotated[Any, BeforeValidator(_steps), _steps_form(1)]
"""A number of steps from 1, or a share of the run."""

NaturalSteps: TypeAlias = Annotated[Any, BeforeValidator(_natural_steps), _steps_form(0)]
"""The same, or 0."""


def _rate(value: Any) -> Any:
    if value is None:
        raise refuse("wrong-type", f"`learning_rate` takes a number or a schedule, not {shown(value)}")
    if isinstance(value, str) and nearest(value, SCHEDULES) is None:
        found = mend(value, "number", "learning_rate")
        message = f"`learning_rate` takes a number or a schedule, not {shown(value)}"
        help = found.help if found else "write e.g. `learning_rate: 0.001`"
        raise refuse("wrong-type", message, help, mend=found and found.text)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return _schedule(value)
    if not 0 < value < float("inf"):
        raise refuse("out-of-range", f"`learning_rate` must be a finite number more than 0, not {shown(value)}")
    return float(value)


_schedule: Callable[[Any], Any] = nested(SCHEDULES).func  # type: ignore[assignment]

_RATE = Form(
    lambda rank: {"anyOf": [{"type": "number", "exclusiveMinimum": 0}, entry_of(SCHEDULES)]},
    "a number more than 0, or a schedule",
)

LearningRate: TypeAlias = Annotated[Any, BeforeValidator(_rate), _RATE]
"""A positive number, or a schedule."""
