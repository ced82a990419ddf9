"""From a plan to arrays ready to train on: loaded, checked against the network, split, preprocessed. Imports Keras."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from cnnspec.data.arrays import Array, Dataset, Split, hold_out, one_hot
from cnnspec.data.errors import DataError
from cnnspec.data.preprocess import transform
from cnnspec.layers.base import known, show
from cnnspec.training.checks import columns, fits, label_problem, monitor_problems, shape_problem
from cnnspec.training.errors import TrainingError
from cnnspec.training.objective import Objective, Truth, objective, tells_classes, truth
from cnnspec.training.plan import Plan


@dataclass(frozen=True, slots=True)
class Part:
    """Preprocessed images, and what each output shall tell of them."""

    x: Array
    y: Mapping[str, Array]

    def __len__(self) -> int:
        return len(self.x)

    @property
    def targets(self) -> Any:
        """`y` as Keras takes it: an array for a single output, else a mapping."""
        return next(iter(self.y.values())) if len(self.y) == 1 else dict(self.y)


@dataclass(frozen=True, slots=True)
class Prepared:
    """Everything that training needs in memory."""

    objectives: Mapping[str, Objective]
    train: Part
    validation: Part | None
    test: Part | None


def prepare(plan: Plan, seed: int) -> Prepared:
    """Load and prepare the data of `plan`. Raises `DataError`, or `TrainingError` where no loss follows."""
    data = plan.data.source.load(plan.directory)
    given = truth(plan.data, data.classes)
    aims = objectives(plan, given, data.classes)
    source = plan.data.source.entry
    if given == "numbers":
        for aim in aims.values():
            _check_classes(aim, data, source)
    _check_monitors(plan, aims)
    train, validation = _held_out(data, plan.data.validation_split, seed, source)
    _check_shape(plan, data.train.x.shape[1:])

    def part(split: Split | None) -> Part | None:
        if split is None:
            return None
        x = transform(plan.data.preprocessing, split.x)
        return Part(x, {name: _target(aim, given, x, split.y, source) for name, aim in aims.items()})

    first = part(train)
    assert first is not None
    return Prepared(aims, first, part(validation), part(data.test))


def objectives(plan: Plan, given: Truth, classes: int | None) -> dict[str, Objective]:
    """The objective of every output."""
    found: dict[str, Objective] = {}
    for output in plan.graph.outputs:
        aim = objective(plan.graph, output, plan.training, given, classes)
        if aim is None:
            labels = f"{classes} classes" if classes else "labels that are values"
            shape = show(plan.graph.output_shapes[output])
            raise TrainingError(f"no loss follows from an output of {shape} and {labels}", "write `training.loss`")
        found[output] = aim
    return found


def _check_monitors(plan: Plan, aims: Mapping[str, Objective]) -> None:
    validated = plan.data.validation_split > 0
    reported = columns({name: aim.metrics for name, aim in aims.items()}, validated)
    for problem in monitor_problems(plan.training, reported, validated):
        raise TrainingError(problem.message, problem.help)


def _held_out(data: Dataset, share: float, seed: int, source: str) -> tuple[Split, Split | None]:
    if not share:
        return data.train, None
    if len(data.train) < 2:
        raise DataError(f"{source}: a single image cannot be split", "write `validation_split: null`")
    kept, held = hold_out(data.train.y, share, seed, data.classes is not None and data.train.y.ndim == 1)
    return data.train.take(kept), data.train.take(held)


def _check_classes(aim: Objective, data: Dataset, source: str) -> None:
    labels, shape = data.train.y.shape[1:], known(aim.shape)
    if shape is not None and labels != shape[:-1]:
        what = "one class an image" if not labels else f"maps of {show(labels)}"
        raise DataError(f"the network gives {show(shape)}, but the labels of {source} are {what}")
    problem = label_problem(aim, source, data.classes or 0) if tells_classes(aim.shape) else None
    if problem:
        raise DataError(problem.message, problem.help)


def _check_shape(plan: Plan, shape: tuple[int, ...]) -> None:
    problem = shape_problem(plan.graph, plan.data, shape)
    if problem:
        raise DataError(problem.message, problem.help)


def _target(aim: Objective, given: Truth, x: Array, y: Array, source: str) -> Array:
    """The labels in the form that the loss of one output takes."""
    if given == "inputs":
        return x
    if aim.form == "numbers":
        return y
    if aim.form == "one_hot":
        return one_hot(y, aim.shape[-1] or 0)
    if aim.form == "column":
        return y.astype(np.float32)[..., np.newaxis]
    return _values(aim, y.astype(np.float32), source)


def _values(aim: Objective, y: Array, source: str) -> Array:
    if aim.loss.sparse:
        raise DataError(
            f"`{aim.loss.entry}` takes class numbers, but the labels of {source} are values",
            "write another `loss:`, such as `mean_squared_error`",
        )
    if y.ndim == len(aim.shape):
        y = y[..., np.newaxis]
    if not fits(y.shape[1:], aim.shape):
        raise DataError(f"the network gives {show(aim.shape)}, but the labels of {source} are {show(y.shape[1:])}")
    return y
