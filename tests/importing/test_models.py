"""Models of all kinds come back as they were; what has no word in the language is listed."""

from __future__ import annotations

import re
from typing import Any

import keras
import pytest
from hypothesis import HealthCheck, given, settings
from keras import layers, ops

import cnnspec
from cnnspec.emit.keras import build
from cnnspec.importing.keras_model import Unreadable, read_model
from cnnspec.importing.spec import prepared
from cnnspec.language.write import write
from cnnspec.pipeline import check_text

from ..graph.test_random_graphs import SPECS
from ..light import light
from .roundtrip import again, facts, largest_difference


def functional(make: Any, *shapes: tuple[int | None, ...]) -> Any:
    """The model that `make` puts on inputs of these shapes."""
    inputs = [keras.Input(shape) for shape in shapes]
    return keras.Model(inputs[0] if len(inputs) == 1 else inputs, make(*inputs))


def entries(model: Any) -> str:
    """The lines below `layers:` of a model's spec."""
    return cnnspec.import_model(model).split("layers:\n", 1)[1]


def test_a_sequence_needs_no_names() -> None:
    model = keras.Sequential(
        [keras.Input((8, 8, 1)), layers.Conv2D(4, 3, padding="same"), layers.ReLU(), layers.Flatten()]
    )
    assert entries(model) == "  - conv2d: {filters: 4, kernel_size: 3, padding: same}\n  - relu\n  - flatten\n"


def test_two_ways_are_a_residual() -> None:
    def make(x: Any) -> Any:
        y = layers.Conv2D(3, 3, padding="same")(x)
        return layers.Activation("relu")(layers.Add()([x, y]))

    text = entries(functional(make, (8, 8, 3)))
    assert re.sub(r"\s+", " ", text) == (
        " - residual: {layers: [{conv2d: {filters: 3, kernel_size: 3, padding: same}}], activation: relu} "
        if "residual: {" in text
        else " - residual: layers: - conv2d: {filters: 3, kernel_size: 3, padding: same} activation: relu "
    )


def test_a_projection_is_the_word_only_where_it_is_that() -> None:
    def make(bias: bool) -> Any:
        def net(x: Any) -> Any:
            y = layers.Conv2D(6, 3, strides=2, padding="same")(x)
            y = layers.Conv2D(6, 3, padding="same")(layers.ReLU()(y))
            way = layers.BatchNormalization()(layers.Conv2D(6, 1, strides=2, use_bias=bias)(x))
            return layers.Add()([way, y])

        return functional(net, (8, 8, 3))

    assert "shortcut: projection" in entries(make(False))
    assert "shortcut: projection" not in entries(make(True))
    assert "shortcut:" in entries(make(True))
    for bias in (False, True):
        assert largest_difference(make(bias), again(make(bias))) == 0


def test_the_order_of_operands_is_kept() -> None:
    def make(first: bool) -> Any:
        def net(x: Any) -> Any:
            a, b = layers.Conv2D(4, 3, padding="same")(x), layers.Conv2D(4, 1)(x)
            return layers.Subtract()([a, b] if first else [b, a])

        return functional(net, (6, 6, 2))

    for first in (True, False):
        assert facts(make(first)) == facts(again(make(first)))
        assert largest_difference(make(first), again(make(first))) == 0


def test_deep_skips_go_by_name() -> None:
    def net(x: Any) -> Any:
        kept = []
        for filters in (4, 8, 16):
            x = layers.Conv2D(filters, 3, padding="same", name=f"down{filters}")(x)
            kept.append(x)
            x = layers.MaxPooling2D()(x)
        for filters in (16, 8, 4):
            x = layers.Conv2DTranspose(filters, 2, strides=2)(x)
            x = layers.Conv2D(filters, 3, padding="same")(layers.Concatenate()([x, kept.pop()]))
        return x

    model = functional(net, (16, 16, 3))
    text = cnnspec.import_model(model)
    assert "branches" not in text
    assert [line.split("inputs: ")[1] for line in text.splitlines()[-3:]] == ["down16}", "down8}", "down4}"]
    assert largest_difference(model, again(model)) == 0


def test_several_inputs_outputs_and_shared_layers() -> None:
    def net(left: Any, right: Any) -> Any:
        tower, head = layers.Conv2D(4, 3, name="tower"), layers.Dense(3)
        a, b = tower(left), tower(right)
        a, b = (layers.GlobalAveragePooling2D()(each) for each in (a, b))
        return [head(a), layers.Dense(2)(layers.Concatenate()([a, b]))]

    model = functional(net, (8, 8, 3), (8, 8, 3))
    text = cnnspec.import_model(model)
    assert "share: {entry: tower, inputs: " in text
    assert text.count("conv2d:") == 1
    assert largest_difference(model, again(model)) == 0


def test_models_in_models_are_flattened() -> None:
    inner = keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(4, 3), layers.BatchNormalization()], name="stem")
    model = functional(lambda x: layers.GlobalMaxPooling2D()(inner(x)), (8, 8, 3))
    assert "stem" not in entries(model)
    assert largest_difference(model, again(model)) == 0


def test_a_model_called_twice_is_shared() -> None:
    tower = keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(4, 3), layers.ReLU(), layers.Dense(2)])
    model = functional(lambda x, y: layers.Subtract()([tower(x), tower(y)]), (8, 8, 3), (8, 8, 3))
    assert cnnspec.import_model(model).count("share:") == 1
    assert largest_difference(model, again(model)) == 0


OPERATIONS = {
    "add": lambda x: x + 3.0, "subtract": lambda x: x - 1.5, "multiply": lambda x: 2 * x, "divide": lambda x: x / 4,
    "sum": lambda x: x + layers.Conv2D(3, 1)(x), "product": lambda x: ops.multiply(layers.Dense(3)(x), x),
    "relu": ops.relu, "silu": ops.silu, "gelu": keras.activations.gelu, "softmax": ops.softmax,
    "leaky": lambda x: ops.leaky_relu(x, 0.3), "relu6": lambda x: keras.activations.relu(x, max_value=6.0),
    "mean": lambda x: ops.mean(x, axis=(1, 2)), "max": lambda x: ops.max(x, axis=[1, 2], keepdims=True),
    "reshape": lambda x: ops.reshape(x, (-1, 36, 3)), "transpose": lambda x: ops.transpose(x, (0, 2, 1, 3)),
    "concatenate": lambda x: ops.concatenate([x, layers.Conv2D(3, 1)(x)], axis=-1),
    "pad": lambda x: layers.Conv2D(2, 3)(ops.pad(x, ((0, 0), (1, 1), (2, 0), (0, 0)))),
    "negative": lambda x: -x, "maximum": lambda x: ops.maximum(x, layers.Dense(3)(x)),
}  # fmt: skip


@pytest.mark.parametrize("name", OPERATIONS)
def test_operations_that_correspond_to_layers(name: str) -> None:
    model = functional(OPERATIONS[name], (6, 6, 3))
    assert largest_difference(model, again(model)) <= 1e-6


def _padded(window: Any, before: Any = None) -> Any:
    def net(x: Any) -> Any:
        x = before(x) if before else x
        return window(layers.ZeroPadding2D(((1, 1), (1, 0)))(x))

    return functional(net, (9, 9, 3))


@pytest.mark.parametrize(
    ("window", "before", "folds"),
    [
        (layers.Conv2D(4, 3, strides=2), None, True),
        (layers.DepthwiseConv2D(3), None, True),
        (layers.SeparableConv2D(4, 3), None, True),
        (layers.Conv2D(4, 3, padding="same"), None, False),
        (layers.MaxPooling2D(3, 2), layers.ReLU(), True),
        (layers.MaxPooling2D(3, 2), layers.Activation("relu"), True),
        (layers.MaxPooling2D(3, 2), layers.Activation("tanh"), False),
        (layers.MaxPooling2D(3, 2), layers.ReLU(negative_slope=0.1), False),
        (layers.MaxPooling2D(1, 2), layers.ReLU(), False),
        (layers.AveragePooling2D(3, 2), None, False),
    ],
)
def test_padding_is_folded_where_it_is_the_same(window: Any, before: Any, folds: bool) -> None:
    model = _padded(window, before)
    assert ("zero_padding2d" not in entries(model)) == folds
    assert largest_difference(model, again(model)) <= 1e-6


def gaps(model: Any) -> list[str]:
    """What of a model has no word in the language."""
    return [str(gap) for gap in prepared(read_model(model)).gaps]


class Custom(layers.Layer):  # type: ignore[misc]
    """A layer that nobody knows."""

    def call(self, inputs: Any) -> Any:
        return inputs * 2


def doubled(x: Any) -> Any:
    """An activation that nobody knows."""
    return 2 * x


GAPS = {
    "lambda": (layers.Lambda(lambda x: x, name="odd"), "odd (Lambda): cnnspec has no such layer"),
    "custom": (Custom(name="mine"), "mine (Custom): it is a custom layer"),
    "first": (layers.ZeroPadding2D(1, data_format="channels_first", name="pad"),
              "pad (ZeroPadding2D): `data_format` is `channels_first`; channels come last in cnnspec"),
    "renorm": (layers.BatchNormalization(renorm=True, name="norm"), "norm (BatchNormalization): `renorm` is True"),
    "policy": (layers.Dense(3, dtype="mixed_bfloat16", name="low"),
               "low (Dense): its dtype policy is mixed_bfloat16; write `training: {precision: …}` for the whole network"),
    "activation": (layers.Dense(3, activation=doubled, name="dense"), "dense (Dense): `doubled` is not one of cnnspec's"),
    "operation": (ops.sin, "sin (keras.ops.sin): no layer of cnnspec computes it"),
    "mode": (lambda x: layers.Dropout(0.5, name="mc")(x, training=True), "mc (Dropout): it is called with `training=True`"),
}  # fmt: skip


@pytest.mark.parametrize("name", GAPS)
def test_what_has_no_word_is_listed(name: str) -> None:
    layer, message = GAPS[name]
    model = functional(lambda x: layers.Flatten()(layer(x)), (4, 4, 3))
    found = gaps(model)
    assert len(found) == 1
    assert re.sub(r"_\d+ \(", " (", found[0]).startswith(message)
    with pytest.raises(ValueError, match="no spec can express"):
        cnnspec.import_model(model)
    text = cnnspec.import_model(model, partial=True)
    assert f"# not imported: {found[0]}" in text
    assert check_text(text).ok


def test_no_graph() -> None:
    class Subclassed(keras.Model):  # type: ignore[misc]
        def call(self, x: Any) -> Any:
            return x

    for model in (Subclassed(), keras.Sequential([layers.Dense(3)])):
        with pytest.raises(Unreadable, match="no functional or sequential model"):
            read_model(model)


@pytest.mark.slow
@light()
def test_random_graphs_come_back() -> None:
    tried = 0

    @given(SPECS)
    @settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    def run(spec: dict[str, Any]) -> None:
        nonlocal tried
        text = write({"input": spec["input"], "layers": [*spec["layers"], *spec["tail"]]})
        report = check_text(text)
        if report.graph is None:
            return
        tried += 1
        model = build(report.graph)
        other = again(model)
        assert facts(model) == facts(other), text
        assert largest_difference(model, other, 1) <= 1e-5, text
        keras.backend.clear_session()

    run()
    assert tried >= 5


@pytest.mark.parametrize("outputs", ["{class: head}", "{zebra: head, apple: other}", "[other, head]"])
def test_the_keys_of_the_outputs_come_back(outputs: str) -> None:
    spec = f"input: [4]\noutputs: {outputs}\nlayers: [{{dense: {{units: 3, name: other}}}}, {{dense: {{units: 2, name: head}}}}]\n"
    model = cnnspec.build(spec)
    again = cnnspec.build(cnnspec.import_model(model))
    assert {key: value.shape for key, value in again.output.items()} == {
        key: value.shape for key, value in model.output.items()
    }
