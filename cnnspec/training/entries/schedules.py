"""Schedules of the learning rate. Names, arguments and defaults are Keras's."""

from itertools import pairwise
from typing import ClassVar, Self

from pydantic import model_validator

from cnnspec.language.entries import refuse
from cnnspec.language.types import Count, Fraction, Natural, NonNegative, Positive
from cnnspec.layers.base import KerasCall
from cnnspec.training.schedules import Schedule


class _Decay(Schedule):
    initial_learning_rate: Positive
    decay_steps: Count | None = None

    def over(self, steps: int) -> KerasCall:
        return self.call(decay_steps=self.decay_steps or max(1, steps))


class CosineDecay(_Decay):
    """Half a cosine from `initial_learning_rate` down to `alpha` of it (I. Loshchilov and F. Hutter, SGDR, 2017).

    With `warmup_target` the rate first climbs to it in a straight line over `warmup_steps`, and decays from there.

    Example:
        optimizer:
          adam:
            learning_rate: {cosine_decay: {initial_learning_rate: 1e-5, warmup_target: 1e-3, warmup_steps: 500}}
    """

    initial_learning_rate: NonNegative
    alpha: Fraction = 0.0
    warmup_target: Positive | None = None
    warmup_steps: Natural = 0

    @model_validator(mode="after")
    def _warmup_is_whole(self) -> Self:
        if self.warmup_steps and self.warmup_target is None:
            raise refuse(
                "schedule-warmup",
                "`warmup_steps` does nothing without `warmup_target`",
                "add `warmup_target:`, the learning rate to climb to",
            )
        if self.warmup_target is not None and not self.warmup_steps:
            raise refuse("schedule-warmup", "`warmup_target` needs `warmup_steps`", "add `warmup_steps:`")
        if not self.initial_learning_rate and not self.warmup_steps:
            raise refuse(
                "out-of-range",
                "`initial_learning_rate` must be more than 0, not `0`",
                "a warm-up may start at 0: add `warmup_target:` and `warmup_steps:`",
                at="initial_learning_rate",
            )
        return self

    def over(self, steps: int) -> KerasCall:
        return self.call(decay_steps=self.decay_steps or max(1, steps - self.warmup_steps))


class CosineDecayRestarts(Schedule):
    """Cosine decays one after another, each `t_mul` times as long and `m_mul` times as high as the one before
    (I. Loshchilov and F. Hutter, SGDR, 2017)."""

    initial_learning_rate: Positive
    first_decay_steps: Count
    t_mul: Positive = 2.0
    m_mul: Positive = 1.0
    alpha: Fraction = 0.0


class ExponentialDecay(_Decay):
    """`initial_learning_rate` · `decay_rate`^(step / `decay_steps`); in whole powers with `staircase`."""

    decay_rate: Positive
    staircase: bool = False


class InverseTimeDecay(_Decay):
    """`initial_learning_rate` / (1 + `decay_rate` · step / `decay_steps`); in whole parts with `staircase`."""

    decay_rate: NonNegative
    staircase: bool = False


class PolynomialDecay(_Decay):
    """From `initial_learning_rate` to `end_learning_rate` along (1 − step / `decay_steps`)^`power`."""

    end_learning_rate: NonNegative = 0.0001
    power: Positive = 1.0
    cycle: bool = False


class PiecewiseConstantDecay(Schedule):
    """`values[0]` up to step `boundaries[0]`, `values[1]` up to `boundaries[1]`, and so on to the last value."""

    first: ClassVar[str] = ""
    boundaries: tuple[Count, ...]
    values: tuple[Positive, ...]

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if len(self.values) != len(self.boundaries) + 1:
            raise refuse(
                "schedule-pieces",
                f"{len(self.boundaries)} boundaries part the run into "
                f"{len(self.boundaries) + 1} pieces, but there are {len(self.values)} values",
                "give one value more than boundaries",
            )
        if any(after <= before for before, after in pairwise(self.boundaries)):
            raise refuse("schedule-pieces", "the boundaries must grow", "write the steps in order, each once")
        return self
