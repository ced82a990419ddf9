"""A model as it was found: layers of the language on named tensors, and what has no word in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cnnspec.layers.base import Shape


@dataclass(frozen=True, slots=True)
class Op:
    """One application of a layer: the entry's name, its arguments as a spec writes them, and what it is applied to.

    Before `operations.translate`, an entry with a dot, as `ops.Add`, is an operation of Keras that is no layer.
    `share` names the op whose weights it takes; `gap` says why it has no word in the language. A tower, whose `entry`
    is a name for it, has a `body`.
    """

    name: str
    entry: str
    arguments: Mapping[str, Any]
    inputs: tuple[str, ...]
    shape: Shape
    share: str | None = None
    gap: Gap | None = None
    weighted: bool = False
    body: Network | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """What could not be expressed: the layer's name and class in Keras, and why."""

    layer: str
    kind: str
    why: str

    def __str__(self) -> str:
        return f"{self.layer} ({self.kind}): {self.why}"


@dataclass(frozen=True)
class Network:
    """The ops in an order in which they can be computed. `outputs` maps the outputs' names to tensors;
    `notes` are gaps that stand at no op; `named` says whether the model returns its outputs by their names;
    `remarks` say what is kept for the outputs, but not for training."""

    name: str
    inputs: Mapping[str, Shape]
    ops: Mapping[str, Op]
    outputs: Mapping[str, str]
    notes: tuple[Gap, ...] = ()
    named: bool = False
    remarks: tuple[str, ...] = ()
    uses: Counter[str] = field(default_factory=Counter, init=False, repr=False, compare=False)
    """How often each tensor is taken, outputs of the network included."""

    def __post_init__(self) -> None:
        self.uses.update(name for op in self.ops.values() for name in op.inputs)
        self.uses.update(op.share for op in self.ops.values() if op.share)
        self.uses.update(self.outputs.values())

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """Everything that could not be expressed."""
        inner = (gap for body in self.bodies.values() for gap in body.gaps)
        return (*self.notes, *(op.gap for op in self.ops.values() if op.gap), *inner)

    @property
    def bodies(self) -> dict[str, Network]:
        """The towers, by their names."""
        return {op.entry: op.body for op in self.ops.values() if op.body and not op.share}

    def single(self, name: str) -> Op | None:
        """The op of that name where its result is taken exactly once, else None."""
        return self.ops.get(name) if self.uses[name] == 1 else None

    def shape_of(self, name: str) -> Shape:
        """The shape of a tensor."""
        return self.ops[name].shape if name in self.ops else self.inputs[name]
