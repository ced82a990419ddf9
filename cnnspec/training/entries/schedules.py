"""Schedules of the learning rate. Names, arguments and defaults are Keras's, but for the last two, which it lacks."""

from itertools import pairwise
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, model_validator

from cnnspec.language.entries import refuse
from cnnspec.language.types import Fraction, NonNegative, Positive
from cnnspec.layers.base import KerasCall
from cnnspec.training.schedules import LearningRate, NaturalSteps, Schedule, Steps, in_run


class _Decay(Schedule):
    initial_learning_rate: Positive
    decay_steps: Steps | None = None

    def over(self, steps: int) -> KerasCall:
        return self.call(decay_steps=in_run(self.decay_steps, steps))


class CosineDecay(_Decay):
    """Half a cosine from `initial_learning_rate` down to `alpha` of it (I. Loshchilov and F. Hutter, SGDR, 2017).

    With `warmup_target` the rate first climbs to it in a straight line over `warmup_steps`, and decays from there over
    `decay_steps`: where they are left out, to the end of the run.

    Example:
        optimizer:
          adam:
            learning_rate: {cosine_decay: {initial_learning_rate: 1e-5, warmup_target: 1e-3, warmup_steps: 500}}

    Example:
        optimizer:
          adam:
            learning_rate: {cosine_decay: {initial_learning_rate: 0, warmup_target: 1e-3, warmup_steps: 0.05}}
    """

    initial_learning_rate: NonNegative
    alpha: Fraction = 0.0
    warmup_target: Positive | None = None
    warmup_steps: NaturalSteps = 0

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
        climbing = self.warmup(steps)
        more = {"warmup_steps": climbing} if climbing else {}
        return self.call(decay_steps=in_run(self.decay_steps, steps, steps - climbing), **more)

    def warmup(self, steps: int) -> int:
        return in_run(self.warmup_steps, steps) if self.warmup_steps else 0


class CosineDecayRestarts(Schedule):
    """Cosine decays one after another, each `t_mul` times as long and `m_mul` times as high as the one before
    (I. Loshchilov and F. Hutter, SGDR, 2017)."""

    initial_learning_rate: Positive
    first_decay_steps: Steps
    t_mul: Positive = 2.0
    m_mul: Positive = 1.0
    alpha: Fraction = 0.0

    def over(self, steps: int) -> KerasCall:
        return self.call(first_decay_steps=in_run(self.first_decay_steps, steps))


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
    """`values[0]` up to step `boundaries[0]`, `values[1]` up to `boundaries[1]`, and so on to the last value.

    Example:
        optimizer:
          sgd: {learning_rate: {piecewise_constant_decay: {boundaries: [0.5, 0.75], values: [0.1, 0.01, 0.001]}}}
    """

    first: ClassVar[str] = ""
    boundaries: tuple[Steps, ...]
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
        if len({type(boundary) for boundary in self.boundaries}) > 1:
            help = "write all of them as steps, or all as shares of the run"
            raise refuse("schedule-pieces", "steps and shares of the run stand side by side", help)
        if any(after <= before for before, after in pairwise(self.boundaries)):
            raise refuse("schedule-pieces", "the boundaries must grow", "write the steps in order, each once")
        return self

    def over(self, steps: int) -> KerasCall:
        return self.call(boundaries=tuple(in_run(boundary, steps) for boundary in self.boundaries))


class OneCycle(Schedule):
    """One cycle: up to `max_learning_rate`, then down to next to nothing, each along half a cosine
    (L. Smith and N. Topin, Super-Convergence, 2018).

    The cycle takes `decay_steps` (left out: the whole run), of which the first `warmup_steps` go up. It starts at
    `max_learning_rate` / `initial_division` and ends at that / `final_division`, where the rate stays. The momentum is
    not turned. As large a maximum as still trains is the point of it: five to ten times the usual rate.

    Example:
        optimizer: {sgd: {learning_rate: {one_cycle: 0.2}, momentum: 0.9}}

    Example:
        optimizer: {adam: {learning_rate: {one_cycle: {max_learning_rate: 0.005, warmup_steps: 0.2}}}}
    """

    module: ClassVar[str] = "cnnspec.training.rates"
    first: ClassVar[str] = "max_learning_rate"
    max_learning_rate: Positive
    decay_steps: Steps | None = None
    warmup_steps: Steps = 0.3
    initial_division: Annotated[float, Field(ge=1)] = 25.0
    final_division: Annotated[float, Field(ge=1)] = 10000.0

    @model_validator(mode="after")
    def _goes_down(self) -> Self:
        whole, climbing = self.decay_steps, self.warmup_steps
        if isinstance(whole, int) and isinstance(climbing, int) and climbing >= whole:
            message = f"the warm-up takes {climbing} of {whole} steps, so that none is left to go down"
            raise refuse("schedule-warmup", message, "write fewer `warmup_steps`", at="warmup_steps")
        return self

    def over(self, steps: int) -> KerasCall:
        lasting = in_run(self.decay_steps, steps)
        return self.call(decay_steps=lasting, warmup_steps=min(self.warmup(steps), max(1, lasting - 1)))

    def warmup(self, steps: int) -> int:
        whole = isinstance(self.warmup_steps, int)
        return in_run(self.warmup_steps, steps if whole else in_run(self.decay_steps, steps))


class LinearWarmup(Schedule):
    """A straight line from `initial_learning_rate` up to `learning_rate`, over `warmup_steps` (P. Goyal et al., 2017).

    `learning_rate` is a number, which it then keeps, or another schedule, which begins behind the warm-up and takes
    what is left of the run.

    Example:
        optimizer: {sgd: {learning_rate: {linear_warmup: {learning_rate: {cosine_decay: 0.1}, warmup_steps: 500}}}}

    Example:
        optimizer: {adam: {learning_rate: {linear_warmup: 0.001}}}
    """

    module: ClassVar[str] = "cnnspec.training.rates"
    first: ClassVar[str] = "learning_rate"
    learning_rate: LearningRate
    warmup_steps: Steps = 0.05
    initial_learning_rate: NonNegative = 0.0

    @model_validator(mode="after")
    def _alone(self) -> Self:
        inner: Any = self.learning_rate
        if isinstance(inner, Schedule) and getattr(inner, "warmup_steps", None):
            message = f"`{inner.entry}` has a warm-up of its own"
            raise refuse("schedule-warmup", message, "take one of the two out", at="learning_rate")
        return self

    def over(self, steps: int) -> KerasCall:
        climbing = self.warmup(steps)
        inner: Any = self.learning_rate
        left = max(1, steps - climbing)
        behind = inner.over(left) if isinstance(inner, Schedule) else inner
        return self.call(learning_rate=behind, warmup_steps=climbing)

    def warmup(self, steps: int) -> int:
        return in_run(self.warmup_steps, steps)
