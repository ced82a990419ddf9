"""Callbacks: what happens between epochs. Names, arguments and defaults are Keras's.

Every run keeps the best model, writes `history.csv` and stops where the loss is no number, without being asked to.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field

from cnnspec.language.entries import Vocabulary, refuse, shown
from cnnspec.language.forms import Form
from cnnspec.language.types import Natural, NonNegative, choice
from cnnspec.training.component import Component

CALLBACKS = Vocabulary("callback")

Monitor = Annotated[str, Field(min_length=1)]


def _how_often(value: Any) -> Any:
    if value in ("epoch", "batch") or (type(value) is int and value > 0):
        return value
    raise refuse("bad-choice", f"`update_freq` is `epoch`, `batch` or a number of batches, not {shown(value)}")


_FREQUENCY = Form(
    lambda rank: {"anyOf": [{"enum": ["epoch", "batch"]}, {"type": "integer", "minimum": 1}]},
    "`epoch`, `batch`, or a number of batches",
)


class Callback(Component):
    """The base of callbacks."""

    abstract: ClassVar[bool] = True
    vocabulary: ClassVar[Vocabulary] = CALLBACKS
    module: ClassVar[str] = "callbacks"
    lowers_rate: ClassVar[bool] = False


class Monitoring(Callback):
    """What watches a number of every epoch: a loss or a metric, with `val_` that of the validation images."""

    abstract: ClassVar[bool] = True
    first: ClassVar[str] = "monitor"

    monitor: Monitor = "val_loss"
    mode: choice("auto", "min", "max") = "auto"  # type: ignore[valid-type]


class EarlyStopping(Monitoring):
    """Stops when `monitor` has not got better by more than `min_delta` for `patience` epochs.

    Example:
        callbacks: [{early_stopping: {monitor: val_loss, patience: 3, restore_best_weights: true}}]
    """

    min_delta: NonNegative = 0.0
    patience: Natural = 0
    baseline: float | None = None
    restore_best_weights: bool = False
    start_from_epoch: Natural = 0


class ReduceLROnPlateau(Monitoring):
    """Multiplies the learning rate by `factor` when `monitor` has not got better for `patience` epochs.

    Not beside a schedule: one of the two sets the learning rate.
    """

    lowers_rate: ClassVar[bool] = True
    factor: Annotated[float, Field(gt=0, lt=1)] = 0.1
    patience: Natural = 10
    min_delta: NonNegative = 0.0001
    cooldown: Natural = 0
    min_lr: NonNegative = 0.0


class ModelCheckpoint(Monitoring):
    """Says what the best epoch is, whose model `best.keras` keeps (without it: the lowest `val_loss`).

    Example:
        callbacks: [{model_checkpoint: val_accuracy}]
    """


class TerminateOnNaN(Callback):
    """Stops when the loss is no number. Every run does; it may be written all the same."""

    entry: ClassVar[str] = "terminate_on_nan"


class TensorBoard(Callback):
    """Writes events for TensorBoard into `log_dir`, a folder in the run's folder."""

    entry: ClassVar[str] = "tensorboard"
    first: ClassVar[str] = "log_dir"

    log_dir: Annotated[str, Field(min_length=1)] = "logs"
    histogram_freq: Natural = 0
    write_graph: bool = True
    write_images: bool = False
    write_steps_per_second: bool = False
    update_freq: Annotated[Any, BeforeValidator(_how_often), _FREQUENCY] = "epoch"
    profile_batch: Natural = 0
