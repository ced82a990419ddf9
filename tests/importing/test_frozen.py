"""What is frozen in a model is frozen in the model of its spec, said once by `training.freeze`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import pytest
from click.testing import CliRunner
from keras import layers

import cnnspec
from cnnspec.cli.main import cli
from cnnspec.importing.keras_freezing import shortest
from cnnspec.importing.keras_graph import layers_in_order, variables


def trunk() -> Any:
    """Three blocks of a convolution and a normalization, as a model."""
    x = start = keras.Input((8, 8, 3))
    for _ in range(3):
        x = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(4, 3, padding="same")(x)))
    return keras.Model(start, x, name="trunk")


def with_head(base: Any, **call: Any) -> Any:
    start = keras.Input((8, 8, 3))
    x = layers.Dense(6, activation="relu")(layers.GlobalAveragePooling2D()(base(start, **call)))
    return keras.Model(start, layers.Dense(2, name="head")(x))


def below_a_head() -> Any:
    base = trunk()
    base.trainable = False
    return with_head(base)


def in_part() -> Any:
    base = trunk()
    for layer in base.layers[:4]:
        layer.trainable = False
    return with_head(base)


def one_layer() -> Any:
    model = with_head(trunk())
    model.layers[-2].trainable = False
    return model


def normalizations() -> Any:
    base = trunk()
    for layer in base.layers:
        layer.trainable = not isinstance(layer, layers.BatchNormalization)
    return with_head(base)


def shared() -> Any:
    first, second = keras.Input((4,)), keras.Input((4,))
    tower, head = layers.Dense(3, name="tower"), layers.Dense(1, name="head")
    tower.trainable = False
    return keras.Model([first, second], head(layers.Subtract()([tower(first), tower(second)])))


def shared_head() -> Any:
    first, second = keras.Input((4,)), keras.Input((4,))
    below, head = layers.Dense(3), layers.Dense(1)
    below.trainable = False
    return keras.Model([first, second], layers.Add()([head(below(first)), head(layers.Dense(3)(second))]))


def attention() -> Any:
    start = keras.Input((4, 8))
    frozen = layers.MultiHeadAttention(2, 4)
    model = keras.Model(start, layers.Dense(2)(layers.Add()([start, frozen(start, start)])))
    frozen.trainable = False
    return model


FROZEN: dict[Callable[[], Any], str] = {
    below_a_head: '["*", "!dense", "!dense_1"]',
    in_part: "[conv2d, batch_normalization]",
    one_layer: "[dense]",
    normalizations: "[batch_normalization, batch_normalization_1, batch_normalization_2]",
    shared: '["*", "!dense"]',
    shared_head: "[dense]",
    attention: "[multi_head_attention]",
}


@pytest.mark.parametrize("make", FROZEN, ids=lambda make: make.__name__)
def test_the_same_is_frozen(make: Callable[[], Any]) -> None:
    model = make()
    text = cnnspec.import_model(model)
    assert "trainable:" not in text
    assert FROZEN[make] in text
    built = cnnspec.build(text)
    pairs = zip(variables(layers_in_order(model)), variables(layers_in_order(built)), strict=True)
    assert [(tuple(one.shape), one.trainable) for one, _ in pairs] == [
        (tuple(other.shape), other.trainable) for other in variables(layers_in_order(built))
    ], text


def test_a_model_that_is_frozen_as_a_whole_says_so() -> None:
    model = with_head(trunk())
    model.trainable = False
    text = cnnspec.import_model(model)
    assert "# All its layers were frozen" in text
    assert "freeze: [" not in text
    assert cnnspec.check(text).ok


def test_a_call_in_inference_is_said(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    with_head(trunk(), training=False).save(path)
    result = CliRunner().invoke(cli, ["import", str(path)], standalone_mode=False)
    assert not result.return_value, result.stderr
    assert "warning: `trunk` was called with `training=False`" in result.stderr
    assert "# `trunk` was called with `training=False`" in result.stdout
    fixed = trunk()
    fixed.trainable = False
    assert "training=False" not in cnnspec.import_model(with_head(fixed, training=False))


@pytest.mark.parametrize(
    ("fixed", "patterns"),
    [
        ({"a": True, "b": True}, ("*",)),
        ({"a": False, "b": False}, ()),
        ({"stem": True, "stage.a": True, "stage.b": True, "head": False}, ("*", "!head")),
        ({"stem": True, "stage.a": False, "stage.b": False, "head": False}, ("stem",)),
        ({"s.a": True, "s.b": False, "t.a": False, "t.b": False, "u": False}, ("s.a",)),
    ],
)
def test_the_fewest_patterns(fixed: dict[str, bool], patterns: tuple[str, ...]) -> None:
    assert shortest(fixed) == patterns
