"""Does each output fit its labels, its loss and its metrics? What can be told of that before anything is loaded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import isfinite

from cnnspec.data.section import Data
from cnnspec.graph.graph import Graph
from cnnspec.language.entries import Path as Place
from cnnspec.language.entries import Problem
from cnnspec.language.suggest import meant, nearest
from cnnspec.layers.base import Shape, show
from cnnspec.training.component import Form
from cnnspec.training.losses import Loss
from cnnspec.training.metrics import Metric, Unfit
from cnnspec.training.objective import Objective, boxed, end_of, mixed, objective
from cnnspec.training.ranges import entering, source_range
from cnnspec.training.section import Training
from cnnspec.training.shapes import fits
from cnnspec.training.target import Target
from cnnspec.training.target_ranges import learnable, reach, target_problem
from cnnspec.training.targets import Contradiction, decide


def decisions(graph: Graph, data: Data, training: Training) -> Iterator[tuple[str, Target | Contradiction]]:
    """The meaning of the labels of each output, so far as it can be told without the files."""
    for output in graph.outputs:
        if (found := decision(graph, data, training, output)) is not None:
            yield output, found


def decision(graph: Graph, data: Data, training: Training, output: str) -> Target | Contradiction | None:
    """The same for one output; None where only the files tell."""
    if data.targets == "inputs":
        return inputs_target(graph, output)
    known, source = data.source.labels_of(output, graph.inputs), data.source.entry
    end, loss, said = end_of(graph, output), training.loss_of(output), data.said_of(output)
    found = decide(end, loss, said, known, None, source, boxed(training, output))
    if isinstance(found, Target) and not found.names:
        names = data.source.class_names or ()
        found = replace(found, names=names if len(names) == found.classes else ())
    return found


def inputs_target(graph: Graph, output: str) -> Target:
    """The meaning of `targets: inputs`: the image, or vector, that an output gives back."""
    shape = graph.inputs.get(copied(graph, output) or "", ())
    return Target("value_maps" if len(shape) > 1 else "values", shape, why="`targets: inputs`")


def objectives(graph: Graph, data: Data, training: Training) -> Iterator[tuple[str, Objective | None]]:
    """The objective of each output, so far as it can be told without the files."""
    for output, target in decisions(graph, data, training):
        if isinstance(target, Target) and (target.numbers or target.classes is not None):
            yield output, objective(graph, output, training, target, mixed(graph, data, output))


def output_problems(graph: Graph, data: Data, training: Training) -> Iterator[Problem]:
    """The mistakes: labels that contradict, outputs without a loss, or that their labels or metrics do not fit."""
    aims, found = dict(objectives(graph, data, training)), dict(decisions(graph, data, training))
    for output in graph.outputs:
        labels, target = data.source.labels_of(output, graph.inputs), found.get(output)
        shape, source = graph.output_shapes[output], data.source.entry
        if data.targets == "inputs":
            wrong = list(_copies(graph, data, output))
            yield from wrong or _unreached(graph, data, aims.get(output))
        elif isinstance(target, Contradiction):
            misshapen = (
                labels and _misshapen(shape, Target(labels.kind, labels.shape, labels.classes), source)
                if labels and labels.kind
                else None
            )
            yield _named(misshapen or _contradictory(target, data, output), graph, output)
        elif target is not None and labels is not None:
            problem = _misshapen(shape, target, source) or (
                _misjudged(aims[output], shape, target, source) if output in aims else None
            )
            if problem is not None:
                yield _named(problem, graph, output)
            else:
                yield from _out_of_reach(graph, data, aims.get(output))
    for output in graph.outputs:
        aim = aims.get(output)
        if aim is None:
            yield from _metric_forms(output, data, training)
        yield from _metric_fits(graph, output, training, aim, mixed(graph, data, output))
    yield from _names_of_outputs(graph, data)


def _contradictory(found: Contradiction, data: Data, output: str) -> Problem:
    """Two facts that do not fit, at the one that is easier to change."""
    if found.code == "label-kind" and data.labels is not None:
        by_output = output in data.labels
        return Problem(
            "label-kind", found.message, ("data", "labels", *([output] if by_output else [])), False, found.help
        )
    return Problem(found.code, found.message, _LOSS, False, found.help)


def _names_of_outputs(graph: Graph, data: Data) -> Iterator[Problem]:
    """`labels` of outputs that there are not."""
    for name in data.labels or ():
        if name and name not in graph.outputs:
            guess = nearest(name, graph.outputs)
            key = nearest(name, ("kind", "names", "threshold")) if guess is None else None
            help = f"did you mean `{guess or key}`?" if guess or key else f"the outputs are: {', '.join(graph.outputs)}"
            message = f"no output is called `{name}`"
            yield Problem("unknown-output", message, ("data", "labels", name), True, help, meant(name, graph.outputs))


def _named(problem: Problem, graph: Graph, output: str) -> Problem:
    """The problem with the name of the output, where there are several."""
    if len(graph.outputs) == 1:
        return problem
    path = (*problem.path, output) if problem.path == ("training", "loss") else problem.path
    return replace(problem, path=path, message=f"output `{output}`: {problem.message}")


def _unreached(graph: Graph, data: Data, aim: Objective | None) -> Iterator[Problem]:
    """An autoencoder's own inputs, where the last activation cannot give them or the loss cannot take them."""
    name = copied(graph, aim.output) if aim is not None else None
    if aim is None or name is None:
        return
    pixels = entering(data, graph, name, source_range(data))
    if pixels.known and (found := target_problem(reach(graph, aim.output), aim.loss, pixels.bounds)):
        yield Problem("target-range", found.message, ("data", "targets"), False, found.help)


def _out_of_reach(graph: Graph, data: Data, aim: Objective | None) -> Iterator[Problem]:
    """Images to learn of a range that the source tells, where the same holds."""
    span, source = data.source.label_range, data.source
    if aim is None or span is None or not aim.target.numbers:
        return
    reached = reach(graph, aim.output)
    if found := target_problem(reached, aim.loss, span):
        low, high = learnable(reached, aim.loss)
        known = isfinite(low) and isfinite(high) and low < high
        help = f"write `target_range: [{low:g}, {high:g}]`, or end the network otherwise" if known else found.help
        place: Place = ("data", "source", source.entry)
        place = (*place, "target_range") if "target_range" in source.model_fields_set else place
        yield Problem("target-range", found.message, place, "target_range" not in place, help)


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


def _misshapen(shape: Shape, target: Target, source: str) -> Problem | None:
    """Why an output of `shape` cannot be compared with labels of this meaning, if so."""
    size = show(target.shape)
    if target.numbers:
        if fits(target.shape, shape) or (not target.shape and shape == (1,)):
            return None
        alone = len(target.shape) == 1
        what = target.text() if alone else f"values of {size} an image"
        help = f"end the network with `dense: {target.shape[0]}`" if alone else f"end the network with values of {size}"
    elif len(shape) == len(target.shape) + 1 and fits(target.shape, shape[:-1]):
        if target.kind != "tags" or target.classes is None or shape[-1] in (None, target.classes):
            return None
        what, help = target.text(), _scores(shape, target.classes)
    elif not target.shape:
        what = "one class an image" if target.one_class else target.text()
        help = "end the network with `global_average_pooling2d` or `flatten`, and a `dense`"
    else:
        known = None not in target.shape
        what = f"masks of {size}" if known else "masks"
        scores = f"conv2d: {{filters: {target.classes or '…'}, kernel_size: 1, activation: softmax}}"
        help = f"end the network with a map of {size if known else 'their size'} and `{scores}`"
        if len(shape) == 3:
            help = "bring the map to that size with `padding: same`, and `up_sampling2d` or `conv2d_transpose`"
    message = f"the network gives {show(shape)}, but the labels of {source} are {what}"
    return Problem("loss-shape", message, _LOSS, False, help)


def _misjudged(aim: Objective | None, shape: Shape, target: Target, source: str) -> Problem | None:
    """Why labels that fit the shape of an output cannot be learnt, if so."""
    if target.numbers:
        return None
    assert target.classes is not None
    if target.kind == "tags":
        if aim is not None:
            return None
        message = f"no loss follows from an output of {show(shape)} and {target.text()}"
        return Problem("no-loss", message, ("training",), True, "write `loss:`, or end the network with `sigmoid`")
    if aim is not None:
        return label_problem(aim, source, target.classes)
    last = f"`dense: {{units: {target.classes}, activation: softmax}}`"
    if target.shape:
        last = f"`conv2d: {{filters: {target.classes}, kernel_size: 1, activation: softmax}}`"
    message = f"no loss follows from an output of {show(shape)} and {target.classes} classes"
    return Problem("no-loss", message, ("training",), True, f"write `loss:`, or end the network with {last}")


def label_problem(aim: Objective, source: str, classes: int) -> Problem | None:
    """Why class numbers below `classes` cannot be told by the scores in the last axis of an output, if so."""
    units = aim.shape[-1]
    assert units is not None
    help = _scores(aim.shape, classes)
    if aim.form == "column":
        if classes > 2:
            message = f"the network gives one value, {source} has {classes} classes"
            return Problem("loss-classes", message, _LOSS, False, f"{help} and `activation: softmax`")
        return None
    if units < classes and (aim.loss.classifies or aim.form == "one_hot"):
        message = f"the network gives {units} value{'s' * (units != 1)}, {source} has {classes} classes"
        return Problem("loss-classes", message, _LOSS, False, help)
    return None


def _scores(shape: Shape, classes: int) -> str:
    return f"give the last `dense` {classes} units" if len(shape) == 1 else f"give the last `conv2d` {classes} filters"


def metric_problem(aim: Objective, training: Training, several: bool, mixed: bool = False) -> Problem | None:
    """A metric that says nothing true of an output, if there is one; `several` says that the network has more, `mixed`
    that augmentation mixes its labels, which has its own word for metrics of class numbers."""
    named = isinstance(training.metrics, dict)
    for index, metric in enumerate(aim.metrics):
        if found := metric.unfit(aim.facing) or (None if mixed else _misformed(metric, aim.loss, aim.form)):
            place = ("training", "metrics", *((aim.output,) if named else ()), index, metric.entry)
            by_name = several and not named
            help = f"name the outputs that it is for: `metrics: {{{aim.output}: […], …}}`" if by_name else found.help
            code = "metric-shape" if metric.takes(aim.shape) else "metric-labels"
            return Problem(code, f"`{metric.entry}` {found.reason}", place, True, help)
    return None


def _metric_fits(
    graph: Graph, output: str, training: Training, aim: Objective | None, mixes: bool
) -> Iterator[Problem]:
    """Metrics that mean nothing for the labels of an output, or its shape."""
    if aim is not None:
        if (problem := metric_problem(aim, training, len(graph.outputs) > 1, mixes)) is not None:
            yield problem
        return
    named, shape = isinstance(training.metrics, dict), graph.output_shapes[output]
    for index, metric in enumerate(training.metrics_of(output) or ()):
        if wanted := metric.takes(shape):
            place = ("training", "metrics", *((output,) if named else ()), index, metric.entry)
            several = len(graph.outputs) > 1 and not named
            help = f"name the outputs that it is for: `metrics: {{{output}: […], …}}`" if several else "remove it"
            message = f"`{metric.entry}` takes {wanted}, the network gives {show(shape)}"
            yield Problem("metric-shape", message, place, True, help)


def _metric_forms(output: str, data: Data, training: Training) -> Iterator[Problem]:
    """Metrics that take other labels than the loss does, where only the files tell what the labels are."""
    loss, metrics = training.loss_of(output), training.metrics_of(output)
    if loss is None or not metrics or data.targets == "inputs" or not loss.classifies:
        return
    by_output = (output,) if isinstance(training.metrics, dict) else ()
    for index, metric in enumerate(metrics):
        if found := _misformed(metric, loss, "numbers" if loss.sparse else "one_hot"):
            place = ("training", "metrics", *by_output, index, metric.entry)
            yield Problem("metric-labels", f"`{metric.entry}` {found.reason}", place, True, found.help)


def _misformed(metric: Metric, loss: Loss, form: Form) -> Unfit | None:
    """Why a metric cannot take labels in the form in which the loss does, if so."""
    if form == "numbers" and metric.labels == "one_hot":
        return Unfit(f"takes one-hot labels, `{loss.entry}` class numbers", "write `loss: categorical_crossentropy`")
    if form == "one_hot" and metric.labels == "numbers":
        plain = metric.entry.removeprefix("sparse_")
        return Unfit(f"takes class numbers, `{loss.entry}` one-hot labels", f"write `{plain}`")
    return None


def output_doubts(graph: Graph, data: Data, training: Training) -> Iterator[Problem]:
    """What is likely a mistake: scores that no label needs."""
    for _, aim in objectives(graph, data, training):
        if aim is None or not aim.target.one_class or data.targets == "inputs":
            continue
        classes, units = aim.target.classes, aim.shape[-1]
        fitting = _misshapen(aim.shape, aim.target, "") is None
        if classes and fitting and aim.form != "column" and units and units > classes:
            message = f"the network gives {units} values, {data.source.entry} has {classes} classes"
            yield Problem("loss-classes", message, ("data", "source"), True, _scores(aim.shape, classes))
