"""Every argument of every layer, at and beyond the ends of its range: what a rule takes, Keras builds and calls."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cnnspec.language.entries import Invalid
from cnnspec.layers.base import LAYERS, Layer, ShapeError

SHAPES = {1: (6,), 2: (8, 3), 3: (8, 8, 3), 4: (4, 4, 4, 3)}
NEEDED: dict[str, Any] = {
    "units": 3, "rate": 0.3, "stddev": 0.3, "scale": 0.5, "height": 4, "width": 4, "factor": 0.1, "height_factor": 0.1,
    "width_factor": 0.1, "cropping": 1, "target_shape": (-1,), "n": 3, "axis": -1, "size": 2, "padding": 1, "mean": 0.5,
    "variance": 1.0, "activation": "relu", "num_heads": 2, "key_dim": 2, "equation": "...c,cd->...d", "output_shape": (None, 4),
}  # fmt: skip
FITTING: dict[str, dict[str, Any]] = {
    "random_posterization": {"factor": 4}, "group_normalization": {"groups": 3}, "normalization": {"mean": 0.5, "variance": 1.0},
    "einsum_dense": {"equation": "...c,cd->...d", "output_sizes": 4},
}  # fmt: skip
VALUES: list[Any] = [
    -300, -2, -1, -0.5, 0, 1e-9, 0.5, 1, 1.5, 2, 3, 5, 12, (0.5, 0.1), (0.1, 0.5), (-0.5, 0.5), (2, 1), (1, 2), (0, 0), (0, 1),
    (-1, 1), (0, 2), (), (1, 2, 3),
]  # fmt: skip
BY_THEMSELVES = ("seed", "trainable", "name")
OF_WINDOWS = ("conv", "pooling")
"""Their arguments are crossed with shapes in the tables of `rows`."""


CASES = [
    (name, rank)
    for name in sorted(LAYERS)
    if not LAYERS[name].merges and not any(word in name for word in OF_WINDOWS)
    for rank in (LAYERS[name].ranks or (3,))
]


def tried(cls: type[Layer], given: dict[str, Any], shape: Any) -> Layer | None:
    """The layer, where our rules take it."""
    try:
        layer: Any = cls.read(given)
        layer.output_shape(shape)
    except (Invalid, ShapeError):
        return None
    return layer  # type: ignore[no-any-return]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "rank"), CASES)
def test_what_a_rule_takes_keras_computes(name: str, rank: int) -> None:
    import keras

    from cnnspec.emit.keras import apply
    from cnnspec.training.device import Machine
    from cnnspec.training.unsupported import unsupported

    cls: Any = LAYERS[name]
    shape = SHAPES[rank]
    start = {field: NEEDED.get(field) for field, info in cls.model_fields.items() if info.is_required()}
    start |= FITTING.get(name, {})
    if name == "permute":
        start["dims"] = tuple(range(1, rank + 1))
    assert tried(cls, start, shape) is not None, "a layer to start from"
    images = np.random.default_rng(0).random((2, *shape)).astype("float32")
    fields = [
        field
        for field in cls.model_fields
        if field not in BY_THEMSELVES and not field.endswith(("initializer", "regularizer", "constraint", "activation"))
    ]
    for field in fields:
        for value in VALUES:
            layer = tried(cls, {**start, field: value}, shape)
            if layer is None:
                continue
            try:
                outputs = apply(layer.calls(shape), [keras.ops.convert_to_tensor(images)], "it")
            except Exception as error:
                if unsupported(error, Machine("tensorflow", "", "this processor")) is not None:
                    continue  # the rule holds; an operation of this rank is missing on this processor
                pytest.fail(f"{name}: {{{field}: {value}}} passes, and Keras says {error}")
            assert tuple(outputs.shape[1:]) == tuple(layer.output_shape(shape)), (field, value)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("gaussian_noise", {"stddev": 5}), ("gaussian_noise", {"stddev": 1.01}), ("gaussian_dropout", {"rate": 1}),
        ("alpha_dropout", {"rate": 1}), ("rms_normalization", {"axis": 1}), ("rms_normalization", {"axis": (1, 3)}),
    ],
)  # fmt: skip
def test_what_keras_cannot_do_is_refused(name: str, given: dict[str, Any]) -> None:
    assert tried(LAYERS[name], given, (8, 6, 3)) is None  # type: ignore[arg-type]


def test_the_random_layers_are_those_that_keras_gives_a_seed() -> None:
    import inspect

    import keras

    from cnnspec.training.stage_checks import is_random

    for name in LAYERS:
        cls: Any = LAYERS[name]
        theirs = getattr(keras.layers, cls.keras, None)
        if theirs is not None:
            layer = cls.model_construct()
            assert is_random(layer) == ("seed" in inspect.signature(theirs.__init__).parameters), name


def test_the_layers_that_learn_are_those_with_weights_in_keras() -> None:
    import keras

    from cnnspec.emit.keras import apply
    from cnnspec.training.stage_checks import learns

    found = {True: 0, False: 0}
    for name, rank in CASES:
        cls: Any = LAYERS[name]
        start = {field: NEEDED.get(field) for field, info in cls.model_fields.items() if info.is_required()}
        start |= FITTING.get(name, {}) | ({"dims": tuple(range(1, rank + 1))} if name == "permute" else {})
        layer = tried(cls, start, SHAPES[rank])
        assert layer is not None, name
        entering = keras.Input(SHAPES[rank])
        model = keras.Model(entering, apply(layer.calls(SHAPES[rank]), [entering], "it"))
        seeds = sum("seed" in weight.path for weight in model.weights)
        assert learns(layer) == (len(model.weights) > seeds), name
        found[learns(layer)] += 1
    assert found[True] > 5 < found[False]
