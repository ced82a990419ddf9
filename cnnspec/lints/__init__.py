"""What Keras accepts in silence and is most likely a mistake: warnings about a network that holds.

One function a lint: a sound network goes in, doubts come out, and the function's docstring is its manual. A lint's code
is its name. Whoever adds one adds it to `LINTS`, and a page of its code.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from itertools import islice
from typing import TYPE_CHECKING

from cnnspec.language.diagnostics import Diagnostic, called_from
from cnnspec.language.limits import DIAGNOSTICS
from cnnspec.lints import activations, declarations, normalization, shapes, training, windows
from cnnspec.lints.network import Doubt, Network
from cnnspec.lints.silence import doubting as doubting

if TYPE_CHECKING:
    from cnnspec.data.section import Data
    from cnnspec.graph.graph import Graph
    from cnnspec.language.syntax import Spec
    from cnnspec.training.section import Training

Lint = Callable[[Network], Iterator[Doubt]]

LINTS: tuple[Lint, ...] = (
    shapes.channels_first, shapes.dense_on_map, shapes.add_broadcast,
    windows.pooled_away, windows.stride_skips, windows.dilation_unused, windows.dense_large, windows.size_lost,
    normalization.bias_before_norm,
    activations.softmax_single, activations.softmax_hidden, activations.activation_twice, activations.loss_activation,
    training.dropout_rate, training.dropout_last, training.learning_rate, training.flip_digits,
    training.regression_activation,
    declarations.unused_parameter, declarations.unused_block,
)  # fmt: skip


def code_of(lint: Lint) -> str:
    """The code of what a lint says."""
    return getattr(lint, "__name__", "").replace("_", "-")


def lint(
    graph: Graph, spec: Spec, data: Data | None, training: Training | None, file: str, taken: Container[str] = ()
) -> Iterator[Diagnostic]:
    """What is doubtful about a sound network; `file` is the spec's own, what those of `taken` declare may
    be used elsewhere."""
    network = Network(graph, spec, data, training, file, taken)
    for each in LINTS:
        for found in islice(each(network), DIAGNOSTICS + 1):
            related = (*found.related, *called_from(found.calls))
            yield Diagnostic(
                code_of(each), found.message, found.span, related=related, help=found.help, fix=found.fix,
                severity="warning",
            )  # fmt: skip
