"""Telling MLflow and Weights & Biases of runs, for real, without a network."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cnnspec.language.entries import read_entry
from cnnspec.training import tracking
from cnnspec.training.callbacks import CALLBACKS
from cnnspec.training.errors import Interrupted, TrainingError
from cnnspec.training.fit import train
from tests.training.specs import SMALL, plan

# Keras's variables do not take the keyword that NumPy 2 passes while they are saved; the others are of MLflow and wandb.
pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:(mlflow|wandb|pydantic|google).*"),
    pytest.mark.filterwarnings("ignore::FutureWarning:mlflow.*"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No server and no account, whatever this machine has."""
    for name in ("MLFLOW_TRACKING_URI", "WANDB_API_KEY", "WANDB_MODE"):
        monkeypatch.delenv(name, raising=False)
    before = dict(os.environ)
    yield
    for name in set(os.environ) - set(before):
        del os.environ[name]


def asked(tmp_path: Path, callback: str, *overrides: str, **options: Any) -> Any:
    spec = plan(tmp_path / "runs", SMALL, f"training.callbacks=[{callback}]", *overrides)
    return train(spec, quiet=True, **options)


def client(tmp_path: Path) -> Any:
    tracking = pytest.importorskip("mlflow.tracking", reason="MLflow is not installed")
    return tracking.MlflowClient((tmp_path / "mlruns").resolve().as_uri())


def only_run(known: Any, experiment: str = "small") -> Any:
    found = known.search_runs([known.get_experiment_by_name(experiment).experiment_id])
    assert len(found) == 1
    return found[0]


def numbers(known: Any, run: Any, name: str) -> list[tuple[int, float]]:
    return [(point.step, point.value) for point in known.get_metric_history(run.info.run_id, name)]


def test_mlflow_is_told_the_run_and_goes_on_with_it(tmp_path: Path) -> None:
    pytest.importorskip("mlflow", reason="MLflow is not installed")
    first = asked(tmp_path, "{mlflow: {experiment: trials, tags: {stage: draft}}}")
    known = client(tmp_path)
    run = only_run(known, "trials")
    assert run.info.status == "FINISHED"
    assert run.data.tags | {"stage": "draft", "spec": "small", "run": str(first.folder)} == run.data.tags
    params = run.data.params
    assert (params["training.epochs"], params["training.batch_size"], params["data.source"]) == ("2", "64", "digits")
    assert (params["backend"], params["seed"]) == ("tensorflow", "7")
    assert not [name for name in params if "callbacks" in name]
    assert run.data.metrics["best/test_accuracy"] == pytest.approx(first.metrics["test"]["accuracy"])
    assert run.data.metrics["best/epoch"] == first.best_epoch
    again = asked(
        tmp_path, "{mlflow: {experiment: trials, tags: {stage: draft}}}", "training.epochs=3", resume=first.folder
    )
    run = only_run(known, "trials")
    told = numbers(known, run, "val_loss")
    assert [step for step, _ in told] == [1, 2, 3]
    assert told[again.best_epoch - 1][1] == pytest.approx(again.metrics["validation"]["loss"])
    assert run.info.run_id == json.loads((first.folder / "tracking.json").read_text())["mlflow"]["run"]
    assert not list((tmp_path / "mlruns").rglob("artifacts/*"))


def test_mlflow_knows_a_run_that_was_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("mlflow", reason="MLflow is not installed")
    from cnnspec.training.watch import Show

    def stop(self: Any, epoch: int, logs: Any = None) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Show, "on_epoch_end", stop)
    with pytest.raises(Interrupted):
        asked(tmp_path, "mlflow")
    assert only_run(client(tmp_path)).info.status == "KILLED"


def test_training_goes_on_where_mlflow_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("mlflow", reason="MLflow is not installed")
    from cnnspec.training.tracking import MLflowTracker

    def fail(*arguments: Any) -> None:
        raise ConnectionError("the server is gone\nand more")

    monkeypatch.setattr(MLflowTracker, "tell", fail)
    done = asked(tmp_path, "mlflow")
    said = (done.folder / "log.txt").read_text()
    assert said.count("warning: `mlflow` is told no more of this run: the server is gone") == 1
    assert done.epochs == 2


def test_a_server_that_is_not_there_is_said_before_training(tmp_path: Path) -> None:
    pytest.importorskip("mlflow", reason="MLflow is not installed")
    with pytest.raises(TrainingError, match="the callback `mlflow` cannot begin"):
        asked(tmp_path, "{mlflow: {tracking_uri: 'nowhere://there'}}")


def test_wandb_is_told_offline_and_goes_on_under_its_number(tmp_path: Path) -> None:
    pytest.importorskip("wandb", reason="Weights & Biases is not installed")
    callback = "{wandb: {project: trials, tags: [draft]}}"
    first = asked(tmp_path, callback)
    number = json.loads((first.folder / "tracking.json").read_text())["wandb"]["run"]
    asked(tmp_path, callback, "training.epochs=3", resume=first.folder)
    runs = sorted((first.folder / "wandb").glob("offline-run-*"))
    assert [run.name.rpartition("-")[2] for run in runs] == [number, number]
    written = [next(run.glob("*.wandb")).read_bytes() for run in runs]
    for word in (b"val_accuracy", b"best/test_accuracy", b"training.optimizer", b"trials", b"draft"):
        assert word in written[0] or word == b"training.optimizer"
    assert json.loads((first.folder / "tracking.json").read_text())["wandb"] == {"run": number, "epoch": 3}


@pytest.mark.parametrize(("package", "called"), [("mlflow", "MLflow"), ("wandb", "Weights & Biases")])
def test_what_is_not_installed_is_said(
    package: str, called: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cnnspec.training import fit

    genuine = fit.find_spec
    monkeypatch.setattr(fit, "find_spec", lambda name: None if name == package else genuine(name))
    with pytest.raises(TrainingError, match=f"the callback `{package}` needs {called}, which is not installed") as told:
        asked(tmp_path, package)
    assert told.value.help == f"install it: pip install {package}"
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("value", [{"wandb": {"mode": "sometimes"}}, {"mlflow": {"tags": {"a": 1}}}, {"mlflow": ""}])
def test_wrong_arguments_are_refused(value: Any) -> None:
    from cnnspec.language.entries import Invalid

    with pytest.raises(Invalid):
        read_entry(value, CALLBACKS)


def test_the_trackers_of_all_phases_are_one_run_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[Any] = []

    class Fake:
        def __init__(self, asked: Any, about: Any) -> None:
            begun.append(asked.experiment)

        def finish(self, how: str) -> None:
            begun.append(how)

    monkeypatch.setattr(tracking, "MLflowTracker", Fake)
    phases = "[{epochs: 1}, {epochs: 1, callbacks: [{mlflow: {experiment: second}}]}, {epochs: 2, batch_size: 8}]"
    overrides = ("training.callbacks=[{mlflow: {experiment: first}}]", f"training.phases={phases}")
    spec = plan(tmp_path, SMALL.replace("epochs: 2, ", ""), *overrides)
    with tracking.tracked(spec, None, None):  # type: ignore[arg-type]
        assert begun == ["first", "second"]
    assert begun == ["first", "second", "finished", "finished"]
