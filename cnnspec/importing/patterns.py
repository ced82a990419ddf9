"""Layers that a spec says in one entry where Keras needs several: padding by pixels, activations with arguments."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from cnnspec.importing.arguments import ranked
from cnnspec.importing.network import Gap, Network, Op
from cnnspec.importing.operations import activation_of
from cnnspec.importing.tree import Expression
from cnnspec.layers import LAYERS

_NOT_NEGATIVE = {"relu", "relu6", "sigmoid", "softmax", "softplus", "exponential", "hard_sigmoid"}


def gather(network: Network) -> Network:
    """The network with every such chain as one op, which bears the name of the chain's last."""
    for pattern in (_mean_of_pixels, _windows_on_padding, _cropped, _activated, _activations):
        network = pattern(network)
    return replace(network, ops={name: _said(_to_one_pixel(op, network)) for name, op in network.ops.items()})


class _Editor:
    """Changes to a network: ops replaced, and ops that go since another one does their work."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.ops = dict(network.ops)

    def join(
        self, last: Op, inputs: tuple[str, ...], gone: tuple[Op, ...], entry: str, arguments: dict[str, Any]
    ) -> None:
        """Put `entry` in the place of `last`, on `inputs`; the ops in `gone` go."""
        self.ops[last.name] = replace(self.ops[last.name], entry=entry, arguments=arguments, inputs=inputs)
        for op in gone:
            del self.ops[op.name]
            for name, other in self.ops.items():
                if other.share == op.name:
                    self.ops[name] = replace(other, share=last.name)

    def before(self, op: Op) -> Op | None:
        """The op before `op`, where its result goes nowhere else."""
        found = self.network.single(op.inputs[0]) if len(op.inputs) == 1 else None
        return self.ops.get(found.name) if found and not found.share and not found.body else None

    def done(self) -> Network:
        """The network with the changes."""
        return replace(self.network, ops=self.ops)


def _mean_of_pixels(network: Network) -> Network:
    """A padded mean over the share of real pixels in each window is an average pooling with `padding` in pixels."""
    edit = _Editor(network)
    for op in network.ops.values():
        if op.entry != "ops.Divide" or len(op.inputs) != 2:
            continue
        chains = []
        for pool in map(network.single, op.inputs):
            pad = network.single(pool.inputs[0]) if pool and pool.entry.startswith("average_pooling") else None
            if pool is not None and pad is not None and pad.entry.startswith("zero_padding"):
                chains.append((pool, pad))
        if len(chains) != 2 or chains[0][0].arguments != chains[1][0].arguments:
            continue
        (pool, pad), (count, count_pad) = chains
        ones = network.single(count_pad.inputs[0])
        if (
            ones is None
            or ones.entry != "ops.OnesLike"
            or ones.inputs != pad.inputs
            or pad.arguments != count_pad.arguments
        ):
            continue
        arguments = {**pool.arguments, "padding": pad.arguments.get("padding", 1)}
        edit.join(op, pad.inputs, (pool, pad, count, count_pad, ones), pool.entry, arguments)
    return edit.done()


def _windows_on_padding(network: Network) -> Network:
    """A zero padding before a `valid` convolution, and one with −∞ (or zeros behind a ReLU) before a max pooling."""
    edit = _Editor(network)
    shared = {op.share for op in network.ops.values()}
    for op in network.ops.values():
        pad = edit.before(op)
        if pad is None or "padding" in op.arguments or op.share or op.body or op.gap or op.name in shared:
            continue
        convolves = "conv" in op.entry and "transpose" not in op.entry
        zeros = pad.entry.startswith("zero_padding") and set(pad.arguments) <= {"padding"}
        if convolves and zeros:
            pads = pad.arguments.get("padding", 1)
        elif op.entry.startswith("max_pooling") and (pads := _maximum_padding(network, pad)) is not None:
            sizes = _each(op.arguments.get("pool_size", 2), len(op.shape) - 1)
            if any(max(pair) >= size for pair, size in zip(_pairs(pads, len(sizes)), sizes, strict=True)):
                continue
        else:
            continue
        edit.join(op, pad.inputs, (pad,), op.entry, _ordered(op.entry, {**op.arguments, "padding": pads}))
    return edit.done()


def _maximum_padding(network: Network, pad: Op) -> Any:
    """The padding where it wins no maximum, else None."""
    if pad.entry.startswith("zero_padding") and set(pad.arguments) <= {"padding"}:
        before = network.ops.get(pad.inputs[0])
        return pad.arguments.get("padding", 1) if before is not None and _not_negative(before) else None
    pads = pad.arguments.get("pad_width", ())
    if pad.entry != "ops.Pad" or pad.arguments.get("constant_values") != -math.inf or len(pads) < 3:
        return None
    inner = tuple(tuple(pair) for pair in pads[1:-1])
    if any(map(sum, (pads[0], pads[-1]))):
        return None
    shorter = tuple(a for a, b in inner if a == b)
    if len(shorter) < len(inner):
        return inner
    return shorter[0] if len(set(shorter)) == 1 else shorter


def _not_negative(op: Op) -> bool:
    if op.entry == "relu":
        return "negative_slope" not in op.arguments
    return op.arguments.get("activation") in _NOT_NEGATIVE


def _cropped(network: Network) -> Network:
    """A `valid` transposed convolution with `output_padding`, and a cropping behind it."""
    edit = _Editor(network)
    for op in network.ops.values():
        conv = edit.before(op) if op.entry.startswith("cropping") and set(op.arguments) <= {"cropping"} else None
        if (
            conv is None
            or not conv.entry.endswith("_transpose")
            or "padding" in conv.arguments
            or conv.share
            or conv.gap
        ):
            continue
        crop = op.arguments.get("cropping", 0 if op.entry == "cropping2d" else 1)
        if "output_padding" not in conv.arguments or "activation" in conv.arguments or not crop:
            continue
        if "activity_regularizer" in conv.arguments:
            continue
        extra = conv.arguments["output_padding"]
        rest = {name: value for name, value in conv.arguments.items() if name != "output_padding" or extra}
        edit.join(op, conv.inputs, (conv,), conv.entry, _ordered(conv.entry, {**rest, "padding": crop}))
    return edit.done()


def _activated(network: Network) -> Network:
    """A layer without activation, and an activation with arguments behind it."""
    edit = _Editor(network)
    for op in network.ops.values():
        activation = activation_of(op)
        layer = edit.before(op) if isinstance(activation, dict) else None
        if layer is None or layer.share or layer.gap or "activity_regularizer" in layer.arguments:
            continue
        field = LAYERS[layer.entry].model_fields.get("activation") if layer.entry in LAYERS else None
        if field is None or field.is_required() or "activation" in layer.arguments:
            continue
        arguments = _ordered(layer.entry, {**layer.arguments, "activation": activation})
        edit.join(op, layer.inputs, (layer,), layer.entry, arguments)
    network = edit.done()
    edit = _Editor(network)
    for op in network.ops.values():
        layer = edit.before(op) if op.entry == "identity" and set(op.arguments) == {"activity_regularizer"} else None
        if layer is not None and isinstance(layer.arguments.get("activation"), dict) and not layer.share:
            if layer.entry == "activation":
                continue
            arguments = _ordered(layer.entry, {**layer.arguments, **op.arguments})
            edit.join(op, layer.inputs, (layer,), layer.entry, arguments)
    return edit.done()


def _activations(network: Network) -> Network:
    """An activation with arguments, and the identity behind it that cnnspec writes with it."""
    edit = _Editor(network)
    for op in network.ops.values():
        before = edit.before(op) if op.entry == "identity" and not op.gap else None
        activation = activation_of(before) if before is not None else None
        if before is not None and isinstance(activation, dict):
            edit.join(op, before.inputs, (before,), "activation", {"activation": activation, **op.arguments})
    return edit.done()


def _said(op: Op) -> Op:
    """An identity that watches its input has no word of its own; operations that no pattern took have none at all."""
    if op.gap is None and op.entry == "identity" and "activity_regularizer" in op.arguments:
        gap = Gap(op.name, "Identity", "`identity` takes no `activity_regularizer`; write it at the layer before")
        return replace(op, arguments={}, gap=gap)
    return op


def _to_one_pixel(op: Op, network: Network) -> Op:
    """A vector reshaped to a map of one pixel, whatever its length."""
    sizes: tuple[Any, ...] = op.arguments.get("target_shape", ()) if op.entry == "reshape" else ()
    if len(sizes) < 2 or set(sizes[:-1]) != {1} or network.shape_of(op.inputs[0]) != (sizes[-1],):
        return op
    return replace(op, arguments={**op.arguments, "target_shape": (*sizes[:-1], Expression("channels"))})


def _ordered(entry: str, arguments: dict[str, Any]) -> dict[str, Any]:
    return ranked(LAYERS[entry], arguments)


def _each(value: Any, rank: int) -> tuple[int, ...]:
    return (value,) * rank if isinstance(value, int) else tuple(value)


def _pairs(pads: Any, rank: int) -> tuple[tuple[int, int], ...]:
    return tuple((side, side) if isinstance(side, int) else tuple(side) for side in _each(pads, rank))
