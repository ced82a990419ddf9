"""What can be known of `data:` and `training:` before anything is loaded: does it all fit the network?

`check` finds mistakes, `doubts` what is likely one. Both are pure: no framework, no NumPy, no file is opened.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from cnnspec.data.section import Data
from cnnspec.graph.graph import Graph
from cnnspec.language.entries import Path as Place
from cnnspec.language.entries import Problem
from cnnspec.language.suggest import nearest
from cnnspec.layers.base import show
from cnnspec.training.callbacks import Monitoring
from cnnspec.training.freeze import freeze_problems
from cnnspec.training.metrics import Metric
from cnnspec.training.objective import Objective, Truth, final_activation, objective, tells_classes
from cnnspec.training.section import Training
from cnnspec.training.shapes import fits, shape_problem


def check(graph: Graph, data: Data, training: Training, directory: Path) -> list[Problem]:
    """The mistakes: what cannot be trained as it stands. Paths start with `data` or `training`."""
    return [
        *_input(graph, data), *_arrays(graph, data), *_outputs(graph, data, training),
        *_monitors(graph, data, training),
    ]  # fmt: skip


def check_training(graph: Graph, training: Training) -> list[Problem]:
    """The mistakes that need no data to be seen. Paths start with `training`."""
    return [*_named_outputs(graph, training), *_schedule(training), *freeze_problems(graph, training.freeze)]


def missing_weights(training: Training) -> Iterator[Problem]:
    """A file of weights that is not there, as a warning."""
    if training.weights is not None and not Path(training.weights.path).exists():
        help = "paths are relative to the folder of the spec; training needs it"
        place = ("training", "weights", "path")
        yield Problem("weights-missing", f"{training.weights.path} is not there", place, help=help)


def doubts(graph: Graph, data: Data, training: Training, directory: Path) -> list[Problem]:
    """What is likely a mistake, as warnings."""
    return [*_missing_files(data, directory), *_unlikely(graph, data, training)]


def _input(graph: Graph, data: Data) -> Iterator[Problem]:
    for key, name in data.inputs_named():
        if name not in graph.inputs:
            yield _no_such("input", name, graph.inputs, ("data", key, name))
    if len(graph.inputs) > 1 and data.source.images_named() is None:
        names = " and ".join(f"`{name}`" for name in graph.inputs)
        arrays = ", ".join(f"{name}: …" for name in graph.inputs)
        yield Problem(
            "data-inputs",
            f"`{data.source.entry}` gives one image, the network takes inputs {names}",
            ("data", "source"),
            True,
            f"name an array for each: `npz: {{path: …, x_train: {{{arrays}}}}}`",
        )
        return
    for name in graph.inputs:
        problem = shape_problem(graph, data, name, data.source.image_shape)
        if problem:
            yield problem


def _arrays(graph: Graph, data: Data) -> Iterator[Problem]:
    """Arrays for inputs and outputs that there are not, and inputs and outputs without one."""
    given: list[tuple[str, str, tuple[str, ...] | None, Iterable[str]]] = [
        ("input", "x_train", data.source.images_named(), graph.inputs),
        ("output", "y_train", data.source.labels_named(), graph.outputs),
    ]
    for what, argument, names, known in given:
        if names is None or (what == "output" and data.targets == "inputs"):
            continue
        place = ("data", "source", data.source.entry, argument)
        strange = [_no_such(what, name, known, (*place, name)) for name in names if name not in known]
        yield from strange
        for name in known:
            if name not in names and name not in {problem.replacement for problem in strange}:
                message = f"{what} `{name}` has no {'images' if what == 'input' else 'labels'}"
                yield Problem(f"missing-{what}", message, place, True, f"add `{name}: …`, the name of its array")


def _no_such(what: str, name: str, known: Iterable[str], place: Place) -> Problem:
    guess = nearest(name, known)
    help = f"did you mean `{guess}`?" if guess else f"the {what}s are: {', '.join(known)}"
    return Problem(f"unknown-{what}", f"no {what} is called `{name}`", place, True, help, guess)


def _given(data: Data) -> Truth | None:
    if data.targets == "inputs":
        return "inputs"
    return "numbers" if data.source.classes is not None else None


def _objectives(graph: Graph, data: Data, training: Training) -> Iterator[tuple[str, Objective | None]]:
    """The objective of each output, so far as it can be told without the files."""
    given = _given(data)
    for output in graph.outputs:
        if given is not None:
            yield output, objective(graph, output, training, given, data.source.classes)


def _outputs(graph: Graph, data: Data, training: Training) -> Iterator[Problem]:
    for output, aim in _objectives(graph, data, training):
        if data.targets == "inputs":
            yield from _copies(graph, data, output)
            continue
        found = [_no_loss(graph, output, data)] if aim is None else _labels(aim, data.source.entry, data.source.classes)
        yield from (_named(problem, graph, output) for problem in found)
    for output in graph.outputs:
        yield from _metric_forms(output, data, training)


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
        f"no loss follows from an output of {shape} and {data.source.classes} classes",
        ("training",),
        True,
        f"write `loss:`, or end the network with `dense: {{units: {data.source.classes}, activation: softmax}}`",
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


def _named_outputs(graph: Graph, training: Training) -> Iterator[Problem]:
    meant = set()
    for key, name in training.outputs_named():
        if name not in graph.outputs:
            strange = _no_such("output", name, graph.outputs, ("training", key, name))
            meant.add((key, strange.replacement))
            yield strange
    if training.loss_weights is not None and len(graph.outputs) == 1:
        message = "`loss_weights` weighs the losses of several outputs, and this network has one"
        yield Problem("loss-weights", message, ("training", "loss_weights"), True, "leave it out")
    elif training.loss_weights and all(training.loss_weights.get(name, 1) == 0 for name in graph.outputs):
        yield Problem(
            "loss-weights", "every loss has the weight 0", ("training", "loss_weights"), True, "weigh one of them"
        )
    if isinstance(training.loss, dict):
        for name in graph.outputs:
            if name not in training.loss and ("loss", name) not in meant:
                message = f"output `{name}` has no loss"
                yield Problem("missing-loss", message, ("training", "loss"), True, f"add `{name}: …`")


def _monitors(graph: Graph, data: Data, training: Training) -> Iterator[Problem]:
    metrics: dict[str, tuple[Metric, ...] | None] = {output: training.metrics_of(output) for output in graph.outputs}
    for output, aim in _objectives(graph, data, training):
        if metrics[output] is None and aim is not None:
            metrics[output] = aim.metrics
    told = {output: found for output, found in metrics.items() if found is not None}
    reported = columns(told, data.validation_split > 0) if len(told) == len(metrics) else None
    yield from monitor_problems(training, reported, data.validation_split > 0)


def columns(metrics: Mapping[str, tuple[Metric, ...]], validated: bool) -> list[str]:
    """What every epoch reports of outputs with these metrics, in Keras's words."""
    names = ["loss"]
    several = len(metrics) > 1
    for output, found in metrics.items():
        prefix = f"{output}_" if several else ""
        names += [f"{output}_loss"] * several + [prefix + metric.column for metric in found]
    return names + [f"val_{name}" for name in names] * validated


def monitor_problems(training: Training, reported: Sequence[str] | None, validated: bool) -> Iterator[Problem]:
    """Callbacks that watch what no epoch reports; `reported` is None where that is not known yet."""
    for index, callback in enumerate(training.callbacks or ()):
        if not isinstance(callback, Monitoring):
            continue
        monitor = callback.monitor
        written = "monitor" in callback.model_fields_set
        place = ("training", "callbacks", index, callback.entry, *(("monitor",) if written else ()))
        if monitor.startswith("val_") and not validated:
            message = f"`{callback.entry}` watches `{monitor}`, but nothing is held out to validate with"
            help = f"give `data` a `validation_split`, or watch `{monitor[4:]}`"
            yield Problem("monitor-unknown", message, place, not written, help)
        elif reported is not None and monitor not in reported:
            guess = nearest(monitor, reported)
            message = f"`{callback.entry}` watches `{monitor}`, which no epoch reports"
            help = f"did you mean `{guess}`?" if guess else f"there are: {', '.join(reported)}"
            yield Problem("monitor-unknown", message, place, not written, help, guess if written else None)


def _schedule(training: Training) -> Iterator[Problem]:
    if not training.optimizer.scheduled:
        return
    for index, callback in enumerate(training.callbacks or ()):
        if callback.lowers_rate:
            yield Problem(
                "schedule-plateau",
                f"`{callback.entry}` and a schedule both set the learning rate",
                ("training", "callbacks", index, callback.entry),
                True,
                "keep one of them",
            )


def _missing_files(data: Data, directory: Path) -> Iterator[Problem]:
    for argument, path in data.source.files():
        if not (directory / path).exists():
            place = ("data", "source", data.source.entry, argument)
            yield Problem(
                "data-missing",
                f"{directory / path} is not there",
                place,
                help="paths are relative to the folder of the spec; training needs it",
            )


def _unlikely(graph: Graph, data: Data, training: Training) -> Iterator[Problem]:
    for output, aim in _objectives(graph, data, training):
        if aim is None or data.targets == "inputs":
            continue
        classes, units = data.source.classes, aim.shape[-1]
        if classes and tells_classes(aim.shape) and aim.form != "column" and units and units > classes:
            message = f"the network gives {units} values, {data.source.entry} has {classes} classes"
            yield Problem("loss-classes", message, ("data", "source"), True, f"give the last `dense` {classes} units")
        doubts = _activation(aim, final_activation(graph, output), training.loss is not None)
        yield from (_named(problem, graph, output) for problem in doubts)


def _activation(aim: Objective, activation: str, written: bool) -> Iterator[Problem]:
    logits = getattr(aim.loss, "from_logits", None)
    if logits is None or not written:
        return
    place: Place = ("training", "loss")
    softmax = "categorical" in aim.loss.entry
    wanted = "softmax" if softmax else "sigmoid"
    if logits and activation in ("softmax", "sigmoid"):
        message = f"`from_logits: true` takes scores as they are, but the network ends with `{activation}`"
        yield Problem("loss-activation", message, place, True, f"leave out `from_logits`, or the `{activation}`")
    elif not logits and activation not in (wanted, ""):
        what = f"`{activation}`" if activation != "linear" else "no activation"
        message = f"`{aim.loss.entry}` takes probabilities, but the network ends with {what}"
        help = f"end with `activation: {wanted}`, or write `{aim.loss.entry}: {{from_logits: true}}`"
        yield Problem("loss-activation", message, place, True, help)
