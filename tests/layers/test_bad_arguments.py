"""Wrong entries and shapes that do not fit: which problem each one is, where, and what the message says."""

from typing import Any

import pytest

from cnnspec.language.entries import Invalid, read_entry
from cnnspec.layers import LAYERS
from cnnspec.layers.base import Layer, Shape, ShapeError

CONV = {"filters": 4, "kernel_size": 3}

WRONG = [
    ({"conv2d": {"filters": 0, "kernel_size": 3}}, "out-of-range", "filters"),
    ({"conv2d": {"filters": 4.0, "kernel_size": 3}}, "wrong-type", "filters"),
    ({"conv2d": {"filters": "4", "kernel_size": 3}}, "wrong-type", "filters"),
    ({"conv2d": {"filters": True, "kernel_size": 3}}, "wrong-type", "filters"),
    ({"conv2d": {"filters": 4}}, "missing-argument", ""),
    ({"conv2d": {**CONV, "out_channels": 4}}, "unknown-argument", "out_channels"),
    ({"conv2d": {**CONV, "kernel_size": (3, 3, 3)}}, "wrong-length", "kernel_size"),
    ({"conv2d": {**CONV, "strides": None}}, "wrong-type", "strides"),
    ({"conv2d": {**CONV, "strides": 0}}, "wrong-type", "strides"),
    ({"conv2d": {**CONV, "padding": "sane"}}, "bad-choice", "padding"),
    ({"conv2d": {**CONV, "padding": "causal"}}, "bad-choice", "padding"),
    ({"conv2d": {**CONV, "padding": -1}}, "wrong-type", "padding"),
    ({"conv2d": {**CONV, "padding": (1, 2, 3)}}, "wrong-length", "padding"),
    ({"conv2d": {**CONV, "padding": ((1, 2, 3), (0, 0))}}, "wrong-length", "padding"),
    ({"conv1d": {**CONV, "padding": (1, 2)}}, "wrong-length", "padding"),
    ({"conv2d": {**CONV, "groups": 3}}, "shape-groups", "groups"),
    ({"conv2d": {**CONV, "activation": "rlu"}}, "unknown-activation", "rlu"),
    ({"conv2d": {**CONV, "kernel_initializer": {"he_normal": {"sed": 1}}}}, "unknown-argument", "sed"),
    ({"conv2d": {**CONV, "kernel_regularizer": {"l2": -1}}}, "out-of-range", "l2"),
    ({"conv2d_transpose": {**CONV, "strides": 2, "output_padding": 2}}, "out-of-range", "output_padding"),
    ({"Conv2D": CONV}, "unknown-layer", "Conv2D"),
    ({"max_pooling2d": {"pool_size": 2, "padding": 2}}, "out-of-range", "padding"),
    ({"average_pooling2d": {"pool_size": (3, 1), "padding": ((2, 2), (0, 1))}}, "out-of-range", "padding"),
    ({"average_pooling2d": {}}, "missing-argument", ""),
    ({"max_pooling2d": {"dilation_rate": 2}}, "unknown-argument", "dilation_rate"),
    ({"adaptive_average_pooling2d": (1, 2, 3)}, "wrong-length", "output_size"),
    ({"global_average_pooling2d": 7}, "wrong-type", "keepdims"),
    ({"batch_normalization": {"axis": 0}}, "out-of-range", "axis"),
    ({"batch_normalization": {"axis": (1, 2)}}, "wrong-type", "axis"),
    ({"batch_normalization": {"momentum": 1.5}}, "out-of-range", "momentum"),
    ({"batch_normalization": {"epsilon": 0}}, "out-of-range", "epsilon"),
    ({"layer_normalization": {"axis": (1, 1)}}, "out-of-range", "axis"),
    ({"layer_normalization": {"axis": ()}}, "wrong-type", "axis"),
    ({"layer_normalization": {"axis": "last"}}, "wrong-type", "axis"),
    ({"layer_normalization": {"axis": True}}, "wrong-type", "axis"),
    ({"group_normalization": 0}, "out-of-range", "groups"),
    ({"group_normalization": -2}, "out-of-range", "groups"),
    ({"dense": None}, "missing-argument", ""),
    ({"dense": "10"}, "wrong-type", "units"),
    ({"flatten": 3}, "entry-form", ""),
    ({"einsum_dense": "...c,cd"}, "bad-choice", "equation"),
    ({"einsum_dense": "...c,cd->d"}, "bad-choice", "equation"),
    ({"einsum_dense": "abb,bc->ac"}, "bad-choice", "equation"),
    ({"einsum_dense": "...c,cd->...e"}, "bad-choice", "equation"),
    ({"einsum_dense": "...c,cd->...c"}, "bad-choice", "equation"),
    ({"einsum_dense": "abc,cd->bad"}, "bad-choice", "equation"),
    ({"einsum_dense": 3}, "wrong-type", "equation"),
    ({"einsum_dense": {"equation": "...c,c->...c", "bias_axes": "b"}}, "bad-choice", "bias_axes"),
    ({"einsum_dense": {"equation": "...c,cd->...d", "output_sizes": 0}}, "wrong-type", "output_sizes"),
    ({"flatten": {"axis": 1}}, "unknown-argument", "axis"),
    ({"reshape": (-1, -1)}, "out-of-range", "target_shape"),
    ({"reshape": (0, 4)}, "out-of-range", "target_shape"),
    ({"reshape": ()}, "out-of-range", "target_shape"),
    ({"reshape": 4}, "wrong-type", "target_shape"),
    ({"permute": (1, 3)}, "out-of-range", "dims"),
    ({"permute": (0, 1)}, "out-of-range", "dims"),
    ({"repeat_vector": 0}, "out-of-range", "n"),
    ({"dropout": 1.5}, "out-of-range", "rate"),
    ({"dropout": -0.1}, "out-of-range", "rate"),
    ({"dropout": float("nan")}, "out-of-range", "rate"),
    ({"dropout": "half"}, "wrong-type", "rate"),
    ({"dropout": {"rate": 0.5, "noise_shape": 1}}, "wrong-type", "noise_shape"),
    ({"normalization": {"mean": None}}, "missing-argument", ""),
    ({"normalization": {"mean": None, "variance": 1}}, "missing-argument", ""),
    ({"dropout": {"rate": 0.5, "seed": -1}}, "out-of-range", "seed"),
    ({"gaussian_noise": -1}, "out-of-range", "stddev"),
    ({"activity_regularization": {"l1": -1}}, "out-of-range", "l1"),
    ({"activation": "rlu"}, "unknown-activation", "rlu"),
    ({"activation": {"activation": None}}, "wrong-type", "activation"),
    ({"relu": {"max_value": -1}}, "out-of-range", "max_value"),
    ({"leaky_relu": -0.1}, "out-of-range", "negative_slope"),
    ({"prelu": {"shared_axes": -1}}, "out-of-range", "shared_axes"),
    ({"prelu": {"shared_axes": 0}}, "out-of-range", "shared_axes"),
    ({"zero_padding2d": "same"}, "wrong-type", "padding"),
    ({"zero_padding2d": -1}, "wrong-type", "padding"),
    ({"zero_padding1d": (1, 2)}, "wrong-length", "padding"),
    ({"cropping2d": (1, 2, 3)}, "wrong-length", "cropping"),
    ({"up_sampling2d": 0}, "wrong-type", "size"),
    ({"up_sampling2d": (0, 1)}, "out-of-range", "0"),
    ({"max_pooling2d": {"strides": 0}}, "wrong-type", "strides"),
    ({"conv2d_transpose": {**CONV, "output_padding": -1}}, "wrong-type", "output_padding"),
    ({"up_sampling2d": 1.5}, "wrong-type", "size"),
    ({"up_sampling2d": {"interpolation": "area"}}, "bad-choice", "interpolation"),
    ({"resizing": {"height": 4}}, "missing-argument", ""),
    (
        {"resizing": {"height": 4, "width": 4, "crop_to_aspect_ratio": True, "pad_to_aspect_ratio": True}},
        "conflict",
        "pad_to_aspect_ratio",
    ),
    ({"dot": {"axes": (1, 2, 3)}}, "wrong-length", "axes"),
    ({"dot": {"axes": 0}}, "out-of-range", "axes"),
    ({"concatenate": {"axis": 0}}, "out-of-range", "axis"),
    ({"multi_head_attention": {"num_heads": 2}}, "missing-argument", ""),
    ({"multi_head_attention": {"num_heads": 2, "key_dim": 4, "trainable": False}}, "unsupported", "trainable"),
    ({"attention": {"score_mode": "sum"}}, "bad-choice", "score_mode"),
    ({"rescaling": "1/255"}, "wrong-type", "scale"),
    ({"normalization": {}}, "missing-argument", ""),
    ({"normalization": {"mean": 0.5}}, "missing-argument", ""),
    ({"normalization": {"mean": (1, 2), "variance": 1}}, "wrong-length", "variance"),
    ({"normalization": {"mean": (1, 2), "variance": (1, 2), "axis": None}}, "wrong-length", "mean"),
    ({"normalization": {"mean": 0, "variance": -1}}, "out-of-range", "variance"),
    ({"normalization": {"mean": "zero", "variance": 1}}, "wrong-type", "mean"),
    ({"random_flip": "sideways"}, "bad-choice", "mode"),
    ({"random_rotation": 1.5}, "out-of-range", "factor"),
    ({"random_rotation": (0, 1.5)}, "out-of-range", "factor"),
    ({"random_rotation": (0, 0.1, 0.2)}, "wrong-length", "factor"),
    ({"random_rotation": "a lot"}, "wrong-type", "factor"),
    ({"random_rotation": {"factor": 0.1, "fill_mode": "zeros"}}, "bad-choice", "fill_mode"),
    ({"random_zoom": -1}, "out-of-range", "height_factor"),
    ({"random_translation": {"height_factor": 0.1}}, "missing-argument", ""),
    ({"random_contrast": -0.1}, "out-of-range", "factor"),
    ({"random_brightness": {"factor": 0.1, "value_range": (1, 0)}}, "out-of-range", "value_range"),
    ({"random_brightness": {"factor": 0.1, "value_range": 255}}, "out-of-range", "value_range"),
    ({"random_grayscale": (0.1, 0.2)}, "wrong-type", "factor"),
    ({"random_gaussian_blur": {"kernel_size": 4}}, "out-of-range", "kernel_size"),
    ({"random_posterization": 9}, "out-of-range", "factor"),
    ({"equalization": None}, "unknown-layer", "equalization"),
]


@pytest.mark.parametrize(
    ("entry", "code", "at"), WRONG, ids=lambda value: str(value) if isinstance(value, dict) else ""
)
def test_wrong_entries(entry: dict[str, Any], code: str, at: str) -> None:
    with pytest.raises(Invalid) as caught:
        read_entry(entry, LAYERS)
    (problem,) = caught.value.problems
    (name,) = entry
    assert problem.code == code
    assert str((*problem.path, name)[-1 if code == "unknown-layer" else len(problem.path) - 1]) == (at or name)
    assert problem.message
    for word in ("Input should", "pydantic", "Keras layer", "ValueError", "None"):
        assert word not in problem.message


UNFIT = [
    ({"conv2d": CONV}, [(2, 5, 1)], "shape-window", "kernel 3×3 does not fit its 2×5 input"),
    (
        {"conv2d": {**CONV, "padding": ((0, 0), (1, 0))}},
        [(5, 1, 1)],
        "shape-window",
        "kernel 3×3 does not fit its 5×1 input, padded to 2",
    ),
    ({"max_pooling2d": 3}, [(2, 2, 1)], "shape-window", "window 3×3 does not fit its 2×2 input"),
    ({"conv2d": CONV}, [(8, 8)], "shape-rank", "`conv2d` takes a map (height×width×channels), not 8×8"),
    (
        {"conv2d": CONV},
        [(8, 8, None)],
        "shape-unknown",
        "`conv2d` needs a known number of channels, but it is `null` here",
    ),
    ({"conv2d": {**CONV, "groups": 2}}, [(8, 8, 3)], "shape-groups", "2 groups do not divide the input's channels: 3"),
    (
        {"conv2d_transpose": {**CONV, "padding": 3}},
        [(2, 2, 1)],
        "shape-window",
        "padding cuts the 2×2 map away: nothing is left",
    ),
    ({"batch_normalization": {"axis": 4}}, [(8, 8, 3)], "shape-axis", "axis 4 is none of 8×8×3"),
    ({"group_normalization": {}}, [(8, 8, 48)], "shape-groups", "32 groups do not divide the input's channels: 48"),
    (
        {"dense": 3},
        [(None,)],
        "shape-unknown",
        "`dense` needs to know how many values come in, but a size in `input:` is `null`",
    ),
    ({"reshape": (7, -1)}, [(4, 5)], "shape-reshape", "the 20 values of 4×5 do not fill 7×?"),
    ({"reshape": (3, 7)}, [(4, 5)], "shape-reshape", "the 20 values of 4×5 do not fill 3×7"),
    ({"permute": (2, 1)}, [(8, 8, 3)], "shape-rank", "`permute` has 2 axes, its input 8×8×3 has 3"),
    (
        {"prelu": None},
        [(None, 8, 3)],
        "shape-unknown",
        "`prelu` needs a known size on every axis that is not shared, but it is `null` here",
    ),
    ({"cropping2d": 4}, [(8, 9, 3)], "shape-crop", "cropping 4 + 4 leaves nothing of 8×9"),
    (
        {"adaptive_max_pooling2d": 2},
        [(None, 8, 3)],
        "shape-unknown",
        "`adaptive_max_pooling2d` needs a known size on every spatial axis, but it is `null` here",
    ),
    ({"add": {}}, [(28, 28, 64), (14, 14, 128)], "shape-merge", "`add` needs equal shapes, not 28×28×64 and 14×14×128"),
    ({"subtract": {}}, [(4,), (4,), (4,)], "shape-merge", "`subtract` takes exactly two inputs, not 3"),
    ({"add": {}}, [(4,)], "shape-merge", "`add` takes two inputs or more, not 1"),
    (
        {"concatenate": {}},
        [(28, 28, 64), (14, 14, 64)],
        "shape-merge",
        "`concatenate` along the channels needs equal height and width, not 28×28×64 and 14×14×64",
    ),
    ({"dot": {"axes": 1}}, [(3,), (4,)], "shape-merge", "`dot` needs axes of equal size, not 3 and 4, in (3) and (4)"),
    (
        {"normalization": {"mean": (1, 2), "variance": (1, 2)}},
        [(8, 8, 3)],
        "shape-statistics",
        "`mean` has 2 values for 3 channels",
    ),
    ({"random_hue": 0.1}, [(8, 8, 1)], "shape-channels", "`random_hue` takes images of 3 channels, not 8×8×1"),
    ({"attention": {}}, [(8,)], "shape-rank", None),
    (
        {"dropout": {"rate": 0.5, "noise_shape": (None, 1)}},
        [(8, 8, 3)],
        "shape-rank",
        "`noise_shape` has 2 sizes for 8×8×3 with its batch",
    ),
    (
        {"alpha_dropout": {"rate": 0.5, "noise_shape": (None, 2)}},
        [(8,)],
        "shape-axis",
        "`noise_shape` does not go with (8)",
    ),
    (
        {"einsum_dense": "abc,c->abc"},
        [(8,)],
        "shape-rank",
        "`abc,c->abc` names 2 axes without the batch, its input is (8)",
    ),
    (
        {"einsum_dense": "...c,cd->...d"},
        [(8,)],
        "shape-axis",
        "the size of `d` is not known: it is no axis of the input",
    ),
    (
        {"einsum_dense": {"equation": "...c,c->...c", "output_sizes": 7}},
        [(8,)],
        "shape-axis",
        "the size of `c` is 8 in the input, but 7 in `output_sizes`",
    ),
    (
        {"einsum_dense": {"equation": "abc,cd->abd", "output_sizes": 7}},
        [(8, 8)],
        "shape-axis",
        "`output_sizes` has length 1 for the 2 axes `bd` of the output",
    ),
    (
        {"multi_head_attention": {"num_heads": 1, "key_dim": 2, "attention_axes": -1}},
        [(8, 8)],
        "shape-axis",
        "`multi_head_attention` attends over positions, not over the channels",
    ),
]


@pytest.mark.parametrize(
    ("entry", "shapes", "code", "message"), UNFIT, ids=lambda value: str(value) if isinstance(value, dict) else ""
)
def test_shapes_that_do_not_fit(entry: dict[str, Any], shapes: list[Shape], code: str, message: str | None) -> None:
    layer = read_entry(entry, LAYERS)
    assert isinstance(layer, Layer)
    with pytest.raises(ShapeError) as caught:
        layer.output_shape(*shapes)
    assert caught.value.code == code
    assert message is None or caught.value.message == message
    assert caught.value.help
    assert not caught.value.argument or caught.value.argument in type(layer).model_fields


HELP = [
    ((28, 28, 64), (14, 14, 128), "a 1×1 `conv2d` with 128 filters and `strides: 2` turns 28×28×64 into 14×14×128"),
    ((14, 14, 128), (27, 27, 64), "a 1×1 `conv2d` with 128 filters and `strides: 2` turns 27×27×64 into 14×14×128"),
    ((28, 28, 64), (26, 26, 64), "`resizing: {height: 26, width: 26}` before it turns 28×28×64 into 26×26×64"),
    (
        (28, 28, 64),
        (28, 28, 128),
        "a 1×1 `conv2d` with 128 filters brings the one with 64 channels to 128; `concatenate` joins them as they are",
    ),
    ((10,), (12,), "make both 12 wide before it"),
]


@pytest.mark.parametrize(("one", "other", "help"), HELP)
def test_a_mismatch_says_what_to_write(one: Shape, other: Shape, help: str) -> None:
    layer = read_entry("add", LAYERS)
    assert isinstance(layer, Layer)
    with pytest.raises(ShapeError) as caught:
        layer.output_shape(one, other)
    assert caught.value.help == help


def test_a_parametrised_activation_comes_before_the_activity_regularizer() -> None:
    layer = read_entry({"dense": {"units": 2, "activation": {"elu": 0.5}, "activity_regularizer": "l2"}}, LAYERS)
    assert isinstance(layer, Layer)
    assert [call.name for call in layer.calls((4,))] == ["Dense", "activations.elu", "Identity"]


@pytest.mark.parametrize("padding", [1, (1, 1), ((1, 1), (1, 1))])
@pytest.mark.parametrize("entry", ["conv2d", "max_pooling2d", "average_pooling2d"])
def test_half_a_window_with_stride_one_is_same(entry: str, padding: Any) -> None:
    window = CONV if entry == "conv2d" else {"pool_size": 3, "strides": 1}
    layer = read_entry({entry: {**window, "padding": padding}}, LAYERS)
    assert isinstance(layer, Layer)
    (call,) = layer.calls((8, 8, 2))
    assert call.kwargs["padding"] == "same"
