"""What all optimizers take, trained for real and computed again with NumPy: one linear layer, all images in a batch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cnnspec.training.fit import train
from tests.training.specs import plan

# Keras's variables do not take the keyword that NumPy 2 passes while they are saved.
pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)

SPEC = """
name: linear
input: [5]
layers: [{dense: {units: 2, name: told}}]
data: {source: {npz: numbers.npz}, validation_split: null}
training: {epochs: 3, batch_size: 64, seed: 5, loss: mean_squared_error, weights: start.weights.h5, metrics: []}
"""
RATE, EPOCHS, IMAGES = 0.2, 3, 64
GENERATOR = np.random.default_rng(2)
X = GENERATOR.normal(size=(IMAGES, 5)).astype("float32")
KERNEL, BIAS = GENERATOR.normal(size=(5, 2)).astype("float32"), np.array([0.5, -1.0], "float32")
Y = (X @ GENERATOR.normal(size=(5, 2)) + 3).astype("float32")


def trained(folder: Path, optimizer: str, *overrides: str) -> list[Any]:
    """Kernel and bias of the best epoch, which is the last one."""
    import keras

    np.savez(folder / "numbers.npz", x_train=X, y_train=Y)
    start = keras.Sequential([keras.Input((5,)), keras.layers.Dense(2, name="told")])
    start.set_weights([KERNEL, BIAS])
    start.save_weights(folder / "start.weights.h5")
    spec = plan(folder / "runs", SPEC, f"training.optimizer={optimizer}", *overrides, directory=folder)
    done = train(spec, quiet=True)
    assert done.best_epoch == done.epochs
    return list(keras.models.load_model(done.folder / "best.keras").get_weights())


def gradients(kernel: Any, bias: Any) -> tuple[Any, Any]:
    off = 2 * (X @ kernel + bias - Y) / Y.size
    return X.T @ off, off.sum(axis=0)


def norm(*arrays: Any) -> float:
    return float(np.sqrt(sum((array**2).sum() for array in arrays)))


def clipped(which: str, limit: float, found: tuple[Any, Any]) -> list[Any]:
    if which == "clipvalue":
        return [np.clip(gradient, -limit, limit) for gradient in found]
    whole = norm(*found)
    return [gradient * min(1, limit / (whole if which == "global_clipnorm" else norm(gradient))) for gradient in found]


@pytest.mark.parametrize("which", ["clipnorm", "global_clipnorm", "clipvalue"])
def test_gradients_are_clipped(which: str, tmp_path: Path) -> None:
    weights: list[Any] = [KERNEL, BIAS]
    for _ in range(EPOCHS):
        found = clipped(which, 0.5, gradients(*weights))
        weights = [weight - RATE * gradient for weight, gradient in zip(weights, found, strict=True)]
    told = trained(tmp_path, f"{{sgd: {{learning_rate: {RATE}, {which}: 0.5}}}}")
    for one, other in zip(told, weights, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_weights_decay_apart_from_the_gradient(tmp_path: Path) -> None:
    weights: list[Any] = [KERNEL, BIAS]
    for _ in range(EPOCHS):
        found = gradients(*weights)
        weights = [weight * (1 - RATE * 0.1) - RATE * gradient for weight, gradient in zip(weights, found, strict=True)]
    told = trained(tmp_path, f"{{sgd: {{learning_rate: {RATE}, weight_decay: 0.1}}}}")
    for one, other in zip(told, weights, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_the_moving_average_of_the_weights_is_kept(tmp_path: Path) -> None:
    weights: list[Any] = [KERNEL, BIAS]
    average: list[Any] = []
    for _ in range(EPOCHS):
        found = gradients(*weights)
        weights = [weight - RATE * gradient for weight, gradient in zip(weights, found, strict=True)]
        average = [0.7 * a + 0.3 * b for a, b in zip(average, weights, strict=True)] if average else weights
    told = trained(tmp_path, f"{{sgd: {{learning_rate: {RATE}, use_ema: true, ema_momentum: 0.7}}}}")
    for one, other in zip(told, average, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


@pytest.mark.parametrize("optimizer", ["sgd: {learning_rate: 0.02, momentum: 0.9", "adam: {learning_rate: 0.1"])
def test_gradients_of_two_batches_are_those_of_one_twice_as_large(optimizer: str, tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    (tmp_path / "parts").mkdir()
    whole = trained(tmp_path / "whole", f"{{{optimizer}}}}}", "training.batch_size=32")
    parts = trained(tmp_path / "parts", f"{{{optimizer}, gradient_accumulation_steps: 2}}}}", "training.batch_size=16")
    assert norm(*(one - other for one, other in zip(whole, (KERNEL, BIAS), strict=True))) > 0.1
    for one, other in zip(parts, whole, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
