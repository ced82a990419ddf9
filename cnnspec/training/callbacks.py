"""Callbacks: what happens between epochs. Names, arguments and defaults are Keras's, but for `mlflow` and `wandb`.

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


def _inside(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    parts = value.split("/")
    if value.startswith(("/", "~")) or not value.isprintable() or "\\" in value or {"", ".", ".."} & {*parts}:
        raise refuse(
            "bad-choice", f"`log_dir` is a folder in the folder of the run, and {shown(value)} is none",
            "write a name without `..` or a leading `/`, such as `log_dir: logs`",
        )  # fmt: skip
    from cnnspec.training.run_folder import OWN

    if parts[0] in OWN or parts[0].startswith("."):
        raise refuse("bad-choice", f"`{parts[0]}` in the folder of a run is the run's own", "write `log_dir: logs`")
    return value


class Callback(Component):
    """The base of callbacks."""

    abstract: ClassVar[bool] = True
    vocabulary: ClassVar[Vocabulary] = CALLBACKS
    module: ClassVar[str] = "callbacks"
    lowers_rate: ClassVar[bool] = False
    needs: ClassVar[dict[str, str]] = {}
    """Packages that it cannot do without, and what they are called."""


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
    needs: ClassVar[dict[str, str]] = {
        "tensorboard": "TensorBoard",
        "tensorflow": "TensorFlow",
    }  # Keras writes with both

    log_dir: Annotated[str, Field(min_length=1), BeforeValidator(_inside)] = "logs"
    histogram_freq: Natural = 0
    write_graph: bool = True
    write_images: bool = False
    write_steps_per_second: bool = False
    update_freq: Annotated[Any, BeforeValidator(_how_often), _FREQUENCY] = "epoch"
    profile_batch: Natural = 0


Text = Annotated[str, Field(min_length=1)]


class Tracking(Callback):
    """What tells another program of the run: its settings at the start, the numbers of every epoch, and at the end
    those of the best epoch and of the test split. No file is given to it. A resumed run goes on as the one it was."""

    abstract: ClassVar[bool] = True
    module: ClassVar[str] = "cnnspec.training.tracking"


class MLflow(Tracking):
    """Writes the run into MLflow: a folder `mlruns` beside the folder of runs, or what `tracking_uri` names.

    `tracking_uri` is a folder (from where `runs` is), or an address such as `sqlite:///mlflow.db` or
    `http://localhost:5000`. Where it is left out, `MLFLOW_TRACKING_URI` says it, if that is set. `experiment` is the
    spec's name where it is left out. It takes `pip install mlflow`, or `mlflow-skinny` for a folder or a server.

    Example:
        callbacks: [early_stopping, {mlflow: {experiment: digits, tags: {stage: draft}}}]
    """

    entry: ClassVar[str] = "mlflow"
    first: ClassVar[str] = "experiment"
    needs: ClassVar[dict[str, str]] = {"mlflow": "MLflow"}
    tracking_uri: Text | None = None
    experiment: Text | None = None
    tags: dict[str, str] = {}


class WandB(Tracking):
    """Writes the run for Weights & Biases: into the run's folder (`wandb sync` uploads it later), or to its server.

    `mode` is `online` or `offline`; where it is left out, a run is online if `WANDB_API_KEY` is set, and offline else.
    `project` is the spec's name where it is left out. It takes `pip install wandb`.

    Example:
        callbacks: [early_stopping, {wandb: {project: digits, mode: offline, tags: [draft]}}]
    """

    entry: ClassVar[str] = "wandb"
    first: ClassVar[str] = "project"
    needs: ClassVar[dict[str, str]] = {"wandb": "Weights & Biases"}
    project: Text | None = None
    entity: Text | None = None
    mode: choice("online", "offline") | None = None  # type: ignore[valid-type]
    tags: tuple[str, ...] = ()
