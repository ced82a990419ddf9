"""Training for real, on small things."""

from __future__ import annotations

import csv
import io
import json
import math
import re
import resource
import signal
import zipfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any

import numpy as np
import pytest

from cnnspec.data.errors import DataError
from cnnspec.training.errors import Interrupted, TrainingError
from cnnspec.training.fit import rehearse, train
from cnnspec.training.folder_files import Folder
from cnnspec.training.plan import Plan, Run
from cnnspec.training.run_folder import in_use
from tests.training.specs import AUTOENCODER, SMALL, plan

# Keras's variables do not take the keyword that NumPy 2 passes while they are saved.
pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)


def run(tmp_path: Path, *overrides: str, text: str = SMALL, **options: Any) -> Run:
    return train(plan(tmp_path / "runs", text, *overrides), quiet=True, **options)


def history(folder: Path) -> list[dict[str, float]]:
    with (folder / "history.csv").open() as file:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]


def weights(folder: Path) -> list[Any]:
    import keras

    return keras.models.load_model(folder / "best.keras").get_weights()


def prepared(plan: Plan) -> Any:
    from cnnspec.training.prepare import prepare

    return prepare(plan, plan.training.seed or 0)


def test_a_run_and_what_it_leaves(tmp_path: Path) -> None:
    done = run(tmp_path, "training.epochs=4")
    assert done.folder == tmp_path / "runs" / "small" / "1"
    assert sorted(path.name for path in done.folder.iterdir()) == [
        "best.keras", "checkpoints", "environment.json", "history.csv", "log.txt", "result.json", "spec.yaml",
    ]  # fmt: skip
    assert not in_use(done.folder)
    rows = history(done.folder)
    assert [row["epoch"] for row in rows] == [1, 2, 3, 4]
    assert list(rows[0]) == ["epoch", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds"]
    best = min(rows, key=lambda row: row["val_loss"])
    assert done.best_epoch == best["epoch"]
    assert done.metrics["train"] == pytest.approx({"loss": best["loss"], "accuracy": best["accuracy"]})
    assert done.metrics["validation"] == pytest.approx({"loss": best["val_loss"], "accuracy": best["val_accuracy"]})
    assert done.metrics["test"]["accuracy"] > 0.5
    environment = json.loads((done.folder / "environment.json").read_text())
    assert (environment["seed"], environment["backend"], environment["precision"]) == (7, "tensorflow", "float32")
    assert len((done.folder / "log.txt").read_text().splitlines()) == 12


def test_the_json_form(tmp_path: Path) -> None:
    form = json.loads(json.dumps(run(tmp_path, "training.epochs=1").to_json()))
    assert list(form) == ["run", "epochs", "best_epoch", "metrics", "seconds", "images_per_second", "backend", "device"]
    assert list(form["metrics"]) == ["train", "validation", "test"]
    assert all(list(values) == ["loss", "accuracy"] for values in form["metrics"].values())
    assert re.fullmatch(r"CPU \(\d+ cores?\)", form["device"])


def test_the_best_model_reloads_and_scores_the_same(tmp_path: Path) -> None:
    import keras

    done = run(tmp_path, "data.augmentation=[{random_translation: {height_factor: 0.1, width_factor: 0.1}}]")
    model = keras.models.load_model(done.folder / "best.keras")
    assert [layer.name for layer in model.layers][1:] == [node.name for node in plan(tmp_path).graph.nodes]
    test = prepared(plan(tmp_path)).test
    scores = model.predict(test.inputs, verbose=0)
    assert np.mean(scores.argmax(axis=1) == test.targets) == pytest.approx(done.metrics["test"]["accuracy"], abs=1e-6)
    likelihood = -np.log(scores[np.arange(len(test)), test.targets]).mean()
    assert likelihood == pytest.approx(done.metrics["test"]["loss"], rel=1e-4)


def test_the_same_seed_gives_the_same_weights(tmp_path: Path) -> None:
    augmented = "data.augmentation=[{random_rotation: 0.05}]"
    first, again, other = (run(tmp_path, augmented, f"training.seed={seed}") for seed in (3, 3, 4))
    assert [path.name for path in sorted((tmp_path / "runs" / "small").iterdir())] == ["1", "2", "3"]
    assert all(np.array_equal(a, b) for a, b in zip(weights(first.folder), weights(again.folder), strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(weights(first.folder), weights(other.folder), strict=True))
    assert dict(first.metrics["test"]) == dict(again.metrics["test"])


def test_a_seed_is_drawn_and_recorded(tmp_path: Path) -> None:
    folders = [run(tmp_path, "training.epochs=1", "training.seed=null").folder for _ in range(2)]
    seeds = [json.loads((folder / "environment.json").read_text())["seed"] for folder in folders]
    assert seeds[0] != seeds[1]


@pytest.mark.parametrize("backend", ["tensorflow", "other"])
def test_every_epoch_sees_every_image_once_in_an_order_of_its_own(
    backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import keras

    from cnnspec.data.splits import order
    from cnnspec.training.batches import Feed, Order
    from cnnspec.training.prepare import Part

    x = np.arange(100, dtype=np.float32).reshape(100, 1, 1, 1)
    y = {"a": np.arange(100), "b": np.arange(100) * 2}
    which = Order(100, 32, seed=5)
    with monkeypatch.context() as patch:
        if backend == "other":
            patch.setattr(keras.backend, "backend", lambda: "other")
        fed = Feed(Part({"": x}, y), which).batches()
    seen: list[list[int]] = []
    for epoch in (0, 1, 2, 1):
        which.turn_to(epoch)
        parts = [
            (np.asarray(images), labels)
            for images, labels in (fed if backend == "tensorflow" else map(fed.__getitem__, range(4)))
        ]
        assert [len(images) for images, _ in parts] == [32, 32, 32, 4]
        seen.append([int(value) for images, _ in parts for value in images.ravel()])
        assert seen[-1] == [int(value) for _, labels in parts for value in np.asarray(labels["a"])]
        assert seen[-1] == [int(value) // 2 for _, labels in parts for value in np.asarray(labels["b"])]
    assert len(fed) == 4
    assert seen == [order(5, epoch, 100).tolist() for epoch in (0, 1, 2, 1)]


def test_training_moves_to_the_next_order_each_epoch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from cnnspec.training import batches, compiling

    seen: list[int] = []
    genuine = compiling.Trained.call

    def noted(self: Any, images: Any, training: bool | None = None) -> Any:
        import tensorflow as tf

        if training:
            tf.py_function(lambda batch: seen.extend(batch.numpy()[:, 0, 0, 0].astype(int)), [images], [])
        return genuine(self, images, training)

    monkeypatch.setattr(compiling.Trained, "call", noted)
    np.savez(tmp_path / "a.npz", x_train=np.arange(20.0).reshape(20, 1, 1, 1), y_train=np.arange(20) % 2)
    done = train(plan(tmp_path / "runs", NUMBERED, directory=tmp_path), quiet=True)
    expected = [batches.order(7, epoch, 20).tolist() for epoch in range(done.epochs)]
    assert [seen[start : start + 20] for start in range(0, len(seen), 20)] == expected
    assert len({tuple(epoch) for epoch in expected}) == 3


NUMBERED = """
name: numbered
input: [1, 1, 1]
layers: [flatten, {dense: {units: 2, activation: softmax}}]
data: {source: {npz: a.npz}, validation_split: null}
training: {epochs: 3, batch_size: 6, seed: 7}
"""


def test_validation_images_are_apart_and_in_proportion(tmp_path: Path) -> None:
    ready = prepared(plan(tmp_path, SMALL, "data.validation_split=0.2"))
    assert (len(ready.train), len(ready.validation), len(ready.test)) == (1150, 288, 359)
    shares = np.bincount(ready.validation.targets) / np.bincount(
        np.concatenate([ready.train.targets, ready.validation.targets])
    )
    assert shares == pytest.approx(np.full(10, 0.2), abs=0.005)
    assert ready.train.inputs.dtype == np.float32
    assert (ready.train.inputs.min(), ready.train.inputs.max()) == (0.0, 1.0)


def test_a_learning_rate_that_is_too_high(tmp_path: Path) -> None:
    with pytest.raises(TrainingError) as caught:
        run(
            tmp_path,
            "training.optimizer={sgd: 1e30}",
            "layers=[flatten, {dense: {units: 32, activation: relu}}, {dense: 10}]",
        )
    assert re.match(r"the loss became (NaN|infinite) in epoch 1, by step \d+$", caught.value.message)
    folder = tmp_path / "runs" / "small" / "1"
    assert not (folder / "best.keras").exists()
    assert "error: the loss became" in (folder / "log.txt").read_text()
    assert not in_use(folder)


def test_what_was_good_before_the_loss_was_lost_stays(tmp_path: Path) -> None:
    schedule = "{piecewise_constant_decay: {boundaries: [60], values: [0.01, 1e30]}}"
    with pytest.raises(TrainingError, match=r"in epoch [34]"):
        run(tmp_path, f"training.optimizer={{sgd: {{learning_rate: {schedule}}}}}", "training.epochs=6")
    folder = tmp_path / "runs" / "small" / "1"
    assert all(np.isfinite(array).all() for array in weights(folder))
    assert len(history(folder)) >= 2


PLAIN = SimpleNamespace(optimizer=SimpleNamespace(use_ema=False))


def test_nan_is_never_best(monkeypatch: pytest.MonkeyPatch) -> None:
    from keras.src.saving import saving_lib

    from cnnspec.training.watch import KeepBest

    class Model:
        weights: tuple[Any, ...] = ()

    monkeypatch.setattr(saving_lib, "save_model", lambda model, file: file.write(str(model).encode()))

    def kept(mode: str, values: list[float], folder: Path) -> int | None:
        best = KeepBest(Model(), Folder.at(folder).file("best.keras"), "val_x", mode)
        best.set_model(PLAIN)
        for epoch, value in enumerate(values):
            best.on_epoch_end(epoch, {"val_x": value})
        return best.epoch

    import tempfile

    with tempfile.TemporaryDirectory() as name:
        nan, inf = math.nan, math.inf
        assert kept("min", [nan, 3, nan, 2, 4, nan], Path(name)) == 4
        assert kept("max", [nan, 3, nan, 2, inf, 5], Path(name)) == 6
        assert [path.name for path in Path(name).iterdir()] == ["best.keras"]
        assert kept("min", [nan, nan], Path(name)) is None


def test_a_save_that_fails_leaves_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from keras.src.saving import saving_lib

    from cnnspec.training.watch import KeepBest

    class Model:
        weights: tuple[Any, ...] = ()

    def half(model: Model, file: IO[bytes]) -> None:
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(saving_lib, "save_model", half)
    (tmp_path / "best.keras").write_text("good")
    best = KeepBest(Model(), Folder.at(tmp_path).file("best.keras"), "loss", "min")
    best.set_model(PLAIN)
    with pytest.raises(TrainingError, match=r"cannot write .*best\.keras: no space left on device"):
        best.on_epoch_end(0, {"loss": 1.0})
    assert [path.name for path in tmp_path.iterdir()] == ["best.keras"]
    assert (tmp_path / "best.keras").read_text() == "good"


def test_early_stopping_ends_training_and_the_best_epoch_is_what_is_tested(tmp_path: Path) -> None:
    stopping = "training.callbacks=[{early_stopping: {monitor: val_accuracy, patience: 1, restore_best_weights: true}}]"
    done = run(tmp_path, "training.epochs=30", "training.optimizer={adam: 0.05}", stopping)
    rows = history(done.folder)
    assert done.epochs == len(rows) < 30
    assert rows[-1]["val_accuracy"] <= rows[-2]["val_accuracy"]
    assert done.best_epoch == max(rows, key=lambda row: row["val_accuracy"])["epoch"]


def test_model_checkpoint_says_what_is_best(tmp_path: Path) -> None:
    done = run(tmp_path, "training.epochs=4", "training.callbacks=[{model_checkpoint: {monitor: val_loss, mode: max}}]")
    assert done.best_epoch == max(history(done.folder), key=lambda row: row["val_loss"])["epoch"]


@pytest.mark.parametrize(
    "overrides",
    [
        ("training.optimizer={adam: {use_ema: true, ema_momentum: 0.8}}", "training.epochs=4"),
        ("training.callbacks=[{reduce_lr_on_plateau: {patience: 1, monitor: val_accuracy}}]",),
        ("training.loss=categorical_crossentropy", "training.metrics=[accuracy, {f1_score: macro}, auc]",
         "training.callbacks=[{early_stopping: val_f1_score}]"),
        ("training.precision=mixed_bfloat16",),
        ("training.optimizer={sgd: {learning_rate: 0.1, momentum: 0.9, global_clipnorm: 1.0}}",),
        ("training.loss=mean_squared_error", "training.metrics=[mean_absolute_error]"),
        ("layers=[flatten, {dense: {units: 10, activation: sigmoid}}]",),
        ("layers=[flatten, {dense: 10}]",),
        ("data.validation_split=null",),
        ("data.augmentation=[{zero_padding2d: 2}, {random_crop: {height: 8, width: 8}}]",),
        ("training.batch_size=5000",),
    ],
    ids=lambda overrides: overrides[0][:60],
)  # fmt: skip
def test_variations(tmp_path: Path, overrides: tuple[str, ...]) -> None:
    done = run(tmp_path, *overrides)
    assert (done.folder / "best.keras").is_file()
    assert all(math.isfinite(value) for values in done.metrics.values() for value in values.values())
    assert bool(done.metrics["validation"]) == ("data.validation_split=null" not in overrides)


@pytest.mark.parametrize("more", ["", ", gradient_accumulation_steps: 2"])
def test_a_schedule_ends_with_the_run(tmp_path: Path, more: str) -> None:
    done = run(tmp_path, f"training.optimizer={{sgd: {{learning_rate: {{cosine_decay: 0.1}}, momentum: 0.9{more}}}}}")
    rates = [row["learning_rate"] for row in history(done.folder)]
    assert rates == pytest.approx([0.05, 0.0], abs=1e-6)


def test_averaged_weights_are_what_is_validated_and_saved(tmp_path: Path) -> None:
    done = run(tmp_path, "training.optimizer={adam: {use_ema: true, ema_momentum: 0.9}}", "training.epochs=5")
    ready = prepared(plan(tmp_path))
    import keras

    scores = keras.models.load_model(done.folder / "best.keras").predict(ready.validation.inputs, verbose=0)
    accuracy = np.mean(scores.argmax(axis=1) == ready.validation.targets)
    assert accuracy == pytest.approx(done.metrics["validation"]["accuracy"], abs=1e-6)
    assert done.metrics["test"]["accuracy"] > 0.5


def test_mixed_precision_keeps_its_outputs_exact(tmp_path: Path) -> None:
    from cnnspec.training.compiling import network

    model = network(plan(tmp_path), "mixed_bfloat16")
    assert [layer.compute_dtype for layer in model.layers[1:]] == ["bfloat16"] * 3 + ["float32"]
    assert all(weight.dtype == "float32" for weight in model.weights)


def test_an_autoencoder_learns_its_inputs(tmp_path: Path) -> None:
    done = run(tmp_path, "training.epochs=8", text=AUTOENCODER)
    assert list(done.metrics["test"]) == ["loss"]
    assert done.metrics["test"]["loss"] < 0.09
    ready = prepared(plan(tmp_path, AUTOENCODER))
    assert ready.train.targets is ready.train.inputs


def test_several_outputs_learn_the_same_labels(tmp_path: Path) -> None:
    heads = (
        "layers=[flatten, {dense: {units: 10, activation: softmax, name: first}}, {dense: {units: 10, name: second}}]"
    )
    single = plan(tmp_path / "runs", SMALL, heads)
    nodes = [node.name for node in single.graph.nodes]
    both = replace(single, graph=replace(single.graph, outputs={"near": nodes[1], "far": nodes[2]}))
    done = train(both, quiet=True)
    assert list(done.metrics["test"]) == ["loss", "far_loss", "near_loss", "far_accuracy", "near_accuracy"]
    total = done.metrics["test"]["far_loss"] + done.metrics["test"]["near_loss"]
    assert done.metrics["test"]["loss"] == pytest.approx(total, rel=0.05)
    assert "near_accuracy" in history(done.folder)[0]


def test_values_are_learned_from_an_archive(tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(size=(300, 6, 6)).astype(np.float32)
    y = x.mean(axis=(1, 2)) * 10
    np.savez(tmp_path / "sums.npz", x_train=x, y_train=y)
    text = """
name: sums
input: [6, 6, 1]
layers: [flatten, {dense: 1}]
data: {source: {npz: sums.npz}}
training: {epochs: 12, batch_size: 64, optimizer: {adam: 0.2}, seed: 1}
"""
    done = train(plan(tmp_path / "runs", text, directory=tmp_path), quiet=True)
    assert done.metrics["test"] == {}
    assert done.metrics["validation"]["loss"] < 0.1 < y.var()
    assert str(tmp_path / "sums.npz") in (done.folder / "spec.yaml").read_text()


ARCHIVES: list[tuple[dict[str, Any], str, str]] = [
    ({"x": (20, 9, 9), "y": "ints"}, "", "the data gives 9×9×1, the network takes 8×8×1"),
    (
        {"x": (20, 8, 8), "y": "ints"},
        "layers=[flatten, {dense: {units: 3, activation: softmax}}]",
        "the network gives 3 values, npz has 4 classes",
    ),
    (
        {"x": (20, 8, 8), "y": "floats"},
        "training.loss=sparse_categorical_crossentropy",
        "takes class numbers, but the labels of npz are values",
    ),
    ({"x": (20, 8, 8), "y": "pairs"}, "", "the network gives (10), but the labels of npz are 2 values an image"),
    ({"x": (20, 8, 8), "y": "maps"}, "", "the network gives (10), but the labels of npz are masks of 8×8"),
    ({"x": (1, 8, 8), "y": "ints"}, "", "a single image cannot be split"),
    ({}, "", "is not there"),
]


@pytest.mark.parametrize(("arrays", "override", "words"), ARCHIVES, ids=[case[2][:40] for case in ARCHIVES])
def test_data_that_does_not_fit_leaves_no_run_behind(
    tmp_path: Path, arrays: dict[str, Any], override: str, words: str
) -> None:
    if arrays:
        count = arrays["x"][0]
        labels = {
            "ints": np.arange(count) % 4,
            "floats": np.linspace(0, 1, count),
            "pairs": np.full((count, 2), 0.5),
            "maps": np.zeros((count, 8, 8), int),
        }[arrays["y"]]
        np.savez(tmp_path / "a.npz", x_train=np.zeros(arrays["x"]), y_train=labels)
    overrides = ("data.source={npz: a.npz}", *([override] if override else []))
    with pytest.raises(DataError) as caught:
        train(plan(tmp_path / "runs", SMALL, *overrides, directory=tmp_path), quiet=True)
    assert words in caught.value.message
    assert list((tmp_path / "runs" / "small").iterdir()) == []


def test_a_monitor_that_only_the_data_can_tell(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x_train=np.zeros((20, 8, 8)), y_train=np.linspace(0, 1, 20))
    stopping = "training.callbacks=[{early_stopping: val_accuracy}]"
    overrides = ("data.source={npz: a.npz}", "layers=[flatten, {dense: 1}]", stopping)
    with pytest.raises(TrainingError, match="watches `val_accuracy`, which no epoch reports"):
        train(plan(tmp_path / "runs", SMALL, *overrides, directory=tmp_path), quiet=True)


@pytest.mark.parametrize(("package", "name"), [("tensorboard", "TensorBoard"), ("tensorflow", "TensorFlow")])
def test_what_tensorboard_needs_must_be_installed(
    package: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cnnspec.training.fit.find_spec", lambda asked: None if asked == package else object())
    for override in ("training.callbacks=[tensorboard]", "training.phases=[{callbacks: [tensorboard]}, {epochs: 1}]"):
        made = plan(tmp_path / "runs", SMALL, override)
        for begin in (train, rehearse):
            with pytest.raises(TrainingError, match=f"needs {name}, which is not installed"):
                begin(made, quiet=True)
    assert not (tmp_path / "runs").exists()


def test_full_memory_is_no_mistake_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tensorflow as tf

    from cnnspec.training.compiling import Trained

    def full(*_: Any, **__: Any) -> None:
        raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")

    monkeypatch.setattr(Trained, "fit", full)
    with pytest.raises(TrainingError, match="the memory is full"):
        run(tmp_path)


def test_an_archive_that_promises_more_than_the_memory_holds(tmp_path: Path) -> None:
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (1000000, 1000, 1000, 100), }".ljust(117) + b"\n"
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        for name in ("x_train", "y_train"):
            archive.writestr(f"{name}.npy", b"\x93NUMPY\x01\x00\x76\x00" + header)
    with pytest.raises(DataError, match="the memory is too small for the data"):
        train(plan(tmp_path / "runs", SMALL, "data.source={npz: a.npz}", directory=tmp_path), quiet=True)


def test_a_missing_file_is_seen_before_a_framework_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cnnspec.training.device.start", lambda *_: pytest.fail("a framework was started"))
    with pytest.raises(DataError, match="is not there"):
        run(tmp_path, "data.source={npz: nowhere.npz}")


def test_a_row_of_the_history_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "history.csv").write_text("epoch,loss\n1,0.5\n")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20, limits[1]))
    try:
        with pytest.raises(OSError, match=r"No space left|too large"):
            Folder.at(tmp_path).file("history.csv").append(b"2,0.25\n")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    assert (tmp_path / "history.csv").read_text() == "epoch,loss\n1,0.5\n"


def test_json_knows_no_nan(tmp_path: Path) -> None:
    told = Run(tmp_path, 1, 1, {"train": {"loss": math.nan, "auc": math.inf, "recall": 0.5}}, 1.0, 2.0, "jax", "CPU")
    assert told.to_json()["metrics"] == {"train": {"loss": None, "auc": None, "recall": 0.5}}


def test_interrupted_while_it_is_tested(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from cnnspec.training.compiling import Trained

    genuine = Trained.evaluate

    def stop(self: Any, *arguments: Any, **options: Any) -> Any:
        if isinstance(options["callbacks"], list):  # as `_tested` calls it
            signal.raise_signal(signal.SIGTERM)
        return genuine(self, *arguments, **options)

    monkeypatch.setattr(Trained, "evaluate", stop)
    with pytest.raises(Interrupted) as caught:
        run(tmp_path)
    assert (caught.value.epochs, caught.value.best_epoch, caught.value.terminated) == (2, 2, True)
    assert not in_use(caught.value.folder)


def test_steps_are_never_more_than_there_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from cnnspec.training.progress import Lines

    seen: list[int] = []
    monkeypatch.setattr(Lines, "step_ends", lambda self, step, logs: seen.append(step))
    run(tmp_path, "training.batch_size=32", "training.epochs=1")
    assert len(seen) < 41 == max(seen) == seen[-1]


def test_a_folder_that_cannot_be_written_to_fails_before_anything_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cnnspec.data.entries.named import Digits

    monkeypatch.setattr(Digits, "load", lambda *_: pytest.fail("the data was loaded"))
    (tmp_path / "runs").write_text("")
    with pytest.raises(TrainingError, match="cannot write to"):
        run(tmp_path)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_in_an_epoch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals) -> None:
    from cnnspec.training.watch import Show

    genuine = Show.on_epoch_begin

    def stop(self: Any, epoch: int, logs: Any = None) -> None:
        if epoch == 2:
            signal.raise_signal(number)
        genuine(self, epoch, logs)

    monkeypatch.setattr(Show, "on_epoch_begin", stop)
    before = signal.getsignal(number)
    with pytest.raises(Interrupted) as caught:
        run(tmp_path, "training.epochs=5")
    assert signal.getsignal(number) is before
    assert (caught.value.epochs, caught.value.best_epoch, caught.value.terminated) == (2, 2, number == signal.SIGTERM)
    assert len(weights(caught.value.folder)) == 4
    assert not in_use(caught.value.folder)


def test_without_a_terminal_one_line_an_epoch(tmp_path: Path) -> None:
    stream = io.StringIO()
    train(plan(tmp_path, SMALL, "training.epochs=3"), stream=stream)
    lines = stream.getvalue().splitlines()
    assert lines[0].startswith("device: CPU (")
    assert lines[1] == "images: 1,294 training, 144 validation, 359 test"
    assert lines[2] == "images of each class:"
    assert [line.split()[0] for line in lines[4:7]] == ["training", "validation", "test"]
    assert lines[7] == "labels: 10 classes, one per image; loss sparse_categorical_crossentropy, metrics accuracy"
    assert [line[:9] for line in lines[8:]] == ["epoch 1/3", "epoch 2/3", "epoch 3/3"]
    assert not re.search(r"[\x00-\x09\x0b-\x1f]", stream.getvalue())
    assert all(word in lines[8] for word in ("loss ", "accuracy ", "val_loss ", "images/s", "best"))
