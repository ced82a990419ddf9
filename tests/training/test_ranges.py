"""The range of pixels along the chain: told, measured, handed to what looks at colours, and held against targets."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import cnnspec
from cnnspec import pipeline
from cnnspec.cli.main import cli
from cnnspec.data.errors import DataError
from cnnspec.training.compiling import augmentation
from cnnspec.training.losses import LOSSES
from cnnspec.training.pixel_ranges import another_scale
from cnnspec.training.prepare import Prepared, prepare
from cnnspec.training.ranges import canonical
from cnnspec.training.target_ranges import reach, target_problem
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


def graph(*layers: str) -> Any:
    report = cnnspec.check(
        f"input: [8, 8, 3]\nlayers: [{{conv2d: {{filters: 3, kernel_size: 1}}}}, {', '.join(layers)}]\n"
    )
    assert report.graph is not None, report
    return report.graph


INF = float("inf")


@pytest.mark.parametrize(
    ("layers", "bounds", "whose"),
    [
        (["{activation: sigmoid}"], (0, 1), "`sigmoid`"),
        (["{activation: {activation: {relu: {max_value: 1}}}}"], (0, 1), "`relu`"),
        (["{relu: {max_value: 2}}"], (0, 2), "`relu`"),
        (["{relu: {negative_slope: 0.1}}"], (-INF, INF), None),
        (["{leaky_relu: 0.1}"], (-INF, INF), None), (["{elu: {alpha: 3}}"], (-3, INF), "`elu`"),
        (["{activation: sigmoid}", "{rescaling: 255}"], (0, 255), "the network"),
        (["{activation: tanh}", "{rescaling: {scale: -2, offset: 1}}"], (-1, 3), "the network"),
        (["{activation: sigmoid}", "{up_sampling2d: 2}", "flatten", "identity"], (0, 1), "`sigmoid`"),
        (["{activation: sigmoid}", "{up_sampling2d: {size: 2, interpolation: bicubic}}"], (-INF, INF), None),
        (["{activation: tanh}", "{dropout: 0.5}"], (-1, 1), "`tanh`"),
        (["{activation: sigmoid}", "{conv2d: {filters: 3, kernel_size: 1}}"], (-INF, INF), None),
        (["{activation: {activation: sigmoid, name: a}}", "{activation: tanh}", "{concatenate: a}"], (-1, 1), "`tanh`"),
        (["{activation: tanh}", "{activation: linear}"], (-1, 1), "`tanh`"),
        (["softmax"], (0, 1), "`softmax`"), (["unit_normalization"], (-1, 1), "`unit_normalization`"),
    ],
)  # fmt: skip
def test_what_an_output_can_give(layers: list[str], bounds: tuple[float, float], whose: str | None) -> None:
    found = reach(graph(*layers), "output")
    assert found.bounds == bounds
    assert whose is None or found.whose == whose


@pytest.mark.parametrize(
    ("activation", "loss", "span", "words"),
    [
        ("sigmoid", "mean_squared_error", (0, 255), "`sigmoid` gives 0 to 1"),
        ("tanh", "mean_squared_error", (0, 255), "`tanh` gives -1 to 1"),
        ("relu", "mean_absolute_error", (-3, 3), "`relu` gives nothing below 0"),
        ("silu", "mean_absolute_error", (-1, 1), "`silu` gives nothing below -0.2785"),
        ("selu", "mean_squared_error", (-2.55, 2.55), "`selu` gives nothing below -1.758"),
        ("linear", "binary_crossentropy", (0, 255), "`binary_crossentropy` takes targets of 0 to 1"),
        ("linear", "dice", (-1, 1), "`dice` takes targets of 0 to 1"),
        ("linear", "poisson", (-1, 4), "`poisson` takes targets from 0"),
        ("linear", "mean_squared_logarithmic_error", (-0.5, 4), "takes targets from 0"),
        ("linear", "kl_divergence", (0, 2), "takes targets of 0 to 1"),
        ("linear", "{sum: [mean_squared_error, poisson]}", (-1, 4), "`poisson` takes targets from 0"),
        ("sigmoid", "binary_crossentropy", (0, 1), None), ("tanh", "huber", (-1, 1), None), ("relu", "huber", (0, 255), None),
        ("linear", "mean_squared_error", (-300, 255), None), ("softplus", "poisson", (0, 40), None),
        ("linear", "mean_squared_logarithmic_error", (0, 255), None), ("selu", "huber", (-1.7, 9), None),
        ("sigmoid", "binary_crossentropy", (0, 1.0000004), None), ("sigmoid", "mean_squared_error", (0, 1.02), "`sigmoid` gives 0 to 1"),
    ],
)  # fmt: skip
def test_targets_out_of_reach(activation: str, loss: str, span: tuple[float, float], words: str | None) -> None:
    entry: Any = (
        LOSSES[loss].read({}) if loss in LOSSES else LOSSES["sum"].read({"losses": ("mean_squared_error", "poisson")})
    )
    found = target_problem(reach(graph(f"{{activation: {activation}}}"), "output"), entry, span)
    assert (found is None) == (words is None)
    assert words is None or words in found.message  # type: ignore[union-attr]


POINTWISE = (
    "binary_crossentropy", "mean_squared_error", "mean_absolute_error", "mean_squared_logarithmic_error", "huber", "log_cosh",
    "poisson", "mean_absolute_percentage_error", "kl_divergence", "categorical_crossentropy",
)  # fmt: skip


@pytest.mark.parametrize("name", POINTWISE)
def test_a_loss_has_its_least_at_targets_that_it_takes_and_no_others(name: str) -> None:
    import keras

    loss: Any = LOSSES[name].read({})
    function = getattr(keras.losses, loss.keras)(reduction=None)
    rows = name in ("kl_divergence", "categorical_crossentropy")
    given = np.linspace(-3, 3, 601).astype("float32")

    def pair(values: Any) -> Any:
        return np.stack([values, 1 - values], -1) if rows else np.asarray(values)[..., None]

    for target in (-2.0, -0.5, 0.25, 0.5, 1.5, 2.5):
        taken = loss.takes[0] <= target <= loss.takes[1]
        lost = keras.ops.convert_to_numpy(function(pair(np.full_like(given, target)), pair(given)))
        least = given[np.flatnonzero(lost <= np.nanmin(lost) + 1e-6)]
        found = len(least) > 0 and np.abs(least - target).max() < 0.02
        assert found == taken, (target, least)


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
    words = (
        "warning: pixels are 0 to 1 when they enter, and `own` of the network scales them once more, to 0 to 0.003922"
    )

    def said(images: Any, *overrides: str) -> list[str]:
        return [note for note in ready(tmp_path, images, *overrides)[1].notes if "once more" in note]

    assert said(IMAGES, layers) == [f"{words}; take `own` out of the network"]
    whole = (255 * IMAGES).astype(np.uint8)
    assert not said(whole, layers)
    scaled = "data.preprocessing=[{rescaling: $(1/255)}]"
    assert said(whole, layers, scaled)[0].startswith(words)
    twice = said(IMAGES, scaled)
    assert twice == [
        "warning: pixels are 0 to 1 already, and this `rescaling` scales them once more, to 0 to 0.003922; take one of the two out"
    ]
    assert not said(whole, scaled)


TO_ONE, TO_BOTH = "{rescaling: $(1/255)}", "{rescaling: {scale: $(1/127.5), offset: -1}}"
BY_CHANNEL = "{normalization: {mean: [0.485, 0.456, 0.406], variance: [0.05, 0.05, 0.05]}}"


@pytest.mark.parametrize(
    ("preprocessing", "first", "found"),
    [
        ([TO_ONE], [TO_ONE], True), ([TO_ONE], ["{zero_padding2d: 1}", TO_ONE], True), ([TO_ONE, BY_CHANNEL], [TO_ONE], True),
        ([TO_ONE, "{normalization: {mean: 0.45, variance: 0.05}}"], [TO_ONE], True), ([TO_BOTH], [TO_BOTH], True),
        ([TO_ONE], ["{gaussian_noise: 0.1}", "{random_flip: horizontal}", "identity", TO_ONE], True),
        ([TO_ONE], ["{max_pooling2d: 2}", "{normalization: {mean: 120, variance: 4000}}"], True),
        ([TO_ONE, TO_ONE], [], True), ([TO_BOTH, "{resizing: {height: 32, width: 32}}", TO_ONE], [], True),
        ([], [TO_ONE, TO_ONE], True), ([], ["{normalization: {mean: 120, variance: 4000}}", TO_ONE], True),
        ([], [TO_ONE], False), ([], [TO_BOTH], False), ([TO_ONE], [BY_CHANNEL], False), ([TO_ONE], ["{rescaling: {scale: 2, offset: -1}}"], False),
        ([TO_ONE], ["{rescaling: 255}", TO_ONE], False), ([], [TO_ONE, "{rescaling: 0.5}"], False),
        ([TO_ONE], ["{conv2d: {filters: 3, kernel_size: 3, activation: sigmoid}}", "{rescaling: 0.05}"], False),
        ([TO_ONE], ["batch_normalization", TO_ONE], False), ([TO_ONE, BY_CHANNEL], ["{rescaling: 0.5}"], False),
    ],
)  # fmt: skip
def test_scaling_twice_is_followed(preprocessing: list[str], first: list[str], found: bool) -> None:
    layers = ", ".join([*first, "flatten", "{dense: {units: 10, activation: softmax}}"])
    report = cnnspec.check(
        f"input: [32, 32, 3]\nlayers: [{layers}]\ndata: {{source: cifar10, preprocessing: [{', '.join(preprocessing)}]}}\n"
    )
    assert report.ok, report
    assert ("scaled-twice" in [each.code for each in report.diagnostics]) == found, report


STANDARD = "{normalization: {mean: 120, variance: 4000}}"


def codes(
    *,
    preprocessing: str = "",
    augmentation: str = "",
    source: str = "cifar10",
    layers: str = "flatten, {dense: {units: 10, activation: softmax}}",
) -> Any:
    report = cnnspec.check(
        f"input: [32, 32, 3]\nlayers: [{layers}]\n"
        f"data: {{source: {source}, preprocessing: [{preprocessing}], augmentation: [{augmentation}]}}\n"
    )
    return {found.code: f"{found.message}; {found.help}" for found in report.diagnostics}


COLOURFUL = (
    "solarization", "{random_posterization: 4}", "auto_contrast", "rand_augment", "{random_color_jitter: {brightness_factor: 0.2}}",
    "{random_brightness: 0.2}", "random_invert", "{random_contrast: 0.2}", "{random_saturation: 0.6}", "{random_hue: 0.1}",
    "contrast_limited_adaptive_histogram_equalization", "{random_sharpness: 0.6}", "{random_color_degeneration: 0.4}",
)  # fmt: skip


@pytest.mark.parametrize("layer", COLOURFUL)
def test_colours_of_standardised_images_are_refused(layer: str, tmp_path: Path) -> None:
    found = codes(preprocessing=f"{TO_ONE}, {BY_CHANNEL}", augmentation=layer)
    assert (
        "counts from black and white, and black is another number in each channel behind `normalization`"
        in found["value-range"]
    )
    assert "move `normalization` to the layers of the network, or write `" in found["value-range"]
    with pytest.raises(DataError, match=r"standardised pixels \(-2\S+ to 2\S+\) do not tell them") as caught:
        ready(tmp_path, 4.8 * IMAGES - 2.2, f"data.augmentation=[{layer}]")
    assert "save pixels of 0 to 255" in str(caught.value.help)


@pytest.mark.parametrize(
    ("preprocessing", "augmentation", "words"),
    [
        (TO_ONE, "solarization", None), (TO_BOTH, "solarization", None), (STANDARD, "solarization", None),
        (f"{TO_ONE}, {BY_CHANNEL}", "{random_flip: horizontal}, {random_erasing: {value_range: [-2.1, 2.7]}}", None),
        (f"{TO_ONE}, {BY_CHANNEL}", "{solarization: {value_range: [0, 255]}}", "expects pixels of 0 to 255, and they are -2.169 to 2.656 there"),
        (TO_ONE, "{gaussian_noise: 0.1}, solarization", None),
        ("{resizing: {height: 32, width: 32, interpolation: bicubic}}", "solarization", None),
        (TO_ONE, "{dropout: 0.1}, solarization", "behind `dropout` they are not known; put `dropout` after it"),
        (TO_ONE, "solarization, {dropout: 0.1}", None),
        (TO_BOTH, "{random_translation: {height_factor: 0.1, width_factor: 0.1, fill_mode: constant, fill_value: 9}}", "fills with 9, and pixels are -1 to 1 there"),
        (TO_ONE, "{random_rotation: {factor: 0.1, fill_mode: constant, fill_value: 255}}", "fills with 255, and pixels are 0 to 1 there"),
        (TO_ONE, "{random_rotation: {factor: 0.1, fill_value: 255}}", None),
        ("", "{random_rotation: {factor: 0.1, fill_mode: constant, fill_value: 255}}", None),
        (TO_BOTH, "{random_rotation: {factor: 0.1, fill_mode: constant}}", None),
        ("", TO_ONE, "`rescaling` in `augmentation` changes the values of training images, and of no others"),
        ("", BY_CHANNEL, "`normalization` in `augmentation` changes the values"), ("", "relu", "`relu` in `augmentation` changes"),
        (TO_ONE, "{rescaling: 255}, {random_posterization: 4}, {rescaling: $(1/255)}", None),
        ("", "{zero_padding2d: 4}, {random_crop: {height: 32, width: 32}}", None),
    ],
)  # fmt: skip
def test_what_stages_do_to_the_range(preprocessing: str, augmentation: str, words: str | None) -> None:
    found = codes(preprocessing=preprocessing, augmentation=augmentation)
    assert set(found) == (set() if words is None else {"value-range"}), found
    assert words is None or words in found["value-range"]


@pytest.mark.parametrize(
    ("layer", "span", "chain"),
    [
        ("{random_saturation: 0.6}", "0 to 255", ["rescaling", "random_saturation", "rescaling"]), ("{random_saturation: 0.6}", "0 to 1", ["random_saturation"]),
        ("random_invert", "−1 to 1", ["rescaling", "random_invert", "rescaling"]), ("random_invert", "0 to 255", ["random_invert"]),
        ("{gaussian_noise: 0.1}", "−1 to 1", ["gaussian_noise"]), ("rand_augment", "−1 to 1", ["rand_augment"]),
    ],
)  # fmt: skip
def test_pixels_are_brought_to_where_keras_is_right(layer: str, span: str, chain: list[str], tmp_path: Path) -> None:
    made, data = ready(tmp_path, SCALES[span][0], f"data.augmentation=[{layer}]")
    assert [each.entry for each in augmentation(made, "input", data.train.ranges["input"])] == chain


@pytest.mark.parametrize(
    ("source", "end", "words"),
    [
        ("target_range: [0, 255]", "sigmoid", "the targets are 0 to 255, and `sigmoid` gives 0 to 1"),
        ("target_range: [0, 1]", "sigmoid", None), ("channels: 3", "sigmoid", None), ("target_range: [-1, 1]", "tanh", None),
        ("target_range: [-1, 1]", "sigmoid", "the targets are -1 to 1, and `sigmoid` gives 0 to 1"),
        ("channels: 3", "tanh", None), ("target_range: [0, 65.535]", "linear", None), ("target_range: [0, 255]", "sigmoid}, {rescaling: 255", None),
        ("target_range: [-1, 1]", "silu", "`silu` gives nothing below -0.2785"), ("target_range: [0, 255]", "relu", None),
    ],
)  # fmt: skip
def test_images_to_learn_of_a_range_that_is_written(source: str, end: str, words: str | None, tmp_path: Path) -> None:
    found = codes(
        source=f"{{image_pairs: {{inputs: {tmp_path}, targets: {tmp_path}, {source}}}}}",
        layers=f"{{conv2d: {{filters: 3, kernel_size: 3, padding: same}}}}, {{activation: {end}}}",
    )
    assert ("target-range" in found) == (words is not None), found
    assert words is None or words in found["target-range"]
    if end in ("sigmoid", "tanh") and words is not None:
        assert f"write `target_range: [{0 if end == 'sigmoid' else -1}, 1]`" in found["target-range"]


@pytest.mark.parametrize(
    ("loss", "preprocessing", "words"),
    [
        ("poisson", TO_BOTH, "`poisson` takes targets from 0, and they are -1 to 1"), ("poisson", TO_ONE, None), ("poisson", "", None),
        ("kl_divergence", "", "takes targets of 0 to 1, and they are 0 to 255"), ("mean_squared_logarithmic_error", STANDARD, "takes targets from 0"),
        ("mean_squared_logarithmic_error", "", None), ("binary_crossentropy", TO_ONE, None), ("binary_crossentropy", TO_BOTH, "takes targets of 0 to 1"),
        ("huber", STANDARD, None),
    ],
)  # fmt: skip
def test_losses_of_targets_of_a_known_range(loss: str, preprocessing: str, words: str | None) -> None:
    report = cnnspec.check(
        "input: [32, 32, 3]\nlayers: [{conv2d: {filters: 3, kernel_size: 3, padding: same}}]\n"
        f"data: {{source: cifar10, targets: inputs, preprocessing: [{preprocessing}]}}\ntraining: {{loss: {loss}}}\n"
    )
    found = [each.message for each in report.diagnostics if each.code == "target-range"]
    assert len(found) == (words is not None), report
    assert words is None or words in found[0]


ONE = RANDOM.random((16, 16, 3)).astype("float32")
BYTES = (255 * ONE).astype(np.uint8)
STRAYED = np.where(np.arange(ONE.size).reshape(ONE.shape) % 200 == 0, 50.0, ONE)
OF_BYTES, OF_ONE, OF_BOTH, OF_16 = (0.0, 255.0), (0.0, 1.0), (-1.0, 1.0), (0.0, 65535.0)
MEASURED, HOUNSFIELD = (-2.1, 2.6), (-1000.0, 400.0)
REFUSED: list[tuple[str, Any, tuple[float, float], str]] = [
    ("fractions", ONE, OF_BYTES, r"of \S+ to 0.9\S+, and training saw 0 to 255: multiply by 255"),
    ("−1 to 1", 2 * ONE - 1, OF_BYTES, "training saw 0 to 255"), ("standardised", 4.7 * ONE - 2.1, OF_BYTES, "training saw 0 to 255"),
    ("16 bits", 65535 * ONE, OF_BYTES, "training saw 0 to 255"), ("bytes", BYTES, OF_ONE, "of 1 to 254, and training saw 0 to 1: divide by 255"),
    ("bytes", BYTES.astype("float32"), OF_BOTH, "divide by 127.5, and subtract 1"), ("−1 to 1", 2 * ONE - 1, OF_ONE, "training saw 0 to 1"),
    ("standardised", 4.7 * ONE - 2.1, OF_ONE, "training saw 0 to 1"), ("standardised", 4.7 * ONE - 2.1, OF_BOTH, "training saw -1 to 1"),
    ("bytes", BYTES, MEASURED, "of 1 to 254, and training saw -2.1 to 2.6"), ("bytes", BYTES, OF_16, "training saw 0 to 65535: multiply by 257"),
    ("fractions", ONE, OF_16, "multiply by 65535"), ("fractions", ONE, HOUNSFIELD, "training saw -1000 to 400"),
    ("fractions", ONE, (0.0, 100.0), "training saw 0 to 100"), ("white", np.full((8, 8, 1), 255, np.uint8), OF_ONE, "255 to 255"),
]  # fmt: skip
TAKEN: list[tuple[str, Any, tuple[float, float]]] = [
    ("dark", (0.05 * BYTES).astype(np.uint8), OF_BYTES), ("dark", 0.02 * 255 * ONE, OF_BYTES), ("very dark", BYTES // 128, OF_BYTES),
    ("black", np.zeros((8, 8, 3)), OF_BYTES), ("grey", np.full((8, 8, 3), 117.3), OF_BYTES), ("grey", np.full((8, 8, 3), 0.4), OF_BYTES),
    ("of 0 and 1", (ONE > 0.5).astype("float32"), OF_BYTES), ("bool", ONE > 0.5, OF_BYTES), ("white", np.full((8, 8, 3), 255.0), OF_BYTES),
    ("black", np.full((8, 8, 3), -1.0), OF_BOTH), ("half", ONE, OF_BOTH), ("dark", 0.01 * ONE, OF_ONE), ("sharpened", 1.3 * ONE - 0.15, OF_ONE),
    ("strays", STRAYED, OF_ONE), ("bright", 300 * ONE, OF_BYTES), ("dark", 600 * ONE, OF_16), ("dark bytes", (0.4 * BYTES).astype(np.uint8), OF_16),
    ("soft tissue", 80 * ONE - 20, HOUNSFIELD), ("bone", 1400 * ONE - 400, HOUNSFIELD), ("standardised", 5 * ONE - 2.5, MEASURED),
    ("dark", 0.8 * ONE, (0.0, 16.0)), ("nothing known", BYTES, (3.0, 3.0)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "values", "span", "words"), REFUSED, ids=lambda value: value if isinstance(value, str) else ""
)
def test_values_of_another_scale(name: str, values: Any, span: tuple[float, float], words: str) -> None:
    found = another_scale(values, span)
    assert found is not None
    assert re.search(words, found), found


@pytest.mark.parametrize(("name", "values", "span"), TAKEN, ids=lambda value: value if isinstance(value, str) else "")
def test_values_that_may_be_of_the_scale(name: str, values: Any, span: tuple[float, float]) -> None:
    assert another_scale(values, span) is None


def test_splits_of_another_scale(tmp_path: Path) -> None:
    def tested(train: Any, test: Any) -> tuple[str, ...]:
        y = np.arange(len(train)) % 3
        np.savez(tmp_path / "a.npz", x_train=train, y_train=y, x_test=test, y_test=y)
        return prepare(plan(tmp_path, SPEC, directory=tmp_path), 1).notes

    whole = (255 * IMAGES).astype(np.uint8)
    with pytest.raises(
        DataError, match=r"the test images hold values of 0 to 25., and training saw 0 to 1: divide by 255"
    ):
        tested(IMAGES, whole)
    with pytest.raises(
        DataError, match=r"the test images hold values of .* and training saw 0 to 255: multiply by 255"
    ):
        tested(whole, IMAGES)
    assert not any("training saw" in note for note in tested(whole, whole // 10))
    assert any("warning: the test images hold values of 0 to 25" in note for note in tested(whole // 10, whole))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["0 to 1", "0 to 255", "−1 to 1", "16 bits", "0 to 100"])
def test_files_are_brought_to_what_training_saw(name: str, tmp_path: Path) -> None:
    images, span = {**SCALES, "0 to 100": (100 * IMAGES, (0, 100))}[name]
    (tmp_path / "any.yaml").write_text(SPEC)
    np.savez(tmp_path / "a.npz", x_train=images, y_train=np.arange(40) % 3)
    run = cnnspec.train(tmp_path / "any.yaml", runs=tmp_path / "runs", quiet=True)
    pixels = (255 * IMAGES[0]).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "one.png")
    scaled = pixels / 255 * (span[1] - span[0]) + span[0]
    np.save(tmp_path / "one.npy", scaled.astype("float32"))
    np.save(tmp_path / "other.npy", (pixels / 255 if span[1] >= 100 else pixels).astype("float32"))
    files = [str(tmp_path / each) for each in ("one.png", "one.png", "one.npy", "other.npy")]
    found = CliRunner().invoke(cli, ["predict", str(run.folder), *files])
    lines, errors = found.stdout.splitlines(), found.stderr.splitlines()
    assert re.search(r"other.npy holds values of \S+ to \S+, and training saw \S+ to \S+", errors[-1])
    known = {"0 to 1": 1, "0 to 255": 255, "16 bits": 65535}.get(name)
    assert len(lines) == (3 if known else 1)
    if known is None:
        assert "one.png is an image of 0 to 255, and training saw values of " in errors[0]
        return
    assert lines[0].split()[1:] == lines[2].split()[1:]
    told = [line for line in errors if line.startswith("note:")]
    assert told == (
        [] if known == 255 else [f"note: images of 0 to 255 are brought to 0 to {known:g}, which training saw"]
    )
    assert cnnspec.evaluate(run.folder, split="train").metrics
    other = IMAGES if span[1] > 1 else (255 * IMAGES).astype(np.uint8)
    np.savez(tmp_path / "a.npz", x_train=other, y_train=np.arange(40) % 3)
    with pytest.raises(DataError, match=r"the training images hold values of \S+ to \S+, and training saw "):
        cnnspec.evaluate(run.folder, split="train")
