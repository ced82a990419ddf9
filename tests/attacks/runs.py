"""A tiny run that was trained once, and copies of it to tamper with."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cnnspec.training.fit import train
from cnnspec.training.folder_files import Folder
from cnnspec.training.plan import Run
from cnnspec.training.sealing import sealed
from tests.training.specs import plan

TEXT = """
name: tiny
input: [4, 4, 1]
layers: [flatten, {dense: {units: 3, activation: softmax}}]
data: {source: {npz: data.npz}, validation_split: 0.25}
training:
  epochs: 1
  batch_size: 16
  callbacks: [{early_stopping: {monitor: val_loss, patience: 9}}]
  checkpoint: {every: 1 steps, keep: 3}
"""


@dataclass(frozen=True)
class Example:
    """Where the data is, and a run of one epoch with the checkpoints of steps 1, 2 and 3."""

    folder: Path
    run: Path

    def copy(self, to: Path) -> Path:
        return Path(shutil.copytree(self.run, to / "run"))

    def resume(self, run: Path, *overrides: str, accept: bool = False) -> tuple[Run, str]:
        said = io.StringIO()
        wanted = plan(self.folder / "runs", TEXT, "training.epochs=2", *overrides, directory=self.folder)
        return train(wanted, stream=said, resume=run, accept_changes=accept), said.getvalue()


def trained(folder: Path) -> Example:
    draw = np.random.default_rng(1)
    labels = draw.integers(0, 3, 64)
    np.savez(folder / "data.npz", x_train=draw.random((64, 4, 4, 1), np.float32), y_train=labels)
    run = train(plan(folder / "runs", TEXT, directory=folder), stream=io.StringIO())
    return Example(folder, run.folder)


def forge(run: Path, step: int, change: Callable[[dict[str, Any]], Any], under: int | None = None) -> None:
    """Change the facts (`facts`, plain) or arrays of a checkpoint, and seal it as cnnspec does."""
    folder = Folder.at(run).below("checkpoints")
    with np.load(run / "checkpoints" / f"{step:09}.npz") as held:
        members = {name: held[name] for name in held.files}
    members["facts"] = json.loads(members["facts"].tobytes())
    members["facts"] = change(members) or members["facts"]
    if not isinstance(members["facts"], bytes):
        members["facts"] = json.dumps(members["facts"]).encode()
    members["facts"] = np.frombuffer(members["facts"], np.uint8)
    with sealed(folder.file(f"{step if under is None else under:09}.npz")) as file:
        np.savez(file, **members)


def fact(*path: Any) -> Callable[[Any], Callable[[dict[str, Any]], None]]:
    """`fact("position", "epoch")(-5)` sets one fact."""

    def to(value: Any) -> Callable[[dict[str, Any]], None]:
        def change(members: dict[str, Any]) -> None:
            place = members["facts"]
            for name in path[:-1]:
                place = place[name]
            place[path[-1]] = value

        return change

    return to
