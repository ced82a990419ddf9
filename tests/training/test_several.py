"""Networks of several inputs and outputs learn from arrays by their names."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import cnnspec
from cnnspec.data.errors import DataError
from cnnspec.training.fit import train
from cnnspec.training.prepare import prepare
from tests.training.specs import plan, report

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)

SIAMESE = """
name: siamese
inputs: {left: [8, 8, 1], right: [8, 8, 1]}
outputs: {same: head}
blocks:
  tower: {layers: [{conv2d: {filters: 8, kernel_size: 3, activation: relu}}, flatten, {dense: 16}]}
layers:
  - tower: {inputs: left, name: one}
  - share: {entry: one, inputs: right, name: other}
  - subtract: {inputs: [one, other]}
  - dense: {units: 16, activation: relu}
  - dense: {units: 1, activation: sigmoid, name: head}
data:
  source: {npz: {path: pairs.npz, x_train: {left: a, right: b}, y_train: {same: same}}}
  augmentation: [{gaussian_noise: 0.1}]
training: {epochs: 8, optimizer: {adam: 0.01}, seed: 3}
"""

BOTH = """
name: both
inputs: {image: [6, 6, 1], facts: [3]}
layers:
  - flatten: {inputs: image, name: seen}
  - concatenate: [seen, facts]
  - dense: {units: 2, activation: softmax}
data:
  source: {npz: {path: both.npz, x_train: {image: images, facts: facts}, y_train: labels,
                 x_test: {image: test_images, facts: test_facts}, y_test: test_labels}}
  preprocessing: [{rescaling: $(1/255)}]
training: {epochs: 6, optimizer: {adam: 0.05}, seed: 3}
"""

BOXES = """
name: boxes
input: [16, 16, 1]
outputs: {class: kind, box: corners}
layers:
  - conv2d: {filters: 8, kernel_size: 3, activation: relu}
  - conv2d: {filters: 16, kernel_size: 3, strides: 2, activation: relu}
  - flatten: {name: features}
  - dense: {units: 2, activation: softmax, name: kind}
  - dense: {units: 4, inputs: features, name: corners}
data: {source: {npz: {path: boxes.npz, y_train: {class: kind, box: box}}}}
training:
  epochs: 12
  optimizer: {adam: 0.005}
  loss_weights: {box: 5}
  metrics: {class: [accuracy], box: [mean_absolute_error]}
  callbacks: [{model_checkpoint: val_class_accuracy}]
  seed: 3
"""


def pairs(folder: Path, count: int = 300) -> None:
    """Pairs of noisy patterns, half of them of one kind."""
    generator = np.random.default_rng(0)
    patterns = generator.normal(size=(4, 8, 8))
    one = generator.integers(0, 4, count)
    other = np.where(generator.random(count) < 0.4, one, generator.integers(0, 4, count))
    noise = 0.3 * generator.normal(size=(2, count, 8, 8))
    np.savez(folder / "pairs.npz", a=patterns[one] + noise[0], b=patterns[other] + noise[1], same=one == other)


def both(folder: Path, count: int = 300) -> None:
    """Labels that neither the image nor the facts tell alone."""
    generator = np.random.default_rng(0)
    images, facts = generator.uniform(0, 255, (count, 6, 6)), generator.normal(size=(count, 3))
    labels = ((images.mean(axis=(1, 2)) - 127.5) / 15 + facts[:, 0] > 0).astype(int)
    part = {"images": images, "facts": facts, "labels": labels}
    test = {f"test_{name}": array[:40] for name, array in part.items()}
    np.savez(folder / "both.npz", **{name: array[40:] for name, array in part.items()}, **test)


def boxes(folder: Path, count: int = 200) -> None:
    """Squares, full or hollow, with their corners as shares of the image."""
    generator = np.random.default_rng(0)
    x, kind, corners = np.zeros((count, 16, 16)), generator.integers(0, 2, count), np.zeros((count, 4))
    for index in range(count):
        side = generator.integers(4, 9)
        top, left = generator.integers(0, 17 - side, 2)
        x[index, top : top + side, left : left + side] = 1
        if kind[index]:
            x[index, top + 1 : top + side - 1, left + 1 : left + side - 1] = 0
        corners[index] = np.array([top, left, top + side, left + side]) / 16
    np.savez(folder / "boxes.npz", x_train=x, kind=kind, box=corners)


def trained(folder: Path, text: str, *arguments: str) -> tuple[dict[str, Any], list[dict[str, float]]]:
    """What `cnnspec train --json` prints of a spec, and the rows of its history."""
    from cnnspec.cli.train import command

    (folder / "spec.yaml").write_text(text)
    told = CliRunner().invoke(
        command, [str(folder / "spec.yaml"), "--json", "--quiet", "--runs", str(folder / "runs"), *arguments]
    )
    assert told.exit_code == 0, told.output
    form = json.loads(told.stdout)
    with (Path(form["run"]) / "history.csv").open() as file:
        return form, [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]


def test_a_siamese_network_learns(tmp_path: Path) -> None:
    import keras

    pairs(tmp_path)
    form, rows = trained(tmp_path, SIAMESE)
    assert list(rows[0])[1:5] == ["loss", "accuracy", "val_loss", "val_accuracy"]
    assert form["metrics"]["validation"]["accuracy"] > 0.9
    assert rows[-1]["loss"] < rows[0]["loss"] / 2
    best = keras.models.load_model(Path(form["run"]) / "best.keras")
    shown = {name: np.zeros((2, 8, 8, 1), np.float32) for name in ("left", "right")}
    assert list(best(shown)) == ["same"]
    resolved = cnnspec.check(Path(form["run"]) / "spec.yaml")
    assert resolved.ok, str(resolved)


def test_images_and_facts_are_told_together(tmp_path: Path) -> None:
    both(tmp_path)
    form, _ = trained(tmp_path, BOTH)
    assert form["metrics"]["test"]["accuracy"] > 0.8
    ready = prepare(plan(tmp_path, BOTH, directory=tmp_path), 3)
    assert ready.train.x["image"].max() <= 1 < ready.train.x["facts"].max()
    assert ready.train.x["image"].shape[1:] == (6, 6, 1)


def test_classes_and_boxes_are_learned_side_by_side(tmp_path: Path) -> None:
    boxes(tmp_path)
    form, rows = trained(tmp_path, BOXES)
    assert list(rows[0])[1:6] == ["loss", "box_loss", "class_loss", "box_mean_absolute_error", "class_accuracy"]
    validated = form["metrics"]["validation"]
    assert validated["class_accuracy"] > 0.8
    assert validated["box_mean_absolute_error"] < 0.12 < rows[0]["box_mean_absolute_error"]
    assert rows[0]["loss"] == pytest.approx(rows[0]["class_loss"] + 5 * rows[0]["box_loss"], rel=0.05)
    assert form["best_epoch"] == max(rows, key=lambda row: (row["val_class_accuracy"], -row["epoch"]))["epoch"]


def test_the_built_model_trains_in_keras(tmp_path: Path) -> None:
    model = cnnspec.build(BOXES)
    model.compile("adam", loss={"class": "sparse_categorical_crossentropy", "box": "mean_squared_error"})
    x, y = np.zeros((4, 16, 16, 1)), {"class": np.zeros(4), "box": np.zeros((4, 4))}
    first = model.train_on_batch(x, y, return_dict=True)["loss"]
    for _ in range(20):
        last = model.train_on_batch(x, y, return_dict=True)["loss"]
    assert last < first
    model = cnnspec.build(SIAMESE)
    model.compile("adam", loss={"same": "binary_crossentropy"})
    ones = {name: np.ones((4, 8, 8, 1)) for name in ("left", "right")}
    assert np.isfinite(model.train_on_batch(ones, {"same": np.ones((4, 1))}))


def test_a_mapping_says_what_is_done_to_each_input(tmp_path: Path) -> None:
    pairs(tmp_path)
    each = "data.preprocessing={left: [{rescaling: 10}]}"
    ready = prepare(plan(tmp_path, SIAMESE, each, directory=tmp_path), 3)
    plain = prepare(plan(tmp_path, SIAMESE, directory=tmp_path), 3)
    assert np.allclose(ready.train.x["left"], 10 * plain.train.x["left"])
    assert np.array_equal(ready.train.x["right"], plain.train.x["right"])


def test_each_input_is_augmented_on_its_own(tmp_path: Path) -> None:
    from cnnspec.training.compiling import trained as compiled

    pairs(tmp_path)
    chosen = plan(tmp_path, SIAMESE, directory=tmp_path)
    seen: list[Any] = []

    def network(images: Any, training: bool) -> Any:
        seen.append(images)
        return {"same": images["left"]}

    model = compiled(network, chosen, prepare(chosen, 3).train)
    ones = {name: np.ones((2, 8, 8, 1), np.float32) for name in ("left", "right")}
    model(ones, training=True)
    model(ones, training=False)
    left, right = (np.asarray(seen[-2][name]) for name in ("left", "right"))
    assert not np.allclose(left, right)
    assert np.array_equal(seen[-1]["left"], ones["left"])


def test_two_inputs_are_given_back(tmp_path: Path) -> None:
    text = """
name: twins
inputs: {left: [4, 4, 1], right: [4, 4, 1]}
outputs: {left: one, right: other}
layers:
  - conv2d: {filters: 1, kernel_size: 1, inputs: left, name: one}
  - conv2d: {filters: 1, kernel_size: 1, inputs: right, name: other}
data: {source: {npz: {path: x.npz, x_train: {left: a, right: b}, y_train: y}}, targets: inputs}
training: {epochs: 1, seed: 1}
"""
    generator = np.random.default_rng(0)
    np.savez(tmp_path / "x.npz", a=generator.random((40, 4, 4)), b=generator.random((40, 4, 4)), y=np.zeros(40))
    ready = prepare(plan(tmp_path, text, directory=tmp_path), 1)
    assert ready.train.y["left"] is ready.train.x["left"]
    assert ready.train.y["right"] is ready.train.x["right"]
    done = train(plan(tmp_path / "runs", text, directory=tmp_path), quiet=True)
    assert set(done.metrics["train"]) == {"loss", "left_loss", "right_loss"}


def test_sequences_enter_as_they_are(tmp_path: Path) -> None:
    text = """
name: sequences
input: [20, 3]
layers: [{conv1d: {filters: 4, kernel_size: 3}}, flatten, {dense: {units: 2, activation: softmax}}]
data: {source: {npz: x.npz}}
"""
    np.savez(tmp_path / "x.npz", x_train=np.zeros((10, 20, 3)), y_train=np.arange(10) % 2)
    assert prepare(plan(tmp_path, text, directory=tmp_path), 1).train.inputs.shape[1:] == (20, 3)


FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"a": np.zeros((30, 8, 8)), "b": np.zeros((20, 8, 8))}, "30 images of `left`, but 20 images of `right`"),
    ({"a": np.zeros((30, 8, 8)), "b": np.zeros((30, 9, 9))}, "the data gives 9×9×1, input `right` takes 8×8×1"),
    ({"a": np.zeros((30, 8, 8))}, "has no array `b`"),
    ({"a": np.zeros((30, 8, 8)), "b": np.full((30, 8, 8), np.nan)}, "images[0] of `right` holds NaN"),
    ({"a": np.zeros((30, 8, 8)), "b": np.zeros((30, 8, 8)), "same": np.arange(30)},
     "the network gives one value, npz for `same` has 30 classes"),
]  # fmt: skip


@pytest.mark.parametrize(("arrays", "words"), FAULTS, ids=[words[:30] for _, words in FAULTS])
def test_arrays_that_do_not_fit(arrays: dict[str, Any], words: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "pairs.npz", **{"same": np.arange(30) % 2, **arrays})
    with pytest.raises(DataError) as caught:
        prepare(plan(tmp_path, SIAMESE, directory=tmp_path), 1)
    assert words in caught.value.message


def test_nothing_is_said_of_what_can_be_trained(tmp_path: Path) -> None:
    for make, text in ((pairs, SIAMESE), (both, BOTH), (boxes, BOXES)):
        make(tmp_path)
        checked = report(text, directory=tmp_path)
        assert not checked.diagnostics, str(checked)
