"""Operations of Keras that are no layers → layers of the language that compute the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from cnnspec.importing.network import Gap, Network, Op
from cnnspec.language.entries import Entry, snake_case
from cnnspec.layers.base import show
from cnnspec.layers.settings import ACTIVATIONS

Facts = Mapping[str, Any]
Said = tuple[str, dict[str, Any]] | None
"""An entry and its arguments, or None where there is no word for it."""


def translate(network: Network) -> Network:
    """Every operation that has a word in the language as a layer; a gap for every other."""
    return replace(network, ops={name: _layer(op, network) for name, op in network.ops.items()})


def activation_of(op: Op) -> Any:
    """The activation that an operation is, as an entry; None where it is none."""
    kind = _kind(op)
    name = {"ReLU": "relu", "Tanh": "tanh", "Exp": "exponential"}.get(kind, snake_case(kind))
    if not op.entry.startswith("ops.") or name not in ACTIVATIONS or len(op.inputs) != 1:
        return None
    if not set(op.arguments.get("odd", ())) <= {*ACTIVATIONS[name].model_fields}:
        return None
    changed = {
        key: op.arguments[key]
        for key, default in _defaults(ACTIVATIONS[name])
        if op.arguments.get(key, default) != default
    }
    if list(changed) == [ACTIVATIONS[name].first]:
        (changed,) = changed.values()
    return {name: changed} if changed != {} else name


def _defaults(cls: type[Entry]) -> list[tuple[str, Any]]:
    return [(name, field.default) for name, field in cls.model_fields.items()]


def _kind(op: Op) -> str:
    return op.entry.removeprefix("ops.")


def _layer(op: Op, network: Network) -> Op:
    if not op.entry.startswith("ops."):
        return op
    said: Said = None
    why = "no layer of cnnspec computes it"
    shapes = [network.shape_of(name) for name in op.inputs]
    activation = activation_of(op)
    if activation is not None:
        said = "activation", {"activation": activation}
    elif len({len(shape) for shape in shapes}) > 1:
        why = f"it takes {' and '.join(map(show, shapes))}; merges of cnnspec and NumPy align axes differently there"
    elif odd := [name for name in op.arguments.get("odd", ()) if name not in _UNDERSTOOD.get(_kind(op), ())]:
        why = f"no layer of cnnspec has its `{odd[0]}`"
    elif (rule := _RULES.get(op.entry.removeprefix("ops."))) is not None:
        said = rule(op)
    if said is None:
        gap = Gap(op.name, f"keras.ops.{snake_case(op.entry[4:])}", why)
        return replace(op, entry="identity", arguments={}, inputs=op.inputs[:1], gap=gap)
    entry, arguments = said
    return replace(op, entry=entry, arguments=arguments)


def _constant(op: Op, name: str = "x2") -> float | None:
    value = op.arguments.get(name)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _elementwise(entry: str, scale: Callable[[float], tuple[float, float]] | None = None) -> Callable[[Op], Said]:
    """Two tensors are a merge; a tensor and a number a rescaling with the scale and offset that `scale` gives."""

    def rule(op: Op) -> Said:
        if len(op.arguments.get("tensors", ())) == 2:
            return entry, {}
        number = _constant(op)
        if number is None and entry in ("add", "multiply"):
            number = _constant(op, "x1")
        if scale is None or number is None:
            return None
        factor, offset = scale(number)
        return "rescaling", {"scale": factor, **({"offset": offset} if offset else {})}

    return rule


def _divide(op: Op) -> Said:
    number = _constant(op)
    return ("rescaling", {"scale": 1 / number}) if number else None


def _pooling(kind: str) -> Callable[[Op], Said]:
    def rule(op: Op) -> Said:
        axes, rank = op.arguments.get("axis"), len(op.arguments.get("before", ()))
        axes = (axes,) if isinstance(axes, int) else tuple(axes or ())
        if len(axes) not in (1, 2, 3) or tuple(sorted(axes)) != tuple(range(1, len(axes) + 1)):
            return None
        keeps = bool(op.arguments.get("keepdims"))
        if len(op.shape) != (len(axes) + 1 if keeps else 1) or rank:
            return None
        return f"global_{kind}_pooling{len(axes)}d", {"keepdims": True} if keeps else {}

    return rule


def _reshape(op: Op) -> Said:
    sizes = op.arguments.get("newshape", op.arguments.get("shape"))
    if not isinstance(sizes, tuple | list) or not sizes or sizes[0] not in (-1, None):
        return None
    rest = tuple(-1 if size is None else size for size in sizes[1:])
    return ("reshape", {"target_shape": rest}) if rest and all(isinstance(size, int) for size in rest) else None


def _transpose(op: Op) -> Said:
    axes = op.arguments.get("axes")
    return ("permute", {"dims": tuple(axes[1:])}) if axes and axes[0] == 0 and len(axes) > 1 else None


def _concatenate(op: Op) -> Said:
    axis = op.arguments.get("axis", -1)
    return "concatenate", {} if axis in (-1, len(op.shape)) else {"axis": axis}


def _pad(op: Op) -> Said:
    pads, rank = op.arguments.get("pad_width"), len(op.shape) - 1
    value = op.arguments.get("constant_values")
    if op.arguments.get("mode") != "constant" or value not in (None, 0) or rank not in (1, 2, 3):
        return None
    if not isinstance(pads, tuple | list) or len(pads) != rank + 2 or any(map(sum, (pads[0], pads[-1]))):
        return None
    return f"zero_padding{rank}d", {"padding": tuple(map(tuple, pads[1:-1]))}


_RULES: dict[str, Callable[[Op], Said]] = {
    "Add": _elementwise("add", lambda number: (1, number)),
    "Subtract": _elementwise("subtract", lambda number: (1, -number)),
    "Multiply": _elementwise("multiply", lambda number: (number, 0)),
    "Maximum": _elementwise("maximum"),
    "Minimum": _elementwise("minimum"),
    "Negative": lambda op: ("rescaling", {"scale": -1}),
    "Divide": _divide,
    "TrueDivide": _divide,
    "Mean": _pooling("average"),
    "Max": _pooling("max"),
    "Reshape": _reshape,
    "Transpose": _transpose,
    "Concatenate": _concatenate,
    "Pad": _pad,
    "Identity": lambda op: ("identity", {}),
}  # fmt: skip

_UNDERSTOOD = {
    "Mean": ("axis", "keepdims"), "Max": ("axis", "keepdims"), "Reshape": ("newshape", "shape"), "Transpose": ("axes",),
    "Concatenate": ("axis",), "Pad": ("pad_width", "mode"),
}  # fmt: skip
"""The attributes of operations that the rules read; another one that is not at its default is a gap."""
