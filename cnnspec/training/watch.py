"""What watches over training: callbacks that keep the best model, write the history and stop at NaN. Imports Keras."""

from __future__ import annotations

import csv
import errno
import io
import math
import os
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

import keras

from cnnspec.training.batches import Order
from cnnspec.training.errors import TrainingError
from cnnspec.training.interrupts import Interrupts
from cnnspec.training.progress import Reporter, reported
from cnnspec.training.run_folder import writing

Logs = Mapping[str, Any] | None


class _Callback(keras.callbacks.Callback):  # type: ignore[misc]
    """Typed, so that what derives from it is."""

    def done(self, batch: int) -> int:
        """The batches of this epoch behind `batch`: where a call runs several, Keras counts past the last one."""
        return min(batch + 1, self.params.get("steps") or batch + 1)


class Shuffle(_Callback):
    """Turns the order of the batches to the epoch that begins."""

    def __init__(self, order: Order) -> None:
        super().__init__()
        self._order = order

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        self._order.turn_to(epoch)


class StopAtNaN(_Callback):
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
        loss = float((logs or {}).get("loss", 0.0))
        if not math.isfinite(loss):
            became = "NaN" if math.isnan(loss) else "infinite"
            raise TrainingError(
                f"the loss became {became} in epoch {self._epoch + 1}{step}",
                "lower the learning rate, or bound the gradients with the optimizer's `clipnorm`",
            )


class StopWhenAsked(_Callback):
    """Raises an interrupt that came during a step, when the step is done."""

    def __init__(self, interrupts: Interrupts) -> None:
        super().__init__()
        self._interrupts = interrupts

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        self._interrupts.check()

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        self._interrupts.check()

    def on_test_batch_end(self, batch: int, logs: Logs = None) -> None:
        self._interrupts.check()

    def on_train_end(self, logs: Logs = None) -> None:
        self._interrupts.check()


class KeepBest(_Callback):
    """Keeps the model of the best epoch in one file, which is whole at any moment. NaN is never best.

    It is written beside its place, synced to the disk, then moved over the one before.
    """

    def __init__(self, network: Any, path: Path, monitor: str, mode: str) -> None:
        super().__init__()
        self._network, self._path, self._monitor = network, path, monitor
        self._sign = -1.0 if mode == "max" else 1.0
        self._lowest = math.inf
        self.epoch: int | None = None
        self.logs: dict[str, float] = {}

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        value = self._sign * float((logs or {}).get(self._monitor, math.nan))
        if math.isfinite(value) and value < self._lowest:
            self._save()
            self._lowest, self.epoch = value, epoch + 1
            self.logs = reported(logs or {})

    def _save(self) -> None:
        temporary = self._path.with_name(f".part-{self._path.name}")
        try:
            with writing(self._path):
                self._network.save(temporary)
                _sync(temporary)
                temporary.replace(self._path)
                _sync(self._path.parent)
        finally:
            temporary.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class History(_Callback):
    """Writes a row for every epoch, at once: `epoch`, what Keras reports, `learning_rate`, `seconds`."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path, self._began = path, 0.0
        self.epochs = 0

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        self._began = time.monotonic()

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


class Show(_Callback):
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
        seconds, best = time.monotonic() - self._began, self._best.epoch == epoch + 1
        self._reporter.epoch_ends(epoch + 1, self.params["epochs"], dict(logs or {}), seconds, rate, best)


class EarlyStopping(keras.callbacks.EarlyStopping):  # type: ignore[misc]
    """Keras's, with NaN as the worst value rather than one that nothing beats."""

    def get_monitor_value(self, logs: Logs) -> Any:
        value = super().get_monitor_value(logs)
        if value is not None and math.isnan(value):
            return -math.inf if self.mode == "max" else math.inf
        return value
