"""The output-size formula, in one place.

For a window of `k` elements with dilation `d`, stride `s` and `P` pixels of padding on each side of `n` pixels:

    out = ⌊(n + 2P − d(k − 1) − 1) / s⌋ + 1          transposed: out = (n − 1)s − 2P + d(k − 1) + output_padding + 1

(V. Dumoulin and F. Visin, A guide to convolution arithmetic for deep learning, 2016, relationships 6, 14 and 15.)
`valid` is P = 0; `same` pads so that out = ⌈n / s⌉.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator

from cnnspec.language.entries import refuse, shown
from cnnspec.language.forms import Form, Schema
from cnnspec.language.forms import sides as pixels
from cnnspec.language.suggest import meant, nearest
from cnnspec.layers.base import ShapeError

Sides: TypeAlias = tuple[tuple[int, int], ...]
"""Pixels before and after, for each spatial axis."""

_PIXELS = "P, one P for each axis, or `[before, after]` for each axis"


def padding_field(*words: str) -> Any:
    """The type of a `padding`: one of `words`, P, one P an axis, or `[before, after]` for each axis."""
    known = ("valid", "same", *words)

    def check(value: Any) -> Any:
        if isinstance(value, str):
            if value not in known:
                guess = nearest(value, known)
                if value.isdecimal():
                    message = f"`padding` is a word or whole numbers, not {shown(value)}"
                    raise refuse("bad-choice", message, f"write `{value}`, without quotes", mend=value)
                listed = ", ".join(f"`{word}`" for word in known)
                help = f"did you mean `{guess}`?" if guess else None
                if value == "causal":
                    help = "only `conv1d` can look at the past alone; write `same` to keep the size"
                raise refuse(
                    "bad-choice",
                    f"`padding` is {listed} or whole numbers, not {shown(value)}",
                    help,
                    mend=meant(value, known),
                )
            return value
        if not _whole(value):
            raise refuse(
                "wrong-type",
                f"`padding` takes a word or whole numbers from 0, not {shown(value)}",
                "write `same`, `valid`, P, one P for each axis, or `[before, after]` for each axis",
            )
        return value

    def form(rank: int) -> Schema:
        return {"anyOf": [{"enum": list(known)}, *pixels(rank)["anyOf"]]}

    listed = ", ".join(f"`{word}`" for word in known)
    return Annotated[Any, BeforeValidator(check), Form(form, f"{listed}, {_PIXELS}")]


def sides_field(name: str) -> Any:
    """The type of an argument that is P, one P an axis, or `[before, after]` for each axis."""

    def check(value: Any) -> Any:
        if isinstance(value, str) or not _whole(value):
            raise refuse(
                "wrong-type",
                f"`{name}` takes whole numbers from 0, not {shown(value)}",
                "write P, one P for each axis, or `[before, after]` for each axis",
            )
        return value

    return Annotated[Any, BeforeValidator(check), Form(pixels, _PIXELS)]


def _whole(value: Any) -> bool:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return bool(value) and all(_whole(item) for item in value)
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def sides(padding: Any, rank: int, name: str = "padding") -> str | Sides:
    """Normalise a `padding` to a word or to pixels before and after on each of `rank` axes."""
    if isinstance(padding, str):
        return padding
    if isinstance(padding, int):
        return ((padding, padding),) * rank
    if len(padding) != rank:
        axes = "one spatial axis" if rank == 1 else f"{rank} spatial axes"
        two = "; for one axis with two sides write `[[before, after]]`" if rank == 1 else ""
        help = "write P, one P for each axis, or `[before, after]` for each axis"
        if len(padding) == 2 * rank and all(isinstance(side, int) for side in padding):
            pairs = [list(padding[at : at + 2]) for at in range(0, 2 * rank, 2)]
            help = f"write `{pairs}`: `[before, after]` for each axis"
        raise refuse("wrong-length", f"`{name}` has {len(padding)} values for {axes}{two}", help)
    found = []
    for side in padding:
        pair = (side, side) if isinstance(side, int) else tuple(side)
        if len(pair) != 2 or not all(isinstance(number, int) for number in pair):
            raise refuse(
                "wrong-length",
                f"`{name}` has {len(pair)} numbers for one axis; it takes two",
                "write `[before, after]` for each axis",
            )
        found.append((pair[0], pair[1]))
    return tuple(found)


def extent(kernel: int, dilation: int) -> int:
    """The pixels that a dilated kernel covers: d(k − 1) + 1."""
    return dilation * (kernel - 1) + 1


def out_size(size: int | None, kernel: int, stride: int, dilation: int, padding: str | tuple[int, int]) -> int | None:
    """The output size on one axis, by the formula; 0 or less where the window does not fit."""
    if size is None:
        return None
    if padding in ("same", "causal"):
        return -(-size // stride)
    before, after = (0, 0) if isinstance(padding, str) else padding
    return (size + before + after - extent(kernel, dilation)) // stride + 1


def transposed_size(
    size: int | None, kernel: int, stride: int, dilation: int, padding: str | tuple[int, int], extra: int | None
) -> int | None:
    """The output size of a transposed convolution on one axis; `extra` is `output_padding`.

    Beside `valid` and `same` without `output_padding`, Keras rounds a window that is smaller than its stride
    up to it, and `same` gives n·s.
    """
    if size is None:
        return None
    covered = extent(kernel, dilation)
    if not isinstance(padding, str):
        return (size - 1) * stride - sum(padding) + covered + (extra or 0)
    if extra is None:
        return size * stride + (max(covered - stride, 0) if padding == "valid" else 0)
    cut = 0 if padding == "valid" else 2 * (covered // 2)
    return (size - 1) * stride + covered - cut + extra


def written(size: int | None, kernel: int, stride: int, dilation: int, padding: str | tuple[int, int]) -> str:
    """The formula with its numbers: `⌊(28 + 2·1 − 3)/1⌋ + 1 = 28`."""
    out = _number(out_size(size, kernel, stride, dilation, padding))
    n = "n" if size is None else str(size)
    if padding in ("same", "causal"):
        return f"⌈{n}/{stride}⌉ = {out}"
    before, after = (0, 0) if isinstance(padding, str) else padding
    pads = f"2·{before}" if before == after else f"{before} + {after}"
    reach = f"{kernel}" if dilation == 1 else f"{dilation}·({kernel} − 1) − 1"
    return f"⌊({n} + {pads} − {reach})/{stride}⌋ + 1 = {out}"


def transposed_written(
    size: int | None, kernel: int, stride: int, dilation: int, padding: str | tuple[int, int], extra: int | None
) -> str:
    """The transposed formula with its numbers: `(14 − 1)·2 − 2·1 + 4 + 0 = 28`."""
    out = _number(transposed_size(size, kernel, stride, dilation, padding, extra))
    n = "n" if size is None else str(size)
    covered = extent(kernel, dilation)
    if isinstance(padding, str) and extra is None:
        rest = f" + {covered - stride}" if padding == "valid" and covered > stride else ""
        return f"{n}·{stride}{rest} = {out}"
    half = 0 if padding == "valid" else covered // 2
    before, after = (half, half) if isinstance(padding, str) else padding
    pads = f"2·{before}" if before == after else f"({before} + {after})"
    return f"({n} − 1)·{stride} − {pads} + {covered} + {extra or 0} = {out}"


def _number(size: int | None) -> str:
    return "?" if size is None else str(size).replace("-", "−")


def by_axis(formulas: Sequence[str]) -> str:
    """One formula where all axes agree, else all of them."""
    return formulas[0] if len(set(formulas)) == 1 else "; ".join(formulas)


def fit(
    entry: str,
    spatial: Sequence[int | None],
    kernel: Sequence[int],
    strides: Sequence[int],
    dilation: Sequence[int],
    padding: str | Sides,
    argument: str,
) -> tuple[int | None, ...]:
    """The output sizes on every axis. Raises `ShapeError` where the window does not fit its input."""
    outs = []
    for axis, size in enumerate(spatial):
        pad = padding if isinstance(padding, str) else padding[axis]
        out = out_size(size, kernel[axis], strides[axis], dilation[axis], pad)
        if out is not None and out < 1:
            raise _no_fit(entry, spatial, kernel, strides, dilation, padding, argument, axis)
        outs.append(out)
    return tuple(outs)


def not_both(entry: str, strides: Sequence[int], dilation: Sequence[int]) -> None:
    """Refuse strides and dilation above 1 in one layer, where Keras cannot compute them."""
    if max(strides) > 1 and max(dilation) > 1:
        raise ShapeError(
            "shape-stride-dilation",
            f"`{entry}` cannot have strides and dilation above 1 at once",
            argument="dilation_rate",
            help="keep `dilation_rate: 1`, or `strides: 1`",
        )


def _no_fit(
    entry: str,
    spatial: Sequence[int | None],
    kernel: Sequence[int],
    strides: Sequence[int],
    dilation: Sequence[int],
    padding: str | Sides,
    argument: str,
    axis: int,
) -> ShapeError:
    size = spatial[axis]
    assert size is not None
    pad = padding if isinstance(padding, str) else padding[axis]
    room = size + (0 if isinstance(pad, str) else sum(pad))
    what = "window" if argument == "pool_size" else "kernel"
    dilated = f" with dilation {dilation[axis]}" if dilation[axis] > 1 else ""
    padded = "" if isinstance(pad, str) or not sum(pad) else f", padded to {room}"
    smaller = max(0, (room - 1) // dilation[axis]) + 1
    fits = f"`{argument}: {smaller}` (or smaller), or " if smaller < kernel[axis] else ""
    return ShapeError(
        "shape-window",
        f"{what} {times(kernel)}{dilated} does not fit its {times(spatial)} input{padded}",
        argument=argument,
        label=f"out = {written(size, kernel[axis], strides[axis], dilation[axis], pad)}",
        help=f"write {fits}`padding: same`",
    )


def times(sizes: Sequence[int | None]) -> str:
    """`3×3`."""
    return "×".join("?" if size is None else str(size) for size in sizes)
