"""Layers that are called several times, alone and in towers of all kinds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import pytest
from keras import layers

import cnnspec

from .roundtrip import again, largest_difference

Net = Callable[..., Any]


def conv(filters: int = 4, size: int = 3, **more: Any) -> Any:
    """A convolution that keeps the size."""
    return layers.Conv2D(filters, size, padding="same", **more)


def chain(*parts: Net) -> Net:
    """One after the other, the same layers each time."""

    def net(x: Any) -> Any:
        for part in parts:
            x = part(x)
        return x

    return net


def tower(filters: int = 4) -> Net:
    """Two convolutions, shared by all calls."""
    return chain(conv(filters), layers.ReLU(), conv(filters), layers.ReLU())


def plus(net: Net) -> Net:
    """A net, and its input added."""
    return lambda x: layers.Add()([x, net(x)])


def model_of(*nets: Net) -> Any:
    """The model that puts these nets on an input of their own, and all of it together."""
    x = keras.Input((8, 8, 4))
    return keras.Model(x, chain(*nets)(x))


def over(*shapes: tuple[int, ...]) -> Callable[[Net], Any]:
    """The model of a net of several inputs."""
    inputs = [keras.Input(shape) for shape in shapes]
    return lambda net: keras.Model(inputs, net(*inputs))


PAIR = (8, 8, 4), (8, 8, 4)


def in_depths() -> Any:
    first, second, pool = tower(), tower(8), layers.MaxPooling2D()

    def net(a: Any, b: Any) -> Any:
        a, b = pool(first(a)), pool(first(b))
        return layers.Concatenate()([second(a), second(b), conv(8)(layers.Subtract()([a, b]))])

    return over(*PAIR)(net)


def on_its_own_output() -> Any:
    shared = tower()
    return model_of(shared, shared, shared)


def thrice() -> Any:
    shared = conv()
    return model_of(shared, shared, shared)


def in_residuals() -> Any:
    shared = conv(activation="relu")
    return model_of(*[plus(shared)] * 3)


def between_others() -> Any:
    norm = layers.BatchNormalization()
    return model_of(*(each for _ in range(3) for each in (conv(), norm, layers.ReLU())))


def nested() -> Any:
    inner = keras.Sequential(
        [keras.Input((8, 8, 4)), layers.ZeroPadding2D(1), layers.Conv2D(4, 3), layers.BatchNormalization()]
    )
    outer = keras.Sequential([keras.Input((8, 8, 4)), inner, conv(), layers.GlobalAveragePooling2D()])
    return over(*PAIR)(lambda a, b: layers.Concatenate()([outer(a), outer(b)]))


def in_a_tower() -> Any:
    inner = chain(conv(), layers.ReLU())
    outer = plus(chain(inner, inner))
    return over(*PAIR)(lambda a, b: layers.Subtract()([outer(a), outer(b)]))


def with_residuals() -> Any:
    shared = plus(chain(*(plus(chain(conv(activation="relu"), conv())) for _ in range(3))))
    return over((8, 8, 4), (16, 16, 4))(lambda a, b: [shared(a), layers.MaxPooling2D()(shared(b))])


def with_two_inputs() -> Any:
    a, b = keras.Input((8, 8, 4)), keras.Input((8, 8, 4))
    inner = keras.Model([a, b], conv()(layers.Concatenate()([conv()(a), b])))
    return over(*PAIR, (8, 8, 4))(lambda a, b, c: inner([inner([a, b]), c]))


def with_two_outputs() -> Any:
    stem, one, two = chain(conv(), layers.BatchNormalization()), conv(2), layers.Dense(3)
    return over(*PAIR)(lambda a, b: [head(x) for x in (stem(a), stem(b)) for head in (one, two)])


def crossed() -> Any:
    first, second = conv(), conv(4, 1)

    def net(a: Any, b: Any) -> Any:
        x, y = first(b), first(a)
        return [layers.Flatten()(x), second(y), second(x)]

    return over(*PAIR)(net)


def in_part() -> Any:
    first, second, third = conv(), conv(4, 1), layers.Dense(2)
    return over(*PAIR)(lambda a, b: [chain(first, second, third)(a), chain(first, second, third)(b), second(a)])


def padded() -> Any:
    shared = layers.Conv2D(4, 3, strides=2)
    return over(*PAIR)(lambda a, b: [shared(layers.ZeroPadding2D(1)(x)) for x in (a, b)])


def activated() -> Any:
    shared = layers.Conv2D(4, 3)
    return over(*PAIR)(lambda a, b: [layers.LeakyReLU(0.1)(shared(x)) for x in (a, b)])


def with_layers_of_their_own_between() -> Any:
    first, second = conv(), conv()
    return over(*PAIR)(lambda a, b: [second(layers.ReLU()(first(x))) for x in (a, b)])


def einsum() -> Any:
    shared = layers.EinsumDense("abcd,de->abce", output_shape=(None, None, 5), bias_axes="e")
    return over(*PAIR)(lambda a, b: [shared(x) for x in (a, b)])


def attention() -> Any:
    norm, shared = layers.LayerNormalization(), layers.MultiHeadAttention(2, 2)
    net = plus(chain(norm, lambda x: shared(x, x)))
    return over((9, 4), (9, 4))(lambda a, b: [net(a), net(b)])


def without_weights() -> Any:
    relu, drop = layers.ReLU(), layers.Dropout(0.2)
    return model_of(*(each for _ in range(3) for each in (conv(), relu, drop)))


def one_head_for_all_levels() -> Any:
    levels = [keras.Input((size, size, 4)) for size in (16, 8, 4)]
    head = chain(*(conv(activation="relu") for _ in range(3)), conv(6), layers.Reshape((-1, 2)))
    return keras.Model(levels, layers.Concatenate(axis=1)([head(level) for level in levels]))


def padded_pooling() -> Any:
    return cnnspec.build("""
inputs: {l: [9, 9, 3], r: [9, 9, 3]}
layers:
  - branches:
      inputs: l
      paths:
        - - conv2d: {filters: 4, kernel_size: 3, padding: 1}
          - average_pooling2d: {pool_size: 3, strides: 2, padding: 1}
          - conv2d: {filters: 4, kernel_size: 3, padding: 1, activation: {leaky_relu: 0.1}}
        - [{conv2d: {filters: 2, kernel_size: 3, padding: 1, strides: 2}}]
      name: t
  - share: {entry: t, inputs: r, name: u}
  - multiply: [t, u]
""")


SHARES = {
    in_depths: 2, on_its_own_output: 2, thrice: 2, in_residuals: 2, between_others: 1, nested: 1, in_a_tower: 3,
    with_residuals: 1, with_two_inputs: 2, with_two_outputs: 3, crossed: 2, in_part: 4, padded: 1, activated: 1,
    with_layers_of_their_own_between: 1, einsum: 1, attention: 1, without_weights: 0, one_head_for_all_levels: 2,
    padded_pooling: 1,
}  # fmt: skip
"""How many lines of the spec share something: one where all of it is one tower."""


@pytest.mark.parametrize("make", SHARES, ids=lambda make: make.__name__)
def test_what_is_shared_comes_back(make: Callable[[], Any]) -> None:
    model = make()
    text = cnnspec.import_model(model)
    other = again(model, text)
    assert text.count("share:") == SHARES[make], text
    assert len(model.trainable_weights) == len(other.trainable_weights)
    assert largest_difference(model, other) <= 1e-6
