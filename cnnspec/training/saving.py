"""Saving a run while it trains, and going on from what was saved. Imports Keras."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from cnnspec.training import checkpoints
from cnnspec.training.checkpoint_section import Checkpoint
from cnnspec.training.checkpoints import State
from cnnspec.training.errors import TrainingError
from cnnspec.training.interrupts import Interrupts
from cnnspec.training.state import arrays_of, finite, generators, restore, set_generators
from cnnspec.training.watch import Logs, Watcher, kept, remind


@dataclass(frozen=True, slots=True)
class Position:
    """How far a run is: `step` batches of epoch `epoch` (from 0), and `steps` in all.

    `logs` is what the batches of an epoch gave that is trained, but not validated. `over` says that training ended,
    `stopped` that a callback ended it.
    """

    epoch: int = 0
    step: int = 0
    steps: int = 0
    logs: Mapping[str, float] = field(default_factory=dict)
    over: bool = False
    stopped: bool = False


def position_of(state: State | None) -> Position:
    """Where a run is that left `state`; one without a state begins."""
    return Position(**state.facts["position"]) if state is not None else Position()


class Saving(Watcher):
    """Writes checkpoints as `when` says, and at an interrupt; the last callback, so that the others are done.

    Where `resumed` is given, training goes on from there.
    """

    def __init__(
        self, folder: Path, when: Checkpoint, interrupts: Interrupts, callbacks: Sequence[Any],
        facts: Mapping[str, Any], resumed: State | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self._folder, self._when, self._interrupts, self._facts = folder, when, interrupts, facts
        self._callbacks, self._resumed = list(callbacks), resumed
        self._at = position_of(resumed)
        self._steps, self._epoch = self._at.steps, self._at.epoch
        self._saved_at, self._saved = time.monotonic(), self._at
        self._before = self._at.steps

    def on_train_begin(self, logs: Logs = None) -> None:
        self.recall()

    def recall(self) -> None:
        """Remind the callbacks of what they knew."""
        if self._resumed is not None:
            for callback, values in zip(self._callbacks, self._resumed.facts["callbacks"], strict=True):
                remind(callback, values)
            set_generators(self._resumed.facts["generators"])

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        self._epoch = epoch
        if self._resumed is not None and self._at.step and not self._at.logs:
            restore(self.model, self._resumed.arrays, "metrics")
        self._resumed = None
        self._before = self._steps - self.params.get("start", 0)

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        step, steps = self.done(batch), self.params["steps"]
        self._steps = self._before + step
        if self._interrupts.asked:
            self._save(Position(self._epoch, step, self._steps, _plain(logs) if step == steps else {}))
            self._interrupts.check()
        elif step < steps and self._due(within=True):
            self._save(Position(self._epoch, step, self._steps))

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        stopped = bool(self.model.stop_training)
        over = stopped or epoch + 1 == self.params["epochs"]
        if over or self._interrupts.asked or self._due(within=False):
            self._save(Position(epoch + 1, 0, self._steps, over=over, stopped=stopped))
        if not over:
            self._interrupts.check()

    def _due(self, within: bool) -> bool:
        steps, epochs = self._steps - self._saved.steps, self._epoch + 1 - self._saved.epoch
        return self._when.due(steps, time.monotonic() - self._saved_at, epochs, within)

    def _save(self, position: Position) -> None:
        arrays = arrays_of(self.model)
        if not finite(arrays):
            raise TrainingError(
                f"the weights became NaN or infinite in epoch {self._epoch + 1}",
                "lower the learning rate, or bound the gradients with the optimizer's `clipnorm`",
            )
        facts = {
            **self._facts, "position": asdict(position), "generators": generators(),
            "callbacks": [kept(callback) for callback in self._callbacks],
        }  # fmt: skip
        checkpoints.save(self._folder, position.steps, State(arrays, facts), self._when.keep)
        self._saved_at, self._saved = time.monotonic(), position


def _plain(logs: Logs) -> dict[str, float]:
    return {name: float(value) for name, value in (logs or {}).items()}
