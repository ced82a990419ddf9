"""What a run says while it trains: a bar on a terminal, one line an epoch elsewhere, and all of it in `log.txt`."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import Any, Protocol, TextIO

from cnnspec.training.folder_files import File


class Reporter(Protocol):
    """Where a run tells how it goes."""

    def say(self, text: str) -> None:
        """A line about the run."""

    def note(self, text: str) -> None:
        """A line for the log alone."""

    def epoch_begins(self, epoch: int, epochs: int, steps: int) -> None:
        """Epoch `epoch` of `epochs`, with `steps` batches, begins."""

    def step_ends(self, step: int, logs: Mapping[str, float]) -> None:
        """`step` batches of this epoch are done."""

    def epoch_ends(
        self, epoch: int, epochs: int, logs: Mapping[str, float], seconds: float, rate: float, best: bool
    ) -> None:
        """The epoch is done; `rate` is in images a second, `best` whether it is the best one so far."""

    def close(self) -> None:
        """Nothing more will be said."""


class Lines:
    """One line an epoch on `stream` (none: not shown), and a copy of everything in `log`, with the time.

    Neither stops a run: a stream that is closed or full is left alone, a log that cannot be written lacks lines.
    """

    def __init__(self, stream: TextIO | None, log: File | None = None) -> None:
        self._stream, self._log = stream, log

    def say(self, text: str) -> None:
        if self._stream is not None:
            with self._or_silent():
                print(text, file=self._stream, flush=True)
        self.note(text)

    def note(self, text: str) -> None:
        if self._log is not None:
            with suppress(OSError):
                self._log.append(f"{datetime.now():%Y-%m-%d %H:%M:%S} {text}\n".encode())

    @contextmanager
    def _or_silent(self) -> Iterator[None]:
        """A stream that takes no more is no reason to stop training."""
        try:
            yield
        except OSError:
            self._stream = None

    def epoch_begins(self, epoch: int, epochs: int, steps: int) -> None:
        pass

    def step_ends(self, step: int, logs: Mapping[str, float]) -> None:
        pass

    def epoch_ends(
        self, epoch: int, epochs: int, logs: Mapping[str, float], seconds: float, rate: float, best: bool
    ) -> None:
        self.say(epoch_line(epoch, epochs, logs, seconds, rate, best))

    def close(self) -> None:
        pass


class Bar(Lines):
    """A moving bar for the epoch at hand, on a terminal; it leaves the epoch's line behind."""

    def __init__(self, stream: TextIO, log: File | None = None) -> None:
        super().__init__(stream, log)
        from rich.console import Console

        self._console = Console(file=stream)
        self._bar: Any = None
        self._task: Any = None
        self._steps, self._began, self._epoch = 0, 0.0, ""

    def epoch_begins(self, epoch: int, epochs: int, steps: int) -> None:
        from rich.progress import BarColumn, Progress, TextColumn

        self._steps, self._began, self._epoch = steps, time.monotonic(), f"epoch {epoch:>{len(str(epochs))}}/{epochs}"
        # Where the line is too long, the bar gives way first; then the text is cut at its end.
        text = TextColumn("{task.description}", markup=False)
        self._bar = Progress(BarColumn(20), text, console=self._console, transient=True)
        self._task = self._bar.add_task(f"{self._epoch}  0/{steps}", total=steps or None)
        with self._or_silent():
            self._bar.start()

    def step_ends(self, step: int, logs: Mapping[str, float]) -> None:
        if self._bar is not None:
            left = timedelta(seconds=round((time.monotonic() - self._began) / step * (self._steps - step)))
            text = f"{self._epoch}  {step}/{self._steps}  {left}  {values_text(logs)}"
            self._bar.update(self._task, completed=step, description=text)

    def epoch_ends(
        self, epoch: int, epochs: int, logs: Mapping[str, float], seconds: float, rate: float, best: bool
    ) -> None:
        self.close()
        super().epoch_ends(epoch, epochs, logs, seconds, rate, best)

    def close(self) -> None:
        if self._bar is not None:
            with self._or_silent():
                self._bar.stop()
            self._bar = None


def reporter(quiet: bool = False, log: File | None = None, stream: TextIO | None = None) -> Reporter:
    """The reporter that fits: nothing shown when `quiet`, a bar on a terminal, else lines."""
    stream = stream or sys.stderr
    if quiet or stream is None:
        return Lines(None, log)
    return Bar(stream, log) if stream.isatty() else Lines(stream, log)


def epoch_line(epoch: int, epochs: int, logs: Mapping[str, float], seconds: float, rate: float, best: bool) -> str:
    """The line of one epoch."""
    count = f"epoch {epoch:>{len(str(epochs))}}/{epochs}"
    parts = [count, values_text(logs), f"{seconds:.1f} s", *([f"{rate:,.0f} images/s"] if rate else [])]
    return "  ".join([*parts, "best"] if best else parts)


def values_text(logs: Mapping[str, float]) -> str:
    """`loss 0.0512  accuracy 0.9841`."""
    return "  ".join(f"{name} {_number(value)}" for name, value in reported(logs).items())


def reported(logs: Mapping[str, Any]) -> dict[str, float]:
    """What an epoch reports as plain numbers: the loss, the metrics, then both of the validation images."""
    parts = {name: (name[:4] == "val_", name.removeprefix("val_") != "loss", name[-4:] != "loss") for name in logs}
    names = sorted(logs, key=parts.__getitem__)
    return {name: float(logs[name]) for name in names if name != "learning_rate"}


def _number(value: float) -> str:
    return f"{value:.4f}" if 1e-3 <= abs(value) < 1e4 or value == 0 else f"{value:.3e}"
