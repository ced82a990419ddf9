"""Does each output fit its labels, its loss and its metrics? What can be told of that before anything is loaded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from cnnspec.data.section import Data
from cnnspec.graph.graph import Graph
from cnnspec.language.entries import Path as Place
from cnnspec.language.entries import Problem
from cnnspec.layers.base import show
from cnnspec.training.objective import Objective, Truth, objective, tells_classes
from cnnspec.training.section import Training
from cnnspec.training.shapes import fits


def _given(data: Data) -> Truth | None:
    if data.targets == "inputs":
        return "inputs"
    return "numbers" if data.source.class_count is not None else None


def objectives(graph: Graph, data: Data, training: Training) -> Iterator[tuple[str, Objective | None]]:
    """The objective of each output, so far as it can be told without the files."""
    given = _given(data)
    for output in graph.outputs:
        if given is not None:
            yield output, objective(graph, output, training, given, data.source.class_count)


def output_problems(graph: Graph, data: Data, training: Training) -> Iterator[Problem]:
    """The mistakes: outputs without a loss, or that their labels or metrics do not fit."""
    for output, aim in objectives(graph, data, training):
        if data.targets == "inputs":
            yield from _copies(graph, data, output)
            continue
        found = (
            [_no_loss(graph, output, data)] if aim is None else _labels(aim, data.source.entry, data.source.class_count)
        )
        yield from (_named(problem, graph, output) for problem in found)
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


def _no_loss(graph: Graph, output: str, data: Data) -> Problem:
    shape = show(graph.output_shapes[output])
    return Problem(
        "no-loss",
        f"no loss follows from an output of {shape} and {data.source.class_count} classes",
        ("training",),
        True,
        f"write `loss:`, or end the network with `dense: {{units: {data.source.class_count}, activation: softmax}}`",
    )


def _labels(aim: Objective, source: str, classes: int | None) -> Iterator[Problem]:
    place: Place = ("training", "loss")
    if classes is None:
        return
    if not tells_classes(aim.shape):
        message = f"the network gives {show(aim.shape)}, but the labels of {source} are one class an image"
        yield Problem(
            "loss-shape",
            message,
            place,
            False,
            "end the network with `global_average_pooling2d` or `flatten`, and a `dense`",
        )
    elif problem := label_problem(aim, source, classes):
        yield problem


def label_problem(aim: Objective, source: str, classes: int) -> Problem | None:
    """Why class numbers below `classes` cannot be told by an output that is one row of scores, if so."""
    units = aim.shape[-1]
    assert units is not None
    help = f"give the last `dense` {classes} units"
    if aim.form == "column":
        if aim.loss.classifies and classes > 2:
            return Problem(
                "loss-classes",
                f"the network gives one value, {source} has {classes} classes",
                ("training", "loss"),
                False,
                f"{help} and `activation: softmax`",
            )
        return None
    if units < classes and (aim.loss.classifies or aim.form == "one_hot"):
        message = f"the network gives {units} value{'s' * (units != 1)}, {source} has {classes} classes"
        return Problem("loss-classes", message, ("training", "loss"), False, help)
    return None


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
    for _, aim in objectives(graph, data, training):
        if aim is None or data.targets == "inputs":
            continue
        classes, units = data.source.class_count, aim.shape[-1]
        if classes and tells_classes(aim.shape) and aim.form != "column" and units and units > classes:
            message = f"the network gives {units} values, {data.source.entry} has {classes} classes"
            yield Problem("loss-classes", message, ("data", "source"), True, f"give the last `dense` {classes} units")
