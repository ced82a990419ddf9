"""Learning-rate schedules: what the learning rate is at each step.

`decay_steps` may be left out: the decay then takes the whole run. A step is a batch.
"""

from __future__ import annotations

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
        piecewise_constant_decay
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
