"""What can be known of `data:` and `training:` before anything is loaded: does it all fit the network?

`check` finds mistakes, `doubts` what is likely one. Both are pure: no framework, no NumPy, no file is opened.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import get_args

from cnnspec.data.class_weights import by_output
from cnnspec.data.section import Data
from cnnspec.data.sources import Given, Labels
from cnnspec.graph.graph import Graph
from cnnspec.language.entries import Path as Place
from cnnspec.language.entries import Problem
from cnnspec.language.paths import is_there
from cnnspec.language.suggest import meant, nearest
from cnnspec.training.errors import WeightsError
from cnnspec.training.freeze import freeze_problems
from cnnspec.training.joint import augmentation_problems, weight_problems
from cnnspec.training.metrics import Metric
from cnnspec.training.monitors import columns, monitor_problems
from cnnspec.training.outputs import copied, decisions, objectives, output_doubts, output_problems
from cnnspec.training.phases import in_phases
from cnnspec.training.section import Training
from cnnspec.training.shapes import shape_problem
from cnnspec.training.stage_checks import stage_problems
from cnnspec.training.target import Target


def check(graph: Graph, data: Data, training: Training, directory: Path) -> list[Problem]:
    """The mistakes: what cannot be trained as it stands. Paths start with `data` or `training`."""
    entering, leaving = list(_input(graph, data)), list(output_problems(graph, data, training))
    misfits = {problem.code for problem in entering}
    if "data-inputs" in misfits:
        leaving = [problem for problem in leaving if problem.path[:2] != ("training", "loss")]
    if "data-shape" in misfits:
        leaving = [problem for problem in leaving if problem.code != "target-shape"]
    if any(problem.code == "loss-shape" for problem in leaving):
        entering = [problem for problem in entering if problem.code != "data-shape"]
    labels = known_labels(graph, data, training)
    mixing = augmentation_problems(graph, data, training, labels)
    return [
        *entering,
        *stage_problems(graph, data),
        *_arrays(graph, data),
        *share_problems(data, {split: "images" for split in get_args(Given) if data.source.brings(split)}),
        *leaving,
        *mixing,
        *_weights(graph, data, labels),
        *in_phases(training, lambda one: _monitors(graph, data, one)),
    ]


def known_labels(graph: Graph, data: Data, training: Training) -> dict[str, Labels | None]:
    """What is known of the labels of each output."""
    found = dict(decisions(graph, data, training))
    if data.targets == "inputs":
        return {output: found[output].labels if copied(graph, output) else None for output in graph.outputs}  # type: ignore[union-attr]
    targets = {output: target for output, target in found.items() if isinstance(target, Target)}
    return {
        output: targets[output].labels if output in targets else data.source.labels_of(output, graph.inputs)
        for output in graph.outputs
    }


def _weights(graph: Graph, data: Data, labels: dict[str, Labels | None]) -> Iterator[Problem]:
    for output in by_output(data.class_weights) or ():
        if output not in graph.outputs:
            yield _no_such("output", output, graph.outputs, ("data", "class_weights", output))
    yield from weight_problems(graph, data, labels, data.source.class_names)


def check_training(graph: Graph, training: Training) -> list[Problem]:
    """The mistakes that need no data to be seen. Paths start with `training`."""
    phased = in_phases(training, lambda one: (*_schedule(one), *freeze_problems(graph, one.freeze)))
    return [*_named_outputs(graph, training), *phased]


def missing_weights(training: Training) -> Iterator[Problem]:
    """A file of weights that is not there, as a warning."""
    if training.weights is None:
        return
    try:
        training.weights.look()
    except WeightsError as error:
        help = error.help if is_there(Path(training.weights.path)) else f"{error.help}; training needs it"
        yield Problem("weights-missing", error.message, ("training", "weights", "path"), help=help)


def doubts(graph: Graph, data: Data, training: Training, directory: Path) -> list[Problem]:
    """What is likely a mistake, as warnings."""
    return [*missing_files(data, directory), *output_doubts(graph, data, training)]


def _input(graph: Graph, data: Data) -> Iterator[Problem]:
    for key, name in data.inputs_named():
        if name not in graph.inputs:
            yield _no_such("input", name, graph.inputs, ("data", key, name))
    if len(graph.inputs) > 1 and data.source.images_named(graph.inputs) is None:
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
    if set(data.source.images_named(graph.inputs) or ()) - set(graph.inputs):
        return  # `_arrays` tells which there are not
    for problem in data.source.misfits(graph.inputs):
        yield replace(problem, path=("data", "source", data.source.entry, *problem.path))
    for name in graph.inputs:
        misfit = shape_problem(graph, data, name, data.source.shape_of(name, graph.inputs))
        if misfit:
            yield misfit


def _arrays(graph: Graph, data: Data) -> Iterator[Problem]:
    """Arrays for inputs and outputs that there are not, and inputs and outputs without one."""
    source = data.source
    given: list[tuple[str, tuple[str, ...], tuple[str, ...] | None, Iterable[str]]] = [
        ("input", source.inputs_at, source.images_named(graph.inputs), graph.inputs),
        ("output", source.outputs_at, source.labels_named(), graph.outputs),
    ]
    for what, (argument, *way), names, known in given:
        if names is None or (what == "output" and data.targets == "inputs"):
            continue
        if argument not in type(data.source).model_fields:
            yield from _unnamed(data, names, known)
            continue
        place = ("data", "source", data.source.entry, argument, *way)
        strange = [_no_such(what, name, known, (*place, name)) for name in names if name not in known]
        left = [name for name in known if name not in names]
        if len(strange) == len(left) == 1 and strange[0].guess is None:
            lacks = f"the {what} without {'images' if what == 'input' else 'labels'}"
            strange = [replace(strange[0], guess=left[0], help=f"write `{left[0]}`, {lacks}")]
        yield from strange
        for name in left:
            if name not in {problem.guess for problem in strange}:
                message = f"{what} `{name}` has no {'images' if what == 'input' else 'labels'}"
                yield Problem(f"missing-{what}", message, place, True, f"add `{name}: …`, {source.given_as}")


def _unnamed(data: Data, names: Iterable[str], outputs: Iterable[str]) -> Iterator[Problem]:
    """Outputs that a source has no labels for, where it says itself which ones they are for."""
    for output in outputs:
        if output not in names:
            given = " and ".join(f"`{name}`" for name in names)
            listed = ", ".join(f"{name}: …" for name in names)
            message = f"output `{output}` has no labels; `{data.source.entry}` has them for {given}"
            help = f"name the outputs so: `outputs: {{{listed}}}`"
            yield Problem("missing-output", message, ("data", "source"), True, help)


def _no_such(what: str, name: str, known: Iterable[str], place: Place) -> Problem:
    guess = nearest(name, known)
    help = f"did you mean `{guess}`?" if guess else f"the {what}s are: {', '.join(known)}"
    message, sure = f"no {what} is called `{name}`", meant(name, known)
    return Problem(f"unknown-{what}", message, place, True, help, sure, guess=guess)


def _named_outputs(graph: Graph, training: Training) -> Iterator[Problem]:
    meant = set()
    left = [name for name in graph.outputs if isinstance(training.loss, dict) and name not in training.loss]
    weighed = training.loss_weights is not None and len(graph.outputs) > 1
    for key, name in training.outputs_named():
        if name not in graph.outputs and (key != "loss_weights" or weighed):
            strange = _no_such("output", name, graph.outputs, ("training", key, name))
            if key == "loss" and strange.guess is None and len(left) == 1:
                strange = replace(strange, guess=left[0], help=f"write `{left[0]}`, the output without a loss")
            meant.add((key, strange.guess))
            yield strange
    if training.loss_weights is not None and len(graph.outputs) == 1:
        message = "`loss_weights` weighs the losses of several outputs, and this network has one"
        yield Problem("loss-weights", message, ("training", "loss_weights"), True, "leave it out")
    elif training.loss_weights and all(training.loss_weights.get(name, 1) == 0 for name in graph.outputs):
        yield Problem(
            "loss-weights", "every loss has the weight 0", ("training", "loss_weights"), True, "weigh one of them"
        )
    if isinstance(training.loss, dict):
        for name in left:
            if ("loss", name) not in meant:
                message = f"output `{name}` has no loss"
                yield Problem("missing-loss", message, ("training", "loss"), True, f"add `{name}: …`")


def _monitors(graph: Graph, data: Data, training: Training) -> Iterator[Problem]:
    metrics: dict[str, tuple[Metric, ...] | None] = {output: training.metrics_of(output) for output in graph.outputs}
    for output, aim in objectives(graph, data, training):
        if metrics[output] is None and aim is not None:
            metrics[output] = aim.metrics
    told = {output: found for output, found in metrics.items() if found is not None}
    validated = data.validation_split > 0 or data.source.brings("validation") is not False
    reported = columns(told, validated) if len(told) == len(metrics) else None
    yield from monitor_problems(training, graph.outputs, reported, validated)


def share_problems(data: Data, brought: Mapping[Given, str]) -> Iterator[Problem]:
    """Shares to set apart to validate or test with, where the source has set images apart (`brought`, in words)."""
    for split, images in brought.items():
        key = f"{split}_split"
        if key in data.model_fields_set and getattr(data, key):
            verb = {"validation": "validate", "test": "test"}[split]
            message = f"{data.source.entry} brings {images} to {verb} with, and there is a `{key}`"
            yield Problem("data-split", message, ("data", key), True, f"leave `{key}` out, or write `{key}: null`")


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


def missing_files(data: Data, directory: Path) -> Iterator[Problem]:
    """Files of the data that are not there, as warnings."""
    for argument, path in data.source.files():
        if not is_there(directory / path):
            place = ("data", "source", data.source.entry, argument)
            yield Problem(
                "data-missing",
                f"{directory / path} is not there",
                place,
                help="paths are relative to the folder of the spec; training needs it",
            )
