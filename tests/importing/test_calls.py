"""What a call says beside its tensors, operands of different ranks, odd names: right, or refused by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops

import cnnspec


def on(make: Callable[..., Any], *shapes: tuple[int, ...]) -> Any:
    """The model that `make` puts on inputs of these shapes."""
    inputs = [keras.Input(shape) for shape in shapes]
    return keras.Model(inputs, make(*inputs))


def attention() -> Any:
    return layers.MultiHeadAttention(2, 4, name="look")


REFUSED = {
    "causal": (lambda: on(lambda x: attention()(x, x, use_causal_mask=True), (6, 8)),
               r"look \(MultiHeadAttention\): it is called with `use_causal_mask=True`"),
    "mask": (lambda: on(lambda x, m: attention()(x, x, attention_mask=m), (6, 8), (6, 6)),
             r"look \(MultiHeadAttention\): it is called with `attention_mask`"),
    "mask of constants": (lambda: on(lambda x: attention()(x, x, attention_mask=ops.ones((6, 6))), (6, 8)),
                          r"look \(MultiHeadAttention\): it is called with `attention_mask`"),
    "mask that is the query": (lambda: on(lambda x: attention()(x, x, attention_mask=x), (6, 6)),
                               r"look \(MultiHeadAttention\): it is called with `attention_mask`"),
    "plain attention": (lambda: on(lambda x: layers.Attention(name="look")([x, x], use_causal_mask=True), (6, 8)),
                        r"look \(Attention\): it is called with `use_causal_mask=True`"),
    "model in training": (lambda: on(lambda x: keras.Sequential([keras.Input((8,)), layers.Dropout(0.5)], name="noisy")(
        x, training=True), (8,)), r"noisy \(Model\): it is called with `training=True`"),
    "constants": (lambda: on(lambda x: layers.Add(name="sum")([x, np.ones((1, 6, 8), "float32")]), (6, 8)),
                  r"sum \(Add\): it is called on constants beside tensors"),
    "ranks": (lambda: on(lambda x, w: x * w, (4, 4, 3), (3,)), r"multiply.* it takes 4×4×3 and \(3\)"),
    "ranks of a sum": (lambda: on(lambda x, w: w + x, (4, 3), (3,)), r"add.* it takes \(3\) and 4×3"),
    "vector": (lambda: on(lambda x: x * np.array([1, 2, 3], "float32"), (4, 4, 3)), r"multiply.*: no layer"),
    "initial": (lambda: on(lambda x: ops.max(x, axis=(1, 2), initial=0.5), (4, 4, 3)), r"max.* has its `initial`"),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_what_would_change_the_result_is_refused_by_name(kind: str) -> None:
    make, message = REFUSED[kind]
    with pytest.raises(ValueError, match=message):
        cnnspec.import_model(make())


RIGHT = {
    "equal ranks": lambda: on(lambda x, w: x * w, (4, 4, 3), (1, 1, 3)),
    "a merge of ranks": lambda: on(lambda x, w: layers.Multiply()([x, w]), (4, 4, 3), (3,)),
    "in inference": lambda: on(lambda x: layers.BatchNormalization()(x, training=False), (4, 4, 3)),
    "the input": lambda: on(lambda x: x, (4, 4, 3)),
    "the input twice": lambda: on(lambda x: [x, layers.Dense(2)(x), x], (4, 4, 3)),
    "inputs crossed": lambda: on(lambda x, y: [y, x], (4,), (3,)),
    "a key": lambda: on(lambda x: {"a": x}, (4,)),
}
"""Models that come back: `import_model` compares them."""


@pytest.mark.parametrize("kind", RIGHT)
def test_what_does_not_comes_back(kind: str) -> None:
    model = RIGHT[kind]()
    built = cnnspec.build(cnnspec.import_model(model))
    shapes = [out.shape for out in model.outputs]
    assert sorted(map(str, shapes)) == sorted(str(out.shape) for out in built.outputs)


@pytest.mark.parametrize(
    "name", ["input", "inputs", "layers", "name", "x", "tower", "conv2d", "null", "1", "a b", "été"]
)
@pytest.mark.parametrize("inputs", [1, 2])
def test_layers_of_any_name_stay(name: str, inputs: int) -> None:
    def make(x: Any, *more: Any) -> Any:
        y = layers.Conv2D(3, 3, padding="same", name=name)(x)
        z = layers.Conv2D(3, 3, padding="same")(y)
        return layers.Concatenate()([z, layers.Conv2D(3, 1)(y), x, *more, y])

    text = cnnspec.import_model(on(make, *[(8, 8, 3)] * inputs))
    assert text.count("conv2d:") == 3
