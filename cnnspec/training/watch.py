"""What watches over training: callbacks that keep the best model, write the history and stop at NaN. Imports Keras.

What a callback must not forget when a run is resumed stands in its `KEPT`.
"""

from __future__ import annotations

import csv
import errno
import io
import math
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any, ClassVar

import keras

from cnnspec.training.batches import Order
from cnnspec.training.errors import TrainingError
from cnnspec.training.interrupts import Interrupts
from cnnspec.training.progress import Reporter, reported
from cnnspec.training.run_folder import writing
from cnnspec.training.sealing import sealed

Logs = Mapping[str, Any] | None


class Watcher(keras.callbacks.Callback):  # type: ignore[misc]
    """The base of our callbacks."""

    KEPT: ClassVar[tuple[str, ...]] = ()

    def done(self, batch: int) -> int:
        """The batches of this epoch behind `batch`: where a call runs several, Keras counts past the last one, and in
        an epoch that goes on from where it was left it counts from there."""
        done = int(self.params.get("start", 0)) + batch + 1
        return min(done, self.params.get("steps") or done)


def kept(callback: Any) -> dict[str, Any]:
    """What `callback` must not forget, as JSON has it."""
    values = {name: getattr(callback, name) for name in getattr(callback, "KEPT", ())}
    return {name: value.item() if hasattr(value, "item") else value for name, value in values.items()}


def remind(callback: Any, values: Mapping[str, Any]) -> None:
    """Give `callback` what it must not have forgotten."""
    for name, value in values.items():
        setattr(callback, name, value)


class Shuffle(Watcher):
    """Turns the order of the batches to the epoch that begins."""

    def __init__(self, order: Order) -> None:
        super().__init__()
        self._order = order

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        self._order.turn_to(epoch)


class StopAtNaN(Watcher):
    """Ends training with a `TrainingError` as soon as the loss is no number."""

    def __init__(self) -> None:
        super().__init__()
        self._epoch = 0

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        self._check(logs, f", by step {self.done(batch)}")

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        self._check(logs, "")

    def _check(self, logs: Logs, step: str) -> None:
        logs = logs or {}
        for name in ["loss"] if "loss" in logs else [name for name in logs if name.endswith("_loss")]:
            loss = float(logs[name])
            if math.isfinite(loss):
                continue
            became = "NaN" if math.isnan(loss) else "infinite"
            raise TrainingError(
                f"the {name.replace('_', ' ')} became {became} in epoch {self._epoch + 1}{step}",
                "lower the learning rate, or bound the gradients with the optimizer's `clipnorm`",
            )


class StopWhenAsked(Watcher):
    """Raises an interrupt that came during validation when the step is done; `Saving` does in training."""

    def __init__(self, interrupts: Interrupts) -> None:
        super().__init__()
        self._interrupts = interrupts

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        self._interrupts.check()

    def on_test_batch_end(self, batch: int, logs: Logs = None) -> None:
        self._interrupts.check()


class KeepBest(Watcher):
    """Keeps the model of the best epoch in one file, which is whole at any moment. NaN is never best."""

    KEPT = ("lowest", "epoch", "logs")

    def __init__(self, network: Any, path: Path, monitor: str, mode: str) -> None:
        super().__init__()
        self._network, self._path, self._monitor = network, path, monitor
        self._sign = -1.0 if mode == "max" else 1.0
        self.lowest = math.inf
        self.epoch: int | None = None
        self.logs: dict[str, float] = {}

    def marks(self, epoch: int) -> bool:
        """Whether `epoch` (from 1) is the best one so far."""
        return self.epoch == epoch

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        value = self._sign * float((logs or {}).get(self._monitor, math.nan))
        if math.isfinite(value) and value < self.lowest:
            with writing(self._path), averaged(self.model), sealed(self._path) as place:
                self._network.save(place)
            self.lowest, self.epoch = value, epoch + 1
            self.logs = reported(logs or {})


class History(Watcher):
    """Writes a row for every epoch, at once: `epoch`, what Keras reports, `learning_rate`, `seconds`."""

    KEPT = ("epochs", "text")

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path, self._began = path, 0.0
        self.epochs = 0
        self.text = ""

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        self._began = time.monotonic()
        if self._path.exists() and self._path.stat().st_size != len(self.text.encode()):
            with writing(self._path):  # rows of epochs that a resumed run trains again
                self._path.write_text(self.text, encoding="utf-8")

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        row = {
            "epoch": epoch + 1, **reported(logs or {}), "learning_rate": float(self.model.optimizer.learning_rate),
            "seconds": round(time.monotonic() - self._began, 3),
        }  # fmt: skip
        text = io.StringIO()
        writer = csv.DictWriter(text, list(row))
        if not self.epochs:
            writer.writeheader()
        writer.writerow(row)
        with writing(self._path):
            _append(self._path, text.getvalue())
        self.text += text.getvalue()
        self.epochs += 1


def _append(path: Path, text: str) -> None:
    """Add `text` to a file, all of it or nothing."""
    with path.open("ab", buffering=0) as file:
        length = file.tell()
        try:
            if file.write(text.encode()) < len(text.encode()):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError:
            file.truncate(length)
            raise


class Show(Watcher):
    """Tells the reporter how training goes, and times the training steps."""

    def __init__(self, reporter: Reporter, best: KeepBest, images: int) -> None:
        super().__init__()
        self._reporter, self._best, self._images = reporter, best, images
        self._began = self._stepped = 0.0
        self._rates: list[float] = []

    @property
    def images_per_second(self) -> float:
        """Images through the training steps of a middling epoch in a second."""
        return median(self._rates) if self._rates else 0.0

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        self._began = self._stepped = time.monotonic()
        self._reporter.epoch_begins(epoch + 1, self.params["epochs"], self.params["steps"] or 0)

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        self._stepped = time.monotonic()
        self._reporter.step_ends(self.done(batch), dict(logs or {}))

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        rate = self._images / max(self._stepped - self._began, 1e-9)
        self._rates.append(rate)
        seconds, best = time.monotonic() - self._began, self._best.marks(epoch + 1)
        self._reporter.epoch_ends(epoch + 1, self.params["epochs"], dict(logs or {}), seconds, rate, best)


class EarlyStopping(keras.callbacks.EarlyStopping):  # type: ignore[misc]
    """Keras's, with NaN as the worst value rather than one that nothing beats. The best weights are in `best.keras`,
    so that no copy is kept here."""

    KEPT = ("best", "wait", "stopped_epoch", "best_epoch")

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**{**arguments, "restore_best_weights": False})

    def get_monitor_value(self, logs: Logs) -> Any:
        value = super().get_monitor_value(logs)
        if value is not None and math.isnan(value):
            return -math.inf if self.mode == "max" else math.inf
        return value


class ReduceLROnPlateau(keras.callbacks.ReduceLROnPlateau):  # type: ignore[misc]
    """Keras's, which goes on where it was."""

    KEPT = ("best", "wait", "cooldown_counter")


class Averaged(Watcher):
    """Has the moving average of the weights validated, where the optimizer keeps one."""

    def on_test_begin(self, logs: Logs = None) -> None:
        swap_average(self.model.optimizer)

    def on_test_end(self, logs: Logs = None) -> None:
        swap_average(self.model.optimizer)


@contextmanager
def averaged(model: Any) -> Iterator[None]:
    """The moving average of the weights in the place of the weights, where the optimizer keeps one to validate."""
    swap_average(model.optimizer)
    try:
        yield
    finally:
        swap_average(model.optimizer)


def swap_average(optimizer: Any) -> None:
    """Exchange the weights with their moving average."""
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    if not optimizer.use_ema or optimizer.ema_overwrite_frequency:
        return
    for weight, average in zip(optimizer._trainable_variables, optimizer._model_variables_moving_average, strict=True):
        kept = keras.ops.convert_to_numpy(weight)
        weight.assign(average)
        average.assign(kept)
