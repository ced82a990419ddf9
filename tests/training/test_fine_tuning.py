"""Training that starts from a file: what `training.weights` and `freeze` do in a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import cnnspec
from cnnspec.training.errors import WeightsError
from tests.training.specs import SMALL

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)


def trained(path: Path, *arguments: str) -> Any:
    from cnnspec.cli.train import command

    return CliRunner().invoke(command, [str(path), "--json", "--runs", str(path.parent / "runs"), *arguments])


@pytest.mark.slow
def test_a_run_goes_on_where_another_stopped(tmp_path: Path) -> None:
    folder = tmp_path / "base"
    folder.mkdir()
    (folder / "small.yaml").write_text(SMALL)
    first = cnnspec.train(folder / "small.yaml", epochs=4, runs=tmp_path / "runs", quiet=True)
    (first.folder / "best.keras").rename(folder / "best.keras")

    (folder / "tuned.yaml").write_text("extends: small.yaml\ntraining: {weights: best.keras, freeze: conv2d}\n")
    (tmp_path / "tuned.yaml").write_text("extends: base/tuned.yaml\ntraining: {epochs: 2}\n")
    told = trained(tmp_path / "tuned.yaml")
    assert told.exit_code == 0, told.output
    form = json.loads(told.stdout)
    assert "weights: 2 layers from best.keras\n" in told.stderr
    assert form["metrics"]["test"]["accuracy"] > first.metrics["test"]["accuracy"] - 0.1
    assert form["metrics"]["train"]["loss"] < first.metrics["train"]["loss"]
    kept, new = (cnnspec.build(SMALL, weights=path) for path in (folder / "best.keras", f"{form['run']}/best.keras"))
    same = [np.array_equal(one, other) for one, other in zip(kept.get_weights(), new.get_weights(), strict=True)]
    assert same == [True, True, False, False]
    assert str(folder / "best.keras") in (Path(form["run"]) / "spec.yaml").read_text()
    assert cnnspec.check(Path(form["run"]) / "spec.yaml").training.weights.path == str(folder / "best.keras")  # type: ignore[union-attr]


def test_a_new_head_on_a_frozen_trunk(tmp_path: Path) -> None:
    cnnspec.build(SMALL).save(tmp_path / "small.keras")
    text = SMALL.replace("units: 10, activation: softmax", "units: 12, activation: softmax, name: head")
    (tmp_path / "tuned.yaml").write_text(text)
    weights = "training.weights={path: small.keras, skip: [head, dense]}"
    told = trained(tmp_path / "tuned.yaml", "--set", weights, "--set", "training.freeze=['*', '!head']", "--epochs=1")
    assert told.exit_code == 0, told.output
    assert "weights: 1 layer from small.keras, new ones for head\n" in told.stderr


def test_what_does_not_fit_ends_training_before_it_begins(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(SMALL)
    missing = trained(tmp_path / "small.yaml", "--set", "training.weights=nowhere.keras")
    assert (missing.exit_code, missing.stdout) == (3, "")
    assert "nowhere.keras is not there" in missing.stderr
    cnnspec.build(SMALL, layers=["flatten", {"dense": 10}]).save_weights(tmp_path / "other.weights.h5")
    told = trained(tmp_path / "small.yaml", "--set", "training.weights=other.weights.h5")
    assert told.exit_code == 3
    assert "error: " in told.stderr
    assert "other.weights.h5 does not fit the network\n" in told.stderr
    assert "`dense`: kernel 72×10 here, 64×10 in the file (`dense`)" in told.stderr
    assert list((tmp_path / "runs" / "small").iterdir()) == []


def test_the_file_is_looked_for_before_a_framework_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cnnspec.training.device.start", lambda *_: pytest.fail("a framework was started"))
    with pytest.raises(WeightsError, match="is not there"):
        cnnspec.train(SMALL, runs=tmp_path, quiet=True, **{"training.weights": str(tmp_path / "nowhere.keras")})
