"""What activations and layers say that they give at the least and at the most, against what Keras computes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import pytest

from cnnspec.data.augmentations import AUGMENTATIONS
from cnnspec.emit.keras import apply, resolve
from cnnspec.layers.base import LAYERS, Layer
from cnnspec.layers.bounds import OPEN, Bounds
from cnnspec.layers.images import Colours
from cnnspec.layers.settings import ACTIVATIONS
from cnnspec.training.ranges import fitted
from cnnspec.training.stage_checks import is_random, learns

from .test_argument_ranges import FITTING, NEEDED, SHAPES

SLOPES = [{}, {"negative_slope": 0.2}, {"negative_slope": 0.0}]
RELUS: list[dict[str, Any]] = [
    *SLOPES, {"max_value": 1.0}, {"max_value": 6.0, "threshold": 2.0}, {"threshold": 1.5}, {"max_value": 1.0, "threshold": 3.0},
    {"negative_slope": 0.5, "max_value": 2.0, "threshold": 1.0},
]  # fmt: skip
ALPHAS: list[dict[str, Any]] = [{}, {"alpha": 0.25}, {"alpha": 3.0}]
GIVEN: dict[str, list[dict[str, Any]]] = {
    "relu": [*RELUS, {"threshold": -2.0}, {"threshold": -2.0, "max_value": 0.5}],
    "leaky_relu": [*SLOPES, {"negative_slope": -0.5}],
    "elu": [*ALPHAS, {"alpha": 0.0}, {"alpha": -2.0}],
    "celu": [*ALPHAS, {"alpha": -2.0}],
    "gelu": [{}, {"approximate": True}, {"approximate": False}],
    "threshold": [{"threshold": 1.0, "default_value": 0.0}, {"threshold": -1.0, "default_value": 2.0}, {"threshold": 1.0, "default_value": 5.0}],
    "hard_shrink": [{}, {"threshold": 2.0}], "soft_shrink": [{}, {"threshold": 2.0}], "squareplus": [{}, {"b": 0}, {"b": 1}],
}  # fmt: skip
ACTIVATED = [(name, given) for name in ACTIVATIONS for given in GIVEN.get(name, [{}])]
LAYERED = [("relu", given) for given in RELUS] + [("leaky_relu", given) for given in SLOPES]
LAYERED += [("elu", given) for given in GIVEN["elu"]] + [("softmax", {})]


def grid() -> Any:
    """Numbers of all magnitudes, close together where functions turn; each beside its opposite and 0."""
    far = np.geomspace(1e-6, 1e4, 2000)
    x = np.concatenate([np.linspace(-12, 12, 48001), far, -far]).astype("float32")
    return np.stack([x, np.zeros_like(x), -x], axis=-1)


def holds(bounds: Bounds, given: Any) -> None:
    """Never outside of the bounds; they are approached where they are finite, and left far behind where not."""
    assert np.isfinite(given).any()
    given = given[~np.isnan(given)]
    for bound, found, sign in ((bounds[0], given.min(), -1), (bounds[1], given.max(), 1)):
        if np.isfinite(bound):
            assert sign * found <= sign * bound + 1e-6 * max(1, abs(bound)), "never outside"
            assert abs(found - bound) <= 1e-3 * max(1, abs(bound)), "approached"
        else:
            assert sign * found > 100, "open"


@pytest.mark.parametrize(("name", "given"), ACTIVATED, ids=str)
def test_what_an_activation_gives(name: str, given: dict[str, Any]) -> None:
    activation: Any = ACTIVATIONS[name].read(given)
    called, x = activation.call(), keras.ops.convert_to_tensor(grid())
    plain = getattr(keras.activations, called if isinstance(called, str) else name)
    kwargs = {} if isinstance(called, str) else called.kwargs
    holds(activation.gives(), keras.ops.convert_to_numpy(plain(x, **kwargs)))


@pytest.mark.parametrize(("name", "given"), LAYERED, ids=str)
def test_what_a_layer_of_an_activation_gives(name: str, given: dict[str, Any]) -> None:
    layer: Any = LAYERS[name].read(given)
    x = keras.ops.convert_to_tensor(grid())
    holds(layer.value_range_behind(*OPEN), keras.ops.convert_to_numpy(apply(layer.calls((3,)), [x], "it")))


def test_all_activations_are_held_against_keras() -> None:
    assert {name for name, _ in ACTIVATED} == set(ACTIVATIONS)
    assert len(ACTIVATED) > 50


RANGES: list[Bounds] = [(0.0, 255.0), (0.0, 1.0), (-1.0, 1.0), (-2.1, 2.6), (0.5, 2.0), (-3.0, -1.0)]
FILLING: dict[str, Any] = {"fill_mode": "constant", "fill_value": 0.7}
MORE: dict[str, list[dict[str, Any]]] = {
    "rescaling": [{"scale": -2.0, "offset": 1.0}, {"scale": 0.0}],
    "normalization": [{"mean": (0.1, 0.2, 0.9), "variance": (1.0, 0.5, 0.0)}, {"mean": 0.4, "variance": 0.09, "invert": True}],
    "zero_padding2d": [{"padding": 0}, {"padding": ((0, 1), (0, 0))}],
    "resizing": [
        {"height": 13, "width": 5, "interpolation": name, "antialias": smooth}
        for name in ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5") for smooth in (False, True)
    ] + [{"height": 4, "width": 9, "pad_to_aspect_ratio": True, "fill_value": -7}, {"height": 4, "width": 9, "crop_to_aspect_ratio": True}],
    "up_sampling2d": [{"interpolation": name} for name in ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5")],
    "center_crop": [{"height": 20, "width": 20}],
    "random_crop": [{"height": 12, "width": 12}],
    "random_rotation": [{"factor": 0.3, **FILLING}, {"factor": 0.3, "fill_mode": "constant", "fill_value": 300}, {"factor": 0.3, "fill_mode": "wrap"}],
    "random_translation": [{"height_factor": 0.5, "width_factor": 0.5, **FILLING}],
    "random_zoom": [{"height_factor": (0.5, 0.9), **FILLING}], "random_shear": [{"x_factor": 0.9, **FILLING}],
    "random_perspective": [{"factor": 1.0, "fill_value": -9}], "random_elastic_transform": [FILLING],
    "random_erasing": [{"fill_value": 1000}, {"scale": (0.3, 0.6)}],
    "dropout": [{"rate": 0.0}, {"rate": 1.0}, {"rate": 0.9}], "spatial_dropout2d": [{"rate": 0.5}], "gaussian_dropout": [{"rate": 0.5}],
    "gaussian_noise": [{"stddev": 1.0}], "alpha_dropout": [{"rate": 0.5}], "unit_normalization": [{"axis": (1, 2)}],
    "random_color_jitter": [{"brightness_factor": 0.9, "contrast_factor": 0.9, "saturation_factor": (0.0, 1.0), "hue_factor": 0.9}],
    "random_saturation": [{"factor": (0.0, 1.0)}], "random_sharpness": [{"factor": (0.0, 1.0)}],
    "random_contrast": [{"factor": 0.9}], "random_brightness": [{"factor": 0.9}], "random_hue": [{"factor": 1.0}],
    "max_pooling2d": [{"pool_size": 3, "padding": 1}], "average_pooling2d": [{"pool_size": 3, "padding": 1}, {"pool_size": 3, "padding": "same"}],
    "activation": [{"activation": name} for name in ("linear", "silu", "tanh", "elu")],
    "rand_augment": [{"factor": 1.0, "num_ops": 4, "fill_mode": "constant"}], "mix_up": [{"alpha": 1.0}], "cut_mix": [{"alpha": 1.0}],
}  # fmt: skip
WANTED = {**NEEDED, "output_size": 3, "pool_size": 2, "filters": 2, "kernel_size": 2}
CONTRAST = "contrast_limited_adaptive_histogram_equalization"
MORE[CONTRAST] = [{"tile_grid_size": (2, 2)}]


def standing() -> Iterator[tuple[str, dict[str, Any], int]]:
    """Every layer that may stand in `preprocessing` or `augmentation`, with arguments."""
    for name in sorted({*LAYERS, *AUGMENTATIONS}):
        cls: Any = (AUGMENTATIONS if name in AUGMENTATIONS else LAYERS)[name]
        rank = (cls.ranks or (3,))[0]
        start = {field: WANTED.get(field) for field, info in cls.model_fields.items() if info.is_required()}
        start |= FITTING.get(name, {}) | ({"dims": tuple(range(1, rank + 1))} if name == "permute" else {})
        if cls.merges or learns(cls.read(start)):
            continue
        for given in ([] if name == CONTRAST else [start]) + MORE.get(name, []):
            yield name, {**start, **given}, rank


def computed(layer: Layer, images: Any, training: bool) -> Any:
    if layer.entry in AUGMENTATIONS:
        (call,) = layer.calls()
        labels = keras.ops.one_hot(np.arange(len(images)) % 3, 3)
        made = resolve(call.name)(**call.kwargs, maps=0, name="it")
        return keras.ops.convert_to_numpy(made([images, labels], training=training)[0] if training else images)
    entering = keras.Input(images.shape[1:])
    model = keras.Model(entering, apply(layer.calls(images.shape[1:]), [entering], "it"))
    return keras.ops.convert_to_numpy(model(images, training=training))


def filling(span: Bounds, shape: Any) -> Any:
    """Images that fill a range, and images of its ends alone."""
    shares = np.random.default_rng(0).random((24, *shape))
    shares[:6] = np.round(shares[:6])
    shares[6:8], shares[8:10] = 0, 1
    return keras.ops.convert_to_tensor((span[0] + (span[1] - span[0]) * shares).astype("float32"))


STANDING = list(standing())


@pytest.mark.slow
@pytest.mark.parametrize(("name", "given", "rank"), STANDING, ids=str)
def test_the_range_behind_a_layer_is_that_of_keras(name: str, given: dict[str, Any], rank: int) -> None:
    plain: Any = (AUGMENTATIONS if name in AUGMENTATIONS else LAYERS)[name].read(given)
    for span in RANGES:
        layers = fitted(plain, span)
        told: Any = layers[len(layers) // 2]
        told = told if len(layers) == 1 else told.model_copy(update={"value_range": span})
        bounds = told.value_range_behind(*span)
        images = filling(span, SHAPES[rank])
        for training in (True, False):
            found = images
            for layer in layers:
                found = computed(layer, found, training)
            if bounds is not None:
                slack = 1e-3 * max(bounds[1] - bounds[0], 1e-3 * abs(bounds[1]))
                assert bounds[0] - slack <= found.min(), (span, training)
                assert found.max() <= bounds[1] + slack, (span, training)
        ends = plain.scale_behind(*span)
        if ends is not None and not isinstance(plain, Colours):
            for at, end in zip((6, 8), ends if getattr(plain, "scale", 1) >= 0 else ends[::-1], strict=True):
                found = computed(plain, images[at : at + 2], False)
                assert np.isclose(found, end, atol=1e-3 * (span[1] - span[0])).any(), span


def test_what_leaves_a_range_does_not_claim_it() -> None:
    leaving = {
        "gaussian_noise": {"stddev": 0.1}, "dropout": {"rate": 0.5}, "gaussian_dropout": {"rate": 0.5}, "alpha_dropout": {"rate": 0.5},
        "zero_padding2d": {}, "resizing": {"height": 4, "width": 4, "interpolation": "bicubic"}, "normalization": {"mean": 0.5, "variance": 0.25},
        "random_translation": {"height_factor": 0.1, "width_factor": 0.1, "fill_mode": "constant", "fill_value": 9},
    }  # fmt: skip
    for name, given in leaving.items():
        assert LAYERS[name].read(given).value_range_behind(0.5, 1.0) != (0.5, 1.0), name  # type: ignore[attr-defined]


def test_every_layer_that_may_stand_there_is_tried() -> None:
    assert len({name for name, _, _ in STANDING}) > 60
    assert (
        sum(
            is_random((AUGMENTATIONS if name in AUGMENTATIONS else LAYERS)[name].model_construct())
            for name, _, _ in STANDING
        )
        > 40
    )  # type: ignore[arg-type]


NOISY = "random_erasing"
"""Its noise is of one size on every scale."""
COLOURS = [name for name in LAYERS if issubclass(LAYERS[name], Colours) and name != NOISY]


@pytest.mark.slow
@pytest.mark.parametrize("name", COLOURS)
def test_colours_mean_the_same_on_every_scale(name: str) -> None:
    """What is done to pixels of another scale is what is done to the same pixels of 0 to 1, brought to it."""
    given = {"seed": 3} if "seed" in LAYERS[name].model_fields else {}
    start = {field: NEEDED.get(field) for field, info in LAYERS[name].model_fields.items() if info.is_required()}
    more = {} if name == "random_elastic_transform" else MORE.get(name, [{}])[-1]
    layer: Any = LAYERS[name].read({**start, **FITTING.get(name, {}), **given, **more})
    shares = np.random.default_rng(1).random((16, 8, 8, 3)).astype("float32")

    def changed(span: Bounds) -> Any:
        found: Any = keras.ops.convert_to_tensor(span[0] + (span[1] - span[0]) * shares)
        for each in fitted(layer, span):
            found = computed(each, found, True)
        return (np.asarray(found) - span[0]) / (span[1] - span[0])

    for span in RANGES:
        close = np.abs(changed(span) - changed((0.0, 1.0))) < 2e-3
        assert close.mean() > 0.99, span
