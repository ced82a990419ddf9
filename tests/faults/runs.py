"""Runs as processes of their own, and what they leave in their folder, byte by byte. No framework is imported."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from cnnspec.training import checkpoints
from cnnspec.training.folder_files import Folder
from cnnspec.training.run_folder import BEST, HISTORY, RESULT

SPEC = """
name: net
input: [8, 8, 1]
layers:
  - conv2d: {filters: 8, kernel_size: 3, activation: relu}
  - batch_normalization
  - flatten
  - dropout: 0.2
  - dense: {units: 128, activation: relu}
  - dense: {units: 4, activation: softmax}
data:
  source: {npz: data.npz}
  validation_split: 0.2
  augmentation: [{random_translation: {height_factor: 0.2, width_factor: 0.2}}]
training:
  epochs: 12
  batch_size: 32
  seed: 7
  optimizer: {adam: {learning_rate: {cosine_decay: 0.01}, use_ema: true, ema_momentum: 0.8}}
  callbacks: [{early_stopping: {monitor: val_accuracy, patience: 3, restore_best_weights: true}}]
  checkpoint: {every: 4 steps}
"""
"""Dropout, augmentation, shuffling, a schedule, early stopping and a moving average of the weights."""

ROOT = Path(__file__).parents[2]


def lay_out(folder: Path, text: str = SPEC) -> None:
    """A spec and its data: images that tell four classes apart, though not all of them."""
    draw = np.random.default_rng(1)
    labels = draw.integers(0, 4, 600)
    images = draw.normal(0, 0.8, (600, 8, 8, 1)) + np.eye(4)[labels].repeat(2, 1)[:, :, None, None]
    images, labels = images.astype(np.float32), labels.astype(np.int64)
    folder.mkdir(parents=True, exist_ok=True)
    parts = {"x_train": images[:500], "y_train": labels[:500], "x_test": images[500:], "y_test": labels[500:]}
    np.savez(folder / "data.npz", **parts)
    (folder / "net.yaml").write_text(text)


def start(
    folder: Path, *arguments: str, backend: str = "tensorflow", python: str | None = None
) -> subprocess.Popen[str]:
    """`cnnspec train` in `folder`, with what it says in files there."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "1"}
    environment.pop("PYTHONWARNINGS", None)
    with (folder / "out.txt").open("w") as out, (folder / "err.txt").open("w") as err:
        command = [python or sys.executable, "-m", "cnnspec", "train", *arguments]
        return subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=environment)


def said(folder: Path) -> str:
    """What the last process said on stderr."""
    return (folder / "err.txt").read_text()


@dataclass(frozen=True)
class Left:
    """What a run that ended left: arrays by name, and values as JSON has them."""

    arrays: dict[str, np.ndarray[Any, Any]]
    values: dict[str, Any]

    def differences(self, other: Left) -> list[str]:
        """The names of what is not equal to the bit."""
        names = sorted({*self.arrays, *other.arrays})
        found = [name for name in names if not _same(self.arrays.get(name), other.arrays.get(name))]
        return found + [name for name in self.values if self.values[name] != other.values.get(name)]


def _same(one: Any, other: Any) -> bool:
    if one is None or other is None:
        return False
    return bool(one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes())


def left(run: Path) -> Left:
    """The last checkpoint, the weights of the best model, the history without its seconds, the metrics."""
    found = checkpoints.newest(Folder.at(run), _refuse)
    assert found is not None, f"{run} has no checkpoint"
    state = found[1]
    arrays = {f"checkpoint/{name}": array for name, array in state.arrays.items()}
    arrays |= {f"best/{name}": array for name, array in best_weights(run).items()}
    result = json.loads((run / RESULT).read_text())
    clocked = ("text", "rates", "seconds")
    callbacks = [
        {name: value for name, value in one.items() if name not in clocked} for one in state.facts["callbacks"]
    ]
    values = {
        "position": state.facts["position"], "callbacks": callbacks, "generators": state.facts["generators"],
        "history": rows(run), "metrics": result["metrics"], "epochs": result["epochs"], "best": result["best_epoch"],
    }  # fmt: skip
    return Left(arrays, values)


def _refuse(text: str) -> None:
    raise AssertionError(text)


def rows(run: Path) -> list[dict[str, str]]:
    """The history without the seconds."""
    read = csv.DictReader(io.StringIO((run / HISTORY).read_text()))
    return [{name: value for name, value in row.items() if name != "seconds"} for row in read]


def best_weights(run: Path) -> dict[str, np.ndarray[Any, Any]]:
    """The arrays of `best.keras`."""
    found: dict[str, np.ndarray[Any, Any]] = {}

    def note(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            found[name] = item[()]

    with zipfile.ZipFile(run / BEST) as file, h5py.File(io.BytesIO(file.read("model.weights.h5")), "r") as weights:
        weights.visititems(note)
    return found
