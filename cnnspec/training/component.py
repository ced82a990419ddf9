"""What the entries of training share: each one is an object of Keras, made from its arguments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import Field

from cnnspec.language.entries import Entry
from cnnspec.layers.base import KerasCall, Shape

Share: TypeAlias = Annotated[float, Field(ge=0, lt=1)]
"""From 0 to below 1: a moving average's rate, a share of the labels."""


Form: TypeAlias = Literal["numbers", "one_hot", "column", "as_is"]
"""How labels are handed to a loss."""


@dataclass(frozen=True, slots=True)
class Facing:
    """What the metrics of an output look at: its shape, the form of its labels, whether it gives `scores` (rather than
    probabilities), and whether each of its values says yes or no."""

    shape: Shape
    form: Form
    scores: bool = False
    binary: bool = False

    @property
    def cut(self) -> float:
        """The value from which on an output says yes."""
        return 0.0 if self.scores else 0.5


class Component(Entry):
    """The base of optimizers, schedules, losses, metrics and callbacks.

    `call` says how Keras makes it: the trainer follows the call, and emitted source prints it.
    """

    abstract: ClassVar[bool] = True
    module: ClassVar[str]

    def call(self, **more: Any) -> KerasCall:
        """The Keras call that makes this object; `more` adds arguments that only the run knows."""
        arguments = {name: value for name, value in self.changed().items() if name not in self.ours()}
        return KerasCall(f"{self.module}.{self.keras}", {**arguments, **more})

    def ours(self) -> tuple[str, ...]:
        """The arguments that Keras is not given as they stand."""
        return ()
