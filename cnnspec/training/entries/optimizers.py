"""Optimizers. Names, arguments and defaults are Keras's."""

from typing import Annotated, ClassVar

from pydantic import Field

from cnnspec.language.types import Natural, NonNegative, Positive, Real
from cnnspec.training.component import Share
from cnnspec.training.optimizers import Optimizer
from cnnspec.training.schedules import LearningRate


class SGD(Optimizer):
    """Gradient descent, with (Nesterov) momentum if asked for (I. Sutskever et al., 2013)."""

    moments: ClassVar[int] = 0
    more: ClassVar[tuple[str, ...]] = ("momentum",)
    learning_rate: LearningRate = 0.01
    momentum: Annotated[float, Field(ge=0, le=1)] = 0.0
    nesterov: bool = False


class Lion(Optimizer):
    """Steps along the sign of a running mean of the gradient (X. Chen et al., 2023)."""

    beta_1: Share = 0.9
    beta_2: Share = 0.99


class RMSprop(Optimizer):
    """Steps divided by the running root mean square of the gradient (T. Tieleman and G. Hinton, 2012)."""

    entry: ClassVar[str] = "rmsprop"
    more: ClassVar[tuple[str, ...]] = ("momentum", "centered")
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

    moments: ClassVar[int] = 2
    rho: Share = 0.95
    epsilon: Positive = 1e-7


class Ftrl(Optimizer):
    """Follow the regularized leader (H. B. McMahan et al., 2013)."""

    moments: ClassVar[int] = 2
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
