"""Layers that merge several tensors into one. The inputs are the first argument: `add: [a, b]`, or `add: a`."""

from itertools import pairwise
from typing import ClassVar

from cnnspec.language.types import Axis
from cnnspec.layers.axes import AxisPair, place
from cnnspec.layers.base import Layer, Saved, Shape, ShapeError, Step, known, show, volume

_ONE = "name both in the list, or write one name without brackets, beside the running tensor"


class _Merge(Layer):
    saved: ClassVar[Saved] = Saved()
    merges: ClassVar[bool] = True
    only: ClassVar[int | None] = None
    """The exact number of inputs, where it is fixed."""

    def check_count(self, inputs: tuple[Shape, ...]) -> None:
        """Refuse too few inputs, or too many."""
        wanted = self.only or 2
        if len(inputs) < wanted or (self.only and len(inputs) > wanted):
            many = "exactly two inputs" if self.only else "two inputs or more"
            raise ShapeError(
                "shape-merge",
                f"`{self.entry}` takes {many}, not {len(inputs)}",
                help=f"write `{self.entry}: [first, second]`" if len(inputs) > 1 else _ONE,
            )


class _Elementwise(_Merge):
    def output_shape(self, *inputs: Shape) -> Shape:
        self.check_count(inputs)
        merged = inputs[0]
        for shape in inputs[1:]:
            together = _broadcast(merged, shape)
            if together is None:
                raise self.mismatch(inputs)
            merged = together
        return merged

    def mismatch(self, inputs: tuple[Shape, ...]) -> ShapeError:
        """The error of shapes that do not go together, with what would make them."""
        one, other = next((a, b) for a, b in pairwise(inputs) if a != b)
        return ShapeError(
            "shape-merge",
            f"`{self.entry}` needs equal shapes, not {' and '.join(map(show, inputs))}",
            label=f"{show(one)} and {show(other)}",
            help=_way_out(one, other),
        )


class Add(_Elementwise):
    """The sum: all shapes equal, or 1 where they differ (1×1×channels is added to every pixel).

    Errors: `shape-merge` (sizes differ).

    Example:
        input: [28, 28, 8]
        layers:
          - conv2d: {filters: 8, kernel_size: 1, name: a}
          - conv2d: {filters: 8, kernel_size: 3, padding: same}
          - add: a
    """


class Subtract(_Elementwise):
    """The first input less the second; exactly two. Shapes as in `add`.

    Example:
        input: [28, 28, 8]
        layers:
          - identity: {name: image}
          - gaussian_noise: {stddev: 0.1, name: noisy}
          - subtract: [noisy, image]
    """

    only: ClassVar[int | None] = 2


class Multiply(_Elementwise):
    """The product. Shapes as in `add`: a 1×1×channels tensor scales the channels of a map.

    Example:
        input: [28, 28, 8]
        layers:
          - identity: {name: map}
          - global_average_pooling2d: {keepdims: true}
          - conv2d: {filters: 8, kernel_size: 1, activation: sigmoid}
          - multiply: map
    """

    saved: ClassVar[Saved] = Saved(input=True)


class Average(_Elementwise):
    """The mean of the inputs. Shapes as in `add`.

    Example:
        input: [28, 28, 8]
        layers:
          - conv2d: {filters: 8, kernel_size: 1, name: a}
          - conv2d: {filters: 8, kernel_size: 1, name: b}
          - average: [a, b]
    """

    within: ClassVar[bool] = True


class Maximum(_Elementwise):
    """The larger value at each place. Shapes as in `add`.

    Example:
        input: [28, 28, 8]
        layers:
          - conv2d: {filters: 8, kernel_size: 1, name: a}
          - conv2d: {filters: 8, kernel_size: 1, name: b}
          - maximum: [a, b]
    """

    within: ClassVar[bool] = True
    saved: ClassVar[Saved] = Saved(input=True)


class Minimum(_Elementwise):
    """The smaller value at each place. Shapes as in `add`.

    Example:
        input: [28, 28, 8]
        layers:
          - conv2d: {filters: 8, kernel_size: 1, name: a}
          - conv2d: {filters: 8, kernel_size: 1, name: b}
          - minimum: [a, b]
    """

    within: ClassVar[bool] = True
    saved: ClassVar[Saved] = Saved(input=True)


class Concatenate(_Merge):
    """The inputs side by side along `axis` (the channels by default); every other size must be equal.

    Errors: `shape-merge` (another size differs), `shape-axis`.

    Example:
        input: [28, 28, 8]
        layers:
          - conv2d: {filters: 16, kernel_size: 1, name: a}
          - conv2d: {filters: 32, kernel_size: 3, padding: same}
          - concatenate: a
    """

    within: ClassVar[bool] = True
    axis: Axis = -1

    def output_shape(self, *inputs: Shape) -> Shape:
        self.check_count(inputs)
        at = place(self.axis, inputs[0])
        first = inputs[0]
        for shape in inputs[1:]:
            if len(shape) != len(first) or any(
                axis != at and None not in (mine, theirs) and mine != theirs
                for axis, (mine, theirs) in enumerate(zip(first, shape, strict=True))
            ):
                raise self.mismatch(inputs, first, shape, at)
        sizes = [shape[at] for shape in inputs]
        total = None if None in sizes else sum(size for size in sizes if size is not None)
        return (*first[:at], total, *first[at + 1 :])

    def mismatch(self, inputs: tuple[Shape, ...], one: Shape, other: Shape, at: int) -> ShapeError:
        """The error of shapes that differ elsewhere than on the axis."""
        along = "the channels" if at == len(one) - 1 else f"axis {at + 1}"
        wanted = "equal height and width" if at == 2 and len(one) == 3 else "equal sizes on the other axes"
        return ShapeError(
            "shape-merge",
            f"`concatenate` along {along} needs {wanted}, not {' and '.join(map(show, inputs))}",
            label=f"{show(one)} and {show(other)}",
            help=_as_vector(one, other) or _as_wide(one, other, at) or _same_map(one, other) or _TO_ONE_SIZE,
        )

    def formula(self, *inputs: Shape) -> str:
        at = place(self.axis, inputs[0])
        sizes = ["?" if shape[at] is None else str(shape[at]) for shape in inputs]
        total = self.output_shape(*inputs)[at]
        return f"{' + '.join(sizes)} = {'?' if total is None else total}"


class Dot(_Merge):
    """The dot products of two tensors along `axes` (one axis, or one for each); `normalize` gives cosines.

    Output: the other axes of the first, then those of the second; two vectors give one number.

    Example:
        input: [16]
        layers:
          - dense: {units: 8, name: a}
          - dense: {units: 8, name: b}
          - dot: {inputs: [a, b], axes: 1, normalize: true}
    """

    saved: ClassVar[Saved] = Saved(input=True)
    only: ClassVar[int | None] = 2

    axes: AxisPair
    normalize: bool = False

    def places(self, one: Shape, other: Shape) -> tuple[int, int]:
        """Where the two axes stand."""
        first, second = (self.axes, self.axes) if isinstance(self.axes, int) else self.axes
        return place(first, one, "axes"), place(second, other, "axes")

    def output_shape(self, *inputs: Shape) -> Shape:
        self.check_count(inputs)
        one, other = inputs
        first, second = self.places(one, other)
        if one[first] != other[second]:
            sizes = f"{show((one[first],))[1:-1]} and {show((other[second],))[1:-1]}"
            raise ShapeError(
                "shape-merge",
                f"`dot` needs axes of equal size, not {sizes}, in {show(one)} and {show(other)}",
                argument="axes",
                label=sizes,
                help="name axes of equal size, or bring them to one size before it",
            )
        return (*one[:first], *one[first + 1 :], *other[:second], *other[second + 1 :]) or (1,)

    def multiply_adds(self, *inputs: Shape) -> int | None:
        first, _ = self.places(*inputs)
        outputs, size = volume(self.output_shape(*inputs)), inputs[0][first]
        return None if outputs is None or size is None else outputs * size

    def step(self, *inputs: Shape) -> Step:
        return Step(whole=True)


_TO_ONE_SIZE = "bring them to one size before it"


def _as_wide(one: Shape, other: Shape, at: int) -> str | None:
    """What makes two tensors equally wide that are joined along another axis."""
    differ = [axis for axis, (n, m) in enumerate(zip(one, other, strict=False)) if n != m and axis != at]
    return f"make both {one[-1]} or both {other[-1]} wide before it" if differ == [len(one) - 1] else None


def _as_vector(one: Shape, other: Shape) -> str | None:
    """What makes a vector of a map that is to stand beside one."""
    vector, long = sorted((one, other), key=len)
    if len(vector) != 1 or not 2 <= len(long) <= 4:
        return None
    return f"put `global_average_pooling{len(long) - 1}d` or `flatten` behind {show(long)} first"


def _broadcast(one: Shape, other: Shape) -> Shape | None:
    """The shape of an element-wise result, aligned at the last axis; None where two sizes differ."""
    long, short = (one, other) if len(one) >= len(other) else (other, one)
    kept = len(long) - len(short)
    sizes: list[int | None] = list(long[:kept])
    for mine, theirs in zip(long[kept:], short, strict=True):
        if mine is None or theirs is None:
            sizes.append(None)
        elif mine == theirs or 1 in (mine, theirs):
            sizes.append(max(mine, theirs))
        else:
            return None
    return tuple(sizes)


def _way_out(one: Shape, other: Shape) -> str:
    """What to write so that two shapes become equal."""
    spread = len(one) == len(other) and any(m != n and 1 in (m, n) for m, n in zip(one[:-1], other[:-1], strict=True))
    if not spread and (help := _same_map(one, other)):
        return help
    few, many = sorted(shape[-1] or 0 for shape in (one, other))
    if few == many:
        return "bring them to one shape before it"
    if 2 <= len(one) == len(other) <= 4:
        conv = f"a {'×'.join('1' * (len(one) - 1))} `conv{len(one) - 1}d`"
        joined = "" if one[:-1] != other[:-1] else "; `concatenate` joins them as they are"
        return f"{conv} with {many} filters brings the one with {few} channels to {many}{joined}"
    return f"make both {many} wide before it"


def _same_map(one: Shape, other: Shape) -> str | None:
    """What to write so that two maps get the same sizes, where these differ."""
    first, wanted = known(one), known(other)
    if first is None or wanted is None or not 2 <= len(first) == len(wanted) <= 4 or first[:-1] == wanted[:-1]:
        return None
    rank = len(first) - 1
    small, large = sorted((first, wanted))
    stride = -(-large[0] // small[0])
    if all(-(-n // stride) == size for n, size in zip(large[:-1], small[:-1], strict=True)):
        conv = f"a {'×'.join('1' * rank)} `conv{rank}d` with {small[-1]} filters and `strides: {stride}`"
        return f"{conv} turns {show(large)} into {show(small)}"
    if rank != 2:
        return _TO_ONE_SIZE
    resized = (*wanted[:2], first[2])
    return f"`resizing: {{height: {wanted[0]}, width: {wanted[1]}}}` before it turns {show(first)} into {show(resized)}"
