"""The range of pixels along the chain: told, measured, handed to what looks at colours, and held against targets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import cnnspec
from cnnspec import pipeline
from cnnspec.data.errors import DataError
from cnnspec.layers.base import LAYERS
from cnnspec.training.compiling import augmentation
from cnnspec.training.losses import LOSSES
from cnnspec.training.prepare import Prepared, prepare
from cnnspec.training.ranges import canonical, target_problem
from tests.training.specs import plan

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.random((40, 8, 8, 3))
SPEC = """
name: any
input: [8, 8, 3]
layers: [flatten, {dense: {units: 3, activation: softmax}}]
data: {source: {npz: a.npz}, validation_split: 0.2}
training: {epochs: 1, batch_size: 8, seed: 1}
"""
SCALES: dict[str, Any] = {
    "0 to 1": (IMAGES, (0, 1)), "0 to 255": ((255 * IMAGES).astype(np.uint8), (0, 255)), "−1 to 1": (2 * IMAGES - 1, (-1, 1)),
    "16 bits": ((60000 * IMAGES).astype(np.uint16), (0, 65535)),
}  # fmt: skip


def ready(folder: Path, images: Any, *overrides: str, text: str = SPEC, labels: Any = None) -> tuple[Any, Prepared]:
    np.savez(folder / "a.npz", x_train=images, y_train=np.arange(len(images)) % 3 if labels is None else labels)
    made = plan(folder, text, *overrides, directory=folder)
    return made, prepare(made, 1)


@pytest.mark.parametrize("name", SCALES)
@pytest.mark.parametrize(
    "layer", ["random_brightness: 0.2", "solarization", "{random_posterization: 4}", "auto_contrast"]
)
def test_what_looks_at_colours_gets_the_range(name: str, layer: str, tmp_path: Path) -> None:
    images, span = SCALES[name]
    made, data = ready(tmp_path, images, f"data.augmentation=[{layer}]")
    (found,) = augmentation(made, "input", data.train.ranges["input"])
    assert found.value_range == span  # type: ignore[attr-defined]
    made, data = ready(tmp_path, images, f"data.augmentation=[{layer}]", "data.preprocessing=[{rescaling: 0.5}]")
    (found,) = augmentation(made, "input", data.train.ranges["input"])
    assert found.value_range == (span[0] / 2, span[1] / 2)  # type: ignore[attr-defined]


def test_a_range_that_is_written_and_wrong_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="expects pixels of 0 to 255, and they are 0 to 1 there") as caught:
        ready(tmp_path, IMAGES, "data.augmentation=[{solarization: {value_range: [0, 255]}}]")
    assert "value_range: [0, 1]" in str(caught.value.help)
    report = pipeline.check_text(
        SPEC.replace("{npz: a.npz}", "cifar10").replace("[8, 8, 3]", "[32, 32, 3]").replace("units: 3", "units: 10"),
        overrides=["data.augmentation=[{random_brightness: {factor: 0.2, value_range: [0, 1]}}]"],
    )
    assert [found.code for found in report.diagnostics] == ["value-range"]


@pytest.mark.parametrize("name", ["rescaling", "normalization"])
def test_the_range_behind_a_layer_is_that_of_keras(name: str) -> None:
    import keras

    from cnnspec.emit.keras import apply

    given: dict[str, list[dict[str, Any]]] = {
        "rescaling": [{"scale": 0.5}, {"scale": -2.0, "offset": 1.0}],
        "normalization": [
            {"mean": 0.4, "variance": 0.09}, {"mean": 0.4, "variance": 0.0}, {"mean": 0.4, "variance": 0.09, "invert": True},
        ],
    }  # fmt: skip
    for arguments in given[name]:
        layer: Any = LAYERS[name].read(arguments)
        ends = np.stack([np.zeros((2, 2, 3)), np.ones((2, 2, 3))]).astype("float32")
        found = keras.ops.convert_to_numpy(apply(layer.calls((2, 2, 3)), [keras.ops.convert_to_tensor(ends)], "it"))
        assert layer.value_range_behind(0.0, 1.0) == pytest.approx((found.min(), found.max()), rel=1e-5)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 0.9, (0, 1)),
        (-0.3, 0.9, (-1, 1)),
        (0, 200, (0, 255)),
        (0, 4095, (0, 4095)),
        (0, 16, (0, 16)),
        (0, 100, (0, 100)),
        (0, 1.0001, (0, 1)),
        (-0.001, 1, (0, 1)),
        (-2.1, 2.6, (-2.1, 2.6)),
    ],
)
def test_where_measured_values_come_from(low: float, high: float, expected: tuple[float, float]) -> None:
    assert canonical(low, high) == expected


@pytest.mark.parametrize(
    ("activation", "loss", "span", "words"),
    [
        ("sigmoid", "mean_squared_error", (0, 255), "`sigmoid` gives 0 to 1"),
        ("tanh", "mean_squared_error", (0, 255), "`tanh` gives -1 to 1"),
        ("relu", "mean_absolute_error", (-3, 3), "`relu` gives nothing below 0"),
        ("linear", "binary_crossentropy", (0, 255), "`binary_crossentropy` takes targets of 0 to 1"),
        ("linear", "dice", (-1, 1), "`dice` takes targets of 0 to 1"),
        ("linear", "poisson", (-1, 4), "`poisson` takes targets from 0"),
        ("linear", "mean_squared_logarithmic_error", (-1, 4), "takes targets above −1"),
        ("sigmoid", "binary_crossentropy", (0, 1), None), ("tanh", "huber", (-1, 1), None), ("relu", "huber", (0, 255), None),
        ("linear", "mean_squared_error", (-300, 255), None), ("softplus", "poisson", (0, 40), None),
    ],
)  # fmt: skip
def test_targets_out_of_reach(activation: str, loss: str, span: tuple[float, float], words: str | None) -> None:
    entry: Any = LOSSES[loss].read({})
    found = target_problem(activation, entry, span, exact=True)
    assert (found is None) == (words is None)
    assert words is None or words in found.message  # type: ignore[union-attr]


def test_targets_of_arrays(tmp_path: Path) -> None:
    end = "layers=[{conv2d: {filters: 3, kernel_size: 3, padding: same, activation: sigmoid}}]"
    with pytest.raises(DataError, match=r"the targets are 0\S* to 2\S+, and `sigmoid` gives 0 to 1"):
        ready(tmp_path, IMAGES, end, labels=(255 * IMAGES).astype(np.uint8))
    ready(tmp_path, IMAGES, end, labels=IMAGES)
    same = (255 * IMAGES).astype(np.uint8)
    with pytest.raises(DataError, match="`sigmoid` gives 0 to 1"):
        ready(tmp_path, same, end, "data.targets=inputs")
    ready(tmp_path, same, end, "data.targets=inputs", "data.preprocessing=[{rescaling: $(1/255)}]")


def test_scaling_twice_is_said(tmp_path: Path) -> None:
    layers = "layers=[{rescaling: {scale: $(1/255), name: own}}, flatten, {dense: {units: 3, activation: softmax}}]"
    words = "warning: pixels are 0 to 1 when they enter, and `own` of the network scales them once more"
    assert words in ready(tmp_path, IMAGES, layers)[1].notes
    assert not any("once more" in note for note in ready(tmp_path, (255 * IMAGES).astype(np.uint8), layers)[1].notes)
    scaled = "data.preprocessing=[{rescaling: $(1/255)}]"
    assert words in ready(tmp_path, (255 * IMAGES).astype(np.uint8), layers, scaled)[1].notes


@pytest.mark.slow
@pytest.mark.parametrize("name", ["0 to 1", "0 to 255", "−1 to 1"])
def test_files_are_brought_to_what_training_saw(name: str, tmp_path: Path) -> None:
    images, span = SCALES[name]
    (tmp_path / "any.yaml").write_text(SPEC)
    np.savez(tmp_path / "a.npz", x_train=images, y_train=np.arange(40) % 3)
    run = cnnspec.train(tmp_path / "any.yaml", runs=tmp_path / "runs", quiet=True)
    pixels = (255 * IMAGES[0]).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "one.png")
    scaled = pixels / 255 * (span[1] - span[0]) + span[0]
    np.save(tmp_path / "one.npy", scaled.astype("float32"))
    np.save(tmp_path / "other.npy", (pixels / 255 if span[1] == 255 else pixels).astype("float32"))
    picture, array, other = cnnspec.predict(
        run.folder, [tmp_path / f"{each}" for each in ("one.png", "one.npy", "other.npy")]
    )
    assert "and training saw" in str(other.error)
    if span[0] < 0:
        assert "is an image of 0 to 255, and training saw values of -1 to 1" in str(picture.error)
    else:
        assert picture.arrays["output"] == pytest.approx(array.arrays["output"], rel=1e-4)
