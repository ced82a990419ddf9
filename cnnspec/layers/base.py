"""What a layer is: typed fields and pure rules over integers.

A layer knows its output shape, weights, multiply-adds, receptive-field step and formula, and *returns* the Keras
calls that make it; it never imports Keras. The model builder and the source emitter follow the same calls.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import prod
from typing import Any, ClassVar, Literal, NamedTuple, Self, TypeAlias

from cnnspec.language.entries import Entry, Vocabulary
from cnnspec.layers.bounds import Bounds
from cnnspec.layers.families import FAMILIES

Shape: TypeAlias = tuple[int | None, ...]
"""A tensor's shape without the batch; None is a size that is not known before run time."""

LAYERS = Vocabulary("layer", {f"cnnspec.layers.{family}": names for family, names in FAMILIES.items()})

INPUT = -1
"""In `KerasCall.of`: the layer's own inputs, rather than the result of an earlier call."""


class Weight(NamedTuple):
    """One variable of a layer."""

    name: str
    shape: tuple[int, ...]
    trainable: bool = True

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        return prod(self.shape)


@dataclass(frozen=True, slots=True)
class KerasCall:
    """One step of a layer in Keras: `Conv2D` is `keras.layers.Conv2D(**kwargs)`, applied to its inputs;
    `ops.pad` and `activations.gelu` are functions called with the inputs first.

    `of` names what the call is applied to: indices of earlier calls of the same layer, or `INPUT`.
    None is the call before it (the layer's inputs, for the first). With `separate`, several inputs are
    arguments of their own rather than one list (functions always take them so).
    """

    name: str
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    of: tuple[int, ...] | None = None
    separate: bool = False


def main_call(calls: Sequence[KerasCall]) -> int:
    """Which of a layer's calls bears its name: the first Keras layer that is not just a padding."""
    for index, call in enumerate(calls):
        if "." not in call.name and not call.name.startswith("ZeroPadding"):
            return index
    return len(calls) - 1


class Step(NamedTuple):
    """How a layer widens what one output sees: kernel and stride on each axis; `whole` sees everything.

    A stride below 1 is an upsampling by its reciprocal.
    """

    kernel: tuple[int, ...] = ()
    stride: tuple[Fraction, ...] = ()
    whole: bool = False


class Saved(NamedTuple):
    """What of a layer the backward pass reads again, and so keeps in memory: its inputs (`to_learn`: only where its own
    weights learn), its output, and `between` further tensors of the output's size. With `alias`, its output is its
    input under another shape, and takes no memory. `scratch` is how often its inputs and its output are copied into
    another order while the gradients are computed."""

    input: bool = False
    output: bool = False
    to_learn: bool = False
    between: float = 0
    alias: bool = False
    scratch: float = 0

    def activated(self, activation: Any) -> "Saved":
        """The same of a layer with an activation at its end, whose input is then a tensor in between."""
        if activation is None:
            return self
        more: Saved = activation.saved
        return self._replace(output=self.output or more.output, between=self.between + more.between + more.input)


class ShapeError(Exception):
    """A shape rule does not hold for these inputs.

    `argument` is the field to point at (the layer itself without one), `label` stands under the carets.
    """

    def __init__(
        self, code: str, message: str, *, argument: str = "", label: str = "", help: str | None = None
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.argument, self.label, self.help = code, message, argument, label, help


Motion: TypeAlias = Literal["stay", "move"] | None
"""What a layer does to the places of pixels; None where that is not known."""


class Layer(Entry):
    """The base of every layer. The rules take the shapes of the layer's inputs, without the batch."""

    vocabulary: ClassVar[Vocabulary] = LAYERS
    abstract: ClassVar[bool] = True

    ranks: ClassVar[tuple[int, ...] | None] = None
    """The ranks of input it takes (3 for height, width, channels); None for any."""
    merges: ClassVar[bool] = False
    """Whether it takes several inputs."""
    saved: ClassVar[Saved] = Saved(input=True)
    """What its own backward pass keeps."""
    motion: ClassVar[Motion] = None
    """Whether it leaves pixels in their places or moves them: asked where augmented images have maps as labels."""
    to_scale: ClassVar[bool] = False
    """Whether it moves a map of another size in the same way, to its scale."""
    within: ClassVar[bool] = False
    """Whether what it gives lies between the lowest and the highest of what it takes, whatever that is."""

    trainable: bool = True

    def output_shape(self, *inputs: Shape) -> Shape:
        """The shape of the output. Raises `ShapeError` where the inputs do not fit."""
        self.check_rank(inputs[0])
        return inputs[0]

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        """The variables that it creates for these inputs, in Keras's order."""
        return ()

    def multiply_adds(self, *inputs: Shape) -> int | None:
        """Multiply-accumulate operations for one sample; None where a size is not known."""
        return 0

    def keeps(self) -> Saved:
        """What its backward pass keeps, its activation's included."""
        return self.saved

    def saved_between(self, *inputs: Shape) -> int | None:
        """Numbers a sample that the backward pass keeps beside `saved`, such as the scores of an attention."""
        return 0

    def step(self, *inputs: Shape) -> Step:
        """How the receptive field grows."""
        return Step()

    def formula(self, *inputs: Shape) -> str:
        """The rule with its numbers, as the summary shows it."""
        return ""

    def calls(self, *inputs: Shape) -> tuple[KerasCall, ...]:
        """The Keras calls that make this layer."""
        return (KerasCall(self.keras, self.keras_arguments()),)

    def keras_arguments(self, *leave_out: str) -> dict[str, Any]:
        """The arguments that differ from Keras's defaults, less those of `leave_out`."""
        return {name: as_keras(value) for name, value in self.changed().items() if name not in leave_out}

    def value_range_behind(self, low: float, high: float) -> Bounds | None:
        """Bounds of what it gives for values from `low` to `high` (of all inputs together); None where it has none."""
        activation = getattr(self, "activation", None)
        if activation is not None:
            bounds: Bounds = activation.gives()
            return bounds
        return (low, high) if self.within else None

    def scale_behind(self, black: float, white: float) -> Bounds | None:
        """What black and white become: themselves, for most of what takes images; None where that is not known.

        It is the range that what looks at colours works in. Noise, zeros at the edges and interpolation that overshoots
        widen the bounds of the values, and leave black and white what they are.
        """
        return (black, white) if self.within or self.motion is not None else None

    def on_masks(self) -> Self:
        """The layer that moves a map of class numbers as this one moves its image; what is empty then is 0."""
        plain = {"interpolation": "nearest", "fill_value": 0.0, "value_range": (-1e6, 1e6), "antialias": False}
        return self.model_copy(update={name: plain[name] for name in plain.keys() & type(self).model_fields.keys()})

    def check_rank(self, shape: Shape) -> None:
        """Refuse an input of a rank that this layer does not take."""
        if self.ranks is not None and len(shape) not in self.ranks:
            raise ShapeError(
                "shape-rank",
                f"`{self.entry}` takes {ranks_in_words(self.ranks)}, not {show(shape)}",
                label=f"its input is {show(shape)}",
                help=_rank_help(self.entry, self.ranks, shape),
            )


class Spatial(Layer):
    """A layer over `rank` spatial axes, with the channels behind them."""

    abstract: ClassVar[bool] = True
    rank: ClassVar[int]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if hasattr(cls, "rank"):
            cls.ranks = (cls.rank + 1,)


class Setting(Entry):
    """The base of entries that are arguments of layers, such as initializers and activations."""

    abstract: ClassVar[bool] = True
    module: ClassVar[str]
    saved: ClassVar[Saved] = Saved(input=True)
    """What the backward pass of an activation keeps."""

    def call(self) -> Any:
        """How Keras gets it: its plain name, or a call with arguments."""
        arguments = {name: as_keras(value) for name, value in self.changed().items()}
        return KerasCall(f"{self.module}.{self.keras}", arguments) if arguments else self.entry


def as_keras(value: Any) -> Any:
    """A field's value as an argument of a Keras call."""
    return value.call() if isinstance(value, Setting) else value


def show(shape: Shape) -> str:
    """`28×28×1`; a size that is not known is `?`, a single number stands in brackets."""
    sizes = "×".join("?" if size is None else str(size) for size in shape)
    return sizes if len(shape) > 1 else f"({sizes})"


def ranks_in_words(ranks: tuple[int, ...]) -> str:
    """`a map (height×width×channels)` for rank 3, and so on."""
    names = {
        1: "a vector", 2: "a sequence (steps×channels)", 3: "a map (height×width×channels)",
        4: "a volume (depth×height×width×channels)",
    }  # fmt: skip
    return " or ".join(names[rank] for rank in ranks)


def _rank_help(entry: str, ranks: tuple[int, ...], shape: Shape) -> str | None:
    rank = len(shape)
    if ranks == (3,) and rank == 4 and shape[0] is None:
        sizes = ", ".join("null" if size is None else str(size) for size in shape[1:])
        return f"`input:` has no batch axis: write `input: [{sizes}]`"
    if ranks == (3,) and rank == 2 and shape[-1] not in (None, 1) and shape[0] == shape[1]:
        help = f"one channel is an axis, too: write `input: [{shape[0]}, {shape[1]}, 1]`, or `reshape` to that"
        other = re.sub(r"[123]d", "1d", entry)
        return f"{help}; for a sequence write `{other}`" if other != entry and other in LAYERS else help
    if ranks == (2,) and rank == 1 and shape[0] is not None:
        return f"one channel is an axis, too: write `input: [{shape[0]}, 1]`, or `reshape` to that"
    other = re.sub(r"[123]d", f"{rank - 1}d", entry)
    if other != entry and other in LAYERS:
        return f"write `{other}`, or `reshape` the input before it"
    if rank > max(ranks):
        if ranks == (1,):
            return "put `flatten` or `global_average_pooling2d` before it"
        return "use the form of this layer for that rank, or `reshape` the input before it"
    if 3 in ranks and rank < 3:
        return "put a `reshape: [height, width, channels]` before it, or move it above `flatten`"
    return "`reshape` the input before it"


def known(shape: Shape) -> tuple[int, ...] | None:
    """`shape` where every size is known, else None."""
    return tuple(size for size in shape if size is not None) if None not in shape else None


def volume(shape: Shape) -> int | None:
    """How many numbers a tensor of this shape holds; None where a size is not known."""
    sizes = known(shape)
    return None if sizes is None else prod(sizes)


def need(size: int | None, what: str, layer: str) -> int:
    """A size that the layer's weights depend on. Raises `ShapeError` where it is not known."""
    if size is None:
        raise ShapeError(
            "shape-unknown",
            f"`{layer}` needs a known {what}, but it is `null` here",
            label=f"{what} is not known",
            help=f"give the {what} a number in `input:`, or put a global pooling before it",
        )
    return size
