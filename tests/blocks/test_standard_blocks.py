"""The standard blocks: each file holds by itself, agrees with Keras, and does what its header says."""

from __future__ import annotations

from collections.abc import Iterator
from graphlib import TopologicalSorter
from typing import Any

import pytest
import yaml

import cnnspec
from cnnspec.language.library import STANDARD, standard_names
from cnnspec.language.structures import STRUCTURES
from cnnspec.layers import LAYERS

FILES = sorted(STANDARD.glob("*.yaml"))
NAMES = [file.stem for file in FILES]


def shape(layers: str, input: str = "[32, 32, 16]", extra: str = "") -> tuple[int | None, ...]:
    report = cnnspec.check(f"input: {input}\n{extra}layers:\n{layers}")
    assert report.graph is not None, str(report)
    assert not [found for found in report.diagnostics if not found.code.startswith("unused-")], str(report)
    return report.graph.nodes[-1].shape


def parameters(layers: str, input: str = "[32, 32, 16]") -> int:
    report = cnnspec.check(f"input: {input}\nlayers:\n{layers}")
    assert report.graph is not None, str(report)
    return sum(node.parameters for node in report.graph.nodes)


def words(value: Any) -> Iterator[str]:
    """Every text and key in a value."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield str(key)
            yield from words(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from words(inner)
    elif isinstance(value, str):
        yield value


def test_names() -> None:
    assert len(NAMES) >= 25
    assert set(NAMES) == standard_names()
    assert not set(NAMES) & ({*LAYERS} | {*STRUCTURES})


@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_holds_by_itself(file: Any) -> None:
    report = cnnspec.check(file)
    assert report.graph is not None, str(report)
    assert not report.diagnostics, str(report)
    text = file.read_text(encoding="utf-8")
    spec = yaml.safe_load(text)
    assert list(spec) == ["input", "blocks", "layers"]
    assert list(spec["blocks"]) == [file.stem]
    assert file.stem in words(spec["layers"])
    lines = text.splitlines()
    header = [line for line in lines if line.startswith("#")]
    assert lines[: len(header)] == header
    assert 2 <= len(header) <= 9
    assert any(str(year) in " ".join(header) for year in range(1990, 2030)) or file.stem == "double_conv"
    assert max(map(len, lines)) <= 120


@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_header_names_no_parameter_that_is_not_there(file: Any) -> None:
    text = file.read_text(encoding="utf-8")
    header = text[: text.index("\ninput:")]
    block = yaml.safe_load(text)["blocks"][file.stem]
    known = {*words(block), *NAMES, *LAYERS, *STRUCTURES, "depth_to_space"}
    quoted = [word.split(":")[0] for word in header.split("`")[1::2]]
    assert not [word for word in quoted if word not in known]


def test_no_block_comes_back_to_itself() -> None:
    calls = {
        file.stem: {
            *words(yaml.safe_load(file.read_text(encoding="utf-8"))["blocks"][file.stem]["layers"])
        }.intersection(NAMES)
        for file in FILES
    }
    assert list(TopologicalSorter(calls).static_order())


@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_keras_agrees(file: Any) -> None:
    from cnnspec.emit.deep import differences

    report = cnnspec.check(file)
    assert report.graph is not None
    assert differences(report.graph) == []


INCEPTION = "ones: 1, reduce_threes: 2, threes: 3, reduce_fives: 2, fives: 4, pooled: 5"


def momenta(file: Any) -> set[float]:
    graph = cnnspec.check(file).graph
    assert graph is not None
    return {node.layer.momentum for node in graph.nodes if node.layer.entry == "batch_normalization"}  # type: ignore[attr-defined]


def test_moving_statistics_settle_soon() -> None:
    """With 0.99 a network of a dozen normalizations is still guessing after 300 steps, where it has learned the digits."""
    assert {momentum for file in FILES for momentum in momenta(file)} == {0.9}


CALLS = {
    "conv_bn: {filters: 8, kernel_size: [1, 7], activation: {leaky_relu: 0.1}}": (32, 32, 8),
    "conv_bn: {filters: 8, kernel_size: 5, strides: 2, groups: 4, activation: linear}": (16, 16, 8),
    "conv_bn: {filters: 8, dilation_rate: 2, padding: valid}": (28, 28, 8),
    "depthwise_conv_bn: {kernel_size: 5, strides: 2, activation: linear}": (16, 16, 16),
    "separable_conv_bn: {filters: 24, strides: 2, activation: relu6}": (16, 16, 24),
    "double_conv: {filters: 8, times: 3}": (32, 32, 8),
    "double_conv: {filters: 8, normalized: false, activation: elu}": (32, 32, 8),
    "upsample_conv: {filters: 4, size: 3, interpolation: bilinear}": (96, 96, 4),
    "basic_residual": (32, 32, 16),
    "basic_residual: {strides: 2}": (16, 16, 16),
    "basic_residual: {filters: 24, activation: gelu}": (32, 32, 24),
    "basic_residual: {activation: {relu: {max_value: 6}}}": (32, 32, 16),
    "bottleneck_residual: 4": (32, 32, 16),
    "bottleneck_residual: {filters: 8, expansion: 2, strides: 3}": (11, 11, 16),
    "bottleneck_residual: {filters: 32, groups: 32, inner: $(2 * channels)}": (32, 32, 128),
    "bottleneck_residual: {filters: 4, dilation_rate: 4}": (32, 32, 16),
    "preactivation_residual: {strides: 2}": (16, 16, 16),
    "preactivation_residual: {filters: 8, dropout: 0.2, activation: {leaky_relu: 0.1}}": (32, 32, 8),
    "preactivation_bottleneck: {filters: 4, groups: 2}": (32, 32, 16),
    "squeeze_excite: 100": (32, 32, 16),
    "squeeze_excite: {filters: 3, activation: silu, gate: hard_sigmoid}": (32, 32, 16),
    "inverted_residual: {expansion: 1}": (32, 32, 16),
    "inverted_residual: {expansion: 2.3, filters: 16, squeeze: 4, activation: hard_silu}": (32, 32, 16),
    "mbconv: {filters: 8, expansion: 1}": (32, 32, 8),
    "mbconv: {strides: 2, kernel_size: 5, drop: 0.2}": (16, 16, 16),
    "fused_mbconv: {drop: 0.2}": (32, 32, 16),
    "fused_mbconv: {expansion: 1, filters: 8, strides: 2}": (16, 16, 8),
    f"inception: {{{INCEPTION}, kernel_size: 3, normalized: false}}": (32, 32, 13),
    "fire: {squeeze: 4, expand: 10}": (32, 32, 20),
    "dense_block: {depth: 3, growth: 4, bottleneck: 0, dropout: 0.1}": (32, 32, 28),
    "transition: 1": (16, 16, 16),
    "layer_scale": (32, 32, 16),
    "convnext_block: {kernel_size: 5, expansion: 2, drop: 0.1}": (32, 32, 16),
    "unet_down: {filters: 8, normalized: false}": (16, 16, 8),
    "aspp: {filters: 8, rates: [2], dropout: 0}": (32, 32, 8),
    "spp: {sizes: [3, 5]}": (32, 32, 48),
    "patch_embedding: {filters: 12, size: 4}": (64, 12),
    "patch_embedding: {filters: 12, size: 1}": (1024, 12),
    "pixel_shuffle: 4": (128, 128, 1),
    "channel_shuffle: 2": (32, 32, 16),
}


@pytest.mark.parametrize(("call", "expected"), CALLS.items(), ids=list(CALLS))
def test_shape(call: str, expected: tuple[int, ...]) -> None:
    assert shape(f"  - {call}") == expected


def test_every_block_is_called_with_other_arguments() -> None:
    two_inputs = {"unet_up", "attention_gate"}
    assert {call.partition(":")[0] for call in CALLS} == {*NAMES} - two_inputs - {"transformer_encoder"}


@pytest.mark.parametrize("dropout", [0, 0.1])
def test_transformer_encoder(dropout: float) -> None:
    assert shape(f"  - transformer_encoder: {{num_heads: 2, expansion: 1.5, dropout: {dropout}}}", "[9, 8]") == (9, 8)


@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_a_wrong_argument_is_told_at_the_call(file: Any) -> None:
    block = yaml.safe_load(file.read_text(encoding="utf-8"))["blocks"][file.stem]
    parameters = block.get("parameters") or {}
    right = {name: 8 for name, default in parameters.items() if default is None}
    first = [{"identity": {"name": "b"}}, {"max_pooling2d": {"pool_size": 2, "name": "a"}}] if "inputs" in block else []
    side = [16, 16] if file.stem == "transformer_encoder" else [16, 16, 16]
    for parameter in parameters:
        for wrong in (-1.5, "wrong", [[]], {"relu": 3}):
            arguments = {**right, parameter: wrong, **({"inputs": ["a", "b"]} if first else {})}
            text = yaml.safe_dump({"input": side, "layers": [*first, {file.stem: arguments}]})
            report = cnnspec.check(text)
            assert report.graph is None or (file.stem, parameter) in NEGATIVE, text
            assert {diagnostic.span.file for diagnostic in report.diagnostics} <= {"<text>"}, str(report)


NEGATIVE = {("layer_scale", "initial"), ("convnext_block", "scale")}
"""Parameters that may be negative."""


def test_two_inputs() -> None:
    down = "  - unet_down: {filters: 8, name: down}\n  - double_conv: {filters: 24, name: below}\n"
    assert shape(down + "  - unet_up: {inputs: down.skip}") == (32, 32, 12)
    gated = down + "  - attention_gate: {inputs: down.skip, filters: 5, name: gated}\n"
    assert shape(gated) == (32, 32, 8)
    assert shape(gated + "  - unet_up: {inputs: [below, gated], filters: 6, normalized: false}") == (32, 32, 6)


SIZES_LEFT_OPEN = [
    "conv_bn: 8",
    "basic_residual: {filters: 8, strides: 2}",
    "bottleneck_residual: {filters: 8, strides: 2}",
    "preactivation_residual: {filters: 8, strides: 2}",
    "squeeze_excite",
    "mbconv: {drop: 0.1}",
    "dense_block: 2",
    "convnext_block",
]


@pytest.mark.parametrize("call", SIZES_LEFT_OPEN)
def test_any_size(call: str) -> None:
    assert shape(f"  - {call}", "[null, null, 16]")[:2] == (None, None)


def test_parameters_by_hand() -> None:
    """The papers' sums: weights of the convolutions, and four numbers a channel for each batch normalization."""
    assert parameters("  - conv_bn: 8") == 9 * 16 * 8 + 4 * 8
    assert parameters("  - basic_residual") == 2 * (9 * 16 * 16 + 4 * 16)
    assert parameters("  - basic_residual: {strides: 2}") == 2 * (9 * 16 * 16 + 4 * 16) + 16 * 16 + 4 * 16
    assert parameters("  - preactivation_residual: 8") == 9 * 16 * 8 + 9 * 8 * 8 + 16 * 8 + 4 * (16 + 8)
    assert parameters("  - squeeze_excite: 4") == 16 * 4 + 4 + 4 * 16 + 16
    assert parameters("  - fire: 4") == 16 * 4 + 4 + 4 * 16 + 16 + 9 * 4 * 16 + 16
    assert parameters("  - transition") == 4 * 16 + 16 * 8
    assert parameters("  - layer_scale") == 16
    assert parameters("  - patch_embedding: {filters: 12, size: 4}") == 4 * 4 * 16 * 12 + 8 * 8 * 12


def test_an_own_block_wins() -> None:
    own = "blocks:\n  conv_bn:\n    parameters: {units: null}\n    layers: [{dense: $units}]\n"
    assert shape("  - conv_bn: {units: 5}", extra=own) == (32, 32, 5)
    assert shape("  - basic_residual", extra=own) == (32, 32, 16), "standard blocks call standard blocks"


def test_parameters_of_the_spec_stay_outside() -> None:
    assert shape("  - basic_residual", extra="parameters: {epsilon: wrong, activation: 3, x: 1}\n") == (32, 32, 16)


def test_shared() -> None:
    report = cnnspec.check(
        "inputs: {left: [16, 16, 3], right: [16, 16, 3]}\n"
        "layers: [{basic_residual: {filters: 4, inputs: left, name: a}}, {share: {entry: a, inputs: right}}, {add: a}]"
    )
    assert report.graph is not None, str(report)
    assert len({node.shares or node.name for node in report.graph.nodes}) == len(report.graph.nodes) // 2 + 1


def test_pixel_shuffle_is_depth_to_space() -> None:
    import numpy as np

    model = cnnspec.build("input: [2, 3, 12]\nlayers: [{pixel_shuffle: 2}]")
    x = np.arange(72, dtype="float32").reshape(1, 2, 3, 12)
    y = np.asarray(model(x))
    for i, j, c in np.ndindex(4, 6, 3):
        assert y[0, i, j, c] == x[0, i // 2, j // 2, (i % 2 * 2 + j % 2) * 3 + c]


def test_channel_shuffle_mixes_the_groups() -> None:
    import numpy as np

    model = cnnspec.build("input: [1, 1, 6]\nlayers: [{channel_shuffle: 2}]")
    assert np.asarray(model(np.arange(6, dtype="float32").reshape(1, 1, 1, 6))).ravel().tolist() == [0, 3, 1, 4, 2, 5]


def test_patches_are_a_strided_convolution() -> None:
    import keras
    import numpy as np

    model = cnnspec.build("input: [8, 8, 3]\nlayers: [{patch_embedding: {filters: 5, size: 4}}]")
    kernel, places = (np.asarray(weight) for weight in model.weights)
    x = np.random.default_rng(0).random((2, 8, 8, 3), dtype="float32")
    expected = np.asarray(keras.ops.conv(x, kernel, strides=4)) + places
    np.testing.assert_allclose(np.asarray(model(x)), expected.reshape(2, 4, 5), rtol=1e-5, atol=1e-5)
