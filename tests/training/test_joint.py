"""Training with augmented labels, with weights, and with splits of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from cnnspec.data.columns import Array, Column
from cnnspec.data.errors import DataError
from cnnspec.data.splits import ALL, Dataset, Split
from cnnspec.training.batches import Feed, Order
from cnnspec.training.compiling import compile_model, network, trained
from cnnspec.training.counts import balanced
from cnnspec.training.device import Machine
from cnnspec.training.fit import train
from cnnspec.training.prepare import Prepared, prepare
from cnnspec.training.state import arrays_of, restore
from tests.training.specs import SMALL, codes, plan, report

MASKS = """
name: masks
input: [16, 16, 3]
layers:
  - conv2d: {filters: 4, kernel_size: 3, padding: same, activation: relu}
  - conv2d: {filters: 6, kernel_size: 1, activation: softmax}
data:
  source: {shapes: {task: segmentation, count: 60, test_count: 8, image_size: 16}}
  preprocessing: [{rescaling: $(1/255)}]
training: {epochs: 2, batch_size: 16, seed: 7}
"""
MACHINE = Machine(keras.backend.backend(), "", "CPU")
MOVING = "data.augmentation=[{random_flip: horizontal}, {random_rotation: 0.1}, {cut_mix: 1.0}]"


@pytest.fixture
def loading(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Has the source of digits give another data set."""

    def give(data: Dataset) -> None:
        monkeypatch.setattr("cnnspec.data.entries.named.Digits.load", lambda *asked: data)
        monkeypatch.setattr("cnnspec.data.entries.named.Digits.brings", lambda *asked: None)
        monkeypatch.setattr("cnnspec.data.entries.named.Digits.class_names", None)

    return give


def digits(length: int = 60, **more: Any) -> Split:
    images = np.random.default_rng(0).random((length, 8, 8, 1)).astype("float32") * 16
    return Split({ALL: images}, {ALL: np.arange(length) % 10}, **more)


class Lazy:
    """A column that is not in memory."""

    def __init__(self, array: Array) -> None:
        self.array, self.shape, self.dtype = array, array.shape, array.dtype

    def __len__(self) -> int:
        return len(self.array)

    def __getitem__(self, indices: Any) -> Array:
        return self.array[indices]

    def fingerprint(self) -> str:
        return "lazy"


def ready(tmp_path: Path, text: str, *overrides: str) -> tuple[Any, Prepared]:
    made = plan(tmp_path, text, *overrides)
    return made, prepare(made, 7)


def model_of(made: Any, data: Prepared) -> Any:
    keras.utils.set_random_seed(7)
    model = trained(network(made, "float32"), made, data.train)
    compile_model(model, data.objectives, made, MACHINE, 4)
    return model


def weights_of(model: Any) -> list[Array]:
    return [np.array(weight) for weight in model.network.get_weights()]


def test_the_usual_splits(tmp_path: Path, loading: Any) -> None:
    loading(Dataset(digits(100), None, {ALL: 10}))
    _, data = ready(tmp_path, SMALL, "data.test_split=0.2", "data.validation_split=0.1")
    assert data.test is not None
    assert data.validation is not None
    assert (len(data.train), len(data.validation), len(data.test)) == (70, 10, 20)
    assert data.counted[0] == "images of each class:"
    assert data.notes == ()


@pytest.mark.parametrize(
    ("data", "override", "words"),
    [
        (Dataset(digits(), digits(10), {ALL: 10}), "data.test_split=0.2", "10 images to test with"),
        (Dataset(digits(), None, {ALL: 10}, digits(9)), "data.validation_split=0.1", "9 images to validate with"),
        (Dataset(digits(), None, {ALL: 10}), "data.split_by=group", "no groups"),
        (
            Dataset(digits(), None, {ALL: 10}, names=tuple("abcdefghij")),
            "data.class_weights={k: 2}",
            "class is called `k`",
        ),
    ],
)
def test_splits_that_cannot_be(tmp_path: Path, loading: Any, data: Dataset, override: str, words: str) -> None:
    loading(data)
    with pytest.raises(DataError, match=words):
        ready(tmp_path, SMALL, override)


def test_a_given_validation_split_stays_and_groups_are_kept_together(tmp_path: Path, loading: Any) -> None:
    loading(Dataset(digits(), None, {ALL: 10}, digits(9)))
    _, data = ready(tmp_path, SMALL)
    assert data.validation is not None
    assert (len(data.train), len(data.validation)) == (60, 9)
    assert data.notes == ("no validation image is of the class `9`",)
    loading(Dataset(digits(groups=np.arange(60) // 6), None, {ALL: 10}))
    _, data = ready(tmp_path, SMALL, "data.validation_split=0.2")
    assert data.validation is not None
    assert (len(data.train), len(data.validation)) == (48, 12)


def test_values_that_may_be_places_are_told_of(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    np.savez(tmp_path / "a.npz", x_train=generator.random((20, 8, 8, 1)), y_train=generator.random((20, 4)))
    text = SMALL.replace("units: 10, activation: softmax", "units: 4").replace("source: digits", "source: {npz: a.npz}")

    def notes(augmentation: str) -> int:
        overrides = f"data.augmentation=[{augmentation}]", "training.metrics=[]"
        found = prepare(plan(tmp_path, text, *overrides, directory=tmp_path), 7).notes
        return sum("values an image" in note for note in found)

    found = [notes(each) for each in ("{random_flip: horizontal}", "{mix_up: 0.2}", "{random_invert: 0.1}")]
    assert found == [1, 0, 0]
    boxes = "data.augmentation=[{random_flip: horizontal}]", "training.metrics=[box_iou]"
    assert codes(report(text, *boxes, directory=tmp_path)) == [("error", "augmentation-labels")]


def test_balanced_weights_are_those_of_the_formula() -> None:
    labels = np.array([0] * 6 + [1] * 2 + [3] * 4)
    assert balanced(labels, 5).tolist() == pytest.approx([12 / 18, 12 / 6, 1, 12 / 12, 1])
    masks = np.array([[[0, 0], [1, 255]], [[0, 1], [255, 255]]])
    assert balanced(Lazy(masks), 2, 255).tolist() == pytest.approx([5 / 6, 5 / 4])
    assert balanced(masks, 2, 0).tolist() == [1, 1]


@pytest.mark.parametrize("loss", ["sparse_categorical_crossentropy", "categorical_crossentropy"])
def test_weights_multiply_and_leave_validation_alone(tmp_path: Path, loading: Any, loss: str) -> None:
    """A batch of two images: its loss is the mean of both, each times the weight of its class and its own."""
    weights = np.array([1.0, 0.5] * 30, "float32")
    loading(Dataset(digits(weights=weights), digits(10), {ALL: 10}))
    made, data = ready(
        tmp_path, SMALL, "data.validation_split=0", "data.class_weights={1: 4, 0: 3}", f"training.loss={loss}"
    )
    model = model_of(made, data)
    x, y, w = data.train.batch(np.array([0, 1]))
    told = keras.ops.stop_gradient(model(x, training=False))
    plain = float(model.compute_loss(x, y, told, None, training=False))
    single = [
        float(model.compute_loss(x[i : i + 1], y[i : i + 1], told[i : i + 1], None, training=False)) for i in (0, 1)
    ]
    assert plain == pytest.approx(np.mean(single), rel=1e-5)
    weighed = float(model.compute_loss(x, y, told, w, training=True))
    assert weighed == pytest.approx((3 * 1.0 * single[0] + 4 * 0.5 * single[1]) / 2, rel=1e-5)
    assert data.test is not None
    assert len(data.test.batch(np.array([0]))) == 2


def test_pixels_weigh_what_their_class_does(tmp_path: Path) -> None:
    made, data = ready(tmp_path, MASKS, "data.class_weights={background: 0, circle: 2}")
    model = model_of(made, data)
    x, y = data.train.batch(np.arange(4))
    told = model(x, training=False)
    each = keras.ops.convert_to_numpy(keras.losses.sparse_categorical_crossentropy(y, told))
    expected = (each * np.array([0, 2, 1, 1, 1, 1])[y]).mean()
    assert float(model.compute_loss(x, y, told, None, training=True)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("overrides", "form"),
    [(("data.augmentation=[{mix_up: 0.2}]",), "one_hot"), (("data.augmentation=[{random_rotation: 0.1}]",), "numbers")],
)
def test_the_loss_follows_the_mixture(tmp_path: Path, overrides: tuple[str, ...], form: str) -> None:
    _, data = ready(tmp_path, SMALL, *overrides)
    assert data.objectives["output"].form == form
    assert data.train.follows == ({"output": "input"} if form == "one_hot" else {})


@pytest.mark.parametrize("text", [SMALL, MASKS], ids=["classes", "masks"])
def test_validation_is_neither_moved_nor_mixed(tmp_path: Path, text: str) -> None:
    made, data = ready(tmp_path, text, MOVING)
    model = model_of(made, data)
    assert data.validation is not None
    feed = Feed(data.validation, Order(len(data.validation), 256))
    again = [model.evaluate(feed.batches(), verbose=0, return_dict=True) for _ in range(2)]
    assert again[0] == again[1]
    x = data.train.batch(np.arange(8))[0]
    (_, first), (_, second) = (model(x, training=True) for _ in range(2))
    assert (keras.ops.convert_to_numpy(first["output"]) != keras.ops.convert_to_numpy(second["output"])).any()


@pytest.mark.slow
@pytest.mark.parametrize("text", [SMALL, MASKS], ids=["classes", "masks"])
def test_two_parts_end_where_the_whole_does(tmp_path: Path, text: str) -> None:
    """The state holds every seed, so that a run that goes on augments as one that was never stopped."""
    still = text.replace("  - dropout: 0.2\n", "")  # on PyTorch, Keras draws dropout from the global generator
    made, data = ready(tmp_path, still, MOVING, "data.class_weights=balanced")

    def epochs(model: Any, first: int, last: int) -> None:
        order = Order(len(data.train), 16, 7)
        for epoch in range(first, last):
            order.turn_to(epoch)
            model.fit(Feed(data.train, order).batches(), epochs=1, verbose=0, shuffle=False)

    whole = model_of(made, data)
    epochs(whole, 0, 3)
    part = model_of(made, data)
    epochs(part, 0, 1)
    state = arrays_of(part)
    rest = model_of(made, data)
    restore(rest, state, "model", "optimizer")
    epochs(rest, 1, 3)
    for one, other in zip(weights_of(whole), weights_of(rest), strict=True):
        assert (one == other).all()


@pytest.mark.slow
def test_images_that_are_read_batch_by_batch_are_augmented_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lazily(split: Split) -> Split:
        x: dict[str, Column] = {name: Lazy(column[:]) for name, column in split.x.items()}
        return Split(x, {name: Lazy(column[:]) for name, column in split.y.items()})

    found = []
    for lazy in (False, True):
        made = plan(tmp_path, MASKS, MOVING)
        given = made.data.source.load(tmp_path, made.graph.inputs)
        if lazy:
            given = Dataset(lazily(given.train), lazily(given.test), given.classes, names=given.names)
            monkeypatch.setattr("cnnspec.data.entries.drawn.Shapes.load", lambda *asked, given=given: given)
        data = prepare(made, 7)
        assert bool(data.train.raw) == lazy
        model = model_of(made, data)
        order = Order(len(data.train), 16, 7)
        model.fit(Feed(data.train, order).batches(), epochs=1, verbose=0, shuffle=False)
        found.append(weights_of(model))
    for one, other in zip(*found, strict=True):
        assert one == pytest.approx(other, abs=1e-6)


def test_an_autoencoder_learns_the_moved_images(tmp_path: Path) -> None:
    text = MASKS.replace("filters: 6, kernel_size: 1, activation: softmax", "filters: 3, kernel_size: 1")
    augmentation = "data.augmentation=[{random_flip: horizontal}, {gaussian_noise: 0.1}]"
    made, data = ready(tmp_path, text, "data.targets=inputs", augmentation)
    model = model_of(made, data)
    x = data.train.batch(np.arange(8))[0]
    _, labels = model(x, training=True)
    targets, images = keras.ops.convert_to_numpy(labels["output"]), x[0]
    flipped = [bool(np.allclose(target, image[:, ::-1])) for target, image in zip(targets, images, strict=True)]
    still = [bool(np.allclose(target, image)) for target, image in zip(targets, images, strict=True)]
    assert all(one or other for one, other in zip(flipped, still, strict=True))
    assert 0 < sum(flipped) < 8


def test_values_outside_the_range_of_the_source_are_measured(tmp_path: Path, loading: Any) -> None:
    loading(Dataset(digits(), None, {ALL: 10}))
    assert ready(tmp_path, SMALL, "data.augmentation=[rand_augment]")[1].train.ranges == {"input": (0, 16)}
    bright = digits()
    loading(Dataset(Split({ALL: 16 * bright.x[ALL][:]}, bright.y), None, {ALL: 10}))
    assert ready(tmp_path, SMALL, "data.augmentation=[rand_augment]")[1].train.ranges["input"][1] > 200
    with pytest.raises(DataError, match="expects pixels of 0 to 1, and they are"):
        ready(tmp_path, SMALL, "data.augmentation=[{rand_augment: {value_range: [0, 1]}}]")


@pytest.mark.parametrize("kind", ["mix_up", "cut_mix", "rand_augment"])
def test_they_stand_under_augmentation_alone(kind: str) -> None:
    assert report(SMALL, f"data.augmentation=[{kind}]").ok
    for place in ("data.preprocessing", "layers"):
        (found,) = report(SMALL, f"{place}=[{kind}, flatten]").diagnostics[:1]
        assert (found.code, "augmentation" in str(found.help)) == ("unknown-layer", True)


@pytest.mark.slow
def test_a_run_with_all_of_it(tmp_path: Path) -> None:
    overrides = "data.augmentation=[{cut_mix: 1.0}, {rand_augment: 0.3}]", "data.class_weights=balanced"
    runs = [train(plan(tmp_path, SMALL, *overrides, "training.epochs=8"), quiet=True) for _ in range(2)]
    assert runs[0].metrics == runs[1].metrics
    assert runs[0].metrics["test"]["accuracy"] > 0.5
