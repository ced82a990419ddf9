"""Small specs with data of every kind, and how they are trained."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cnnspec.training.fit import train
from tests.training.specs import plan

MASKS = """
name: masks
input: [8, 8, 3]
layers:
  - conv2d: {filters: 3, kernel_size: 3, padding: same}
data: {source: {npz: masks.npz}, preprocessing: [{rescaling: $(1/255)}], validation_split: null}
training: {epochs: 1, seed: 7, loss: {sparse_categorical_crossentropy: {from_logits: true, ignore_class: 2}}, metrics: []}
"""

SEVERAL = """
name: several
inputs: {left: [4, 4, 1], facts: [3]}
layers:
  - flatten: {inputs: left}
  - concatenate: {inputs: facts, name: all}
  - dense: {units: 1, activation: sigmoid, activity_regularizer: {l2: 0.1}, name: decision}
  - dense: {units: 4, inputs: all, kernel_regularizer: {l2: 0.1}, name: corner}
outputs: {same: decision, place: corner}
data:
  source:
    npz: {path: several.npz, x_train: {left: a, facts: b}, y_train: {same: c, place: d}}
  validation_split: 0.2
training: {epochs: 1, seed: 7, loss: {same: binary_crossentropy, place: huber}, loss_weights: {same: 1, place: 5}, metrics: {same: [accuracy], place: [mean_absolute_error]}}
"""


def write_data(folder: Path) -> None:
    """The archives that the specs name."""
    random = np.random.default_rng(3)
    x = random.integers(0, 256, (24, 8, 8, 3)).astype(np.uint8)
    y = (x[..., 0] // 86).astype(np.uint8)
    y[:, :2] = 2
    np.savez(folder / "masks.npz", x_train=x, y_train=y, x_test=x[:10], y_test=y[:10])
    np.savez(
        folder / "several.npz", a=random.random((40, 4, 4, 1)), b=random.random((40, 3)), c=random.integers(0, 2, 40),
        d=random.random((40, 4)),
    )  # fmt: skip


def trained(folder: Path, text: str, *overrides: str) -> Path:
    """The folder of a run of a spec whose data lies in `folder`."""
    done = train(plan(folder / "runs", text, *overrides, directory=folder), quiet=True)
    return done.folder
