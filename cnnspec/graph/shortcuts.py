"""The arithmetic of shortcuts: what turns the shape that a residual block starts from into the one that it ends in."""

from __future__ import annotations

from typing import Any

from cnnspec.graph.tensors import Tensor
from cnnspec.layers.base import LAYERS, Layer, Shape


def layer_of(name: str, **arguments: Any) -> Layer:
    """The layer of that name."""
    made = LAYERS[name].read(arguments)
    assert isinstance(made, Layer)
    return made


def same(a: Shape, b: Shape) -> bool:
    """Whether two shapes are the same, as far as their sizes are known."""
    return len(a) == len(b) and all(m == n or m is None or n is None for m, n in zip(a, b, strict=True))


def strides_of(x: Tensor, y: Tensor) -> tuple[int, ...] | None:
    """By how much the body steps on each axis; None where it enlarges or is not known."""
    if x.field.size is None or y.field.size is None or len(x.field.jump) != len(y.field.jump):
        return None
    ratios = [after / before for before, after in zip(x.field.jump, y.field.jump, strict=True)]
    return tuple(map(int, ratios)) if all(ratio.denominator == 1 for ratio in ratios) else None


def projection(x: Tensor, y: Tensor) -> Layer | None:
    """The 1×1 convolution without bias that turns the shape of `x` into that of `y`, or None."""
    assert x.shape is not None
    assert y.shape is not None
    if len(x.shape) != len(y.shape) or y.shape[-1] is None:
        return None
    if len(x.shape) == 1:
        return layer_of("dense", units=y.shape[-1], use_bias=False)
    guess = strides_of(x, y)
    strides = tuple(
        stride_of(n, m, guess[axis] if guess else 1)
        for axis, (n, m) in enumerate(zip(x.shape[:-1], y.shape[:-1], strict=True))
    )
    if None in strides or len(x.shape) > 4:
        return None
    return layer_of(f"conv{len(strides)}d", filters=y.shape[-1], kernel_size=1, strides=strides, use_bias=False)


def stride_of(size: int | None, wanted: int | None, guess: int) -> int | None:
    """The smallest stride with ⌈size / stride⌉ = wanted, `guess` first."""
    if size is None or wanted is None:
        return guess
    candidates = (guess, *range(max(size // (wanted + 1), 1), size // max(wanted, 1) + 2)) if wanted <= size else ()
    return next((stride for stride in candidates if -(-size // stride) == wanted), None)
