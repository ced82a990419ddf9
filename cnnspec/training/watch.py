"""What watches over training: callbacks that keep the best model, write the history and stop at NaN. Imports Keras.

What a callback must not forget when a run is resumed stands in its `KEPT`.
"""

from __future__ import annotations

import csv
import io
import json
import math
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from statistics import median
from typing import Any, ClassVar

import keras

from cnnspec.training.batches import Order
from cnnspec.training.errors import TrainingError
from cnnspec.training.folder_files import File, Unsafe
from cnnspec.training.interrupts import Interrupts
from cnnspec.training.kept_facts import LARGEST, Best, Damaged, read
from cnnspec.training.progress import Reporter, reported
from cnnspec.training.run_folder import writing
from cnnspec.training.saving_models import save_model
from cnnspec.training.sealing import whole
from cnnspec.training.state import finite_weights
from cnnspec.training.weights import fits

Logs = Mapping[str, Any] | None


class Watcher(keras.callbacks.Callback):  # type: ignore[misc]
    """The base of our callbacks."""

    KEPT: ClassVar[tuple[str, ...]] = ()

    def done(self, batch: int) -> int:
        """The batches of this epoch behind `batch`: where a call runs several, Keras counts past the last one, and in
        an epoch that goes on from where it was left it counts from there."""
        done = int(self.params.get("start", 0)) + batch + 1
        return min(done, self.params.get("steps") or done)

    def recalled(self) -> None:
        """A resumed run has reminded this callback of what it keeps."""


def kept(callback: Any) -> dict[str, Any]:
    """What `callback` must not forget, as JSON has it."""
    values = {name: getattr(callback, name) for name in getattr(callback, "KEPT", ())}
    return {name: value.item() if hasattr(value, "item") else value for name, value in values.items()}


def remind(callback: Any, values: Mapping[str, Any]) -> None:
    """Give `callback` what it must not have forgotten. Raises `TrainingError` where that is not what it keeps."""
    names = getattr(callback, "KEPT", ())
    if set(names) != set(values):
        found, wanted = (", ".join(sorted(each)) or "nothing" for each in (values, names))
        raise TrainingError(
            f"the checkpoint keeps {found} for {type(callback).__name__}, which keeps {wanted}",
            "it is of another version of cnnspec, or damaged; start anew: train without --resume",
        )
    for name in names:
        setattr(callback, name, values[name])
    if isinstance(callback, Watcher):
        callback.recalled()


class Shuffle(Watcher):
    """Turns the order of the batches to the epoch that begins."""

    def __init__(self, order: Order) -> None:
        super().__init__()
        self._order = order

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        self._order.turn_to(epoch)


class StopAtNaN(Watcher):
    """Ends training with a `TrainingError` as soon as the loss is no number, or the weights of an epoch are none."""

    def __init__(self) -> None:
        super().__init__()
        self._epoch = 0

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        self._check(logs, f", by step {self.done(batch)}")

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        self._check(logs, "")
        if not finite_weights(self.model):
            raise no_number("weights", "NaN or infinite", epoch, f", by step {self.params['steps']}")

    def _check(self, logs: Logs, step: str) -> None:
        logs = logs or {}
        for name in ["loss"] if "loss" in logs else [name for name in logs if name.endswith("_loss")]:
            loss = float(logs[name])
            if math.isfinite(loss):
                continue
            became = "NaN" if math.isnan(loss) else "infinite"
            raise no_number(name.replace("_", " "), became, self._epoch, step)


def no_number(what: str, became: str, epoch: int, step: str) -> TrainingError:
    """Training went wrong in `epoch` (from 0)."""
    return TrainingError(
        f"the {what} became {became} in epoch {epoch + 1}{step}",
        "lower the learning rate, or bound the gradients with the optimizer's `clipnorm`, in a new run; it may begin "
        "with weights that were good: `weights: RUN/best.keras`",
    )


class StopWhenAsked(Watcher):
    """Raises an interrupt that came during the final test when the step is done; `Saving` does in training."""

    def __init__(self, interrupts: Interrupts) -> None:
        super().__init__()
        self._interrupts = interrupts

    def on_test_batch_end(self, batch: int, logs: Logs = None) -> None:
        self._interrupts.check()


class KeepBest(Watcher):
    """Keeps the model of the best epoch in one file, which is whole at any moment. NaN is never best.

    The file itself tells which epoch it is of, as it may be of a later one than the checkpoint that a run goes on from.
    """

    KEPT = ("lowest", "epoch", "logs")
    ABOUT: ClassVar[str] = "epoch.json"

    def __init__(
        self, network: Any, file: File, monitor: str, mode: str, say: Callable[[str], None] = lambda text: None
    ) -> None:
        super().__init__()
        self._network, self._file, self._monitor, self._say = network, file, monitor, say
        self._sign = -1.0 if mode == "max" else 1.0
        self.lowest = math.inf
        self.epoch: int | None = None
        self.logs: dict[str, float] = {}

    @property
    def files(self) -> Mapping[File, Any]:
        """The networks that it keeps, by their files."""
        return {self._file: self._network}

    def marks(self, epoch: int) -> bool:
        """Whether `epoch` (from 1) is the best one so far."""
        return self.epoch == epoch

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        value = self._sign * float((logs or {}).get(self._monitor, math.nan))
        if math.isfinite(value) and value < self.lowest:
            self._keep(epoch + 1, value, reported(logs or {}))

    def recalled(self) -> None:
        kept, why = self._kept()
        if kept is not None:
            self.epoch, self.lowest, self.logs = kept["epoch"], kept["lowest"], kept["logs"]
        elif self.epoch is not None:
            self._say(f"warning: {self._lost(why)}")
            self.lowest = math.inf

    def ensure(self, epochs: int, logs: Mapping[str, float]) -> None:
        """Where the file was lost, have what was trained last in its place: epoch `epochs`, which reported `logs`."""
        kept, why = self._kept()
        if self.epoch is not None and kept is None:
            self._say(f"warning: {self._lost(why)}; those of the last epoch, {epochs}, take their place")
            self._keep(epochs, self._sign * logs.get(self._monitor, math.nan), logs)

    def _keep(self, epoch: int, value: float, logs: Mapping[str, float]) -> None:
        told = {"epoch": epoch, "lowest": value, "logs": dict(logs)}
        with averaged(self.model):
            save_model(self._network, self._file, {self.ABOUT: json.dumps(told)})
        self.epoch, self.lowest, self.logs = epoch, value, dict(logs)

    def _kept(self) -> tuple[Mapping[str, Any] | None, str]:
        """What the file tells of its weights, where it is whole and they are of this network and run; else why not."""
        try:
            with self._file.opened() as stream:
                if not whole(stream):
                    return None, "damaged"
                with zipfile.ZipFile(stream) as archive:
                    told = self._told(archive)
                if not fits(self._network, self._file.path, stream):
                    return None, "of another network"
        except FileNotFoundError:
            return None, "missing"
        except Unsafe as error:
            return None, f"no file to take ({error.told})"
        except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError):
            return None, "damaged"
        except Damaged as error:
            return None, f"damaged ({self.ABOUT}: {error})"
        known = {"epoch": self.epoch, "lowest": self.lowest, "logs": self.logs}
        if told is None or self.epoch is None:
            return told or known, ""
        if told["epoch"] < self.epoch or (
            told["epoch"] == self.epoch and math.isfinite(told["lowest"]) and told["lowest"] != self.lowest
        ):
            return None, f"not that of the checkpoint (it says epoch {told['epoch']}, {told['lowest']:g})"
        return told, ""

    def _told(self, archive: zipfile.ZipFile) -> Mapping[str, Any] | None:
        if self.ABOUT not in archive.namelist():
            return None
        if archive.getinfo(self.ABOUT).file_size > LARGEST:
            raise Damaged(f"it has more than {LARGEST:,} bytes")
        return read(archive.read(self.ABOUT), Best)

    def _lost(self, why: str) -> str:
        return f"{self._file.name} is {why}: the weights of epoch {self.epoch} are lost"


class History(Watcher):
    """Writes a row for every epoch, at once: `epoch`, what Keras reports, `learning_rate`, `seconds`."""

    KEPT = ("epochs", "text")

    def __init__(self, file: File) -> None:
        super().__init__()
        self._file, self._began = file, 0.0
        self.epochs = 0
        self.text = ""

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        self._began = time.monotonic()

    def recalled(self) -> None:
        """The file holds what the checkpoint knows: no row of an epoch that is trained again, none that is damaged."""
        content = self.text.encode()
        with writing(self._file.path, size=len(content)):
            size = self._file.size
            if size != len(content) or self._file.read(size) != content:
                self._file.write(content)

    @property
    def last(self) -> dict[str, float]:
        """What the last epoch reported."""
        rows = list(csv.DictReader(io.StringIO(self.text)))
        own = ("epoch", "learning_rate", "seconds")
        return {name: float(value) for name, value in rows[-1].items() if name not in own} if rows else {}

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
        with writing(self._file.path, size=len(text.getvalue())):
            if self._file.size == len(self.text.encode()):
                self._file.append(text.getvalue().encode())
            else:  # somebody took it away, or wrote to it
                self._file.write((self.text + text.getvalue()).encode())
        self.text += text.getvalue()
        self.epochs += 1


class Show(Watcher):
    """Tells the reporter how training goes, and times it: the run since it `began`, and the training steps."""

    KEPT = ("rates", "seconds")

    def __init__(self, reporter: Reporter, best: KeepBest, images: int, began: float) -> None:
        super().__init__()
        self._reporter, self._best, self._images = reporter, best, images
        self._start, self._began, self._stepped = began, 0.0, 0.0
        self.rates: list[float] = []

    @property
    def seconds(self) -> float:
        """How long the run took, without the time between its starts."""
        return time.monotonic() - self._start

    @seconds.setter
    def seconds(self, before: float) -> None:
        self._start -= before

    @property
    def images_per_second(self) -> float:
        """Images through the training steps of a middling epoch in a second."""
        return median(self.rates) if self.rates else 0.0

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        self._began = self._stepped = time.monotonic()
        self._reporter.epoch_begins(epoch + 1, self.params["epochs"], self.params["steps"] or 0)

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        self._stepped = time.monotonic()
        self._reporter.step_ends(self.done(batch), dict(logs or {}))

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        share = 1 - self.params.get("start", 0) / (self.params["steps"] or 1)
        rate = self._images * share / max(self._stepped - self._began, 1e-9)
        if share:
            self.rates.append(rate)
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
