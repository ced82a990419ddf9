"""Training that cannot start, goes wrong, or is stopped."""

from __future__ import annotations

from pathlib import Path

from cnnspec.data.errors import Failure


class TrainingError(Failure):
    """Training cannot start or cannot go on."""


class WeightsError(Failure):
    """A file of weights cannot be read, or does not fit the network."""


class Interrupted(Exception):
    """Training was stopped from outside, by Ctrl-C or (`terminated`) by SIGTERM.

    `folder` holds the best model of the `epochs` that were finished; `best_epoch` is None where there is none.
    """

    def __init__(self, folder: Path, epochs: int, best_epoch: int | None, terminated: bool) -> None:
        super().__init__(f"interrupted after {epochs} epochs")
        self.folder, self.epochs, self.best_epoch, self.terminated = folder, epochs, best_epoch, terminated
