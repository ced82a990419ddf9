"""Runs that are stopped anywhere, found damaged, and gone on with: to the bit what they would have been."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cnnspec
from cnnspec.training import checkpoints, watch
from cnnspec.training.errors import Interrupted, TrainingError
from cnnspec.training.fit import train
from cnnspec.training.folder_files import Folder
from cnnspec.training.plan import Run
from cnnspec.training.run_folder import reopen
from cnnspec.training.runner import Runner
from tests.faults.disks import SHORT
from tests.faults.runs import Left, best_weights, lay_out, left, rows
from tests.training.specs import plan

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"),
]

STEADY = SHORT.replace("{cosine_decay: 0.01}", "0.01")


def run(folder: Path, *overrides: str, text: str = SHORT, resume: Path | None = None) -> tuple[Run, str]:
    said = io.StringIO()
    return train(plan(folder / "runs", text, *overrides, directory=folder), stream=said, resume=resume), said.getvalue()


@dataclass(frozen=True)
class Example:
    """Data, the run that nobody stopped, and one that was stopped in its second epoch."""

    folder: Path
    whole: Path
    left: Left
    stopped: Path

    def copy(self, to: Path, finished: bool = False) -> Path:
        """A run of its own to damage."""
        return Path(shutil.copytree(self.whole if finished else self.stopped, to / "run"))


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Example:
    folder = tmp_path_factory.mktemp("runs")
    lay_out(folder, SHORT)
    whole = run(folder)[0].folder
    with pytest.MonkeyPatch.context() as patch:
        stop_in(patch, watch.Show, "on_train_batch_end", 19)
        with pytest.raises(Interrupted) as caught:
            run(folder)
    return Example(folder, whole, left(whole), caught.value.folder)


def stop_in(patch: pytest.MonkeyPatch, kind: Any, name: str, number: int) -> None:
    """Have Ctrl-C come when something is called for the `number`th time."""
    genuine, calls = getattr(kind, name), [0]

    def stop(*arguments: Any, **options: Any) -> Any:
        calls[0] += 1
        if calls[0] == number:
            signal.raise_signal(signal.SIGINT)
        return genuine(*arguments, **options)

    patch.setattr(kind, name, stop)


PLACES: dict[str, tuple[Any, str, int]] = {
    "the first step": (watch.Show, "on_train_batch_end", 1),
    "the last step of an epoch": (watch.Show, "on_train_batch_end", 26),
    "validation": (watch.Averaged, "on_test_begin", 2),
    "the end of an epoch": (watch.History, "on_epoch_end", 2),
    "between two epochs": (watch.Show, "on_epoch_begin", 3),
    "a save": (checkpoints, "_members", 3),
    "the save of the best model": (watch.KeepBest, "_keep", 1),
    "the final test": (Runner, "_tested", 1),
}


@pytest.mark.parametrize("place", PLACES)
def test_stopped_and_gone_on_with(place: str, example: Example, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        stop_in(patch, *PLACES[place])
        with pytest.raises(Interrupted) as caught:
            run(example.folder)
    folder = caught.value.folder
    at = checkpoints.newest(Folder.at(folder), pytest.fail)
    assert at is not None
    if place == "validation":
        assert (at[1].facts["position"]["step"], list(at[1].facts["position"]["logs"])) == (13, ["accuracy", "loss"])
    _, said = run(example.folder, resume=folder)
    assert "nothing is left" in said or "resumed in epoch" in said or "training ended" in said, said
    assert example.left.differences(left(folder)) == []


def test_a_run_that_ended_tells_its_result_again(example: Example, tmp_path: Path) -> None:
    folder = example.copy(tmp_path, finished=True)
    again, said = run(example.folder, resume=folder)
    assert example.left.differences(left(folder)) == []
    assert "training ended with epoch 3" in said
    assert (again.epochs, again.metrics["test"]) == (3, example.left.values["metrics"]["test"])
    first = json.loads((example.whole / "result.json").read_text())
    assert again.to_json()["images_per_second"] == first["images_per_second"] > 0
    assert again.seconds > 0.9 * first["seconds"]


def test_a_run_is_named_by_the_folder_above_it_too(example: Example, tmp_path: Path) -> None:
    for number in (2, 10):
        shutil.copytree(example.stopped, tmp_path / "net" / str(number))
    shutil.copy(example.folder / "data.npz", tmp_path)
    gone_on = cnnspec.train(resume=tmp_path / "net", quiet=True)
    assert gone_on.folder == tmp_path / "net" / "10"
    assert example.left.differences(left(gone_on.folder)) == []
    with pytest.raises(TrainingError, match="holds no spec") as caught:
        cnnspec.train(resume=tmp_path)
    assert str(tmp_path / "net") in str(caught.value.help)
    with pytest.raises(TrainingError, match="is not there"):
        cnnspec.train(resume=tmp_path / "other")
    with pytest.raises(TypeError, match="needs a spec"):
        cnnspec.train()


def test_more_epochs_and_fewer(example: Example) -> None:
    whole = left(run(example.folder, text=STEADY)[0].folder)
    first = run(example.folder, "training.epochs=2", text=STEADY)[0]
    run(example.folder, text=STEADY, resume=first.folder)
    assert whole.differences(left(first.folder)) == []
    with pytest.raises(TrainingError, match="the run is in epoch 3 already, and now it shall have 1"):
        run(example.folder, "training.epochs=1", text=STEADY, resume=first.folder)
    assert "epochs: 3" in (first.folder / "spec.yaml").read_text()


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("training.batch_size=16", r"the spec is not that of .*\n  training\.batch_size: `32` then, `16` now"),
        ("training.seed=8", r"training\.seed: `7` then, `8` now"),
        ("training.epochs=4", "a schedule over all of the 3 epochs, and now there are 4"),
        ("data.validation_split=0.3", r"data\.validation_split: `0\.2` then, `0\.3` now"),
    ],
)
def test_what_may_not_change(override: str, words: str, example: Example) -> None:
    with pytest.raises(TrainingError, match=words):
        run(example.folder, override, resume=example.stopped)


def test_what_may_change(example: Example, tmp_path: Path) -> None:
    folder = example.copy(tmp_path)
    run(example.folder, "training.checkpoint=1 epoch", "name=other", resume=folder)
    assert [row["epoch"] for row in rows(folder)] == ["1", "2", "3"]


def test_another_backend_and_other_data(example: Example, tmp_path: Path) -> None:
    asked = plan(example.folder, SHORT, directory=example.folder)
    own = os.environ["KERAS_BACKEND"]
    other = "jax" if own != "jax" else "torch"
    with pytest.raises(TrainingError, match=f"runs on {own}, not on {other}"):
        train(asked, backend=other, quiet=True, resume=example.stopped)
    with np.load(example.folder / "data.npz") as held:
        parts = dict(held)
    try:
        parts["x_train"][3] += 1
        np.savez(example.folder / "data.npz", **parts)
        with pytest.raises(TrainingError, match=r"the data changed since this run began: .*images.*as before, but"):
            run(example.folder, resume=example.stopped)
    finally:
        lay_out(example.folder, SHORT)


def test_two_cannot_go_on_with_the_same_run(example: Example, tmp_path: Path) -> None:
    folder = example.copy(tmp_path)
    (folder / ".lock").write_text("1234567\n")  # of a process that was killed
    held = reopen(folder)
    with pytest.raises(TrainingError, match=r"a run is in .* now"):
        run(example.folder, resume=folder)
    held.close()
    reopen(folder).close()


def garble(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20] + b"\x00garbled")


DAMAGED = ["history.csv", "environment.json", "spec.yaml", "best.keras"]


@pytest.mark.parametrize("damage", [garble, Path.unlink], ids=["damaged", "missing"])
@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_file(name: str, damage: Callable[[Path], None], example: Example, tmp_path: Path) -> None:
    folder = example.copy(tmp_path)
    damage(folder / name)
    if name == "spec.yaml" and damage is Path.unlink:
        with pytest.raises(TrainingError, match=r"is no folder of a run: it holds no spec\.yaml"):
            run(example.folder, resume=folder)
        return
    _, said = run(example.folder, resume=folder)
    found = left(folder)
    if name == "best.keras":
        assert f"warning: best.keras is {'damaged' if damage is garble else 'missing'}: the weights of epoch 1" in said
        assert [row["epoch"] for row in rows(folder)] == ["1", "2", "3"]
        assert found.values["best"] in (2, 3)
        return
    assert ("warning: " in said) == (name == "environment.json")
    assert example.left.differences(found) == []
    assert json.loads((folder / "environment.json").read_text())["seed"] == 7


def test_best_weights_that_are_lost_when_all_is_trained(example: Example, tmp_path: Path) -> None:
    folder = example.copy(tmp_path, finished=True)
    (folder / "best.keras").unlink()
    done, said = run(example.folder, resume=folder)
    assert "are lost; those of the last epoch, 3, take their place" in said
    assert done.best_epoch == 3
    assert all(np.isfinite(array).all() for array in best_weights(folder).values())


def test_a_damaged_checkpoint_and_then_all_of_them(example: Example, tmp_path: Path) -> None:
    folder = example.copy(tmp_path)
    before, newest = sorted((folder / "checkpoints").iterdir())
    garble(newest)
    _, said = run(example.folder, resume=folder)
    assert f"warning: {newest.name} is damaged; {before.name} is taken instead" in said
    assert example.left.differences(left(folder)) == []
    for path in (folder / "checkpoints").iterdir():
        garble(path)
    with pytest.raises(TrainingError, match=r"no checkpoint in .* is whole: 000000039\.npz is damaged, "):
        run(example.folder, resume=folder)


def test_checkpoints_that_are_taken_away_meanwhile(example: Example, monkeypatch: pytest.MonkeyPatch) -> None:
    genuine = watch.Show.on_epoch_begin

    def remove(self: Any, epoch: int, logs: Any = None) -> None:
        for path in (example.folder / "runs" / "net").glob("*/checkpoints"):
            if path.parent not in (example.whole, example.stopped):
                shutil.rmtree(path)
        genuine(self, epoch, logs)

    monkeypatch.setattr(watch.Show, "on_epoch_begin", remove)
    assert example.left.differences(left(run(example.folder)[0].folder)) == []


@pytest.mark.parametrize("split", ["0.2", "null"])
def test_weights_that_are_no_numbers_are_never_kept(split: str, example: Example) -> None:
    steps = 13 if split == "0.2" else 16
    bend = f"{{piecewise_constant_decay: {{boundaries: [{2 * steps - 2}], values: [0.01, 1.0e+38]}}}}"
    overrides = (
        f"training.optimizer={{sgd: {{learning_rate: {bend}}}}}", f"data.validation_split={split}",
        "training.callbacks=[]",
    )  # fmt: skip
    with pytest.raises(TrainingError, match=r"became (NaN or infinite|NaN|infinite) in epoch [23], by step \d+"):
        run(example.folder, *overrides)
    folder = max((example.folder / "runs" / "net").iterdir(), key=lambda path: int(path.name))
    assert all(np.isfinite(array).all() for array in best_weights(folder).values())
    at = checkpoints.newest(Folder.at(folder), pytest.fail)
    assert at is not None
    assert all(np.isfinite(array).all() for name, array in at[1].arrays.items() if not name.startswith("metrics"))
    with pytest.raises(TrainingError, match="became"):
        run(example.folder, *overrides, resume=folder)


def test_a_phase_goes_on_with_the_weights_that_it_began_with(example: Example, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed when the second phase has a best model of its own, and no checkpoint but that of its beginning."""
    text = STEADY.replace("epochs: 3", "phases: [{epochs: 2}, {epochs: 2, optimizer: {adam: 0.001}}]")
    text = text.replace("4 steps", "100 epochs")
    whole = left(run(example.folder, text=text)[0].folder)
    genuine = watch.Show.on_epoch_end

    def die(self: Any, epoch: int, logs: Any = None) -> None:
        if epoch == 2:
            raise SystemExit
        genuine(self, epoch, logs)

    with monkeypatch.context() as patch:
        patch.setattr(watch.Show, "on_epoch_end", die)
        with pytest.raises(SystemExit):
            run(example.folder, text=text)
    folder = max((example.folder / "runs" / "net").iterdir(), key=lambda path: int(path.name))
    run(example.folder, text=text, resume=folder)
    assert whole.differences(left(folder)) == []
