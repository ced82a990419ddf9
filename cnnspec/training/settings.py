"""The `data:` and `training:` sections of a spec: read, and checked against its graph. No framework is imported."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from cnnspec.graph.graph import Graph
from cnnspec.language.diagnostics import Diagnostics, Related
from cnnspec.language.entries import Invalid, Section
from cnnspec.language.nodes import MappingNode, head, locate
from cnnspec.language.problems import diagnose
from cnnspec.language.scope import Environment, Failed
from cnnspec.language.spans import Span
from cnnspec.language.syntax import Spec

if TYPE_CHECKING:
    from cnnspec.data.section import Data
    from cnnspec.training.adversarial.section import AdversarialTraining
    from cnnspec.training.section import Training

T = TypeVar("T", bound=Section)


def settings_of(
    spec: Spec, graphs: Mapping[str, Graph], folder_of: Callable[[Span], Path], diagnostics: Diagnostics
) -> tuple[Data | None, Training | AdversarialTraining | None]:
    """The two sections, None where one has a mistake (which is then among the diagnostics) or is not written.

    `graphs` are the spec's networks, none where they have a mistake. `folder_of` tells which folder the paths at a
    place of the text are relative to.
    """
    if spec.task == "gan":
        return _of_two(spec, graphs, folder_of, diagnostics)
    return _of_one(spec, next(iter(graphs.values()), None), folder_of, diagnostics)


def _of_two(
    spec: Spec, graphs: Mapping[str, Graph], folder_of: Callable[[Span], Path], diagnostics: Diagnostics
) -> tuple[Data | None, AdversarialTraining | None]:
    from cnnspec.data.section import Data
    from cnnspec.training.adversarial.checks import check, without_strays
    from cnnspec.training.adversarial.section import AdversarialTraining

    data = _section(Data, spec.data, spec, diagnostics)
    written, strays = without_strays(spec.training or _nothing(spec))
    for problem in strays:
        diagnostics.add(diagnose(problem, spec.training or written))
    training = _section(AdversarialTraining, written, spec, diagnostics)
    for found in (
        check(spec, graphs, data, folder_of(locate(spec.document, ("data", "source")))) if len(graphs) == 2 else ()
    ):
        diagnostics.add(found)
    return data, training


def _nothing(spec: Spec) -> MappingNode:
    return MappingNode((), spec.layers_span, 1)


def _of_one(
    spec: Spec, graph: Graph | None, folder_of: Callable[[Span], Path], diagnostics: Diagnostics
) -> tuple[Data | None, Training | None]:
    from cnnspec.data.section import Data
    from cnnspec.training.checks import check, check_training, doubts, missing_weights
    from cnnspec.training.monitors import column_problems
    from cnnspec.training.section import Training

    data = _section(Data, spec.data, spec, diagnostics)
    training = _section(Training, spec.training or _nothing(spec), spec, diagnostics)
    if training is not None and training.weights is not None:
        folder = folder_of(locate(spec.document, ("training", "weights", "path")))
        training = training.model_copy(update={"weights": training.weights.under(folder)})
    if graph is not None and training is not None:
        document = MappingNode(
            tuple(pair for pair in spec.document.pairs if pair[0].text in ("data", "training", "outputs")),
            spec.document.span,
            1,
        )
        trains = spec.training is not None or spec.data is not None
        columns = column_problems(training, graph.outputs) if trains else ()
        for problem in (*check_training(graph, training), *columns):
            diagnostics.add(diagnose(problem, document))
        for problem in missing_weights(training):
            diagnostics.add(diagnose(problem, document, severity="warning"))
    if graph is not None and data is not None and training is not None:
        directory = folder_of(locate(spec.document, ("data", "source")))
        for problem in check(graph, data, training, directory):
            found = diagnose(problem, document)
            if problem.path[:2] == ("training", "loss") and training.loss is None and spec.data is not None:
                related = (Related("the labels", head(spec.data)),)
                found = replace(found, span=_last(graph, problem.path[2:]), related=related)
            diagnostics.add(found)
        for problem in doubts(graph, data, training, directory):
            diagnostics.add(diagnose(problem, document, severity="warning"))
    return data, training


def _last(graph: Graph, output: tuple[str | int, ...]) -> Span:
    """Where the last layer stands that the values of an output (of the first one, without a name) come from."""
    node = graph[graph.outputs[str(output[0])] if output else graph.output]
    while node.layer.entry in ("softmax", "activation", "dropout") and node.inputs[0] not in graph.inputs:
        node = graph[node.inputs[0]]
    return node.span


def _section(cls: type[T], node: MappingNode | None, spec: Spec, diagnostics: Diagnostics) -> T | None:
    if node is None:
        return None
    try:
        values: dict[str, Any] = Environment(spec.scope, diagnostics).evaluate(node)
        return cls.read(values)
    except Failed:
        return None
    except Invalid as invalid:
        for problem in invalid.problems:
            diagnostics.add(diagnose(problem, node, scope=spec.scope))
        return None
