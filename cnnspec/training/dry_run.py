"""A rehearsal: a few real steps, and from them how long and how large a run will be. Imports Keras."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any, NamedTuple

from cnnspec.training import checkpoints
from cnnspec.training.batches import Feed
from cnnspec.training.checkpoints import State
from cnnspec.training.folder_files import File, Folder
from cnnspec.training.memory import Estimate, spoken
from cnnspec.training.saving_models import save_model
from cnnspec.training.state import arrays_of, generators
from cnnspec.training.watch import Logs, StopAtNaN, Watcher

_CALLS, _SECONDS = 8, 5.0
"""How many calls of the framework are timed at most behind the first, and for how long."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds for a step, of which an epoch has `steps`: the first call, which prepares all others, and a middling step
    of those."""

    steps: int
    first: float
    step: float

    @property
    def epoch(self) -> float:
        """Seconds for all steps of an epoch."""
        return self.steps * self.step


class Written(NamedTuple):
    """The bytes of a checkpoint and of the best model, or of `networks` models that are kept, and the seconds that all
    took."""

    checkpoint: int
    best: int
    seconds: float
    networks: int = 1


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a dry run found. Times are in seconds, sizes in bytes.

    `disk` is what the run writes in all, `peak` the most memory that this process has held.
    """

    images: int
    batch_size: int
    epochs: int
    training: Pace
    validation: Pace | None
    written: Written
    disk: int
    memory: Estimate
    peak: int
    backend: str
    device: str

    @property
    def epoch(self) -> float:
        """Seconds an epoch: its steps, validation, and saving."""
        return self.training.epoch + (self.validation.epoch if self.validation else 0.0) + self.written.seconds

    @property
    def run(self) -> float:
        """Seconds for all epochs."""
        return self.training.first + self.epochs * self.epoch

    def to_json(self) -> dict[str, Any]:
        """The form that `cnnspec train --dry-run --json` prints."""
        held = self.validation
        return {
            "images": self.images, "batch_size": self.batch_size, "steps": self.training.steps, "epochs": self.epochs,
            "seconds": {
                "first_step": _rounded(self.training.first), "step": _rounded(self.training.step),
                "validation_step": _rounded(held.step) if held else None, "saving": _rounded(self.written.seconds),
                "epoch": _rounded(self.epoch), "run": _rounded(self.run),
            },
            "memory": {**self.memory.to_json(), "peak": self.peak},
            "disk": {"checkpoint": self.written.checkpoint, "best": self.written.best, "run": self.disk},
            "backend": self.backend, "device": self.device,
        }  # fmt: skip

    def text(self) -> str:
        """What it found, for a person."""
        rows = dict(self._rows())
        width = max(map(len, rows)) + 1
        return "\n".join(f"{name + ':':<{width}} {text}" for name, text in rows.items())

    def _rows(self) -> Iterator[tuple[str, str]]:
        training, held, written = self.training, self.validation, self.written
        rate = self.batch_size / max(training.step, 1e-9)
        took = (
            f"{duration(training.step)} for {_count(self.batch_size, 'image')}, {rate:,.0f} images/s on {self.device}"
        )
        yield "step", f"{took}; the first one {duration(training.first)}"
        if held:
            yield "validation", f"{duration(held.epoch)} in {_count(held.steps, 'step')}"
        yield "epoch", f"about {duration(self.epoch)} for {_count(training.steps, 'step')}"
        yield "run", f"about {duration(self.run)} for {_count(self.epochs, 'epoch')}, unless it stops early"
        yield "memory", f"about {self.memory.line()} beside the framework; {spoken(self.peak)} in all in this dry run"
        models = "the best model" if written.networks == 1 else "both networks"
        files = f"{spoken(written.checkpoint)} for a checkpoint, {spoken(written.best)} for {models}"
        yield "disk", f"up to {spoken(self.disk)}: {files}"


def paces(model: Any, feed: Feed, validation: Feed | None) -> tuple[Pace, Pace | None]:
    """Trains and validates a few batches as a run would, and times them."""
    clock = _Clock()
    model.stop_training = False
    model.fit(feed.batches(), epochs=3, verbose=0, shuffle=False, callbacks=[clock, StopAtNaN()])
    training = clock.pace(feed.order.steps)
    if validation is None:
        return training, None
    clock = _Clock()
    while not clock.enough:
        model.evaluate(validation.batches(), verbose=0, callbacks=[clock])
    return training, clock.pace(validation.order.steps)


def saved(model: Any, files: Mapping[File, Any], folder: Folder) -> Written:
    """Writes a checkpoint into `folder`, and the networks that a run keeps into their `files`."""
    began = time.monotonic()
    checkpoint = checkpoints.save(folder, 1, State(arrays_of(model), {"generators": generators()}), 1)
    for file, network in files.items():
        save_model(network, file)
    kept = sum(file.size or 0 for file in files)
    return Written(checkpoint, kept, time.monotonic() - began, len(files))


def peak_memory() -> int:
    """The most memory that this process has held, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


class _Clock(Watcher):
    """Times batches by calls of the framework, and ends training or validation after a few."""

    def __init__(self) -> None:
        super().__init__()
        self._mark = self._began = 0.0
        self._done = 0
        self._calls: list[tuple[float, int]] = []

    @property
    def enough(self) -> bool:
        """Whether more was timed than the first call, which is slow."""
        return len(self._calls) > 1

    def pace(self, steps: int) -> Pace:
        """What was timed; `steps` are those of an epoch."""
        (first, at_once), *others = self._calls
        return Pace(steps, first, median(took / count for took, count in others or [(first, at_once)]))

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        self._mark, self._done = time.monotonic(), 0

    def on_test_begin(self, logs: Logs = None) -> None:
        self.on_epoch_begin(0)

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        float((logs or {}).get("loss", 0.0))  # a GPU may not be done yet
        now, done = time.monotonic(), self.done(batch)
        self._calls.append((now - self._mark, max(1, done - self._done)))
        self._mark, self._done = now, done
        self._began = self._began or now
        if len(self._calls) > _CALLS or (self.enough and now - self._began > _SECONDS):
            self.model.stop_training = self.model.stop_evaluating = True

    def on_test_batch_end(self, batch: int, logs: Logs = None) -> None:
        self.on_train_batch_end(batch, logs)


def duration(seconds: float) -> str:
    """`3.2 ms`, `41.0 s`, `12 min`, `3 h 20 min`."""
    if seconds < 1:
        return f"{seconds * 1e3:.1f} ms"
    if seconds < 100:
        return f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60:,} h {minutes % 60} min"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"


def _rounded(seconds: float) -> float:
    return round(seconds, 6)
