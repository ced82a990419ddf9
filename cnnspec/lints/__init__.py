"""What Keras accepts in silence and is most likely a mistake: warnings about a network that holds.

One function a lint: a sound network goes in, doubts come out, and the function's docstring is its manual. A lint's code
is its name. Whoever adds one adds it to `LINTS`, and a page of its code.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING

from cnnspec.language.diagnostics import Diagnostic, called_from
from cnnspec.language.limits import DIAGNOSTICS
from cnnspec.lints import activations, callbacks, declarations, normalization, shapes, training, weights, windows
from cnnspec.lints.network import Doubt, Network
from cnnspec.lints.silence import doubting as doubting

if TYPE_CHECKING:
    from cnnspec.data.section import Data
    from cnnspec.graph.graph import Graph
    from cnnspec.language.syntax import Spec
    from cnnspec.training.adversarial.section import AdversarialTraining
    from cnnspec.training.section import Training

Lint = Callable[[Network], Iterator[Doubt]]

LINTS: tuple[Lint, ...] = (
    shapes.channels_first, shapes.dense_on_map, shapes.add_broadcast,
    windows.pooled_away, windows.stride_skips, windows.checkerboard, windows.dilation_unused,
    windows.dense_large, windows.size_lost,
    normalization.bias_before_norm, normalization.norm_momentum,
    activations.softmax_single, activations.softmax_hidden, activations.activation_twice, activations.loss_activation,
    training.dropout_rate, training.dropout_last, training.learning_rate, training.flip_digits,
    training.regression_activation, training.loss_one_class, training.scaled_twice, training.colour_range,
    weights.weights_scale,
    callbacks.early_stopping_patience, callbacks.monitor_mode, callbacks.plateau_patience,
    declarations.unused_parameter, declarations.unused_block,
)  # fmt: skip


def code_of(lint: Lint) -> str:
    """The code of what a lint says."""
    return getattr(lint, "__name__", "").replace("_", "-")


def lint(
    graphs: Mapping[str, Graph], spec: Spec, data: Data | None, training: Training | AdversarialTraining | None,
    file: str, taken: Container[str] = (),
) -> Iterator[Diagnostic]:  # fmt: skip
    """What is doubtful about sound networks; `file` is the spec's own, what those of `taken` declare may
    be used elsewhere.

    Of two networks, the discriminator is the one that sees the data and has the loss."""
    *others, last = graphs.values()
    for name, graph in zip(graphs, others, strict=False):
        yield from _lint(Network(graph, spec.networks[name], None, None, file, taken))
    yield from _lint(Network(last, spec, data, training, file, taken))


def _lint(network: Network) -> Iterator[Diagnostic]:
    for each in LINTS:
        for found in islice(each(network), DIAGNOSTICS + 1):
            related = (*found.related, *called_from(found.calls))
            yield Diagnostic(
                code_of(each), found.message, found.span, related=related, help=found.help, fix=found.fix,
                severity="warning",
            )  # fmt: skip
