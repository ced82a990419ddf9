"""Lints of callbacks: what ends training too early, keeps the worst epoch, or never acts."""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.lints.network import Doubt, Network
from cnnspec.training.callbacks import EarlyStopping, Monitoring, ReduceLROnPlateau
from cnnspec.training.section import Training


def early_stopping_patience(network: Network) -> Iterator[Doubt]:
    """An early stopping without patience: training ends with the first epoch that is no better than the best.

    `patience` is 0 where it is left out, as in Keras. The loss of the validation images goes up and down from epoch to
    epoch, so that mostly such a run ends after two or three.
    """
    for training, place in _phases(network):
        for index, callback in enumerate(training.callbacks or ()):
            if isinstance(callback, EarlyStopping) and callback.patience == 0:
                message = "training ends with the first epoch that is no better than the best: `patience` is 0"
                path = (*place, "callbacks", index, callback.entry)
                yield network.written(message, *path, help="write `patience: 5`, or leave the callback out")


def monitor_mode(network: Network) -> Iterator[Doubt]:
    """A `mode` against the direction of what is watched: `min` of an accuracy keeps the worst epoch.

    Left out, it follows from the metric: losses and errors shall be low, accuracies and overlaps high.
    """
    for training, place in _phases(network):
        for index, callback in enumerate(training.callbacks or ()):
            if not isinstance(callback, Monitoring) or callback.mode == "auto":
                continue
            wanted = _direction(network, training, callback.monitor)
            if wanted is not None and callback.mode != wanted:
                better = "more" if wanted == "max" else "less"
                message = f"`mode: {callback.mode}` of `{callback.monitor}`, of which {better} is better"
                path = (*place, "callbacks", index, callback.entry, "mode")
                yield network.written(message, *path, key=False, help="leave `mode` out: it follows from the metric")


def plateau_patience(network: Network) -> Iterator[Doubt]:
    """A `reduce_lr_on_plateau` that waits as long as the early stopping beside it, or longer: the run ends first.

    Where both watch the same number, give the plateau less patience than the early stopping.
    """
    for training, place in _phases(network):
        stops = {each.monitor: each.patience for each in training.callbacks or () if isinstance(each, EarlyStopping)}
        for index, callback in enumerate(training.callbacks or ()):
            patience = stops.get(callback.monitor) if isinstance(callback, ReduceLROnPlateau) else None
            if isinstance(callback, ReduceLROnPlateau) and patience is not None and callback.patience >= patience > 0:
                message = f"it waits {callback.patience} epochs, and `early_stopping` ends the run after {patience}"
                help = f"write a `patience` below {patience}, or give `early_stopping` more"
                yield network.written(message, *place, "callbacks", index, callback.entry, help=help)


def _phases(network: Network) -> Iterator[tuple[Training, tuple[str | int, ...]]]:
    """The trainings of a spec with callbacks of their own, and where they stand."""
    training = network.training
    if not isinstance(training, Training):
        return
    yield training, ("training",)
    for index, phase in enumerate(training.phases):
        if phase.callbacks is not None:
            yield phase.of(training), ("training", "phases", index)


def _direction(network: Network, training: Training, monitor: str) -> str | None:
    """Whether what is watched shall be high (`max`) or low; None where that is not known."""
    name = monitor.removeprefix("val_")
    if name == "loss" or name.endswith("_loss"):
        return "min"
    for output in network.graph.outputs:
        for metric in training.metrics_of(output) or ():
            if name in (metric.column, f"{output}_{metric.column}"):
                return "max" if metric.rises else "min"
    return "max" if name == "accuracy" or name.endswith("_accuracy") else None
