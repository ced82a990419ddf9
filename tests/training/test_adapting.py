"""`normalization: adapt`: the numbers are NumPy's, of the training split alone, and stay with the run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cnnspec
from cnnspec.layers.base import LAYERS
from cnnspec.layers.preprocessing import Normalization
from cnnspec.training.adapting import moments
from cnnspec.training.prepare import prepare
from tests.training.specs import plan

RANDOM = np.random.default_rng(0)
IMAGES = (255 * RANDOM.random((60, 8, 8, 3)) * [1, 0.5, 0.2]).astype(np.uint8)
SPEC = """
name: any
input: [8, 8, 3]
layers: [flatten, {dense: {units: 3, activation: softmax}}]
data: {source: {npz: a.npz}, preprocessing: [{rescaling: $(1/255)}, {normalization: adapt}], validation_split: 0.2}
training: {epochs: 2, batch_size: 8, seed: 1}
"""


def normalization(data: Any) -> Normalization:
    found = data.plan.data.preprocessing[-1]
    assert isinstance(found, Normalization)
    return found


def saved(folder: Path, images: Any = IMAGES) -> None:
    np.savez(folder / "a.npz", x_train=images, y_train=np.arange(len(images)) % 3)


@pytest.mark.parametrize("shape", [(5, 4, 4, 3), (700, 3, 3, 1), (300, 6), (2, 9, 2), (1, 5, 5, 4)])
@pytest.mark.parametrize(("scale", "offset"), [(1.0, 0.0), (255.0, 0.0), (0.5, 1e4), (0.0, 3.0)])
def test_moments_are_those_of_numpy(shape: tuple[int, ...], scale: float, offset: float) -> None:
    images = (scale * RANDOM.random(shape) + offset).astype(np.float32)
    mean, variance = moments(images, [])
    axes = tuple(range(len(shape) - 1))
    assert mean == pytest.approx(images.astype(np.float64).mean(axes), rel=1e-9)
    assert variance == pytest.approx(images.astype(np.float64).var(axes), rel=1e-6, abs=1e-12)


def test_moments_are_taken_behind_the_layers_before() -> None:
    mean, variance = moments(IMAGES, [LAYERS["rescaling"].read({"scale": 1 / 255})])  # type: ignore[list-item]
    assert mean == pytest.approx((IMAGES / 255).mean((0, 1, 2)), rel=1e-5)
    assert variance == pytest.approx((IMAGES / 255).var((0, 1, 2)), rel=1e-5)


def test_the_training_split_alone_is_looked_at(tmp_path: Path) -> None:
    saved(tmp_path)
    data = prepare(plan(tmp_path, SPEC, directory=tmp_path), 1)
    train = np.asarray(data.train.x["input"][:], np.float64)
    assert len(train) == 48
    assert train.mean((0, 1, 2)) == pytest.approx(0, abs=1e-4)
    assert train.var((0, 1, 2)) == pytest.approx(1, abs=1e-4)
    found = normalization(data)
    assert found.mean != pytest.approx((IMAGES / 255).mean((0, 1, 2)), rel=1e-6)
    assert any(note.startswith("`normalization: adapt` found mean 0.") for note in data.notes)
    whole = prepare(plan(tmp_path, SPEC, "data.validation_split=0", directory=tmp_path), 1)
    assert normalization(whole).mean == pytest.approx((IMAGES / 255).mean((0, 1, 2)), rel=1e-5)


def test_what_stands_in_the_spec_trains_the_same(tmp_path: Path) -> None:
    saved(tmp_path)
    data = prepare(plan(tmp_path, SPEC, directory=tmp_path), 1)
    assert data.plan is not None
    assert "adapt" not in data.plan.spec_text
    again = prepare(plan(tmp_path, data.plan.spec_text, directory=tmp_path), 1)
    assert np.array_equal(again.train.x["input"][:], data.train.x["input"][:])
    assert again.plan is not None
    assert again.plan.spec_text == data.plan.spec_text


def test_each_input_has_its_own_numbers(tmp_path: Path) -> None:
    np.savez(
        tmp_path / "a.npz", left=IMAGES, right=IMAGES // 3, facts=RANDOM.random((60, 2)), y_train=np.arange(60) % 3
    )
    text = """
name: any
inputs: {left: [8, 8, 3], right: [8, 8, 3], facts: [2]}
layers:
  - flatten: {inputs: left, name: a}
  - flatten: {inputs: right, name: b}
  - concatenate: [a, b, facts]
  - dense: {units: 3, activation: softmax}
data:
  source: {npz: {path: a.npz, x_train: {left: left, right: right, facts: facts}}}
  preprocessing: [{normalization: adapt}]
  validation_split: 0
training: {epochs: 1, batch_size: 8, seed: 1}
"""
    data = prepare(plan(tmp_path, text, directory=tmp_path), 1)
    for name, images in (("left", IMAGES), ("right", IMAGES // 3)):
        found: Any = data.plan.data.preprocessing[name][0]  # type: ignore[union-attr]
        assert found.mean == pytest.approx(images.mean((0, 1, 2)), rel=1e-6)
        assert found.variance == pytest.approx(images.var((0, 1, 2)), rel=1e-6)
    again = prepare(plan(tmp_path, data.plan.spec_text, directory=tmp_path), 1)  # type: ignore[union-attr]
    assert all(np.array_equal(again.train.x[name][:], data.train.x[name][:]) for name in ("left", "right", "facts"))


@pytest.mark.parametrize("place", ["augmentation", "layers"])
def test_it_stands_in_preprocessing_alone(place: str) -> None:
    text = SPEC.replace("{normalization: adapt}", "{rescaling: 1}")
    if place == "augmentation":
        report = cnnspec.check(
            text.replace("validation_split", "augmentation: [{normalization: adapt}], validation_split")
        )
    else:
        report = cnnspec.check(text.replace("[flatten", "[{normalization: adapt}, flatten"))
    assert "move it there" in str(report)
    assert [found.code for found in report.diagnostics if found.severity == "error"] == ["entry-form"]
    assert cnnspec.check(SPEC).ok


def test_colours_behind_it_are_refused(tmp_path: Path) -> None:
    text = SPEC.replace("validation_split", "augmentation: [solarization], validation_split")
    assert [found.code for found in cnnspec.check(text).diagnostics if found.severity == "error"] == ["value-range"]


@pytest.mark.slow
def test_a_run_keeps_its_numbers(tmp_path: Path) -> None:
    saved(tmp_path)
    (tmp_path / "any.yaml").write_text(SPEC)
    run = cnnspec.train(tmp_path / "any.yaml", runs=tmp_path / "runs", quiet=True)
    kept = (run.folder / "spec.yaml").read_text()
    assert "mean: [" in kept
    assert "adapt" not in kept
    found = cnnspec.evaluate(run.folder, split="validation")
    assert found.metrics["loss"] == pytest.approx(run.metrics["validation"]["loss"], rel=1e-5)
    np.save(tmp_path / "one.npy", IMAGES[0])
    (told,) = cnnspec.predict(run.folder, tmp_path / "one.npy")
    data = prepare(plan(tmp_path, kept, directory=tmp_path), 1)
    layer: Any = normalization(data)
    import keras

    model = keras.saving.load_model(run.folder / "best.keras")
    entering = (IMAGES[:1] / 255 - np.array(layer.mean)) / np.sqrt(layer.variance)
    assert told.arrays["output"] == pytest.approx(np.asarray(model(entering.astype("float32")))[0], abs=1e-5)
    (tmp_path / "any.yaml").write_text(SPEC.replace("epochs: 2", "epochs: 3"))
    again = cnnspec.train(tmp_path / "any.yaml", runs=tmp_path / "runs", quiet=True, resume=run.folder)
    assert again.epochs == 3
    assert (run.folder / "spec.yaml").read_text() == kept.replace("epochs: 2", "epochs: 3")
