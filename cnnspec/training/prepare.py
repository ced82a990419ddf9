"""From a plan to arrays ready to train on: loaded, checked against the network, split, preprocessed. Imports Keras."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from cnnspec.data.arrays import ALL, Array, Dataset, Split, hold_out, one_hot
from cnnspec.data.errors import DataError
from cnnspec.data.preprocess import transform
from cnnspec.layers.base import known, show
from cnnspec.training.errors import TrainingError
from cnnspec.training.monitors import columns, monitor_problems
from cnnspec.training.objective import Objective, objective, tells_classes, truth
from cnnspec.training.outputs import copied, label_problem
from cnnspec.training.plan import Plan
from cnnspec.training.shapes import fits, shape_problem


@dataclass(frozen=True, slots=True)
class Part:
    """Preprocessed images by input, and what each output shall tell of them."""

    x: Mapping[str, Array]
    y: Mapping[str, Array]

    def __len__(self) -> int:
        return len(next(iter(self.x.values())))

    @property
    def inputs(self) -> Any:
        """`x` as Keras takes it: an array for a single input, else a mapping."""
        return _alone(self.x)

    @property
    def targets(self) -> Any:
        """`y` as Keras takes it."""
        return _alone(self.y)


def _alone(arrays: Mapping[str, Array]) -> Any:
    return next(iter(arrays.values())) if len(arrays) == 1 else dict(arrays)


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
    aims = objectives(plan, data.classes)
    source = plan.data.source.entry
    for name, aim in aims.items():
        if truth(plan.data, _for(data.classes, name)) == "numbers":
            _check_classes(aim, data, _labels_of(source, name, data))
    _check_monitors(plan, aims)
    train, validation = _held_out(data, plan.data.validation_split, seed, source)

    def part(split: Split | None) -> Part | None:
        if split is None:
            return None
        x = {name: _entering(plan, name, _for(split.x, name)) for name in plan.graph.inputs}
        y = {name: _target(aim, plan, x, data, split) for name, aim in aims.items()}
        return Part(x, y)

    for name in plan.graph.inputs:
        _check_shape(plan, name, _for(data.train.x, name))
    first = part(train)
    assert first is not None
    return Prepared(aims, first, part(validation), part(data.test))


T = TypeVar("T")


def _for(named: Mapping[str, T], name: str) -> T:
    """What is meant for an input or output: what bears its name, or what is for all of them."""
    return named[name] if name in named else named[ALL]


def _labels_of(source: str, output: str, data: Dataset) -> str:
    return f"{source} for `{output}`" if output in data.classes else source


def objectives(plan: Plan, classes: Mapping[str, int | None]) -> dict[str, Objective]:
    """The objective of every output; `classes` are those of its labels, None where they are values."""
    found: dict[str, Objective] = {}
    for output in plan.graph.outputs:
        count = _for(classes, output)
        aim = objective(plan.graph, output, plan.training, truth(plan.data, count), count)
        if aim is None:
            labels = f"{count} classes" if count else "labels that are values"
            shape = show(plan.graph.output_shapes[output])
            raise TrainingError(f"no loss follows from an output of {shape} and {labels}", "write `training.loss`")
        found[output] = aim
    return found


def _check_monitors(plan: Plan, aims: Mapping[str, Objective]) -> None:
    validated = plan.data.validation_split > 0
    reported = columns({name: aim.metrics for name, aim in aims.items()}, validated)
    for problem in monitor_problems(plan.training, plan.graph.outputs, reported, validated):
        raise TrainingError(problem.message, problem.help)


def _held_out(data: Dataset, share: float, seed: int, source: str) -> tuple[Split, Split | None]:
    if not share:
        return data.train, None
    if len(data.train) < 2:
        raise DataError(f"{source}: a single image cannot be split", "write `validation_split: null`")
    labels = [data.train.y[name] for name, count in data.classes.items() if count is not None]
    telling = next((array for array in labels if array.ndim == 1), None)
    kept, held = hold_out(np.arange(len(data.train)) if telling is None else telling, share, seed, telling is not None)
    return data.train.take(kept), data.train.take(held)


def _check_classes(aim: Objective, data: Dataset, source: str) -> None:
    labels, shape = _for(data.train.y, aim.output).shape[1:], known(aim.shape)
    if shape is not None and labels != shape[:-1]:
        what = "one class an image" if not labels else f"maps of {show(labels)}"
        raise DataError(f"the network gives {show(shape)}, but the labels of {source} are {what}")
    classes = _for(data.classes, aim.output) or 0
    problem = label_problem(aim, source, classes) if tells_classes(aim.shape) else None
    if problem:
        raise DataError(problem.message, problem.help)


def _check_shape(plan: Plan, name: str, images: Array) -> None:
    problem = shape_problem(plan.graph, plan.data, name, _ranked(plan, name, images).shape[1:])
    if problem:
        raise DataError(problem.message, problem.help)


def _ranked(plan: Plan, name: str, images: Array) -> Array:
    """Images for an input; one that takes sequences (steps×channels) gets them without the axis for one channel."""
    plain = images.ndim == 4 and images.shape[-1] == 1 and len(plan.graph.inputs[name]) == 2
    return images[..., 0] if plain and not plan.data.stages("preprocessing", name, plan.graph.inputs) else images


def _entering(plan: Plan, name: str, images: Array) -> Array:
    """Images as they enter the network by an input."""
    layers = [layer for layer, _ in plan.data.stages("preprocessing", name, plan.graph.inputs)]
    return transform(layers, _ranked(plan, name, images))


def _target(aim: Objective, plan: Plan, x: Mapping[str, Array], data: Dataset, split: Split) -> Array:
    """The labels in the form that the loss of one output takes."""
    if plan.data.targets == "inputs":
        return x[copied(plan.graph, aim.output) or ""]
    y = _for(split.y, aim.output)
    if aim.form == "numbers":
        return y
    if aim.form == "one_hot":
        return one_hot(y, aim.shape[-1] or 0)
    if aim.form == "column":
        return y.astype(np.float32)[..., np.newaxis]
    return _values(aim, y.astype(np.float32), _labels_of(plan.data.source.entry, aim.output, data))


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
