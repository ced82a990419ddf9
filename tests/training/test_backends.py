"""The same spec on JAX and on PyTorch, where they are installed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.training.specs import SMALL

RUN = """
import json
import cnnspec
runs = [cnnspec.train("small.yaml", quiet=True, **{"training.epochs": 6}) for _ in range(2)]
print(json.dumps([run.to_json() for run in runs]))
"""


def trained(folder: Path, backend: str) -> Any:
    text = SMALL.replace(
        "  - flatten",
        "  - residual: {layers: [relu, {conv2d: {filters: 8, kernel_size: 1}}], shortcut: projection}\n  - flatten",
    ).replace("data: {", "data: {augmentation: [{random_translation: {height_factor: 0.1, width_factor: 0.1}}], ")
    (folder / "small.yaml").write_text(text)
    root = str(Path(__file__).parents[2])
    environment = {**os.environ, "PYTHONPATH": root, "KERAS_BACKEND": backend}
    found = subprocess.run([sys.executable, "-c", RUN], cwd=folder, env=environment, capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
    return json.loads(found.stdout)


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_a_backend_learns_and_repeats_itself(backend: str, tmp_path: Path) -> None:
    if not find_spec(backend):
        pytest.skip(f"{backend} is not installed (pip install 'cnnspec[{backend}]')")
    first, again = trained(tmp_path, backend)
    assert (first["backend"], again["backend"]) == (backend, backend)
    assert first["metrics"] == again["metrics"]
    assert first["metrics"]["test"]["accuracy"] > 0.4
    assert (tmp_path / "runs/small/1/best.keras").stat().st_size == (
        tmp_path / "runs/small/2/best.keras"
    ).stat().st_size
    rows = [
        [row.rsplit(",", 1)[0] for row in (tmp_path / f"runs/small/{number}/history.csv").read_text().splitlines()]
        for number in (1, 2)
    ]
    assert rows[0] == rows[1]
    assert len(rows[0]) == 7


MASKS = """
import numpy as np, cnnspec
draw = np.random.default_rng(1)
masks = draw.integers(0, 3, (24, 6, 6)).astype("uint8")
np.savez("masks.npz", x_train=(masks[..., None] / 2).astype("float32"), y_train=masks)
for loss in ("sparse_categorical_crossentropy", {"sparse_categorical_crossentropy": {"ignore_class": 2}},
             {"sum": ["categorical_crossentropy", "dice"]}):
    done = cnnspec.train("masks.yaml", quiet=True, **{"training.loss": loss})
    assert 0 < done.metrics["validation"]["mean_iou"] <= 1, done
"""


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_a_backend_learns_masks(backend: str, tmp_path: Path) -> None:
    if not find_spec(backend):
        pytest.skip(f"{backend} is not installed (pip install 'cnnspec[{backend}]')")
    (tmp_path / "masks.yaml").write_text(
        "input: [6, 6, 1]\nlayers: [{conv2d: {filters: 3, kernel_size: 3, padding: same, activation: softmax}}]\n"
        "data: {source: {npz: masks.npz}, validation_split: 0.25}\n"
        "training: {epochs: 2, batch_size: 8, seed: 1, metrics: [accuracy, mean_iou],\n"
        "           optimizer: {sgd: {learning_rate: {one_cycle: 0.1}}}}\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "KERAS_BACKEND": backend}
    found = subprocess.run([sys.executable, "-c", MASKS], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
