"""Generators and discriminators that learn from each other."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cnnspec.training.adversarial.plan import AdversarialPlan
from cnnspec.training.device import Machine
from cnnspec.training.errors import TrainingError
from cnnspec.training.fit import rehearse, train
from cnnspec.training.liveness import peaks
from cnnspec.training.plan import Run
from cnnspec.training.resources import Needs, disk_needed
from tests.training.specs import codes, plan, report

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)

GAN = """
name: tiny-gan
task: gan
parameters: {filters: 8}
blocks:
  enlarge:
    parameters: {filters: null}
    layers:
      - conv2d_transpose: {filters: $filters, kernel_size: 4, strides: 2, padding: 1, use_bias: false}
      - batch_normalization
      - relu
generator:
  input: [16]
  layers:
    - dense: $(4 * filters)
    - reshape: [2, 2, $filters]
    - enlarge: $filters
    - conv2d_transpose: {filters: 1, kernel_size: 4, strides: 2, padding: 1, activation: sigmoid}
discriminator:
  input: [8, 8, 1]
  layers:
    - conv2d: {filters: $filters, kernel_size: 4, strides: 2, padding: 1, use_bias: false}
    - batch_normalization
    - leaky_relu: 0.2
    - flatten
    - dropout: 0.2
    - dense: 1
data: {source: digits, preprocessing: [{rescaling: $(1/16)}]}
training: {epochs: 2, batch_size: 256, seed: 7}
"""
COLUMNS = [
    "epoch",
    "discriminator_loss",
    "generator_loss",
    "fake_accuracy",
    "real_accuracy",
    "learning_rate",
    "seconds",
]


def run(folder: Path, *overrides: str, text: str = GAN, **options: Any) -> Run:
    return train(plan(folder, text, *overrides), quiet=True, **options)


def weights(run: Run, name: str = "best") -> list[Any]:
    import keras

    found: list[Any] = keras.models.load_model(run.folder / f"{name}.keras").get_weights()
    return found


def same(one: list[Any], other: list[Any]) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run(tmp_path_factory.mktemp("runs"))


@pytest.mark.slow
def test_a_run_and_what_it_leaves(done: Run) -> None:
    from PIL import Image

    assert {"best.keras", "discriminator.keras", "samples", "history.csv"} <= {
        each.name for each in done.folder.iterdir()
    }
    with (done.folder / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [list(row) for row in rows] == [COLUMNS] * 2
    assert all(0 <= float(row[name]) <= 1 for row in rows for name in ("real_accuracy", "fake_accuracy"))
    assert done.best_epoch == done.epochs == 2
    assert done.metrics["train"].keys() == {*COLUMNS[1:5]}
    assert done.metrics["validation"] == done.metrics["test"] == {}
    pictures = sorted((done.folder / "samples").iterdir())
    assert [path.name for path in pictures] == ["1.png", "2.png"]
    with Image.open(pictures[1]) as picture:
        assert (picture.mode, picture.size) == ("L", (8 * (8 + 2) + 2, 8 * (8 + 2) + 2))
        assert picture.tobytes() != Image.open(pictures[0]).tobytes()


@pytest.mark.slow
def test_the_networks_that_are_kept_are_the_last_ones(done: Run) -> None:
    import keras

    from cnnspec.training.adversarial.samples import grid, making, pixels

    generator = keras.models.load_model(done.folder / "best.keras")
    made = np.concatenate(list(making(generator, 64, 7, 64)))
    assert made.shape == (64, 8, 8, 1)
    from PIL import Image

    with Image.open(done.folder / "samples" / "2.png") as picture:
        assert np.array_equal(np.asarray(picture), grid(pixels(made, 0.0, 1.0))[..., 0])
    judged = keras.models.load_model(done.folder / "discriminator.keras")(made)
    assert judged.shape == (64, 1)


@pytest.mark.slow
def test_a_seed_gives_a_run_and_another_seed_another(done: Run, tmp_path: Path) -> None:
    again, other = run(tmp_path), run(tmp_path, "training.seed=8")
    assert same(weights(done), weights(again))
    assert same(weights(done, "discriminator"), weights(again, "discriminator"))
    assert not same(weights(done), weights(other))


@pytest.mark.slow
def test_a_run_goes_on_where_it_was_left(done: Run, tmp_path: Path) -> None:
    first = run(tmp_path, "training.epochs=1")
    rest = run(tmp_path, resume=first.folder)
    assert rest.folder == first.folder
    assert same(weights(done), weights(rest))
    assert same(weights(done, "discriminator"), weights(rest, "discriminator"))
    assert (rest.folder / "samples" / "2.png").read_bytes() == (done.folder / "samples" / "2.png").read_bytes()


@pytest.mark.slow
def test_a_run_goes_on_in_the_middle_of_an_epoch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from cnnspec.training.saving import Saving

    moved = "data.augmentation=[{random_translation: {height_factor: 0.1, width_factor: 0.1}}]"
    changed = "training.checkpoint=2 steps", "training.epochs=1", moved
    whole = run(tmp_path / "whole", *changed)
    save = Saving.on_train_batch_end

    def stop(self: Any, batch: int, logs: Any = None) -> None:
        save(self, batch, logs)
        if self.done(batch) >= 4:
            raise RuntimeError("the lights go out")

    monkeypatch.setattr(Saving, "on_train_batch_end", stop)
    with pytest.raises(RuntimeError, match="lights"):
        run(tmp_path / "parts", *changed)
    monkeypatch.setattr(Saving, "on_train_batch_end", save)
    rest = run(tmp_path / "parts", *changed, resume=tmp_path / "parts" / "tiny-gan" / "1")
    assert same(weights(whole), weights(rest))
    assert same(weights(whole, "discriminator"), weights(rest, "discriminator"))


@pytest.mark.slow
def test_a_loss_that_is_no_number_ends_training(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"loss became (NaN|infinite) in epoch 1"):
        run(tmp_path, "training.optimizer.sgd.learning_rate=1e30", "training.epochs=3")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The model of a network without batch statistics and dropout, with a batch of images."""
    import keras

    from cnnspec.training.compiling import network, trained
    from cnnspec.training.prepare import Part

    keras.utils.set_random_seed(3)
    text = GAN.replace("      - batch_normalization\n", "").replace("    - batch_normalization\n", "")
    made = plan(tmp_path_factory.mktemp("runs"), text.replace("    - dropout: 0.2\n", ""))
    images = np.random.default_rng(0).random((6, 8, 8, 1), np.float32)
    return trained(network(made, "float32"), made, Part({"input": images}, {})), images


def test_each_network_gets_the_gradient_of_its_own_loss(model: Any) -> None:
    import keras
    import tensorflow as tf

    gan, images = model
    state = gan.seeds.state.value.numpy()
    with tf.GradientTape(persistent=True) as tape:
        scores = gan(images, training=True)
        total = gan.compute_loss(y_pred=scores)
    found = tape.gradient(total, gan.trainable_variables)
    gan.seeds.state.assign(state)
    noise = gan.noise(6)
    crossentropy = keras.losses.BinaryCrossentropy(from_logits=True)
    generator, discriminator = gan.generator, gan.network
    with tf.GradientTape(persistent=True) as tape:
        made = generator(noise)
        told = crossentropy(np.ones((6, 1)), discriminator(images)) + crossentropy(
            np.zeros((6, 1)), discriminator(made)
        )
        fooled = crossentropy(np.ones((6, 1)), discriminator(made))
    by_id = {id(variable): gradient for variable, gradient in zip(gan.trainable_variables, found, strict=True)}
    for network, loss in ((generator, fooled), (discriminator, told)):
        assert network.trainable_variables
        for variable, gradient in zip(
            network.trainable_variables, tape.gradient(loss, network.trainable_variables), strict=True
        ):
            np.testing.assert_allclose(by_id[id(variable)], gradient, rtol=1e-4, atol=1e-6)


def test_labels_of_real_images_alone_are_smoothed(model: Any) -> None:
    gan, _ = model
    scores = {name: np.full((4, 1), 2.0, np.float32) for name in ("real", "made", "judged")}
    told, fooled = map(float, gan._losses_of(scores))
    gan._smoothing = 0.1
    smoothed, same = map(float, gan._losses_of(scores))
    gan._smoothing = 0.0
    log = np.log1p(np.exp(-2.0))
    assert told == pytest.approx(log + 2.0 + log, rel=1e-5)
    assert fooled == same == pytest.approx(log, rel=1e-5)
    assert smoothed == pytest.approx(0.9 * log + 0.1 * (2.0 + log) + 2.0 + log, rel=1e-5)


def test_each_optimizer_moves_its_own_network(model: Any) -> None:
    import keras

    from cnnspec.training.adversarial.optimizer import Both

    gan, _ = model
    both = Both({gan.generator: keras.optimizers.SGD(0.5), gan.network: keras.optimizers.SGD(0.0)})
    both.build(gan.trainable_variables)
    before = [variable.numpy() for variable in gan.trainable_variables]
    both.apply([np.ones_like(value) for value in before])
    own = {id(variable) for variable in gan.generator.trainable_variables}
    for variable, value in zip(gan.trainable_variables, before, strict=True):
        np.testing.assert_allclose(variable.numpy(), value - (0.5 if id(variable) in own else 0.0), rtol=1e-6)
        variable.assign(value)
    assert float(both.learning_rate) == 0.5


def test_a_grid_of_pictures() -> None:
    from cnnspec.training.adversarial.samples import grid, pixels

    images = np.linspace(-1, 1, 64, dtype=np.float32).reshape(64, 1, 1, 1) * np.ones((64, 3, 4, 3), np.float32)
    whole = grid(pixels(images, -1.0, 1.0))
    assert whole.shape == (8 * 5 + 2, 8 * 6 + 2, 3)
    assert (whole[2, 2, 0], whole[2 + 7 * 5, 2 + 7 * 6, 0], whole[0, 0, 0]) == (0, 255, 255)
    assert pixels(images[..., :2], 0.0, 1.0).shape[-1] == 1
    shapes = {count: grid(np.zeros((count, 3, 4, 1), np.uint8)).shape[:2] for count in (1, 2, 5, 16)}
    assert shapes == {1: (7, 8), 2: (7, 14), 5: (12, 20), 16: (22, 26)}


def test_noise_follows_from_the_seed_alone() -> None:
    from cnnspec.training.adversarial.samples import making

    class Echo:
        input_shape = (None, 5)

        def __call__(self, noise: Any, training: bool) -> Any:
            return noise

    def noise(count: int, seed: int, batch_size: int) -> Any:
        return np.concatenate(list(making(Echo(), count, seed, batch_size)))

    assert noise(9, 7, 4).shape == (9, 5)
    assert np.array_equal(noise(9, 7, 4), noise(20, 7, 3)[:9])
    assert not np.array_equal(noise(9, 7, 4), noise(9, 8, 4))


def test_black_and_white_are_those_of_real_images_behind_preprocessing(tmp_path: Path) -> None:
    from cnnspec.training.adversarial.keeping import brightness
    from cnnspec.training.compiling import network, trained
    from cnnspec.training.prepare import Part

    linear = GAN.replace(", activation: sigmoid", "")
    images = np.linspace(0, 16, 6 * 64).reshape(6, 8, 8, 1).astype(np.float32)
    for raw, expected in ((frozenset({"input"}), (0.0, 1.0)), (frozenset(), (0.0, 16.0))):
        made = plan(tmp_path, linear)
        model = trained(network(made, "float32"), made, part := Part({"input": images}, {}, raw=raw))
        assert brightness(model, made, part.x["input"]) == pytest.approx(expected)
    bounded = plan(tmp_path, GAN)
    assert brightness(model, bounded, images) == (0.0, 1.0)


def test_a_plan_counts_both_networks(tmp_path: Path) -> None:
    made = plan(tmp_path, GAN, "training.optimizer={generator: adam, discriminator: sgd}")
    generator, discriminator = made.learners(made.training)
    weights = {
        each.graph.name: sum(node.parameters for node in each.graph.nodes) for each in (generator, discriminator)
    }
    assert weights == {"generator": 1729, "discriminator": 289}
    found = Needs(made, Machine("tensorflow", "2", "CPU")).at(256)
    assert found.weights == 4 * (1729 + 289)
    assert found.optimizer == 8 * sum(node.trainable for node in generator.graph.nodes)
    of_one = peaks(discriminator.graph)
    assert of_one is not None
    assert found.activations is not None
    assert found.activations > 4 * 256 * (of_one.training + 2 * of_one.saved)
    assert disk_needed(made) == 3 * (found.weights + found.optimizer) + 2 * found.weights + 2 * 64 * 64
    assert made.multiply_adds == sum(
        each.times * (node.multiply_adds or 0) for each in (generator, discriminator) for node in each.graph.nodes
    )


@pytest.mark.slow
def test_a_dry_run_keeps_both_networks(done: Run, tmp_path: Path) -> None:
    found = rehearse(plan(tmp_path / "runs", GAN), quiet=True)
    assert list(tmp_path.iterdir()) == []
    both = sum((done.folder / name).stat().st_size for name in ("best.keras", "discriminator.keras"))
    assert found.written.best == pytest.approx(both, rel=0.05)
    assert found.validation is None
    assert "for both networks" in found.text()


def test_the_plan_of_two_networks(tmp_path: Path) -> None:
    made = plan(tmp_path, GAN, "training.optimizer={generator: {adam: 0.001}, discriminator: sgd}")
    assert isinstance(made, AdversarialPlan)
    assert (made.graph.name, made.generator.name) == ("discriminator", "generator")
    assert made.data.validation_split == 0
    assert [made.adversarial.optimizer_of(name).entry for name in ("generator", "discriminator")] == ["adam", "sgd"]
    assert report(made.spec_text).ok


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ((), []),
        (("data.validation_split=0",), []),
        (("data.validation_split=0.1",), [("error", "task-keys")]),
        (("data.augmentation=[mix_up]",), [("error", "task-keys")]),
        (("data.augmentation=[{random_translation: {height_factor: 0.1, width_factor: 0.1}}]",), []),
        (("training.metrics=[accuracy]",), [("error", "task-keys")]),
        (("training.optimizer.adam.use_ema=true",), [("error", "task-keys")]),
        (("training.loss=mean_squared_error",), []),
        (("training.optimizer=null",), [("error", "entry-form")]),
        (("training.loss=hinge",), [("error", "gan-loss")]),
        (("training.loss.binary_crossentropy.from_logits=false",), [("warning", "loss-activation")]),
        (("training.optimizer={generator: adam, discriminator: {adam: 2}}",), [("warning", "learning-rate")]),
        (("discriminator.input=[8, 8, 3]",), [("error", "gan-shape")]),
        (("parameters.filters=many",), [("error", "wrong-type"), ("error", "expression-value")]),
        (("task=null",), [("error", "task-keys")]),
    ],
)
def test_checks(overrides: tuple[str, ...], expected: list[tuple[str, str]]) -> None:
    assert codes(report(GAN, *overrides))[: len(expected) + 1] == expected
