"""Does each output fit its labels, its loss and its metrics? What can be told of that before anything is loaded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from cnnspec.data.section import Data
from cnnspec.data.sources import Labels
from cnnspec.graph.graph import Graph
from cnnspec.language.entries import Path as Place
from cnnspec.language.entries import Problem
from cnnspec.layers.base import Shape, show
from cnnspec.training.objective import Objective, Truth, mixed, objective
from cnnspec.training.section import Training
from cnnspec.training.shapes import fits


def objectives(graph: Graph, data: Data, training: Training) -> Iterator[tuple[str, Objective | None]]:
    """The objective of each output, so far as it can be told without the files."""
    for output in graph.outputs:
        labels = data.source.labels_of(output, graph.inputs)
        if data.targets == "inputs":
            yield output, objective(graph, output, training, "inputs", None)
        elif labels is not None and (labels.values or labels.classes is not None):
            given: Truth = "values" if labels.values else "numbers"
            mixtures = mixed(graph, data, output)
            yield output, objective(graph, output, training, given, labels.classes, mixtures)


def output_problems(graph: Graph, data: Data, training: Training) -> Iterator[Problem]:
    """The mistakes: outputs without a loss, or that their labels or metrics do not fit."""
    aims = dict(objectives(graph, data, training))
    for output in graph.outputs:
        labels = data.source.labels_of(output, graph.inputs)
        if data.targets == "inputs":
            yield from _copies(graph, data, output)
        elif labels is not None:
            shape, source = graph.output_shapes[output], data.source.entry
            problem = _misshapen(shape, labels, source) or (
                _misjudged(aims[output], shape, labels, source) if output in aims else None
            )
            if problem is not None:
                yield _named(problem, graph, output)
    for output in graph.outputs:
        yield from _metric_forms(output, data, training)
        yield from _metric_shapes(graph, output, training)


def _named(problem: Problem, graph: Graph, output: str) -> Problem:
    """The problem with the name of the output, where there are several."""
    if len(graph.outputs) == 1:
        return problem
    path = (*problem.path, output) if problem.path == ("training", "loss") else problem.path
    return replace(problem, path=path, message=f"output `{output}`: {problem.message}")


def _copies(graph: Graph, data: Data, output: str) -> Iterator[Problem]:
    entering, leaving = copied(graph, output), graph.output_shapes[output]
    if entering is None:
        message = f"output `{output}` has its name from no input, so that it is not known which one it shall give back"
        names = ", ".join(f"{name}: …" for name in graph.inputs)
        yield Problem("target-input", message, ("data", "targets"), False, f"write `outputs: {{{names}}}`")
    elif not fits(leaving, graph.inputs[entering]):
        shape = show(graph.inputs[entering])
        message = f"the network gives {show(leaving)}, but its targets are its inputs, {shape}"
        yield Problem(
            "target-shape",
            message,
            ("data", "targets"),
            False,
            "let the last layer give the input's shape, or write `targets: labels`",
        )


def copied(graph: Graph, output: str) -> str | None:
    """The input that an output gives back with `targets: inputs`: the only one, or the one of its name."""
    if len(graph.inputs) == 1:
        return next(iter(graph.inputs))
    return output if output in graph.inputs else None


_LOSS: Place = ("training", "loss")


def _misshapen(shape: Shape, labels: Labels, source: str) -> Problem | None:
    """Why an output of `shape` cannot be compared with labels of theirs, if so."""
    size = show(labels.shape)
    if labels.values:
        if fits(labels.shape, shape):
            return None
        alone = len(labels.shape) == 1
        what = f"{labels.shape[0]} values an image" if alone else f"values of {size} an image"
        help = f"end the network with `dense: {labels.shape[0]}`" if alone else f"end the network with values of {size}"
    elif len(shape) == len(labels.shape) + 1 and fits(labels.shape, shape[:-1]):
        return None
    elif not labels.shape:
        what = "one class an image"
        help = "end the network with `global_average_pooling2d` or `flatten`, and a `dense`"
    else:
        known = None not in labels.shape
        what = f"masks of {size}" if known else "masks"
        scores = f"conv2d: {{filters: {labels.classes or '…'}, kernel_size: 1, activation: softmax}}"
        help = f"end the network with a map of {size if known else 'their size'} and `{scores}`"
        if len(shape) == 3:
            help = "bring the map to that size with `padding: same`, and `up_sampling2d` or `conv2d_transpose`"
    message = f"the network gives {show(shape)}, but the labels of {source} are {what}"
    return Problem("loss-shape", message, _LOSS, False, help)


def _misjudged(aim: Objective | None, shape: Shape, labels: Labels, source: str) -> Problem | None:
    """Why labels that fit the shape of an output cannot be learnt, if so."""
    if labels.values:
        if aim is None or not aim.loss.sparse:
            return None
        message = f"`{aim.loss.entry}` takes class numbers, but the labels of {source} are values"
        return Problem("loss-values", message, _LOSS, False, "write another `loss:`, such as `mean_squared_error`")
    assert labels.classes is not None
    if aim is not None:
        return label_problem(aim, source, labels.classes)
    last = f"`dense: {{units: {labels.classes}, activation: softmax}}`"
    if labels.shape:
        last = f"`conv2d: {{filters: {labels.classes}, kernel_size: 1, activation: softmax}}`"
    message = f"no loss follows from an output of {show(shape)} and {labels.classes} classes"
    return Problem("no-loss", message, ("training",), True, f"write `loss:`, or end the network with {last}")


def label_problem(aim: Objective, source: str, classes: int) -> Problem | None:
    """Why class numbers below `classes` cannot be told by the scores in the last axis of an output, if so."""
    units = aim.shape[-1]
    assert units is not None
    help = _scores(aim.shape, classes)
    if aim.form == "column":
        if aim.loss.classifies and classes > 2:
            message = f"the network gives one value, {source} has {classes} classes"
            return Problem("loss-classes", message, _LOSS, False, f"{help} and `activation: softmax`")
        return None
    if units < classes and (aim.loss.classifies or aim.form == "one_hot"):
        message = f"the network gives {units} value{'s' * (units != 1)}, {source} has {classes} classes"
        return Problem("loss-classes", message, _LOSS, False, help)
    return None


def _scores(shape: Shape, classes: int) -> str:
    return f"give the last `dense` {classes} units" if len(shape) == 1 else f"give the last `conv2d` {classes} filters"


def _metric_shapes(graph: Graph, output: str, training: Training) -> Iterator[Problem]:
    """Metrics of outputs of another shape."""
    shape = graph.output_shapes[output]
    named = isinstance(training.metrics, dict)
    for index, metric in enumerate(training.metrics_of(output) or ()):
        if wanted := metric.misfit(shape):
            place = ("training", "metrics", *((output,) if named else ()), index, metric.entry)
            message = f"`{metric.entry}` takes {wanted}, the network gives {show(shape)}"
            several = len(graph.outputs) > 1 and not named
            help = f"name the outputs that it is for: `metrics: {{{output}: […], …}}`" if several else "take it out"
            yield Problem("metric-shape", message, place, True, help)


def _metric_forms(output: str, data: Data, training: Training) -> Iterator[Problem]:
    """Metrics that take other labels than the loss does."""
    loss, metrics = training.loss_of(output), training.metrics_of(output)
    if loss is None or not metrics or data.targets == "inputs" or not loss.classifies:
        return
    by_output = (output,) if isinstance(training.metrics, dict) else ()
    for index, metric in enumerate(metrics):
        place = ("training", "metrics", *by_output, index, metric.entry)
        if loss.sparse and metric.labels == "one_hot":
            message = f"`{metric.entry}` takes one-hot labels, `{loss.entry}` class numbers"
            yield Problem("metric-labels", message, place, True, "write `loss: categorical_crossentropy`")
        elif not loss.sparse and metric.labels == "numbers":
            message = f"`{metric.entry}` takes class numbers, `{loss.entry}` one-hot labels"
            yield Problem("metric-labels", message, place, True, f"write `{metric.entry.removeprefix('sparse_')}`")


def output_doubts(graph: Graph, data: Data, training: Training) -> Iterator[Problem]:
    """What is likely a mistake: scores that no label needs."""
    for output, aim in objectives(graph, data, training):
        labels = data.source.labels_of(output, graph.inputs)
        if aim is None or labels is None or data.targets == "inputs":
            continue
        classes, units = labels.classes, aim.shape[-1]
        fitting = _misshapen(aim.shape, labels, "") is None
        if classes and fitting and aim.form != "column" and units and units > classes:
            message = f"the network gives {units} values, {data.source.entry} has {classes} classes"
            yield Problem("loss-classes", message, ("data", "source"), True, _scores(aim.shape, classes))
