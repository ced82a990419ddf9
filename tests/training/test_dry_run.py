"""A dry run: real steps, what follows from them, and nothing left behind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cnnspec.data.memory import Free
from cnnspec.training import resources
from cnnspec.training.dry_run import duration
from cnnspec.training.errors import TrainingError
from cnnspec.training.fit import rehearse, train
from tests.training.specs import SMALL, plan

# Keras's variables do not take the keyword that NumPy 2 passes while they are saved.
pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)


def test_what_it_finds_and_that_it_leaves_nothing(tmp_path: Path) -> None:
    found = rehearse(plan(tmp_path / "not" / "there", SMALL, "training.epochs=3"), quiet=True)
    assert list(tmp_path.iterdir()) == []
    assert (found.images, found.batch_size, found.epochs, found.training.steps) == (1294, 64, 3, 21)
    assert found.validation is not None
    assert found.validation.steps == 1
    assert found.training.first > found.training.step > 0
    assert found.run > 3 * found.epoch > 3 * 21 * found.training.step
    assert 0 < found.written.best < found.disk
    assert found.disk < 2 * (3 * found.written.checkpoint + 2 * found.written.best)
    assert found.peak > found.memory.total > found.memory.sure
    told = json.loads(json.dumps(found.to_json()))
    assert told["seconds"]["run"] == pytest.approx(found.run, abs=1e-5)
    assert told["memory"]["total"] == found.memory.total
    assert [line.split(":")[0] for line in found.text().splitlines()] == [
        "step", "validation", "epoch", "run", "memory", "disk",
    ]  # fmt: skip


def test_runs_that_are_there_stay(tmp_path: Path) -> None:
    here = plan(tmp_path / "runs", SMALL, "data.validation_split=null", "training.epochs=1")
    (tmp_path / "runs" / "small" / "4").mkdir(parents=True)
    assert rehearse(here, quiet=True).validation is None
    assert [path.name for path in (tmp_path / "runs" / "small").iterdir()] == ["4"]


def test_it_fails_where_the_run_would(tmp_path: Path) -> None:
    hot = ("training.optimizer={sgd: 1e30}", "training.loss=mean_squared_error")
    linear = SMALL.replace("units: 10, activation: softmax", "units: 10")
    with pytest.raises(TrainingError, match="the loss became"):
        rehearse(plan(tmp_path / "runs", linear, *hot), quiet=True)
    assert list(tmp_path.iterdir()) == []


def test_a_machine_that_is_too_small_is_told_before_any_data_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resources, "free_memory", lambda machine: Free(1000))
    with pytest.raises(TrainingError, match=r"training takes about .*; 0\.0 MB of memory are free"):
        train(plan(tmp_path / "runs"), quiet=True)
    monkeypatch.undo()
    monkeypatch.setattr(resources, "free_disk", lambda path: 1000)
    with pytest.raises(TrainingError, match="are missing"):
        train(plan(tmp_path / "runs"), quiet=True)
    assert list((tmp_path / "runs" / "small").iterdir()) == []


def test_memory_that_runs_out_while_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from cnnspec.training import runner

    def fail(*arguments: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(runner, "fit", fail)
    with pytest.raises(TrainingError, match="the memory is full; training was estimated to take") as refused:
        train(plan(tmp_path / "runs"), quiet=True)
    assert refused.value.help == "try `batch_size: 32`, or a smaller network"


def test_a_chosen_batch_size_is_that_of_the_run_and_of_its_resumption(tmp_path: Path) -> None:
    asked = plan(
        tmp_path / "runs", SMALL, "training.auto_batch_size=true", "training.batch_size=100", "training.epochs=1"
    )
    done = train(asked, quiet=True)
    assert json.loads((done.folder / "environment.json").read_text())["batch_size"] == 100
    assert "auto_batch_size" not in (done.folder / "spec.yaml").read_text()
    assert "batch size: 100 (estimate" in (done.folder / "log.txt").read_text()
    more = plan(
        tmp_path / "runs", SMALL, "training.auto_batch_size=true", "training.batch_size=100", "training.epochs=2"
    )
    assert train(more, quiet=True, resume=done.folder).epochs == 2


def test_a_step_is_tried_for_real(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from cnnspec.training import device, prepare, trial

    here = plan(tmp_path / "runs", SMALL, "training.auto_batch_size=true")
    machine, data = device.start(), prepare.prepare(here, 7)
    assert trial.works(here, machine, data, 16)

    def fail(*arguments: Any) -> None:
        raise RuntimeError("RESOURCE_EXHAUSTED")

    monkeypatch.setattr(trial, "trained", fail)
    assert not trial.works(here, machine, data, 16)


def test_durations() -> None:
    assert [duration(seconds) for seconds in (0.0032, 41, 720, 12_000)] == ["3.2 ms", "41.0 s", "12 min", "3 h 20 min"]
