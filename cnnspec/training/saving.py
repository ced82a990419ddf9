"""Saving a run while it trains, and going on from what was saved. Imports Keras."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from cnnspec.training import checkpoints
from cnnspec.training.checkpoint_section import Checkpoint
from cnnspec.training.checkpoints import State
from cnnspec.training.errors import TrainingError
from cnnspec.training.folder_files import Folder
from cnnspec.training.interrupts import Interrupts
from cnnspec.training.state import arrays_of, finite, generators, restore, set_generators, settled
from cnnspec.training.watch import Logs, Watcher, kept, no_number, remind, swap_average


@dataclass(frozen=True, slots=True)
class Position:
    """How far a run is: `step` batches of epoch `epoch` (from 0), in a phase whose epochs begin with `first`, and
    `steps` batches in all.

    `logs` is what the batches of an epoch gave that is trained, but not validated. `over` says that the phase ended,
    `stopped` that a callback ended it.
    """

    phase: int = 0
    first: int = 0
    epoch: int = 0
    step: int = 0
    steps: int = 0
    logs: Mapping[str, float] = field(default_factory=dict)
    over: bool = False
    stopped: bool = False

    def ended(self, last: int) -> bool:
        """Whether nothing of the phase is left, which has `last` epochs with those before it."""
        return self.stopped or self.epoch >= last


def position_of(state: State | None) -> Position:
    """Where a run is that left `state`; one without a state begins."""
    return Position(**state.facts["position"]) if state is not None else Position()


class Saving(Watcher):
    """Writes checkpoints as `when` says, and at an interrupt; the last callback, so that the others are done.

    Training goes on from `at`; where that is the place of a state that was saved, `resumed` is that state.
    """

    def __init__(
        self, folder: Folder, when: Checkpoint, interrupts: Interrupts, callbacks: Sequence[Any],
        facts: Mapping[str, Any], at: Position, resumed: State | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self._folder, self._when, self._interrupts, self._facts = folder, when, interrupts, facts
        self._callbacks, self._resumed = list(callbacks), resumed
        self.at = at
        self._steps, self._epoch, self._before = at.steps, at.epoch, at.steps
        self._saved_at, self._saved = time.monotonic(), at
        self._logs = dict(at.logs)

    def on_train_begin(self, logs: Logs = None) -> None:
        if self.at.phase and self._resumed is None:  # what it begins with, which may be the best weights so far
            self._save(self.at)
        self.recall()

    def recall(self) -> None:
        """Remind the callbacks of what they knew."""
        if self._resumed is not None:
            kept = self._resumed.facts["callbacks"]
            if len(kept) != len(self._callbacks):
                raise TrainingError(
                    f"the checkpoint keeps {len(kept)} callbacks, and the run has {len(self._callbacks)}",
                    "it is of another version of cnnspec, or damaged; start anew: train without --resume",
                )
            for callback, values in zip(self._callbacks, kept, strict=True):
                remind(callback, values)
            try:
                set_generators(self._resumed.facts["generators"])
            except (ValueError, TypeError, RuntimeError, OverflowError):
                raise TrainingError(
                    "the generators in the checkpoint are none", "it is damaged; start anew: train without --resume"
                ) from None

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        self._epoch = epoch
        if self._resumed is not None and self.at.step and not self.at.logs:
            restore(self.model, self._resumed.arrays, "metrics")
        self._resumed = None
        self._before = self._steps - self.params.get("start", 0)

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        step, steps = self.done(batch), self.params["steps"]
        self._steps = self._before + step
        self._logs = _plain(logs) if step == steps else {}
        if self._interrupts.asked:
            self._save(replace(self._here(), step=step, logs=self._logs))
            self._interrupts.check()
        elif step < steps and self._due(within=True):
            self._save(replace(self._here(), step=step))

    def on_test_batch_end(self, batch: int, logs: Logs = None) -> None:
        if self._interrupts.asked:
            settled(self.model)
            swap_average(self.model.optimizer)  # back to the weights that are trained
            self._save(replace(self._here(), step=self.params["steps"], logs=self._logs))
            self._interrupts.check()

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        stopped = bool(self.model.stop_training)
        over = stopped or epoch + 1 == self.params["epochs"]
        if over or self._interrupts.asked or self._due(within=False):
            self._save(replace(self._here(), epoch=epoch + 1, over=over, stopped=stopped))
        if not over:
            self._interrupts.check()

    def _here(self) -> Position:
        return Position(self.at.phase, self.at.first, self._epoch, 0, self._steps)

    def _due(self, within: bool) -> bool:
        steps, epochs = self._steps - self._saved.steps, self._epoch + 1 - self._saved.epoch
        return self._when.due(steps, time.monotonic() - self._saved_at, epochs, within)

    def _save(self, position: Position) -> None:
        arrays = arrays_of(self.model)
        if not finite(arrays):
            raise no_number("weights", "NaN or infinite", self._epoch, f", by step {position.step}")
        facts = {
            **self._facts, "position": asdict(position), "generators": generators(),
            "callbacks": [kept(callback) for callback in self._callbacks],
        }  # fmt: skip
        checkpoints.save(self._folder, position.steps, State(arrays, facts), self._when.keep)
        self._saved_at, self._saved = time.monotonic(), position
        self.at = position


def _plain(logs: Logs) -> dict[str, float]:
    return {name: float(value) for name, value in (logs or {}).items()}
