"""Networks out of the ordinary: names used from afar, tensors taken twice, outputs from inside, inputs by key."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import keras
import pytest
from keras import layers

import cnnspec

from ..light import light
from .roundtrip import again, facts, largest_difference


def conv(filters: int = 4, size: int = 3, **more: Any) -> Any:
    """A convolution that keeps the size."""
    return layers.Conv2D(filters, size, padding="same", **more)


def outputs_in_a_repetition(x: Any) -> Any:
    found = {}
    for at in range(4):
        x = layers.BatchNormalization()(conv()(x))
        if at == 1:
            found["early"] = x
        x = layers.ReLU()(x)
    return {**found, "late": x}


def outputs_in_a_block(x: Any) -> Any:
    found = []
    for at in range(4):
        way, x = conv(4, 1)(x), layers.BatchNormalization()(conv()(x))
        if at == 2:
            found.append(x)
        x = layers.Add()([way, x])
    return [*found, x]


def five_operands(x: Any) -> Any:
    ways = [conv(4, size)(x) for size in (1, 3, 5)]
    return layers.Average()([*ways, layers.Dense(4)(x), layers.MaxPooling2D(2, 1, "same")(ways[0])])


def one_tensor_twice(x: Any) -> Any:
    x = conv()(x)
    y = layers.Add()([x, x])
    y = layers.Concatenate()([y, y, x])
    return layers.Multiply()([y, y])


def outputs_that_go_on(x: Any) -> Any:
    x = conv()(x)
    y = conv()(x)
    return [x, y, layers.Flatten()(y)]


def input_late(x: Any) -> Any:
    y = x
    for _ in range(4):
        y = conv()(y)
    y = conv()(layers.Concatenate()([y, x]))
    return layers.Multiply()([x, y])


def name_from_outside(x: Any) -> Any:
    guide = conv(4, 1)(x)
    for _ in range(4):
        x = layers.ReLU()(layers.Multiply()([conv()(x), guide]))
    return x


NETS = (
    outputs_in_a_repetition, outputs_in_a_block, five_operands, one_tensor_twice, outputs_that_go_on, input_late,
    name_from_outside,
)  # fmt: skip


@pytest.mark.parametrize("net", NETS, ids=lambda net: net.__name__)
def test_odd_networks_come_back(net: Callable[[Any], Any]) -> None:
    x = keras.Input((8, 8, 4))
    model = keras.Model(x, net(x))
    other = again(model)
    assert facts(model) == facts(other)
    assert largest_difference(model, other) <= 1e-6
    if isinstance(model.output, dict):
        assert sorted(model.output) == sorted(other.output)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [("image", "inputs: {image: [4]}"), (None, "input: [4]"), ("input_1", "input: [4]"), ("input", "input: [4]")],
)
def test_the_name_of_the_only_input_is_kept(given: str | None, wanted: str) -> None:
    x = keras.Input((4,), name=given)
    model = keras.Model(x, layers.Add()([x, layers.Dense(4)(x)]))
    text = cnnspec.import_model(model)
    assert f"\n{wanted}\n" in text
    assert largest_difference(model, again(model, text)) == 0


@pytest.mark.filterwarnings("ignore:When providing `inputs` as a dict:UserWarning")
def test_inputs_go_by_their_keys() -> None:
    image, extra = keras.Input((8, 8, 3), name="zed"), keras.Input((4,), name="alpha")
    made = layers.Concatenate()([layers.Flatten()(conv()(image)), layers.Dense(3)(extra)])
    model = keras.Model({"image": image, "extra": extra}, made)
    other = again(model)
    assert {key: value.shape for key, value in other.input.items()} == {"image": (None, 8, 8, 3), "extra": (None, 4)}
    assert largest_difference(model, other) == 0


def test_outputs_are_numbered_where_their_names_would_change_the_order_of_the_weights() -> None:
    x = keras.Input((8, 8, 3))
    zebra, apple = conv(2, name="zebra")(x), conv(2, name="apple")(x)
    model = keras.Model(x, [zebra, apple])
    other = again(model)
    assert list(other.output) == ["output_0", "output_1"]
    assert largest_difference(model, other) == 0
    assert list(again(keras.Model(x, [apple, zebra])).output) == ["apple", "zebra"]


def random_model(seed: int) -> Any:
    """A model of layers, chains and residuals, some of which it calls several times, with or without their merges."""
    choose = random.Random(seed)
    kinds = [
        conv, lambda: conv(4, 1, use_bias=False), layers.BatchNormalization, layers.ReLU, layers.LayerNormalization,
        lambda: layers.DepthwiseConv2D(3, padding="same"), lambda: layers.LeakyReLU(0.1),
        lambda: layers.AveragePooling2D(3, 1, "same"),
    ]  # fmt: skip

    def merge() -> Any:
        return choose.choice([layers.Add, layers.Multiply, layers.Maximum, layers.Subtract])()

    def part(depth: int) -> Callable[[Any], Any]:
        kind = choose.randrange(4) if depth < 3 else 0
        if kind == 0:
            return choose.choice(kinds)()  # type: ignore[no-any-return]
        inner = [part(depth + 1) for _ in range(choose.randint(2, 3))]
        kept = merge() if choose.random() < 0.5 else None

        def chain(x: Any) -> Any:
            for each in inner:
                x = each(x)
            return x

        if kind == 1:
            return chain
        if kind == 2:
            return lambda x: (kept or layers.Add())([x, chain(x)])
        return lambda x: (kept or layers.Add())([each(x) for each in inner])

    pool = [part(0) for _ in range(2)]
    inputs = [keras.Input((4, 4, 4), name=name) for name in ("left", "right")]
    tensors = [merge()(inputs), *inputs]
    for _ in range(choose.randint(3, 7)):
        if choose.random() < 0.7:
            tensors.append(choose.choice(pool)(choose.choice(tensors)))
        else:
            tensors.append(merge()([choose.choice(tensors), tensors[-1]]))
    return keras.Model(inputs, merge()([tensors[0], tensors[-1]]))


@pytest.mark.slow
@light()
def test_random_sharing_comes_back() -> None:
    shared = 0
    for seed in range(16):
        keras.backend.clear_session()
        model = random_model(seed)
        text = cnnspec.import_model(model)
        shared += "share:" in text
        assert largest_difference(model, again(model, text)) <= 1e-5, (seed, text)
    assert shared >= 5
