"""Telling other programs of a run: MLflow, Weights & Biases, which are imported when they are asked for. Imports Keras.

`tracking.json` in the run folder keeps the number of the run there, and the epochs that it has been told.
"""

from __future__ import annotations

import json
import math
import os
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from secrets import token_hex
from typing import Any, ClassVar

from cnnspec import __version__
from cnnspec.training.callbacks import MLflow, Tracking, WandB
from cnnspec.training.errors import TrainingError
from cnnspec.training.kept_facts import LARGEST, Damaged, Environment, Tracked, read
from cnnspec.training.plan import Plan
from cnnspec.training.progress import Reporter, reported
from cnnspec.training.run_folder import ENVIRONMENT, TRACKING, WANDB, RunFolder
from cnnspec.training.watch import Logs, Watcher

_LONGEST = 500  # what MLflow has taken for a value since its first days


class Tracker(Watcher):
    """The base of trackers: tells numbers of epochs that were not told before. Where that fails, training goes on."""

    entry: ClassVar[str]

    def __init__(self, folder: RunFolder, told: Reporter) -> None:
        super().__init__()
        self._folder, self._told = folder, told
        self._silent = False
        known = _read(folder).get(self.entry, {})
        self.run: str | None = known.get("run")
        self._epoch = int(known.get("epoch", 0))

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        if self._silent or epoch + 1 <= self._epoch:
            return
        numbers = {**reported(logs or {}), "learning_rate": float(self.model.optimizer.learning_rate)}
        with self._or_silent():
            self.tell({name: value for name, value in numbers.items() if math.isfinite(value)}, epoch + 1)
            self._epoch = epoch + 1
            self.keep()

    def ends(self, best: int, metrics: Mapping[str, Mapping[str, float]]) -> None:
        """Tell what came of the run: the best epoch, and its numbers by split."""
        numbers = {
            f"best/{split}_{name}": value
            for split, found in metrics.items() for name, value in found.items() if math.isfinite(value)
        }  # fmt: skip
        if not self._silent:
            with self._or_silent():
                self.conclude({"best/epoch": float(best), **numbers})

    def keep(self) -> None:
        """Keep the number of the run, and the epoch that was told last."""
        text = json.dumps({**_read(self._folder), self.entry: {"run": self.run, "epoch": self._epoch}}, indent=2)
        self._folder.write(TRACKING, text + "\n")

    def finish(self, how: str) -> None:
        """Tell that the run is `finished`, `interrupted` or `failed`."""
        if not self._silent:
            with self._or_silent():
                self.close(how)

    def tell(self, numbers: Mapping[str, float], epoch: int) -> None:
        """Tell the numbers of an epoch."""
        raise NotImplementedError

    def conclude(self, numbers: Mapping[str, float]) -> None:
        """Tell the final numbers."""
        raise NotImplementedError

    def close(self, how: str) -> None:
        """Tell the end."""
        raise NotImplementedError

    @contextmanager
    def _or_silent(self) -> Iterator[None]:
        """Another program that fails is no reason to stop training."""
        try:
            yield
        except Exception as error:
            self._silent = True
            self._told.say(f"warning: `{self.entry}` is told no more of this run: {_line(error)}")


@dataclass(frozen=True)
class About:
    """What trackers are told of a run."""

    plan: Plan
    folder: RunFolder
    told: Reporter

    @property
    def title(self) -> str:
        """`digits/3`."""
        return f"{self.plan.name}/{self.folder.path.name}"

    @property
    def tags(self) -> dict[str, str]:
        """The spec's name, the run folder, the version."""
        return {"spec": self.plan.name, "run": str(self.folder.path.resolve()), "cnnspec": __version__}

    @property
    def settings(self) -> dict[str, Any]:
        """The settings as flat names and values: data and training as the spec has them, and what they run on."""
        import yaml

        spec = yaml.safe_load(self.plan.spec_text)
        training = {**spec.get("training", {}), "epochs": self.plan.training.epochs,
                    "batch_size": self.plan.training.batch_size}  # fmt: skip
        for name in ("callbacks", "seed"):  # an address may hold a password; the seed is told below
            training.pop(name, None)
        environment = read(self.folder.files.file(ENVIRONMENT).read(LARGEST), Environment)
        kept = ("backend", "backend_version", "device", "precision", "seed", "keras", "python")
        weights = sum(node.parameters for node in self.plan.graph.nodes)
        return {
            **dict(_flat("data", spec.get("data", {}))), **dict(_flat("training", training)), "parameters": weights,
            **{name: environment[name] for name in kept if name in environment},
        }  # fmt: skip


class MLflowTracker(Tracker):
    """A run of MLflow, by its client: nothing is global, and nothing but numbers and texts is sent."""

    entry = "mlflow"

    def __init__(self, asked: MLflow, about: About) -> None:
        super().__init__(about.folder, about.told)
        uri = asked.tracking_uri or os.environ.get("MLFLOW_TRACKING_URI") or "mlruns"
        folder = about.folder.path.parents[2] / uri
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        if "://" not in uri:
            os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
            uri = folder.resolve().as_uri()
        from mlflow.entities import Metric, Param, RunTag
        from mlflow.tracking import MlflowClient

        self._metric = Metric
        self._client = MlflowClient(tracking_uri=uri)
        if self.run is not None:
            with suppress(Exception):  # it was removed there: begin another one
                self._client.update_run(self.run, status="RUNNING")
                return
        name = asked.experiment or about.plan.name
        known = self._client.get_experiment_by_name(name)
        experiment = known.experiment_id if known else self._client.create_experiment(name)
        self.run = self._client.create_run(experiment, run_name=about.title).info.run_id
        settings = [Param(_plain(key), str(value)[:_LONGEST]) for key, value in about.settings.items()]
        tags = [RunTag(_plain(key), value) for key, value in {**about.tags, **asked.tags}.items()]
        self._client.log_batch(self.run, params=settings[:100], tags=tags)
        self.keep()

    def tell(self, numbers: Mapping[str, float], epoch: int) -> None:
        now = int(time.time() * 1000)
        found = [self._metric(_plain(name), value, now, epoch) for name, value in numbers.items()]
        self._client.log_batch(self.run, metrics=found)

    def conclude(self, numbers: Mapping[str, float]) -> None:
        self.tell(numbers, self._epoch)

    def close(self, how: str) -> None:
        self._client.set_terminated(self.run, {"finished": "FINISHED", "interrupted": "KILLED"}.get(how, "FAILED"))


class WandBTracker(Tracker):
    """A run of Weights & Biases that looks at nothing by itself: no console, code, hardware or version control."""

    entry = "wandb"

    def __init__(self, asked: WandB, about: About) -> None:
        super().__init__(about.folder, about.told)
        import wandb

        settings = wandb.Settings(
            silent=True, console="off", disable_git=True, disable_code=True, disable_job_creation=True,
            x_disable_meta=True, x_disable_stats=True, save_code=False,
        )  # fmt: skip
        mode: Any = asked.mode or ("online" if os.environ.get("WANDB_API_KEY") else "offline")
        again = self.run is not None
        folder = about.folder.inner(WANDB, deep=False).parent  # each start has a folder of its own in it
        self.run = self.run or token_hex(4)
        self._run = wandb.init(
            project=asked.project or about.plan.name, entity=asked.entity, mode=mode, id=self.run, name=about.title,
            resume="allow" if mode == "online" and again else None, dir=str(folder), settings=settings,
            tags=list(asked.tags), config={**about.settings, **about.tags},
        )  # fmt: skip
        self._run.define_metric("*", step_metric="epoch")
        self.keep()

    def tell(self, numbers: Mapping[str, float], epoch: int) -> None:
        self._run.log({**numbers, "epoch": epoch})

    def conclude(self, numbers: Mapping[str, float]) -> None:
        self._run.summary.update(numbers)

    def close(self, how: str) -> None:
        self._run.finish(exit_code={"finished": 0, "interrupted": 255}.get(how, 1))


@contextmanager
def tracked(plan: Plan, folder: RunFolder, told: Reporter) -> Iterator[list[Tracker]]:
    """The trackers that the callbacks of `plan` ask for, in any of its phases: one run of each for all of them, closed
    when the run ends, in whatever way."""
    asked: list[Tracking] = []
    for one in (one for training in plan.training.in_turn() for one in training.callbacks or ()):
        if isinstance(one, Tracking) and one not in asked:
            asked.append(one)
    about = About(plan, folder, told)
    trackers: list[Tracker] = []
    how = "failed"
    try:
        for one in asked:
            try:
                trackers.append(MLflowTracker(one, about) if isinstance(one, MLflow) else _wandb(one, about))
            except Exception as error:
                message = f"the callback `{one.entry}` cannot begin: {_line(error)}"
                raise TrainingError(message, "correct its arguments, or take it out") from None
        yield trackers
        how = "finished"
    except KeyboardInterrupt:
        how = "interrupted"
        raise
    finally:
        for tracker in trackers:
            tracker.finish(how)


def _wandb(asked: Tracking, about: About) -> Tracker:
    assert isinstance(asked, WandB)
    return WandBTracker(asked, about)


def _flat(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """`{"a": {"b": 1}}` as `a.b: 1`."""
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _flat(f"{name}.{key}", inner)
    elif isinstance(value, list) and any(isinstance(item, Mapping | list) for item in value):
        for index, inner in enumerate(value):
            yield from _flat(f"{name}.{index}", inner)
    else:
        yield name, value


def _plain(name: str) -> str:
    """A name with the letters that MLflow takes."""
    return re.sub(r"[^\w./ -]", "_", name)[:250]


def _line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]


def _read(folder: RunFolder) -> dict[str, Any]:
    try:
        return dict(read(folder.files.file(TRACKING).read(LARGEST), Tracked))
    except (OSError, Damaged):
        return {}
