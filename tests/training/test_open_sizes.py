"""Networks that take images of any size, at the sizes that their images have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cnnspec
from cnnspec import pipeline
from cnnspec.data.errors import DataError

UNET = """
name: open
input: [null, null, 3]
layers:
  - conv2d: {filters: 4, kernel_size: 3, padding: same, activation: relu, name: a}
  - max_pooling2d: 2
  - conv2d: {filters: 4, kernel_size: 3, padding: same, activation: relu}
  - conv2d_transpose: {filters: 4, kernel_size: 2, strides: 2}
  - concatenate: a
  - conv2d: {filters: 3, kernel_size: 1, activation: softmax}
data: {source: {npz: a.npz}, preprocessing: [{rescaling: $(1/255)}]}
training: {epochs: 1, batch_size: 8, seed: 1}
"""
SMALL = """
input: [null, null, 1]
layers: [{conv2d: {filters: 4, kernel_size: 5}}, {max_pooling2d: 2}, {conv2d: {filters: 4, kernel_size: 5}}, global_average_pooling2d, {dense: {units: 10, activation: softmax}}]
data: {source: digits}
"""
RANDOM = np.random.default_rng(0)


def saved(folder: Path, side: int, count: int = 16) -> None:
    images = RANDOM.integers(0, 255, (count, side, side, 3)).astype(np.uint8)
    np.savez(folder / "a.npz", x_train=images, y_train=RANDOM.integers(0, 3, (count, side, side)))
    (folder / "open.yaml").write_text(UNET)


def test_validate_tells_what_a_fixed_input_would_tell() -> None:
    found, fixed = (pipeline.check_text(text) for text in (SMALL, SMALL.replace("null, null", "8, 8")))
    assert [each.code for each in found.diagnostics] == ["shape-window"]
    assert [(each.message, each.span, each.help) for each in found.diagnostics] == [
        (each.message, each.span, each.help) for each in fixed.diagnostics
    ]
    assert pipeline.check_text(SMALL.replace("digits", "mnist")).ok
    bigger = SMALL.replace("{source: digits}", "{source: digits, preprocessing: [{resizing: {height: 20, width: 20}}]}")
    assert pipeline.check_text(bigger).ok


def test_several_inputs() -> None:
    text = """
inputs: {left: [null, null, 1], facts: [3]}
layers:
  - conv2d: {inputs: left, filters: 2, kernel_size: 9}
  - global_average_pooling2d
  - concatenate: facts
  - dense: {units: 10, activation: softmax}
data: {source: {npz: {path: a.npz, x_train: {left: a, facts: b}}}}
"""
    report = pipeline.check_text(text)
    assert report.ok
    assert report.at_sizes({"left": (12, 12, 1)}) is None
    assert "kernel 9×9 does not fit its 7×7 input" in str(report.at_sizes({"left": (7, 7, 1)}))


@pytest.mark.parametrize(
    ("side", "augmentation", "words"),
    [
        (31, "[]", "the images are 31×31×3, which the network does not take"),
        (32, "[{random_crop: {height: 31, width: 31}}]", "the images behind `augmentation` are 31×31×3"),
    ],
)
def test_training_ends_before_its_first_step(side: int, augmentation: str, words: str, tmp_path: Path) -> None:
    saved(tmp_path, side)
    with pytest.raises(DataError) as caught:
        cnnspec.train(tmp_path / "open.yaml", runs=tmp_path / "runs", quiet=True, **_crop(augmentation))
    assert words in caught.value.message
    assert "error[shape-merge]: `concatenate` along the channels needs equal height and width" in caught.value.message
    assert "31 was floored to 15 here" in caught.value.message


def _crop(augmentation: str) -> dict[str, Any]:
    import yaml

    return {"data.augmentation": yaml.safe_load(augmentation)}


@pytest.mark.slow
def test_files_of_sizes_that_do_not_fit_are_told(tmp_path: Path) -> None:
    saved(tmp_path, 16)
    run = cnnspec.train(tmp_path / "open.yaml", runs=tmp_path / "runs", quiet=True)
    for side in (12, 13):
        np.save(tmp_path / f"{side}.npy", np.zeros((side, side, 3)))
    right, wrong = cnnspec.predict(run.folder, [tmp_path / "12.npy", tmp_path / "13.npy"], output=tmp_path / "out")
    assert (right.error, right.arrays["output"].shape) == (None, (12, 12))
    assert "is 13×13×3, a size at which the tensors of the network do not fit" in str(wrong.error)
