"""What the entries of training share: each one is an object of Keras, made from its arguments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import Field

from cnnspec.data.kinds import NUMBERS, ONE_CLASS, Kind
from cnnspec.language.entries import Entry
from cnnspec.layers.base import KerasCall, Shape

Share: TypeAlias = Annotated[float, Field(ge=0, lt=1)]
"""From 0 to below 1: a moving average's rate, a share of the labels."""


Form: TypeAlias = Literal["numbers", "one_hot", "column", "tags", "as_is"]
"""How labels are handed to a loss: class numbers; a row with a 1 for the class; 0 or 1 for a single unit; a row of 0
and 1 for tags; or numbers as they are."""

Reading: TypeAlias = Literal["probabilities", "softmax", "sigmoid", "margins", "scores", "vectors", "numbers"]
"""What an output gives: probabilities; scores that softmax or sigmoid makes probabilities of; margins of a hinge loss;
other scores, of which the highest is that of the class, and which are no probabilities; vectors to compare; or numbers
that are what was learnt."""

Told: TypeAlias = Literal["classes", "yes_no", "tags", "vectors", "numbers", "boxes"]
"""What an output tells: one of several classes; one of two, by a single value; tags; a vector; numbers; a box."""


@dataclass(frozen=True, slots=True)
class Facing:
    """What the metrics of an output look at: its shape, the kind of its labels and the form in which the loss takes
    them, what the output gives, how many classes there are, whether the loss compares classes by values, as
    `mean_squared_error` does, the network's last activation, and whether rows may hold shares of classes."""

    shape: Shape
    kind: Kind = "classes"
    form: Form = "numbers"
    reads: Reading = "probabilities"
    classes: int | None = None
    by_values: bool = False
    activation: str = ""
    soft: bool = False

    @property
    def told(self) -> Told:
        """What the output tells."""
        if self.kind in NUMBERS:
            return "boxes" if self.kind == "boxes" else "numbers"
        if self.reads == "vectors":
            return "vectors"
        if self.kind == "tags":
            return "tags"
        return "yes_no" if self.kind in ONE_CLASS and self.shape[-1] == 1 else "classes"

    @property
    def cut(self) -> float:
        """The value above which an output says yes."""
        return 0.0 if self.reads in ("sigmoid", "softmax", "margins") else 0.5

    @property
    def link(self) -> str | None:
        """What makes probabilities of what the output gives, where that is needed."""
        return self.reads if self.reads in ("softmax", "sigmoid") else None

    @property
    def chance(self) -> str | None:
        """The same, for margins too: a sigmoid makes numbers from 0 to 1 of them, in the same order."""
        return "sigmoid" if self.reads == "margins" else self.link


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
