"""Self-attention: every position of the input looks at all of them; it is query, key and value at once."""

from math import prod
from typing import ClassVar

from pydantic import field_validator

from cnnspec.language.entries import refuse
from cnnspec.language.types import Count, Fraction, Natural, choice
from cnnspec.layers.axes import Axes, each, place
from cnnspec.layers.base import INPUT, KerasCall, Layer, Shape, ShapeError, Step, Weight, known, need, show
from cnnspec.layers.settings import ConstraintField, InitializerField, RegularizerField


class Attention(Layer):
    """softmax(x xᵀ) x over the positions (the last axis but one): steps×channels → the same.

    `use_scale` learns one factor for the scores; `score_mode: concat` takes Σ tanh(q + k) instead of the dot product.
    To attend over all pixels of a map, `reshape` it to [-1, channels] first.
    Multiply-adds: steps² · channels for the scores and again for the sums.
    Source: M.-T. Luong et al., Effective Approaches to Attention-based Neural Machine Translation, 2015.

    Example:
        input: [8, 8, 16]
        layers:
          - reshape: [64, 16]
          - attention: {use_scale: true}
    """

    ranks: ClassVar[tuple[int, ...]] = (2, 3, 4)

    use_scale: bool = False
    score_mode: choice("dot", "concat") = "dot"  # type: ignore[valid-type]
    dropout: Fraction = 0.0
    seed: Natural | None = None

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        scale = (Weight("scale", (), self.trainable),) if self.use_scale else ()
        concat = (Weight("concat_score_weight", (), self.trainable),) if self.score_mode == "concat" else ()
        return (*scale, *concat)

    def multiply_adds(self, *inputs: Shape) -> int | None:
        sizes = known(inputs[0])
        return None if sizes is None else 2 * prod(sizes) * sizes[-2]

    def saved_between(self, *inputs: Shape) -> int | None:
        sizes = known(inputs[0])
        return None if sizes is None else prod(sizes[:-1]) * sizes[-2]

    def step(self, *inputs: Shape) -> Step:
        return Step(whole=True)

    def calls(self, *inputs: Shape) -> tuple[KerasCall, ...]:
        return (KerasCall(self.keras, self.keras_arguments(), (INPUT, INPUT)),)


class MultiHeadAttention(Layer):
    """`num_heads` attentions side by side, each over its own projection of the channels: … → the same shape.

    Weights: query and key channels×heads×key_dim, value channels×heads×value_dim, output heads×value_dim×channels,
    each with a bias. Attends over all axes between the batch and the channels, or over `attention_axes`.
    Multiply-adds: the projections, and for each head positions² · (key_dim + value_dim).
    Source: A. Vaswani et al., Attention Is All You Need, 2017.

    Example:
        input: [8, 8, 16]
        layers:
          - multi_head_attention: {num_heads: 2, key_dim: 8}
    """

    ranks: ClassVar[tuple[int, ...]] = (2, 3, 4)

    num_heads: Count
    key_dim: Count
    value_dim: Count | None = None
    dropout: Fraction = 0.0
    use_bias: bool = True
    attention_axes: Axes | None = None
    kernel_initializer: InitializerField = "glorot_uniform"
    bias_initializer: InitializerField = "zeros"
    kernel_regularizer: RegularizerField = None
    bias_regularizer: RegularizerField = None
    activity_regularizer: RegularizerField = None
    kernel_constraint: ConstraintField = None
    bias_constraint: ConstraintField = None
    seed: Natural | None = None

    @field_validator("trainable")
    @classmethod
    def _always_trained(cls, value: bool) -> bool:
        if not value:
            raise refuse(
                "unsupported",
                "Keras trains the projections of `multi_head_attention` even with `trainable: false`",
                "leave `trainable` out",
            )
        return value

    def output_shape(self, *inputs: Shape) -> Shape:
        self.check_rank(inputs[0])
        self.attended(inputs[0])
        self.weights(*inputs)
        return inputs[0]

    def attended(self, shape: Shape) -> tuple[int, ...]:
        """Where the axes stand that are attended over."""
        if self.attention_axes is None:
            return tuple(range(len(shape) - 1))
        places = tuple(place(axis, shape, "attention_axes") for axis in each(self.attention_axes))
        if len(shape) - 1 in places:
            raise ShapeError(
                "shape-axis",
                "`multi_head_attention` attends over positions, not over the channels",
                argument="attention_axes",
                label=f"the channels of {show(shape)}",
                help="leave `attention_axes` out to attend over all positions",
            )
        return places

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        channels = need(inputs[0][-1], "number of channels", self.entry)
        value = self.value_dim or self.key_dim
        found: list[Weight] = []
        for name, size in (("query", self.key_dim), ("key", self.key_dim), ("value", value)):
            found += self._projection(name, (channels, self.num_heads, size), (self.num_heads, size))
        return (*found, *self._projection("attention_output", (self.num_heads, value, channels), (channels,)))

    def _projection(self, name: str, kernel: tuple[int, ...], bias: tuple[int, ...]) -> list[Weight]:
        both = [Weight(f"{name}/kernel", kernel, self.trainable), Weight(f"{name}/bias", bias, self.trainable)]
        return both if self.use_bias else both[:1]

    def multiply_adds(self, *inputs: Shape) -> int | None:
        sizes = known(inputs[0])
        if sizes is None:
            return None
        positions = prod(sizes[:-1])
        others = prod(sizes[at] for at in self.attended(sizes))
        projections = sum(weight.size for weight in self.weights(*inputs) if weight.name.endswith("kernel"))
        scores = self.num_heads * others * (self.key_dim + (self.value_dim or self.key_dim))
        return positions * (projections + scores)

    def saved_between(self, *inputs: Shape) -> int | None:
        """Query, key, value and sums of each head, and its scores before and after the softmax."""
        sizes = known(inputs[0])
        if sizes is None:
            return None
        others = prod(sizes[at] for at in self.attended(sizes))
        vectors = 2 * (self.key_dim + (self.value_dim or self.key_dim))
        return prod(sizes[:-1]) * self.num_heads * (vectors + 2 * others)

    def step(self, *inputs: Shape) -> Step:
        return Step(whole=True)

    def calls(self, *inputs: Shape) -> tuple[KerasCall, ...]:
        return (KerasCall(self.keras, self.keras_arguments(), (INPUT, INPUT), separate=True),)
