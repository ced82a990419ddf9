"""From a plan to columns ready to train on: loaded, checked against the network, split, preprocessed. Imports Keras."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

import numpy as np

from cnnspec.data.class_weights import numbers_of, weights_of
from cnnspec.data.columns import Array, Column, Mapped, fingerprint, in_memory
from cnnspec.data.errors import DataError
from cnnspec.data.parting import Shares, parted
from cnnspec.data.preprocess import transform
from cnnspec.data.sources import Given, Labels
from cnnspec.data.splits import Dataset, Split, meant_for, one_hot
from cnnspec.layers.base import Layer, Shape, known, show
from cnnspec.training.adapting import adapted
from cnnspec.training.checks import share_problems
from cnnspec.training.counts import balanced, each_class
from cnnspec.training.errors import TrainingError
from cnnspec.training.joint import (
    augmentation_problems,
    changed_labels,
    left_alone,
    weight_problems,
)
from cnnspec.training.label_arrays import settled
from cnnspec.training.monitors import columns, monitor_problems
from cnnspec.training.network_ranges import colours_met, scaled_twice
from cnnspec.training.numbering import check_numbers, labels_of, spare
from cnnspec.training.objective import Objective, mixed, objective
from cnnspec.training.outputs import copied, inputs_target, label_problem, metric_problem
from cnnspec.training.parts import Part as Part
from cnnspec.training.parts import alone as alone
from cnnspec.training.pixel_ranges import extremes, measured_ranges, sampled, strays
from cnnspec.training.plan import Plan
from cnnspec.training.ranges import Range
from cnnspec.training.shapes import delivered_shapes, fits, shape_problem
from cnnspec.training.target import Target
from cnnspec.training.target_ranges import MEASURED, reach, target_problem

_WHOLE = 2 << 30
"""How many bytes of preprocessed images are kept; more of them are preprocessed anew in every epoch."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """Everything that training needs of the data; `names` are those of the classes, where the source knows them,
    `targets` the meaning of the labels of each output, `notes` what is to be told of the data, and `counted` the lines
    of a table of the images of each class."""

    objectives: Mapping[str, Objective]
    train: Part
    validation: Part | None
    test: Part | None
    names: tuple[str, ...] | None = None
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    targets: Mapping[str, Target] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    counted: tuple[str, ...] = ()
    plan: Plan | None = None
    """The plan with what preprocessing took from the training images, once they were known."""


def prepare(
    plan: Plan, seed: int, kept: Mapping[str, Target] | None = None, seen: Mapping[str, Range] | None = None
) -> Prepared:
    """Load and prepare the data of `plan`; `kept` is what its labels were decided to mean when it was trained, `seen`
    the ranges of its inputs then.

    Raises `DataError`, or `TrainingError` where no loss follows.
    """
    learnt = plan.labelled and plan.data.targets == "labels"
    inputs, outputs = plan.graph.inputs, plan.graph.output_shapes
    if learnt:
        data = plan.data.source.load_for(plan.directory, inputs, outputs)
    else:
        data = plan.data.source.load_images(plan.directory, inputs)
    source = plan.data.source.entry
    targets: Mapping[str, Target] = {}
    if not plan.labelled:
        data = Dataset(Split(data.train.x, {}), None, {}, notes=data.notes)
    elif plan.data.targets == "inputs":
        targets = {output: inputs_target(plan.graph, output) for output in plan.graph.outputs}
    else:
        data, targets = settled(plan, data, kept)
        check_numbers(plan, data, targets)
    aims = objectives(plan, targets)
    for name, aim in aims.items():
        where = labels_of(source, name, data)
        if plan.data.targets == "labels":
            _check_shapes(aim, data, where)
        if problem := metric_problem(aim, plan.training, len(aims) > 1):
            raise TrainingError(problem.message, problem.help)
    _check_given(plan, data)
    labels = {name: aim.target.labels for name, aim in aims.items()}
    ranges = measured_ranges(plan, data)
    other = _check_scales(plan, data, seen or ranges, ("training", "validation", "test") if seen else _OTHERS)
    _check_labels(plan, data, labels, ranges)
    _check_monitors(plan, aims, data)
    fingerprints = _fingerprints(data)
    data = parted(data, Shares(plan.data.validation_split, plan.data.test_split, plan.data.split_by), seed, source)

    plan, found = adapted(plan, data.train)

    def part(split: Split | None) -> Part | None:
        if split is None:
            return None
        images = {name: _entering(plan, name, meant_for(split.x, name)) for name in plan.graph.inputs}
        x = {name: column for name, (column, _) in images.items()}
        raw = frozenset(name for name, (_, whole) in images.items() if not whole)
        y = {name: _target(aim, plan, Part(x, {}, raw), data, split) for name, aim in aims.items()}
        return Part(x, y, raw)

    for name in plan.graph.inputs:
        _check_shape(plan, name, meant_for(data.train.x, name))
    _check_open_sizes(plan, data)
    train, validation, test = map(part, (data.train, data.validation, data.test))
    assert train is not None
    train = replace(
        train,
        weights=data.train.weights,
        follows=changed_labels(plan.graph, plan.data, labels),
        forms={name: aim.form for name, aim in aims.items()},
        empty={name: aim.ignored for name, aim in aims.items() if aim.ignored is not None},
        class_weights=_class_weights(plan, data, aims),
        ranges=ranges,
    )
    _check_targets(plan, train, aims)
    tables = [*each_class(data)]
    missing = (line for table in tables for line in table.missing())
    beside = (
        *found,
        *other,
        *spare(plan, data, aims),
        *left_alone(plan.graph, plan.data, labels),
        *_doubts(plan, ranges),
    )
    notes = tuple(dict.fromkeys((*data.notes, *missing, *beside, *_shares_of_nothing(train, aims))))
    counted = tuple(line for table in tables for line in table.lines())
    return Prepared(aims, train, validation, test, data.names, fingerprints, targets, notes, counted, plan)


def _fingerprints(data: Dataset) -> dict[str, str]:
    """Digests of all that was loaded, by what it is: a resumed run must find the same."""
    return {
        " ".join(filter(None, (split, what, name))): f"{len(part):,} {fingerprint(column)}"
        for split, part in data.splits().items()
        for what, columns in (("images", part.x), ("labels", part.y))
        for name, column in columns.items()
    }


def objectives(plan: Plan, targets: Mapping[str, Target]) -> dict[str, Objective]:
    """The objective of every output. Raises `TrainingError` where no loss follows from the meaning of its labels."""
    found: dict[str, Objective] = {}
    for output, target in targets.items():
        aim = objective(plan.graph, output, plan.training, target, mixed(plan.graph, plan.data, output))
        if aim is None:
            shape, meant = show(plan.graph.output_shapes[output]), target.text()
            raise TrainingError(f"no loss follows from an output of {shape} and {meant}", "write `training.loss`")
        found[output] = aim
    return found


def _check_monitors(plan: Plan, aims: Mapping[str, Objective], data: Dataset) -> None:
    validated = plan.data.validation_split > 0 or data.validation is not None
    reported = columns({name: aim.metrics for name, aim in aims.items()}, validated)
    for problem in monitor_problems(plan.training, plan.graph.outputs, reported, validated):
        raise TrainingError(problem.message, problem.help)


_OTHERS = ("validation", "test")


def _check_scales(plan: Plan, data: Dataset, seen: Mapping[str, Range], splits: tuple[str, ...]) -> tuple[str, ...]:
    """Splits of another scale than the training images; a word on them, where that range is only a measured one."""
    told = []
    for message, certain in strays(plan, data, seen, splits):
        if certain:
            raise DataError(message, "bring all images to one range, such as by saving them as 8-bit numbers")
        told.append(f"warning: {message}")
    return tuple(told)


def _check_labels(plan: Plan, data: Dataset, labels: Mapping[str, Labels], ranges: Mapping[str, Range]) -> None:
    """What augmentation cannot do to these labels, and weights of classes that there are not."""
    for problem in (
        *augmentation_problems(plan.graph, plan.data, plan.training, labels, ranges),
        *weight_problems(plan.graph, plan.data, labels, data.names or ()),
    ):
        raise DataError(problem.message, problem.help)


def _class_weights(plan: Plan, data: Dataset, aims: Mapping[str, Objective]) -> dict[str, Array]:
    """How much the labels of each class count, by output."""
    found = {}
    for name, aim in aims.items():
        weights, classes = weights_of(plan.data.class_weights, name), aim.target.classes
        if weights is None or classes is None:
            continue
        units = max(classes, aim.shape[-1] or 0) if aim.form == "one_hot" else max(classes, 2)
        table = np.ones(units, np.float32)
        if isinstance(weights, str):
            table[:classes] = balanced(meant_for(data.train.y, name), classes, aim.ignored)
        else:
            for number, weight in numbers_of(weights, classes, aim.target.names).items():
                table[number] = weight
        found[name] = table
    return found


def _check_targets(plan: Plan, train: Part, aims: Mapping[str, Objective]) -> None:
    """Numbers to learn that the last activation cannot give, or the loss cannot take."""
    for name, aim in aims.items():
        if not aim.target.numbers:
            continue
        if found := target_problem(reach(plan.graph, name), aim.loss, extremes(train.y[name]), MEASURED):
            several = f"output `{name}`: " if len(aims) > 1 else ""
            raise DataError(several + found.message, found.help)


_PERCENT = "mean_absolute_percentage_error"


def _shares_of_nothing(train: Part, aims: Mapping[str, Objective]) -> Iterator[str]:
    """Errors in percent of labels that are 0."""
    for name, aim in aims.items():
        if _PERCENT in {part.entry for part in aim.loss.parts} | {metric.entry for metric in aim.metrics}:
            values = sampled(train.y[name])
            if zeros := int((values == 0).sum()):
                of = f" of `{name}`" if len(aims) > 1 else ""
                share = f"{zeros:,} of {values.size:,} are 0, which counts millions of percent"
                yield f"warning: `{_PERCENT}` divides by the labels{of}, and {share}; write `mean_absolute_error`"


def _doubts(plan: Plan, ranges: Mapping[str, Range]) -> Iterator[str]:
    """What layers do to pixels of these ranges that cannot be meant."""
    for name, start in ranges.items():
        twice = scaled_twice(plan.data, plan.graph, name, start)
        for found in (*([twice] if twice else []), *colours_met(plan.data, plan.graph, name, start)):
            yield f"warning: {found.message}; {found.help}"


def _check_given(plan: Plan, data: Dataset) -> None:
    """Shares to set apart where the source brings these images itself."""
    given: dict[Given, Split | None] = {"validation": data.validation, "test": data.test}
    brought = {name: f"{len(split):,} images" for name, split in given.items() if split is not None}
    for problem in share_problems(plan.data, brought):
        raise DataError(problem.message, problem.help)


def _check_shapes(aim: Objective, data: Dataset, source: str) -> None:
    """Labels of another shape than the output, and class numbers that it has too few scores for."""
    target, shape = aim.target, aim.shape
    labels = meant_for(data.train.y, aim.output).shape[1:]
    if target.numbers:
        return
    scores = labels[:-1] if target.soft or target.kind == "tags" else labels
    if not fits(scores, shape[:-1]):
        what = (
            target.text()
            if target.kind == "tags"
            else "one class an image"
            if not labels
            else f"masks of {show(labels)}"
        )
        raise DataError(f"the network gives {show(shape)}, but the labels of {source} are {what}")
    if scores != labels and shape[-1] != labels[-1]:
        help = f"give the last layer {labels[-1]} units"
        raise DataError(f"the network gives {show(shape)}, but the labels of {source} are {target.text()}", help)
    counted = target.one_class and shape[-1] is not None and aim.reads != "vectors"
    problem = label_problem(aim, source, target.classes or 0) if counted else None
    if problem:
        raise DataError(problem.message, problem.help)


def _check_shape(plan: Plan, name: str, images: Column) -> None:
    problem = shape_problem(plan.graph, plan.data, name, _ranked(plan, name, images).shape[1:])
    if problem:
        raise DataError(problem.message, problem.help)


def _check_open_sizes(plan: Plan, data: Dataset) -> None:
    """The sizes of the images, where the network takes any: do its shapes fit, before and after augmentation?"""
    opened = [name for name, shape in plan.graph.inputs.items() if None in shape]
    if not opened:
        return
    columns = {name: _ranked(plan, name, meant_for(data.train.x, name)) for name in opened}
    found = {name: delivered_shapes(plan.graph, plan.data, name, column.shape[1:]) for name, column in columns.items()}
    for each in (0, 1):
        shapes = {name: shapes[each] or () for name, shapes in found.items()}
        if wrong := plan.at_sizes(shapes):
            sizes = ", ".join(show(shape) for shape in shapes.values())
            which = "the images" if each == 0 else "the images behind `augmentation`"
            raise DataError(f"{which} are {sizes}, which the network does not take:\n{wrong}")


def _ranked(plan: Plan, name: str, images: Column) -> Column:
    """Images for an input; one that takes sequences (steps×channels) gets them without the axis for one channel."""
    plain = len(images.shape) == 4 and images.shape[-1] == 1 and len(plan.graph.inputs[name]) == 2
    if not plain or plan.data.stages("preprocessing", name, plan.graph.inputs):
        return images
    return _each(images, lambda batch: batch[..., 0], images.shape[1:-1])


def _each(column: Column, function: Callable[[Array], Array], item: Shape, dtype: Any = None) -> Column:
    """`function` over a column: at once where it is in memory, else over each batch."""
    if in_memory(column):
        return function(column[:])
    return Mapped(column, function, _sizes(item), np.dtype(dtype or column.dtype))


_FLOAT = np.dtype(np.float32)


def _sizes(shape: Shape) -> tuple[int, ...]:
    return tuple(size or 0 for size in shape)


def _entering(plan: Plan, name: str, images: Column) -> tuple[Column, bool]:
    """Images as they enter the network by an input, and whether they are preprocessed."""
    layers = _preprocessing(plan, name)
    ranked = _ranked(plan, name, images)
    shape: Shape = ranked.shape[1:]
    for layer in layers:
        shape = layer.output_shape(shape)
    size = 4 * len(ranked) * prod(known(shape) or ())
    if in_memory(ranked) and size <= _WHOLE:
        return transform(layers, ranked[:]), True
    return ranked, False


def _preprocessing(plan: Plan, name: str) -> list[Layer]:
    return [layer for layer, _ in plan.data.stages("preprocessing", name, plan.graph.inputs)]


def _target(aim: Objective, plan: Plan, part: Part, data: Dataset, split: Split) -> Column:
    """The labels in the form that the loss of one output takes."""
    if plan.data.targets == "inputs":
        name = copied(plan.graph, aim.output) or ""
        if name not in part.raw:
            return part.x[name]
        layers = _preprocessing(plan, name)
        return Mapped(part.x[name], lambda batch: transform(layers, batch), _sizes(plan.graph.inputs[name]), _FLOAT)
    y = meant_for(split.y, aim.output)
    if aim.form == "numbers":
        return y
    if aim.form == "tags" or aim.target.soft:
        return _each(y, lambda batch: batch.astype(np.float32), y.shape[1:], _FLOAT)
    if aim.form == "one_hot":
        units = aim.shape[-1] or 0
        return _each(y, lambda batch: one_hot(batch, units), (*y.shape[1:], units), _FLOAT)
    if aim.form == "column":
        return _each(y, lambda batch: batch.astype(np.float32)[..., np.newaxis], (*y.shape[1:], 1), _FLOAT)
    return _values(aim, y, labels_of(plan.data.source.entry, aim.output, data))


_AS_CLASSES = "save class numbers as whole numbers from 0 (`y.astype(int)`)"


def _values(aim: Objective, y: Column, source: str) -> Column:
    such = f", such as {y[:1].reshape(-1)[0]:.4g}" if in_memory(y) else ""
    item: Shape = y.shape[1:] if len(y.shape) != len(aim.shape) else (*y.shape[1:], 1)
    if not fits(item, aim.shape):
        what = f"{item[0]} values an image" if len(item) == 1 else f"values of {show(item)} an image"
        what, last = "one value an image" if item == (1,) else what, f"end the network with `dense: {item[0]}`"
        help = f"{_AS_CLASSES}; to learn values, {last}" if item == (1,) else last if len(item) == 1 else None
        help = help or f"end the network with {show(item)}, or save labels of {show(aim.shape)}"
        raise DataError(f"the network gives {show(aim.shape)}, but the labels of {source} are {what}{such}", help)
    return _each(y, lambda batch: batch.astype(np.float32).reshape(len(batch), *known(item) or ()), item, _FLOAT)
