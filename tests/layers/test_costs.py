"""Multiply-adds against a count of every single product, and receptive fields against what a pixel really changes."""

from fractions import Fraction
from itertools import product
from typing import Any

import keras
import numpy as np
import pytest

from cnnspec.emit.keras import apply
from cnnspec.graph.graph import Field
from cnnspec.language.entries import read_entry
from cnnspec.layers import LAYERS
from cnnspec.layers.base import Layer, Shape
from cnnspec.layers.windows import out_size


def layer_of(name: str, arguments: dict[str, Any]) -> Layer:
    layer = read_entry({name: arguments}, LAYERS)
    assert isinstance(layer, Layer)
    return layer


def positions(sizes: tuple[int, ...], arguments: dict[str, Any]) -> int:
    """The window positions, found by sliding: those whose window lies within the padded input."""
    count = 1
    for axis, size in enumerate(sizes):
        kernel, stride, dilation = (
            _axis(arguments.get(name, 1), axis) for name in ("kernel_size", "strides", "dilation_rate")
        )
        padding = arguments.get("padding", "valid")
        if padding == "same":
            starts = range(0, size, stride)
        else:
            pad = 0 if padding == "valid" else _axis(padding, axis)
            starts = range(-pad, size + pad, stride)
            starts = [at for at in starts if at + dilation * (kernel - 1) < size + pad]  # type: ignore[assignment]
        count *= len(starts)
    return count


def _axis(value: Any, axis: int) -> int:
    return value if isinstance(value, int) else value[axis]


def products(name: str, arguments: dict[str, Any], shape: tuple[int, ...]) -> int:
    """Every product that a layer forms, counted one by one."""
    *sizes, channels = shape
    taps = list(product(*(range(_axis(arguments["kernel_size"], axis)) for axis in range(len(sizes)))))
    multiplier, filters = arguments.get("depth_multiplier", 1), arguments.get("filters", 0)
    at_each = 0
    for _ in taps:
        if "transpose" in name:
            at_each += sum(1 for _ in range(channels) for _ in range(filters))
        elif name.startswith(("depthwise", "separable")):
            at_each += sum(1 for _ in range(channels) for _ in range(multiplier))
        else:
            groups = arguments.get("groups", 1)
            at_each += sum(
                1 for f in range(filters) for c in range(channels) if f * groups // filters == c * groups // channels
            )
    if name.startswith("separable"):
        at_each += sum(1 for _ in range(channels * multiplier) for _ in range(filters))
    if "transpose" in name:
        return at_each * len(list(product(*map(range, sizes))))
    return at_each * positions(tuple(sizes), arguments)


WINDOWS = [
    {"kernel_size": k, "strides": s, "padding": p} for k in (1, 2, 3) for s in (1, 2) for p in ("valid", "same", 1)
]
COUNTED = [
    *[("conv2d", {"filters": 4, **w, **more}, (5, 6, 4)) for w in WINDOWS for more in ({}, {"groups": 2})],
    *[("conv1d", {"filters": 3, **w}, (7, 2)) for w in WINDOWS],
    *[("conv3d", {"filters": 2, **w}, (4, 3, 5, 2)) for w in WINDOWS],
    *[("depthwise_conv2d", {"depth_multiplier": 2, **w}, (5, 6, 3)) for w in WINDOWS],
    *[("separable_conv2d", {"filters": 5, "depth_multiplier": 2, **w}, (5, 6, 3)) for w in WINDOWS],
    *[("conv2d_transpose", {"filters": 4, **w}, (5, 6, 3)) for w in WINDOWS if w["kernel_size"] == 3],
    ("conv2d", {"filters": 2, "kernel_size": (3, 2), "dilation_rate": 2}, (7, 7, 3)),
    ("conv2d", {"filters": 2, "kernel_size": (1, 3), "strides": (2, 1), "padding": (0, 1)}, (7, 7, 3)),
]


@pytest.mark.parametrize("name", sorted({name for name, _, _ in COUNTED}))
def test_multiply_adds_count_every_product(name: str) -> None:
    for entry, arguments, shape in COUNTED:
        if entry == name:
            assert layer_of(entry, arguments).multiply_adds(shape) == products(entry, arguments, shape), (
                arguments,
                shape,
            )


@pytest.mark.parametrize(
    ("name", "arguments", "shapes", "expected"),
    [
        ("dense", {"units": 3}, [(4,)], 12),
        ("dense", {"units": 3}, [(5, 6, 4)], 5 * 6 * 12),
        ("einsum_dense", {"equation": "...c,c->...c"}, [(5, 6, 4)], 5 * 6 * 4),
        ("einsum_dense", {"equation": "...c,cd->...d", "output_sizes": 3}, [(5, 6, 4)], 5 * 6 * 12),
        ("einsum_dense", {"equation": "ab...,bc->ac...", "output_sizes": 3}, [(5, 6, 4)], 5 * 3 * 6 * 4),
        ("dot", {"axes": 1}, [(4,), (4,)], 4),
        ("dot", {"axes": (2, 1)}, [(3, 4), (4, 5)], 3 * 4 * 5),
        ("attention", {}, [(3, 4)], 3 * 3 * 4 + 3 * 3 * 4),
        (
            "multi_head_attention",
            {"num_heads": 2, "key_dim": 5, "value_dim": 7},
            [(3, 4)],
            3 * 4 * 2 * (5 + 5 + 7) + 2 * 3 * 3 * (5 + 7) + 3 * 2 * 7 * 4,
        ),
        ("max_pooling2d", {}, [(4, 4, 3)], 0),
        ("flatten", {}, [(4, 4, 3)], 0),
        ("add", {}, [(4,), (4,)], 0),
    ],
)
def test_multiply_adds_by_hand(name: str, arguments: dict[str, Any], shapes: list[Shape], expected: int) -> None:
    assert layer_of(name, arguments).multiply_adds(*shapes) == expected


@pytest.mark.parametrize(
    "name",
    [
        "conv2d",
        "depthwise_conv2d",
        "separable_conv2d",
        "conv2d_transpose",
        "dense",
        "einsum_dense",
        "attention",
        "multi_head_attention",
    ],
)
def test_multiply_adds_of_an_unknown_size_are_unknown(name: str) -> None:
    required = {
        "conv2d": {"filters": 2, "kernel_size": 1},
        "depthwise_conv2d": {"kernel_size": 1},
        "separable_conv2d": {"filters": 2, "kernel_size": 1},
        "conv2d_transpose": {"filters": 2, "kernel_size": 1},
        "dense": {"units": 2},
        "einsum_dense": {"equation": "...c,c->...c"},
        "multi_head_attention": {"num_heads": 1, "key_dim": 1},
    }
    assert layer_of(name, required.get(name, {})).multiply_adds((None, 4, 3)) is None


def conv(kernel: Any, **more: Any) -> tuple[str, dict[str, Any]]:
    return "conv2d", {"filters": 1, "kernel_size": kernel, "kernel_initializer": "ones", **more}


STACKS = {
    "conv": [conv(3)],
    "two convs": [conv(3), conv(3)],
    "dilation": [conv(3, dilation_rate=2), conv(2)],
    "unequal": [conv((3, 1), strides=(2, 1)), conv((1, 2))],
    "strides": [conv(3, strides=2), conv(3), conv(2, strides=2)],
    "padding": [conv(3, padding=1), conv(3, padding="same")],
    "pooling": [conv(3), ("average_pooling2d", {"pool_size": 2}), conv(3)],
    "overlapping pooling": [("average_pooling2d", {"pool_size": 3, "strides": 2, "padding": 1}), conv(2)],
    "depthwise": [("depthwise_conv2d", {"kernel_size": 3, "depthwise_initializer": "ones"}), conv(1)],
    "separable": [
        (
            "separable_conv2d",
            {"filters": 1, "kernel_size": 3, "depthwise_initializer": "ones", "pointwise_initializer": "ones"},
        )
    ],
    "upsampling": [("up_sampling2d", {"size": 2}), conv(3)],
    "upsampling, even": [("up_sampling2d", {"size": 2}), conv(2)],
    "upsampling, twice": [("up_sampling2d", {"size": 2}), conv(2), conv(2)],
    "bilinear": [("up_sampling2d", {"size": 2, "interpolation": "bilinear"}), conv(3)],
    "transposed": [
        ("conv2d_transpose", {"filters": 1, "kernel_size": 4, "strides": 2, "kernel_initializer": "ones"}),
        conv(3),
    ],
    "elementwise": [
        ("relu", {}),
        ("batch_normalization", {}),
        conv(3),
        ("dropout", {"rate": 0.5}),
        ("softmax", {"axis": -1}),
    ][:4],
    "flatten": [conv(2), ("flatten", {}), ("dense", {"units": 2, "kernel_initializer": "ones"})],
    "global": [conv(2), ("global_average_pooling2d", {})],
    "scaled": [conv(3), ("einsum_dense", {"equation": "...c,c->...c", "kernel_initializer": "ones"})],
    "adaptive": [("adaptive_average_pooling2d", {"output_size": 1})],
}


@pytest.mark.parametrize("stack", STACKS)
def test_receptive_field_is_what_changes_the_output(stack: str) -> None:
    shape: Shape = (16, 16, 1)
    field = Field((1, 1), (Fraction(1), Fraction(1)))
    inputs = keras.Input(shape)
    tensor, now = inputs, shape
    for at, (name, arguments) in enumerate(STACKS[stack]):
        layer = layer_of(name, arguments)
        field = field.after(layer.step(now))
        tensor, now = apply(layer.calls(now), [tensor], f"x{at}"), layer.output_shape(now)
    model = keras.Model(inputs, tensor)
    pixels = np.eye(256, dtype="float32").reshape(256, 16, 16, 1)
    changed = np.asarray(model(pixels)) - np.asarray(model(np.zeros((1, 16, 16, 1), "float32")))
    moved = np.abs(changed).reshape(256, -1) > 1e-7
    seen = [np.argwhere(column.reshape(16, 16)) for column in moved.T]
    widest = tuple(max(int(np.ptp(places[:, axis])) + 1 for places in seen if len(places)) for axis in (0, 1))
    assert widest == (field.size or (16, 16))


def test_the_step_agrees_with_the_size_rule() -> None:
    for kernel, stride, dilation in product((1, 2, 3), (1, 2, 3), (1, 2)):
        step = layer_of(*conv(kernel, strides=stride, dilation_rate=dilation)).step((20, 20, 1))
        reach = step.kernel[0]
        assert out_size(reach, kernel, stride, dilation, "valid") == 1
        assert out_size(reach + stride, kernel, stride, dilation, "valid") == 2
