"""`phases`: one part of a training after another, each with its own epochs, optimizer and frozen layers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeAlias

from pydantic import BeforeValidator, model_validator
from pydantic_core import PydanticCustomError

from cnnspec.language.entries import Invalid, Problem, Section, nested, refuse, shown
from cnnspec.language.forms import Form, Schema, entry_of, one_or
from cnnspec.language.problems import Expects
from cnnspec.language.types import Count
from cnnspec.training.callbacks import CALLBACKS, Callback
from cnnspec.training.optimizers import OPTIMIZERS, Optimizer
from cnnspec.training.weights_section import Names

if TYPE_CHECKING:
    from cnnspec.training.section import Training


class Phase(Section):
    """A part of a training: what it says differs from `training` around it, the rest is as it is there.

    Each phase goes on with the weights of the one before (the best ones, where that stopped early with
    `restore_best_weights`) and begins with a new optimizer; a schedule without `decay_steps` is as long as its phase.

    Example:
        training:
          weights: {path: resnet50.weights.h5, skip: [predictions]}
          phases:
            - {epochs: 3, freeze: ["*", "!predictions"]}
            - {epochs: 10, optimizer: {adam: {learning_rate: {cosine_decay: 1e-5}}}}
    """

    spoken: ClassVar[str] = "a phase"

    epochs: Count | None = None
    batch_size: Count | None = None
    optimizer: Annotated[Optimizer | None, nested(OPTIMIZERS), Expects("the name of an optimizer")] = None
    callbacks: tuple[Annotated[Callback, nested(CALLBACKS), Expects("a callback")], ...] | None = None
    freeze: Names = ()

    @model_validator(mode="after")
    def _says_something(self) -> Phase:
        if not self.model_fields_set:
            raise refuse("entry-form", "an empty phase", "write e.g. `{epochs: 3, freeze: stem}`, or take it out")
        return self

    def of(self, training: Training) -> Training:
        """`training` as it is in this phase."""
        said = {name: getattr(self, name) for name in self.model_fields_set if getattr(self, name) is not None}
        return training.model_copy(update={"phases": (), **said})


def in_phases(training: Training, check: Callable[[Training], Iterable[Problem]]) -> Iterator[Problem]:
    """What `check` finds in a training: that of a phase where its key stands there, and each thing once."""
    yield from check(training)
    for index, phase in enumerate(training.phases):
        for problem in check(phase.of(training)):
            if problem.path[1] in phase.model_fields_set:
                yield replace(problem, path=("training", "phases", index, *problem.path[1:]))


def _phases(value: Any) -> Any:
    if value is None:
        return ()
    if not isinstance(value, tuple | list):
        raise refuse("wrong-type", f"`phases` takes a list, not {shown(value)}", "write `phases: [{epochs: 3, …}, …]`")
    phases: list[Phase] = []
    problems: list[Problem] = []
    for index, item in enumerate(value):
        try:
            phases.append(item if isinstance(item, Phase) else Phase.read(_mapping(item)))
        except Invalid as invalid:
            problems += invalid.below(index).problems
    if problems:
        raise PydanticCustomError("nested", "nested", {"problems": tuple(problems)})
    return tuple(phases)


def _mapping(item: Any) -> Mapping[str, Any]:
    if isinstance(item, Mapping):
        return item
    raise Invalid(Problem("wrong-type", f"a phase is a mapping, not {shown(item)}", (), help="write `{epochs: 3, …}`"))


def _form(rank: int) -> Schema:
    count: Schema = {"type": "integer", "minimum": 1}
    name: Schema = {"type": "string", "minLength": 1}
    properties: Schema = {
        "epochs": count,
        "batch_size": count,
        "optimizer": entry_of(OPTIMIZERS),
        "callbacks": {"type": "array", "items": entry_of(CALLBACKS)},
        "freeze": one_or(name, 0),
    }
    phase = {"type": "object", "properties": properties, "minProperties": 1, "additionalProperties": False}
    return {"anyOf": [{"type": "array", "items": phase}, {"type": "null"}]}


PhasesField: TypeAlias = Annotated[tuple[Phase, ...], BeforeValidator(_phases), Form(_form, "a list of phases")]
"""One phase after another."""
