"""Optimizers: how the weights follow the gradient. Names, arguments and defaults are Keras's."""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from cnnspec.language.entries import Vocabulary, refuse
from cnnspec.language.types import Count, Natural, NonNegative, Positive, Real
from cnnspec.layers.base import KerasCall
from cnnspec.training.component import Component, Share
from cnnspec.training.schedules import LearningRate, Schedule

OPTIMIZERS = Vocabulary("optimizer")

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

    def over(self, steps: int) -> KerasCall:
        """The call for a run of `steps` batches in all."""
        if isinstance(self.learning_rate, Schedule):
            return self.call(learning_rate=self.learning_rate.over(steps))
        return self.call()


class SGD(Optimizer):
    """Gradient descent, with (Nesterov) momentum if asked for (I. Sutskever et al., 2013)."""

    learning_rate: LearningRate = 0.01
    momentum: Annotated[float, Field(ge=0, le=1)] = 0.0
    nesterov: bool = False


class _Moments(Optimizer):
    beta_1: Share = 0.9
    beta_2: Share = 0.999
    epsilon: Positive = 1e-7


class Adam(_Moments):
    """Steps scaled by running means of the gradient and of its square (D. Kingma and J. Ba, 2015)."""

    amsgrad: bool = False


class AdamW(_Moments):
    """Adam with weight decay apart from the gradient (I. Loshchilov and F. Hutter, 2019)."""

    entry: ClassVar[str] = "adamw"
    weight_decay: NonNegative = 0.004
    amsgrad: bool = False


class Adamax(_Moments):
    """Adam with the largest gradient in place of the mean square (D. Kingma and J. Ba, 2015)."""


class Nadam(_Moments):
    """Adam with Nesterov momentum (T. Dozat, 2016)."""


class Lamb(_Moments):
    """Adam with a step for each layer in proportion to its weights, for large batches (Y. You et al., 2020)."""


class Lion(Optimizer):
    """Steps along the sign of a running mean of the gradient (X. Chen et al., 2023)."""

    beta_1: Share = 0.9
    beta_2: Share = 0.99


class RMSprop(Optimizer):
    """Steps divided by the running root mean square of the gradient (T. Tieleman and G. Hinton, 2012)."""

    entry: ClassVar[str] = "rmsprop"
    rho: Share = 0.9
    momentum: Share = 0.0
    epsilon: Positive = 1e-7
    centered: bool = False


class Adagrad(Optimizer):
    """Steps divided by the root of all squared gradients so far (J. Duchi et al., 2011)."""

    initial_accumulator_value: NonNegative = 0.1
    epsilon: Positive = 1e-7


class Adadelta(Optimizer):
    """Adagrad over a moving window (M. Zeiler, 2012)."""

    rho: Share = 0.95
    epsilon: Positive = 1e-7


class Ftrl(Optimizer):
    """Follow the regularized leader (H. B. McMahan et al., 2013)."""

    learning_rate_power: Annotated[float, Field(le=0)] = -0.5
    initial_accumulator_value: NonNegative = 0.1
    l1_regularization_strength: NonNegative = 0.0
    l2_regularization_strength: NonNegative = 0.0
    l2_shrinkage_regularization_strength: NonNegative = 0.0
    beta: NonNegative = 0.0


class Adafactor(Optimizer):
    """Adam that keeps rows and columns of the mean square in place of all of it (N. Shazeer and M. Stern, 2018)."""

    beta_2_decay: Annotated[float, Field(lt=0)] = -0.8
    epsilon_1: Positive = 1e-30
    epsilon_2: Positive = 1e-3
    clip_threshold: Positive = 1.0
    relative_step: bool = True


class Muon(Optimizer):
    """Momentum whose matrices are made orthogonal; Adam for vectors (K. Jordan et al., 2024)."""

    adam_beta_1: Share = 0.9
    adam_beta_2: Share = 0.999
    adam_weight_decay: NonNegative = 0.004
    epsilon: Positive = 1e-7
    weight_decay: NonNegative = 0.004
    exclude_embeddings: bool = True
    muon_a: Real = 3.4445
    muon_b: Real = -4.775
    muon_c: Real = 2.0315
    adam_lr_ratio: Positive = 1.0
    momentum: Share = 0.95
    ns_steps: Natural = 5
    nesterov: bool = True
    rms_rate: Positive | None = 0.2
