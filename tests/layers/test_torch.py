"""Integer padding computes what the papers define, with PyTorch's recorded outputs as the reference."""

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from cnnspec.emit.keras import apply
from cnnspec.language.entries import read_entry
from cnnspec.layers import LAYERS
from cnnspec.layers.base import Layer, Shape
from cnnspec.training.device import Machine
from cnnspec.training.unsupported import unsupported

from .record_torch import CASES, HERE, kernel_shape, numbers

RECORDED = json.loads(HERE.read_text())


def model_of(case: dict[str, Any], size: tuple[int | None, ...]) -> Any:
    """The Keras model of one case, with the reference's weights."""
    arguments = {name: value for name, value in case.items() if name not in ("entry", "size", "channels")}
    layer = read_entry(
        {case["entry"]: {**arguments, **({} if "pool" in case["entry"] else {"use_bias": False})}}, LAYERS
    )
    assert isinstance(layer, Layer)
    shape = (*size, case["channels"])
    inputs = keras.Input(shape)
    model = keras.Model(inputs, apply(layer.calls(shape), [inputs], "x"))
    if model.weights:
        model.set_weights([np.reshape(numbers(kernel_shape(case), 5), kernel_shape(case))])
    return model


@pytest.mark.parametrize("at", range(len(CASES)), ids=lambda at: f"{at}-{CASES[at]['entry']}")
def test_equals_pytorch(at: int) -> None:
    case = CASES[at]
    x = np.reshape(numbers((*case["size"], case["channels"]), 1), (1, *case["size"], case["channels"])).astype(
        "float32"
    )
    for size in (case["size"], (None,) * len(case["size"])):
        model = model_of(case, size)
        try:
            y = np.asarray(model(x))
        except Exception as error:
            if (lacking := unsupported(error, Machine(keras.backend.backend(), "", "this processor"))) is None:
                raise
            pytest.skip(str(lacking))
        assert y.size == len(RECORDED[at])
        np.testing.assert_allclose(y.ravel(), RECORDED[at], rtol=1e-5, atol=1e-5)


def test_every_case_is_recorded() -> None:
    assert len(RECORDED) == len(CASES)


@pytest.mark.parametrize("precision", ["float32", "mixed_float16", "mixed_bfloat16"])
def test_padded_poolings_train_and_come_back_from_a_file(precision: str, tmp_path: Path) -> None:
    keras.config.set_dtype_policy(precision)
    try:
        tensor = inputs = keras.Input((7, 7, 2))
        shape: Shape = (7, 7, 2)
        for entry in ("max_pooling2d", "average_pooling2d"):
            layer = read_entry({entry: {"pool_size": 3, "strides": 2, "padding": 1}}, LAYERS)
            assert isinstance(layer, Layer)
            tensor, shape = apply(layer.calls(shape), [tensor], entry), layer.output_shape(shape)
        model = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Flatten()(tensor)))
        model.compile("sgd", "mse")
        x = np.random.default_rng(0).normal(-3, 1, (4, 7, 7, 2)).astype("float32")
        losses = model.fit(x, np.zeros((4, 1)), epochs=2, verbose=0).history["loss"]
        assert np.isfinite(losses).all()
        model.save(tmp_path / "model.keras")
        again = keras.models.load_model(tmp_path / "model.keras")
        np.testing.assert_array_equal(np.asarray(again(x), "float32"), np.asarray(model(x), "float32"))
    finally:
        keras.config.set_dtype_policy("float32")
