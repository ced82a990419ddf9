"""Names from elsewhere, short forms and names with fillers: what they surely mean, and what is not guessed at."""

from __future__ import annotations

import pytest

from cnnspec.language.suggest import meant, nearest
from cnnspec.layers.base import LAYERS

_ARGUMENTS = ("filters", "kernel_size", "strides", "padding", "activation", "kernel_initializer", "kernel_regularizer")
_SETTINGS = ("epochs", "batch_size", "optimizer", "loss", "metrics", "callbacks", "validation_split", "weights")


@pytest.mark.parametrize(
    ("name", "known", "wanted"),
    [
        ("convolution2dLayer", LAYERS, "conv2d"),
        ("GlobalAvgPool", LAYERS, "global_average_pooling2d"),
        ("maxPooling1dLayer", LAYERS, "max_pooling1d"),
        ("SepConv2D", LAYERS, "separable_conv2d"),
        ("spatial-dropout", LAYERS, "spatial_dropout2d"),
        ("ColorJitter", LAYERS, "random_color_jitter"),
        ("mean_pool", LAYERS, "average_pooling2d"),
        ("nn.BatchNorm2d", LAYERS, "batch_normalization"),
        ("numFilters", _ARGUMENTS, "filters"),
        ("weights_regularizer", _ARGUMENTS, "kernel_regularizer"),
        ("act_layer", _ARGUMENTS, "activation"),
        ("kernel_init", _ARGUMENTS, "kernel_initializer"),
        ("MiniBatchSize", _SETTINGS, "batch_size"),
        ("valid_pct", _SETTINGS, "validation_split"),
        ("opt", _SETTINGS, "optimizer"),
        ("init_lr", ("initial_learning_rate", "decay_rate"), "initial_learning_rate"),
        ("width_mult", ("width_multiplier", "depth"), "width_multiplier"),
        ("adma", ("adam", "adamw", "adamax"), "adam"),
        ("nearest_neighbour", ("nearest", "bilinear"), "nearest"),
    ],
)
def test_sure(name: str, known: tuple[str, ...], wanted: str) -> None:
    assert meant(name, known) == wanted


@pytest.mark.parametrize(
    ("name", "known"),
    [("conv4d", LAYERS), ("foo", LAYERS), ("bar_layer", LAYERS), ("layer", LAYERS), ("dept", ("depth", "dept1"))],
)
def test_not_sure(name: str, known: tuple[str, ...]) -> None:
    assert meant(name, known) is None


def test_a_slip_of_the_finger_goes_before_a_filler() -> None:
    assert nearest("conv_nb", [*LAYERS, "conv_bn"]) == "conv_bn"


@pytest.mark.parametrize("name", LAYERS)
def test_another_spelling_of_every_layer(name: str) -> None:
    assert meant(name.title().replace("_", ""), LAYERS) == name
