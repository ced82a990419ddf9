"""Kinds of labels from training to `evaluate` and `predict`: every number is that of NumPy or scikit-learn."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from sklearn import metrics as oracle

import cnnspec
from cnnspec.cli.predict import line

RANDOM = np.random.default_rng(3)
N, T = 96, 40
X = RANDOM.random((N + T, 6, 6, 1)).astype("float32")
pytestmark = pytest.mark.slow


def trained(folder: Path, labels: Any, layers: str, *overrides: str, data: str = "") -> tuple[Any, Any, Any]:
    """A run on `labels`, its evaluation, and what its network gives for the test images."""
    np.savez(folder / "a.npz", x_train=X[:N], y_train=labels[:N], x_test=X[N:], y_test=labels[N:])
    text = (
        f"name: it\ninput: [6, 6, 1]\nlayers: {layers}\ndata: {{source: {{npz: a.npz}}{data}}}\n"
        "training: {epochs: 2, batch_size: 16, seed: 3}\n"
    )
    (folder / "it.yaml").write_text(text)
    run = cnnspec.train(folder / "it.yaml", runs=folder / "runs", quiet=True, **_values(overrides))
    found = cnnspec.evaluate(run.folder)
    np.save(folder / "test.npy", X[N:])
    arrays = [next(iter(each.arrays.values())) for each in cnnspec.predict(run.folder, folder / "test.npy")]
    for name, value in run.metrics["test"].items():
        assert found.metrics[name] == pytest.approx(value, rel=1e-5), name
    return run, found, np.stack(arrays)


def _values(overrides: tuple[str, ...]) -> dict[str, Any]:
    pairs = (each.split("=", 1) for each in overrides)
    return {path: yaml.safe_load(text) for path, text in pairs}


def log(run: Any) -> str:
    return (run.folder / "log.txt").read_text(encoding="utf-8")


def record(run: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((run.folder / "environment.json").read_text())["labels"]["output"]
    return found


@pytest.mark.parametrize("dtype", ["float32", bool, "int64"])
def test_masks_that_are_coin_flips(dtype: str, tmp_path: Path) -> None:
    masks = RANDOM.integers(0, 2, (N + T, 6, 6)).astype(dtype)
    layers = "[{conv2d: {filters: 1, kernel_size: 3, padding: same, activation: sigmoid}}]"
    run, found, given = trained(tmp_path, masks, layers, "training.metrics=[accuracy, mean_iou]")
    truth = masks[N:].astype(int)
    assert "labels: 2 classes, one per pixel (masks of 6×6); loss binary_crossentropy" in log(run)
    assert found.metrics["accuracy"] == pytest.approx((given == truth).mean(), rel=1e-6)
    assert 0.3 < found.metrics["accuracy"] < 0.7
    assert found.metrics["mean_iou"] == pytest.approx(
        oracle.jaccard_score(truth.ravel(), given.ravel(), average="macro"), rel=1e-5
    )
    files = [*cnnspec.predict(run.folder, tmp_path / "test.npy", output=tmp_path / "masks")]
    assert files[0].to_json()["mask"].endswith(".png")


def test_ages_are_values(tmp_path: Path) -> None:
    ages = RANDOM.integers(20, 70, N + T)
    run, found, given = trained(tmp_path, ages, "[flatten, {dense: 1}]", "training.metrics=[mean_absolute_error]")
    assert "labels: one value per image; loss mean_squared_error" in log(run)
    assert "if they are meant otherwise, write `labels: classes` in `data`" in log(run)
    assert (record(run)["kind"], found.confusion_matrix, found.classes) == ("values", None, None)
    truth = ages[N:].astype(float)
    assert found.metrics["mean_absolute_error"] == pytest.approx(np.abs(given[:, 0] - truth).mean(), rel=1e-5)
    assert found.metrics["r2_score"] == pytest.approx(oracle.r2_score(truth, given[:, 0]), rel=1e-5)
    assert "%" not in line(next(iter(cnnspec.predict(run.folder, tmp_path / "test.npy"))))


@pytest.mark.parametrize("threshold", ["", ", threshold: 0.3", ", threshold: {sea: 0.2}", ", threshold: auto"])
def test_tags(threshold: str, tmp_path: Path) -> None:
    tags = np.stack([X.mean(axis=(1, 2, 3)) > 0.5, X[:, 0, 0, 0] > 0.7, RANDOM.random(N + T) > 0.5], axis=1).astype(int)
    said = f", labels: {{kind: tags, names: [beach, sea, hill]{threshold}}}"
    layers = "[flatten, {dense: {units: 3, activation: sigmoid}}]"
    run, found, given = trained(tmp_path, tags, layers, "training.epochs=4", data=said)
    assert "labels: 3 tags, any number per image; loss binary_crossentropy, metrics precision (of all tags" in log(run)
    table = found.outputs["output"].per_class
    cuts = np.array([row["threshold"] for row in table])
    wanted = {"": (0.5,) * 3, ", threshold: 0.3": (0.3,) * 3, ", threshold: {sea: 0.2}": (0.5, 0.2, 0.5)}
    if threshold in wanted:
        assert tuple(cuts) == wanted[threshold]
    else:
        assert len(set(cuts)) > 1
    truth, told = tags[N:], given > cuts
    each = oracle.precision_recall_fscore_support(truth, told, average=None, zero_division=0)
    for at, row in enumerate(table):
        assert (row["class"], row["support"]) == (["beach", "sea", "hill"][at], truth[:, at].sum())
        assert [row[name] for name in ("precision", "recall", "f1")] == pytest.approx([each[k][at] for k in range(3)])
        assert row["average_precision"] == pytest.approx(oracle.average_precision_score(truth[:, at], given[:, at]))
    assert found.metrics["macro_f1"] == pytest.approx(oracle.f1_score(truth, told, average="macro", zero_division=0))
    assert found.metrics["f1_score"] == pytest.approx(
        oracle.f1_score(truth, given > 0.5, average="macro", zero_division=0), rel=1e-5
    )
    assert found.metrics["precision"] == pytest.approx(
        oracle.precision_score(truth, given > 0.5, average="micro", zero_division=0), rel=1e-5
    )
    for prediction, row in zip(cnnspec.predict(run.folder, tmp_path / "test.npy"), told, strict=True):
        names = {tag["class"] for tag in prediction.to_json()["tags"]}
        assert names == {name for name, yes in zip(["beach", "sea", "hill"], row, strict=True) if yes}


@pytest.mark.parametrize("loss", ["binary_crossentropy", "binary_focal_crossentropy", "squared_hinge", "poisson"])
def test_accuracy_of_ten_classes_is_of_the_highest_score(loss: str, tmp_path: Path) -> None:
    labels = np.digitize(X.mean(axis=(1, 2, 3)), np.linspace(0.42, 0.58, 9))
    end = "softmax" if loss == "poisson" else "sigmoid"
    layers = f"[flatten, {{dense: {{units: 10, activation: {end}}}}}]"
    metrics = "training.metrics=[accuracy, precision, {recall: {class_id: 4, name: recall_4}}]"
    _, found, given = trained(tmp_path, labels, layers, f"training.loss={loss}", metrics)
    truth, told = labels[N:], given.argmax(axis=1)
    assert found.metrics["accuracy"] == pytest.approx((truth == told).mean())
    matrix = np.array(found.confusion_matrix)
    assert found.metrics["accuracy"] == pytest.approx(np.trace(matrix) / matrix.sum())
    expected = oracle.precision_score(truth, told, average="macro", zero_division=0)
    assert found.metrics["precision"] == pytest.approx(expected, rel=1e-5)
    assert found.metrics["recall_4"] == pytest.approx(
        oracle.recall_score(truth, told, average=None, labels=range(10), zero_division=0)[4], rel=1e-5
    )


def test_vectors_are_no_classes(tmp_path: Path) -> None:
    labels = (X.mean(axis=(1, 2, 3)) > 0.5).astype(int)
    run, found, given = trained(
        tmp_path, labels, "[flatten, {dense: 8}, unit_normalization]", "training.loss=circle"
    )  # fmt: skip
    judged = found.outputs["output"]
    assert (judged.kind, judged.calibration, judged.confusion_matrix) == ("vectors", (), None)
    assert "accuracy" not in found.metrics
    alike = given @ given.T
    np.fill_diagonal(alike, -np.inf)
    nearest = labels[N:][alike.argmax(axis=1)]
    assert found.metrics["nearest_neighbor_accuracy"] == pytest.approx((nearest == labels[N:]).mean())
    first = next(iter(cnnspec.predict(run.folder, tmp_path / "test.npy")))
    assert len(first.to_json()["vector"]) == 8
    assert "%" not in line(first)


def test_a_saturated_softmax_has_the_loss_of_training(tmp_path: Path) -> None:
    labels = RANDOM.integers(0, 3, N + T)
    layers = "[flatten, {rescaling: 400}, {dense: {units: 3, activation: softmax}}]"
    run, found, _ = trained(tmp_path, labels, layers)
    import keras

    model = keras.saving.load_model(run.folder / "best.keras")
    model.compile(loss="sparse_categorical_crossentropy")
    plain = model.evaluate(X[N:], labels[N:], verbose=0)
    assert plain > 10
    assert found.metrics["loss"] == pytest.approx(plain, rel=1e-5)


def test_one_hot_masks_and_images(tmp_path: Path) -> None:
    hot = np.eye(3, dtype="uint8")[RANDOM.integers(0, 3, (N + T, 6, 6))]
    layers = "[{conv2d: {filters: 3, kernel_size: 3, padding: same, activation: softmax}}]"
    run, found, given = trained(tmp_path, hot, layers)
    assert record(run)["kind"] == "one_hot_maps"
    assert found.metrics["pixel_accuracy"] == pytest.approx((given == hot[N:].argmax(axis=-1)).mean())
    images = RANDOM.integers(0, 256, (N + T, 6, 6, 3)).astype("uint8")
    layers = "[{conv2d: {filters: 3, kernel_size: 3, padding: same}}]"
    run, found, given = trained(tmp_path, images, layers, "training.loss=mean_absolute_error")
    assert record(run)["kind"] == "value_maps"
    expected = np.abs(given - images[N:].astype(float)).mean()
    assert found.metrics["mean_absolute_error"] == pytest.approx(expected, rel=1e-5)
