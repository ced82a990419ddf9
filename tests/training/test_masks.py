"""Training on masks and on boxes, drawn in memory or read as they are needed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cnnspec.data import drawn
from cnnspec.data.errors import DataError
from cnnspec.training.fit import train
from tests.training.specs import plan

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)

MASKS = """
name: masks
input: [16, 16, 3]
layers:
  - conv2d: {filters: 16, kernel_size: 3, padding: same, activation: relu}
  - conv2d: {filters: 3, kernel_size: 3, padding: same, activation: softmax}
data:
  source: {shapes: {task: segmentation, count: 80, test_count: 16, image_size: 16, kinds: [circle, star]}}
  preprocessing: [{rescaling: $(1/255)}]
training: {epochs: 3, batch_size: 16, seed: 7, optimizer: {adam: 0.01}, callbacks: []}
"""

BOXES = """
name: boxes
input: [16, 16, 3]
outputs: {class: kind, box: edges}
layers:
  - conv2d: {filters: 8, kernel_size: 3, strides: 2, activation: relu}
  - flatten: {name: seen}
  - dense: {units: 5, activation: softmax, name: kind}
  - dense: {units: 4, activation: sigmoid, inputs: seen, name: edges}
data:
  source: {shapes: {task: boxes, count: 80, test_count: 16, image_size: 16}}
  preprocessing: [{rescaling: $(1/255)}]
training: {epochs: 4, batch_size: 16, seed: 7, metrics: {class: [accuracy], box: [box_iou]}, callbacks: []}
"""


def losses(tmp_path: Path, text: str, *overrides: str) -> list[float]:
    done = train(plan(tmp_path / "runs", text, *overrides, directory=tmp_path), quiet=True)
    return np.genfromtxt(done.folder / "history.csv", delimiter=",", names=True)["loss"].tolist()  # type: ignore[no-any-return]


def test_masks_in_memory_and_drawn_batch_by_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = losses(tmp_path, MASKS)
    assert kept[-1] < 0.8 * kept[0]
    monkeypatch.setattr(drawn, "_KEPT", 0)
    assert losses(tmp_path, MASKS) == pytest.approx(kept, rel=1e-3)


def test_masks_in_a_mapped_file_for_one_hot_losses(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    np.save(tmp_path / "x.npy", generator.integers(0, 256, (40, 16, 16, 3), np.uint8))
    np.save(tmp_path / "y.npy", generator.integers(0, 3, (40, 16, 16, 1)))
    source = "data.source={npy: {x_train: x.npy, y_train: y.npy}}"
    sparse = losses(tmp_path, MASKS, source)
    assert losses(tmp_path, MASKS, source, "training.loss=categorical_crossentropy") == pytest.approx(sparse, rel=1e-3)


def test_classes_and_boxes(tmp_path: Path) -> None:
    found = losses(tmp_path, BOXES)
    assert found[-1] < found[0]


@pytest.mark.parametrize(
    ("masks", "words"),
    [
        (np.zeros((4, 8, 8), np.uint8), "the network gives 16×16×3, but the labels of npy are masks of 8×8"),
        (np.full((4, 16, 16), 4, np.uint8), "the network gives 3 values, npy has 5 classes"),
        (np.zeros(4, np.uint8), "the labels of npy are one class an image"),
    ],
)
def test_masks_that_do_not_fit(masks: Any, words: str, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros((4, 16, 16, 3), np.uint8))
    np.save(tmp_path / "y.npy", masks)
    with pytest.raises(DataError) as caught:
        losses(tmp_path, MASKS, "data.source={npy: {x_train: x.npy, y_train: y.npy}}")
    assert words in caught.value.message
