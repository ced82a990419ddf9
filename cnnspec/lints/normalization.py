"""Lints of normalisations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from cnnspec.graph.graph import Node
from cnnspec.language.diagnostics import Fix
from cnnspec.language.insertion import insertion
from cnnspec.language.nodes import MappingNode, ScalarNode
from cnnspec.lints.groups import BIASED
from cnnspec.lints.network import Doubt, Network, activation_of, doubt


def bias_before_norm(network: Network) -> Iterator[Doubt]:
    """A bias right before a batch normalization, which takes the mean away again, and has a shift of its own.

    Write `use_bias: false`: the network computes the same with fewer weights. It is not told where the weights come
    from a file (that has the bias), nor of a frozen normalization.
    """
    if network.training is not None and network.training.weights is not None:
        return
    found = [node for node in network.of(*BIASED) if _normalized(network, node)]
    if not found:
        return
    uses = Counter(id(node.written) for node in network.of(*BIASED))
    agreed = Counter(id(node.written) for node in found)
    for node in network.always(found):
        arguments = id(node.written)
        yield doubt(
            node,
            "the bias does nothing: the batch normalization after it takes it away again",
            "use_bias",
            help="write `use_bias: false`",
            fix=_without_bias(node) if uses[arguments] == agreed[arguments] else None,
        )


def _normalized(network: Network, node: Node) -> bool:
    """Whether a layer has a bias, no activation, and nothing but a batch normalization of its channels behind it."""
    if not getattr(node.layer, "use_bias", False) or activation_of(node) != "linear" or not node.layer.trainable:
        return False
    after = network.only_user(node)
    if after is None or after.layer.entry != "batch_normalization" or not after.layer.trainable:
        return False
    return getattr(after.layer, "axis", None) in (-1, len(node.shape)) and node.shares is None


def _without_bias(node: Node) -> Fix | None:
    """`use_bias: false`, put into the arguments; None where it is not sure how they are written."""
    arguments = node.written
    if isinstance(arguments, ScalarNode):
        if isinstance(arguments.value, int) and not isinstance(arguments.value, bool):
            text = f"{{{node.layer.first}: {arguments.text}, use_bias: false}}"
            return Fix(arguments.span, text)
        return None
    if not isinstance(arguments, MappingNode) or arguments.span.order < node.span.order:
        return None
    written = arguments.get("use_bias")
    if written is not None:
        return Fix(written.span, "false") if isinstance(written, ScalarNode) and written.value is True else None
    return insertion(arguments, "use_bias: false")


def norm_momentum(network: Network) -> Iterator[Doubt]:
    """A momentum below 0.5 of a batch normalization: PyTorch counts it the other way round.

    Keras keeps that share of the old mean at each step, PyTorch takes that share of the new one: PyTorch's 0.1 is 0.9
    here. With 0.1, what is used after training is little more than the statistics of the last batch.
    """
    for node in network.of("batch_normalization"):
        momentum = getattr(node.layer, "momentum", 0.99)
        if momentum < 0.5:
            message = f"a momentum of {momentum:g} keeps hardly more than the last batch"
            help = f"write `momentum: {1 - momentum:g}`: PyTorch counts the other way round"
            yield doubt(node, message, "momentum", help=help)
