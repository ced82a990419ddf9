"""The graph: every tensor of the network, flat, shaped and in the order that it is computed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil

from cnnspec.graph.parts import Part
from cnnspec.language.nodes import MappingNode
from cnnspec.language.nodes import Node as Text
from cnnspec.language.spans import Span
from cnnspec.layers.base import Layer, Shape, Step, Weight, volume


@dataclass(frozen=True, slots=True)
class Field:
    """What one output sees of the input on each spatial axis, and how far neighbours are apart in input pixels.

    None means all of it. Behind an upsampling `span` may be a fraction: `size` counts the pixels that it touches.
    """

    span: tuple[Fraction | int, ...] | None
    jump: tuple[Fraction, ...] = ()

    @property
    def size(self) -> tuple[int, ...] | None:
        """The pixels seen on each axis, at most."""
        return None if self.span is None else tuple(map(ceil, self.span))

    def after(self, step: Step) -> Field:
        """The field behind a layer that widens it by `step`."""
        if step.whole or self.span is None:
            return Field(None)
        if len(step.kernel) not in (0, len(self.span)):
            return Field(None)
        if not step.kernel:
            return self
        wider = zip(self.span, self.jump, step.kernel, strict=True)
        span = tuple(seen + (kernel - 1) * jump if kernel != 1 else seen for seen, jump, kernel in wider)
        strides = zip(self.jump, step.stride, strict=True)
        return Field(span, tuple(jump * stride if stride != 1 else jump for jump, stride in strides))

    def merged(self, other: Field) -> Field:
        """The field of a merge: the larger one on each axis."""
        if other is self:
            return self
        if self.span is None or other.span is None or len(self.span) != len(other.span):
            return Field(None)
        return Field(tuple(map(max, self.span, other.span)), tuple(map(max, self.jump, other.jump)))


@dataclass(frozen=True, slots=True)
class Node:
    """One layer of the network with the tensor that it makes.

    `name` is unique and safe for Keras; `inputs` are the names of earlier nodes (or of inputs of the graph);
    `span` is the entry's place, `text` what is written there;
    `calls` are the places of the block calls around it, outermost first;
    `group` names the blocks and structures it stands in; `shares` names the node whose weights it uses once more.
    """

    name: str
    layer: Layer
    inputs: tuple[str, ...]
    input_shapes: tuple[Shape, ...]
    shape: Shape
    span: Span
    text: Text | None = field(default=None, repr=False, compare=False)
    calls: tuple[Span, ...] = ()
    group: tuple[str, ...] = ()
    field: Field = Field(None)
    shares: str | None = None

    @property
    def written(self) -> Text | None:
        """What stands behind its name in the text: arguments, or the value of the first; None for a bare name."""
        return self.text.get(self.layer.entry) if isinstance(self.text, MappingNode) else None

    @property
    def weights(self) -> tuple[Weight, ...]:
        """The variables of this layer; none where it shares another's."""
        return () if self.shares else self.layer.weights(*self.input_shapes)

    @property
    def parameters(self) -> int:
        """How many numbers it learns or keeps."""
        return sum(weight.size for weight in self.weights)

    @property
    def trainable(self) -> int:
        """How many numbers it learns."""
        return sum(weight.size for weight in self.weights if weight.trainable)

    @property
    def multiply_adds(self) -> int | None:
        """Multiply-accumulates for one sample; None where a size is not known."""
        return self.layer.multiply_adds(*self.input_shapes)

    @property
    def formula(self) -> str:
        """The shape rule with its numbers."""
        return self.layer.formula(*self.input_shapes)

    @property
    def activations(self) -> int | None:
        """How many numbers its output holds for one sample."""
        return volume(self.shape)


@dataclass(frozen=True)
class Graph:
    """A network whose every tensor fits. `inputs` maps names to shapes, `outputs` maps names to node names.

    `named` says whether the spec names its outputs: the model then returns a mapping. `parts` is how the entries of
    the spec became these nodes.
    """

    name: str
    inputs: Mapping[str, Shape]
    nodes: tuple[Node, ...]
    outputs: Mapping[str, str]
    named: bool = False
    parts: tuple[Part, ...] = field(default=(), repr=False, compare=False)
    _by_name: dict[str, Node] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._by_name.update({node.name: node for node in self.nodes})

    def __getitem__(self, name: str) -> Node:
        return self._by_name[name]

    def get(self, name: str) -> Node | None:
        """The node of that name; None for an input."""
        return self._by_name.get(name)

    def shape_of(self, name: str) -> Shape:
        """The shape of an input or of a node's output."""
        return self.inputs[name] if name in self.inputs else self._by_name[name].shape

    @property
    def output(self) -> str:
        """The name of the first output: the last entry's, where the spec names none."""
        return next(iter(self.outputs.values()))

    @property
    def output_shapes(self) -> dict[str, Shape]:
        """The shape of each output."""
        return {name: self.shape_of(node) for name, node in self.outputs.items()}
