"""Optimizers: how the weights follow the gradient. Names, arguments and defaults are Keras's."""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from cnnspec.language.entries import Vocabulary, refuse
from cnnspec.language.types import Count, NonNegative, Positive
from cnnspec.layers.base import KerasCall
from cnnspec.training.component import Component, Share
from cnnspec.training.schedules import LearningRate, Schedule

OPTIMIZERS = Vocabulary(
    "optimizer",
    {
        "cnnspec.training.entries.adams": "adam adamw adamax nadam lamb",
        "cnnspec.training.entries.optimizers": "sgd lion rmsprop adagrad adadelta ftrl adafactor muon",
    },
)

_CLIPS = ("clipnorm", "clipvalue", "global_clipnorm")


class Optimizer(Component):
    """The base of optimizers, with what all of them take.

    `clipnorm` bounds the norm of each gradient, `global_clipnorm` that of all together, `clipvalue` each number
    (one of the three). `use_ema` keeps a moving average of the weights; it is what is validated and saved.
    `gradient_accumulation_steps` sums the gradients of so many batches before the weights move.
    """

    abstract: ClassVar[bool] = True
    vocabulary: ClassVar[Vocabulary] = OPTIMIZERS
    module: ClassVar[str] = "optimizers"
    first: ClassVar[str] = "learning_rate"
    moments: ClassVar[int] = 1
    """How many numbers it keeps for each weight in any case."""
    more: ClassVar[tuple[str, ...]] = ()
    """The arguments that make it one more each."""

    learning_rate: LearningRate = 0.001
    weight_decay: NonNegative | None = None
    clipnorm: Positive | None = None
    clipvalue: Positive | None = None
    global_clipnorm: Positive | None = None
    use_ema: bool = False
    ema_momentum: Share = 0.99
    ema_overwrite_frequency: Count | None = None
    loss_scale_factor: Positive | None = None
    gradient_accumulation_steps: Annotated[int, Field(ge=2)] | None = None

    @model_validator(mode="after")
    def _one_clip(self) -> Self:
        given = [f"`{name}`" for name in _CLIPS if getattr(self, name) is not None]
        if len(given) > 1:
            raise refuse(
                "optimizer-clips",
                f"{' and '.join(given)} stand side by side; only one of them can clip",
                "keep one of them",
            )
        return self

    @property
    def scheduled(self) -> bool:
        """Whether a schedule sets the learning rate."""
        return isinstance(self.learning_rate, Schedule)

    @property
    def slots(self) -> int:
        """How many numbers it keeps for each weight that learns: its moments, an average, a sum of gradients."""
        more = ("use_ema", "gradient_accumulation_steps", *self.more)
        return self.moments + sum(bool(getattr(self, name)) for name in more)

    def doubt(self, steps: int) -> str | None:
        """What is likely a mistake in a run of `steps` batches in all."""
        return self.learning_rate.doubt(steps) if isinstance(self.learning_rate, Schedule) else None

    def over(self, steps: int) -> KerasCall:
        """The call for a run of `steps` batches in all."""
        if isinstance(self.learning_rate, Schedule):
            return self.call(learning_rate=self.learning_rate.over(steps))
        return self.call()
