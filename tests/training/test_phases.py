"""Training in phases: what each one trains, with what, and that a run goes on in any of them."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cnnspec.training.errors import Interrupted
from cnnspec.training.fit import train
from tests.training.specs import SMALL, plan

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)

PHASES = SMALL.replace("{filters: 8,", "{filters: 8, name: stem,").replace(
    "training: {epochs: 2, batch_size: 64, seed: 7}",
    """training:
  batch_size: 64
  seed: 7
  optimizer: {sgd: 0.05}
  checkpoint: 1 epoch
  phases:
    - {epochs: 2, freeze: stem}
    - {epochs: 3, batch_size: 32, optimizer: {adam: {learning_rate: {cosine_decay: 0.01}}}}""",
)


def last(folder: Path) -> dict[str, Any]:
    newest = sorted((folder / "checkpoints").glob("*.npz"))[-1]
    with np.load(newest) as held:
        return {name: held[name] for name in held.files if name != "facts"}


def rows(folder: Path) -> list[list[str]]:
    with (folder / "history.csv").open() as file:
        return [row[:-1] for row in csv.reader(file)]


def weights(model: Any) -> dict[str, Any]:
    return {variable.path: np.array(variable.numpy()) for variable in model.network.variables}


def test_each_phase_has_its_own_optimizer_and_frozen_layers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from cnnspec.training import runner

    seen: list[tuple[str, int, dict[str, Any], Any]] = []
    genuine = runner.compile_model

    def noted(model: Any, objectives: Any, plan: Any, machine: Any, steps: int) -> None:
        genuine(model, objectives, plan, machine, steps)
        seen.append((type(model.optimizer).__name__, steps, weights(model), model))

    monkeypatch.setattr(runner, "compile_model", noted)
    done = train(plan(tmp_path / "runs", PHASES), quiet=True)
    assert done.epochs == 5
    assert [(name, steps) for name, steps, _, _ in seen] == [("SGD", 21), ("Adam", 41)]
    (_, _, start, _), (_, _, second, model) = seen
    for path, before in start.items():
        if "seed" not in path:
            assert np.array_equal(before, second[path]) == path.startswith("stem"), path
    assert not np.array_equal(second["stem/kernel"], weights(model)["stem/kernel"])
    rates = [float(row[-1]) for row in rows(done.folder)[1:]]
    assert rates[:2] == pytest.approx([0.05, 0.05])
    assert rates[2] > rates[3] > rates[4] == pytest.approx(0, abs=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("stop", [(0, 1), (1, 20), (2, 0), (3, 11)], ids=str)
def test_a_run_goes_on_in_any_phase(stop: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import signal

    from cnnspec.training.saving import Saving

    whole = train(plan(tmp_path / "whole", PHASES), quiet=True)
    genuine = Saving.on_train_batch_end

    def interrupted(self: Any, batch: int, logs: Any = None) -> None:
        if (self._epoch, batch) >= stop:
            signal.raise_signal(signal.SIGTERM)
        genuine(self, batch, logs)

    with monkeypatch.context() as patch:
        patch.setattr(Saving, "on_train_batch_end", interrupted)
        with pytest.raises(Interrupted) as caught:
            train(plan(tmp_path / "other", PHASES), quiet=True)
    again = train(plan(tmp_path / "other", PHASES), quiet=True, resume=caught.value.folder)
    assert again.epochs == whole.epochs
    assert again.metrics == whole.metrics
    assert rows(again.folder) == rows(whole.folder)
    one, other = last(whole.folder), last(again.folder)
    assert one.keys() == other.keys()
    assert [name for name in one if one[name].tobytes() != other[name].tobytes()] == []
