"""The `data:` and `training:` sections of a spec: read, and checked against its graph. No framework is imported."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from cnnspec.graph.graph import Graph
from cnnspec.language.diagnostics import Diagnostics
from cnnspec.language.entries import Invalid, Section
from cnnspec.language.nodes import MappingNode
from cnnspec.language.problems import diagnose
from cnnspec.language.scope import Environment, Failed
from cnnspec.language.syntax import Spec

if TYPE_CHECKING:
    from cnnspec.data.section import Data
    from cnnspec.training.section import Training

T = TypeVar("T", bound=Section)


def settings_of(
    spec: Spec, graph: Graph | None, directory: Path, diagnostics: Diagnostics
) -> tuple[Data | None, Training | None]:
    """The two sections, None where one has a mistake (which is then among the diagnostics) or is not written."""
    from cnnspec.data.section import Data
    from cnnspec.training.checks import check, doubts
    from cnnspec.training.section import Training

    data = _section(Data, spec.data, spec, diagnostics)
    training = _section(Training, spec.training or MappingNode((), spec.layers_span, 1), spec, diagnostics)
    if graph is not None and data is not None and training is not None:
        document = MappingNode(
            tuple(pair for pair in spec.document.pairs if pair[0].text in ("data", "training")), spec.document.span, 1
        )
        for problem in check(graph, data, training, directory):
            diagnostics.add(diagnose(problem, document))
        for problem in doubts(graph, data, training, directory):
            diagnostics.add(diagnose(problem, document, severity="warning"))
    return data, training


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
            diagnostics.add(diagnose(problem, node))
        return None
