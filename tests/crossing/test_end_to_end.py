"""Whole runs: the test figures of `train`, of `evaluate`, of the saved model in plain Keras, and of the formulas."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import yaml

import cnnspec
from tests.crossing import oracle
from tests.crossing.cases import LABELS, End, X
from tests.crossing.crossing import quietly

pytestmark = pytest.mark.slow
FAR = {"sgd": 300.0}
"""A rate that saturates the last layer."""

RUNS: dict[str, tuple[str, End, Any, list[Any], dict[str, Any]]] = {
    "classes, saturated": (
        "class numbers", End("softmax", 4), "sparse_categorical_crossentropy", ["accuracy", "auc"], {"optimizer": FAR},
    ),
    "classes, bfloat16": (
        "class numbers", End("softmax", 4), "categorical_crossentropy", ["accuracy", "precision", "f1_score"],
        {"precision": "mixed_bfloat16"},
    ),
    "tags": ("tags", End("sigmoid", 4), "binary_crossentropy", ["accuracy", "precision", "recall", "auc"], {}),
    "values": ("several values", End("linear", 4), "mean_squared_error", ["mean_absolute_error", "r2_score"], {}),
    "class maps, dice": (
        "class maps", End("softmax", 4), {"sum": ["categorical_crossentropy", "dice"]}, ["accuracy", "mean_iou"], {},
    ),
    "binary classes of ten": (
        "class numbers", End("sigmoid", 4), "binary_crossentropy", ["accuracy", "recall"], {"optimizer": FAR},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", RUNS)
def test_a_run_is_judged_alike_everywhere(name: str, tmp_path: Path) -> None:
    kind, end, loss, metrics, training = RUNS[name]
    y = LABELS[kind].array
    np.savez(tmp_path / "a.npz", x_train=X, y_train=y, x_test=X, y_test=y)
    last = {"activation": end.activation, "name": "told"}
    maps = LABELS[kind].maps
    layers = (
        [{"conv2d": {"filters": 4, "kernel_size": 1, **last}}] if maps else ["flatten", {"dense": {"units": 4, **last}}]
    )
    spec = {
        "name": "it", "input": list(X.shape[1:]), "layers": layers,
        "data": {"source": {"npz": "a.npz"}, "validation_split": None},
        "training": {"epochs": 2, "batch_size": 8, "seed": 3, "loss": loss, "metrics": metrics, **training},
    }  # fmt: skip
    (tmp_path / "it.yaml").write_text(yaml.safe_dump(spec, sort_keys=False))
    with quietly():
        run = cnnspec.train(tmp_path / "it.yaml", runs=tmp_path / "runs", quiet=True)
        found = cnnspec.evaluate(run.folder)
        model = keras.models.load_model(run.folder / "best.keras", compile=False)
    told = model.get_layer("told")
    outputs = model.predict(X, verbose=0).astype("float64")
    before = keras.Model(model.inputs, told.input).predict(X, verbose=0).astype("float64")
    kernel, bias = (np.asarray(each, np.float64) for each in told.get_weights())
    scores = (before @ kernel.reshape(kernel.shape[-2:]) + bias).reshape(outputs.shape)
    numbers = y if kind in ("class numbers", "class maps") else None
    rows = np.eye(4)[y] if numbers is not None else y.astype("float64")
    case = oracle.Case(
        {"tags": "tags", "several values": "numbers"}.get(kind, "classes"),
        rows,
        numbers,
        outputs,
        scores,
        end.activation,
    )
    entry, arguments = (loss, {}) if isinstance(loss, str) else ("sum", {"losses": loss["sum"]})
    tested = run.metrics["test"]
    size = len(X)  # `train` and `evaluate` take the test images in one batch of this size
    expected = {"loss": oracle.loss(entry, arguments, _batched(case, size))}
    expected |= {metric: oracle.metric(metric, {}, case) for metric in metrics}
    if isinstance(loss, str):
        model.compile(loss=loss, run_eagerly=False)
        labels = rows if "sparse" not in loss else y
        assert model.evaluate(X, labels, batch_size=8, verbose=0) == pytest.approx(tested["loss"], rel=1e-5)
    for number, value in expected.items():
        assert tested[number] == pytest.approx(value, rel=1e-5, abs=1e-6), number
        assert found.metrics[number] == pytest.approx(value, rel=1e-5, abs=1e-6), number


def _batched(case: oracle.Case, size: int) -> oracle.Case:
    from dataclasses import replace

    return replace(case, size=size)
