"""Schedules that Keras has none of, as Keras objects. Imports Keras."""

from __future__ import annotations

from math import pi
from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("cnnspec")
class OneCycle(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
    """Half a cosine from max / `initial_division` up to the maximum, and one down to the start / `final_division`."""

    def __init__(
        self, max_learning_rate: float, decay_steps: int, warmup_steps: int, initial_division: float = 25.0,
        final_division: float = 10000.0,
    ) -> None:  # fmt: skip
        super().__init__()
        self.max_learning_rate, self.decay_steps, self.warmup_steps = max_learning_rate, decay_steps, warmup_steps
        self.initial_division, self.final_division = initial_division, final_division

    def __call__(self, step: Any) -> Any:
        at = ops.cast(step, "float32")
        start = self.max_learning_rate / self.initial_division
        up = _half_cosine(start, self.max_learning_rate, at / self.warmup_steps)
        behind = (at - self.warmup_steps) / max(1, self.decay_steps - self.warmup_steps)
        down = _half_cosine(self.max_learning_rate, start / self.final_division, behind)
        return ops.where(at < self.warmup_steps, up, down)

    def get_config(self) -> dict[str, Any]:
        names = ("max_learning_rate", "decay_steps", "warmup_steps", "initial_division", "final_division")
        return {name: getattr(self, name) for name in names}


@keras.saving.register_keras_serializable("cnnspec")
class LinearWarmup(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
    """A straight line from `initial_learning_rate` up to `learning_rate`, a number or a schedule, which follows."""

    def __init__(self, learning_rate: Any, warmup_steps: int, initial_learning_rate: float = 0.0) -> None:
        super().__init__()
        self.learning_rate = learning_rate
        self.warmup_steps, self.initial_learning_rate = warmup_steps, initial_learning_rate

    def __call__(self, step: Any) -> Any:
        at = ops.cast(step, "float32")
        target = self._behind(ops.zeros_like(at))
        climbing = self.initial_learning_rate + (target - self.initial_learning_rate) * at / self.warmup_steps
        return ops.where(at < self.warmup_steps, climbing, self._behind(ops.maximum(at - self.warmup_steps, 0.0)))

    def _behind(self, step: Any) -> Any:
        return ops.cast(self.learning_rate(step) if callable(self.learning_rate) else self.learning_rate, "float32")

    def get_config(self) -> dict[str, Any]:
        rate = self.learning_rate
        held = keras.optimizers.schedules.serialize(rate) if callable(rate) else rate
        return {
            "learning_rate": held, "warmup_steps": self.warmup_steps,
            "initial_learning_rate": self.initial_learning_rate,
        }  # fmt: skip

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> LinearWarmup:
        """The schedule that `get_config` describes."""
        rate = config["learning_rate"]
        held = keras.optimizers.schedules.deserialize(rate) if isinstance(rate, dict) else rate
        return cls(**{**config, "learning_rate": held})


def _half_cosine(start: float, end: float, progress: Any) -> Any:
    return end + (start - end) * (1 + ops.cos(pi * ops.clip(progress, 0.0, 1.0))) / 2
