"""The same on every backend: on TensorFlow in the main suite, on the others by `make backends`, where there is none."""

from __future__ import annotations

import json
import math
import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cnnspec
from cnnspec.training.device import BACKENDS
from cnnspec.training.errors import Interrupted
from tests.backends.__main__ import RECORDED, SPECS, table
from tests.faults.runs import Left, left

pytestmark = [
    pytest.mark.slow,
    # Keras's variables do not take the keyword that NumPy 2 passes while they are saved.
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"),
]

BACKEND = os.environ["KERAS_BACKEND"]
BRIEF = {
    "data.source.shapes.count": 320, "data.source.shapes.test_count": 64, "data.validation_split": 0.2,
    "training.epochs": 3, "training.batch_size": 32,
}  # fmt: skip


def trained(folder: Path, spec: Path | str, resume: Path | None = None, **overrides: Any) -> Any:
    brief = BRIEF if isinstance(spec, Path) else {}
    return cnnspec.train(spec, runs=folder, resume=resume, quiet=True, **{**brief, **overrides})


@contextmanager
def stopping(epoch: int, batch: int) -> Iterator[None]:
    """SIGTERM when `batch` of `epoch` is done."""
    from cnnspec.training.saving import Saving

    genuine = Saving.on_train_batch_end

    def stopped(self: Any, at: int, logs: Any = None) -> None:
        if (self._epoch, at) >= (epoch, batch):
            signal.raise_signal(signal.SIGTERM)
        genuine(self, at, logs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Saving, "on_train_batch_end", stopped)
        yield


TRIED = SPECS if BACKEND != "tensorflow" else [path for path in SPECS if path.stem in ("boxes", "classifier")]
"""On TensorFlow, `tests/training/test_resume.py` has more."""


@pytest.mark.parametrize("spec", TRIED, ids=lambda path: path.stem)
def test_a_run_that_was_stopped_ends_as_one_that_was_not(spec: Path, tmp_path: Path) -> None:
    whole = trained(tmp_path / "whole", spec)
    with stopping(epoch=1, batch=4), pytest.raises(Interrupted) as caught:
        trained(tmp_path / "other", spec)
    other = trained(tmp_path / "other", spec, resume=caught.value.folder)
    found = left(whole.folder)
    assert found.differences(left(other.folder)) == []
    losses = [float(row["loss"]) for row in found.values["history"]]
    assert losses[2] < losses[0]
    assert json.loads((whole.folder / "environment.json").read_text())["backend"] == BACKEND

    judged = cnnspec.evaluate(other.folder)
    assert judged.backend == BACKEND
    told = whole.metrics["test"]
    assert {name: judged.metrics[name] for name in told} == pytest.approx(told, rel=1e-4, abs=1e-5)


def test_the_seed_decides(tmp_path: Path) -> None:
    spec = next(path for path in SPECS if path.stem == "classifier")
    once, again, other = (
        left(trained(tmp_path, spec, **{"training.seed": seed, "training.epochs": 1}).folder) for seed in (3, 3, 4)
    )
    assert once.differences(again) == []
    weights = [name for name in kernels(once) if once.arrays[name].tobytes() == other.arrays[name].tobytes()]
    assert weights == []


def kernels(found: Left) -> list[str]:
    return [name for name, array in found.arrays.items() if name.startswith("best/") and array.ndim > 1]


NET = """
name: net
input: [8, 8, 1]
layers:
  - conv2d: {filters: 8, kernel_size: 3, activation: relu}
  - flatten
  - dropout: 0.1
  - dense: {units: 4, activation: softmax}
data: {validation_split: 0.2, preprocessing: [{rescaling: $(1/256)}], source: SOURCE}
training: {epochs: 3, batch_size: 32, seed: 5}
"""


def test_what_is_streamed_trains_as_what_is_held(tmp_path: Path) -> None:
    draw = np.random.default_rng(1)
    labels = draw.integers(0, 4, 400)
    images = (draw.normal(60, 20, (400, 8, 8, 1)) + 100 * np.eye(4)[labels].repeat(2, 1)[:, :, None, None]).clip(0, 255)
    arrays = {"x_train": images[:320], "x_test": images[320:], "y_train": labels[:320], "y_test": labels[320:]}
    arrays = {name: array.astype(np.uint8) for name, array in arrays.items()}
    np.savez(tmp_path / "all.npz", **arrays)
    for name, array in arrays.items():
        np.save(tmp_path / f"{name}.npy", array)
    files = {name: str(tmp_path / f"{name}.npy") for name in arrays}
    held, streamed = (
        trained(tmp_path / kind, NET.replace("SOURCE", json.dumps({kind: given})))
        for kind, given in (("npz", str(tmp_path / "all.npz")), ("npy", files))
    )
    assert held.metrics["test"]["accuracy"] > 0.6
    one, other = left(held.folder), left(streamed.folder)
    for name in kernels(one):
        np.testing.assert_allclose(one.arrays[name], other.arrays[name], rtol=1e-4, atol=1e-5)
    for name, values in held.metrics.items():
        assert streamed.metrics[name] == pytest.approx(values, rel=1e-4)


def test_half_precision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cnnspec.training.device._mixed_on_cpu", lambda: ("mixed_bfloat16",))
    spec = next(path for path in SPECS if path.stem == "boxes")
    run = trained(tmp_path, spec, **{"training.precision": "mixed_bfloat16"})
    assert json.loads((run.folder / "environment.json").read_text())["precision"] == "mixed_bfloat16"
    assert all(math.isfinite(value) for values in run.metrics.values() for value in values.values())
    judged = cnnspec.evaluate(run.folder)
    assert judged.metrics["loss"] == pytest.approx(run.metrics["test"]["loss"], rel=0.02)


@pytest.mark.skipif(find_spec("tensorflow") is not None, reason="TensorFlow is installed")
def test_nothing_asks_for_tensorflow(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    from click.testing import CliRunner

    from cnnspec.cli.main import cli

    assert next(name for name in BACKENDS if find_spec(name)) == BACKEND
    run = trained(tmp_path, NET.replace("SOURCE", "digits").replace("units: 4", "units: 10"), **{"training.epochs": 1})
    best, spec = str(run.folder / "best.keras"), str(run.folder / "spec.yaml")
    np.save(tmp_path / "image.npy", np.zeros((8, 8, 1), np.uint8))
    for arguments in (
        ["validate", spec], ["validate", "--deep", spec], ["summary", spec], ["code", spec], ["import", best],
        ["layers", "conv2d"], ["explain"], ["schema"], ["evaluate", str(run.folder)],
        ["predict", str(run.folder), str(tmp_path / "image.npy")], ["train", spec, "--dry-run"],
    ):  # fmt: skip
        found = CliRunner().invoke(cli, arguments, catch_exceptions=False, standalone_mode=False)
        assert (found.exit_code, found.return_value or 0, bool(found.output)) == (0, 0, True), arguments
    assert cnnspec.build(spec).count_params() > 0


def test_backends_agree() -> None:
    """What is recorded of the long form, for the specs as they are."""
    found: list[Mapping[str, Any]] = [json.loads(path.read_text()) for path in RECORDED]
    assert [each["backend"] for each in found] == sorted(BACKENDS)
    assert table(found)[1] == []
    now = {path.stem: sha256(path.read_bytes()).hexdigest()[:12] for path in SPECS}
    assert [each["of"] for each in found] == [now] * len(found), "record them anew: python -m tests.backends --long …"
