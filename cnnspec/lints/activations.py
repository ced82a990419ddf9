"""Lints of activations: one that undoes, repeats or empties what stands before it."""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.graph.graph import Node
from cnnspec.lints.groups import ACTIVATED, ACTIVATIONS
from cnnspec.lints.network import Doubt, Network, activation_of, arguments_of, doubt
from cnnspec.training.losses import Loss
from cnnspec.training.objective import final_activation
from cnnspec.training.target_ranges import reach

_PROBABILITIES = ("softmax", "sigmoid")
_WANTED = {True: ("softmax", "sparsemax"), False: ("sigmoid", "hard_sigmoid", "sparse_sigmoid")}
"""What a loss of several classes, and one of single values, take for probabilities."""


def softmax_single(network: Network) -> Iterator[Doubt]:
    """A softmax over one value, which is 1 whatever comes in: one unit or one channel with `activation: softmax`.

    One value that tells two classes apart takes a sigmoid; a softmax needs a value for each class.
    """
    for node in network.of("softmax", "activation", *ACTIVATED):
        if node.shape[-1] != 1 or activation_of(node) != "softmax":
            continue
        if arguments_of(node).get("axis", -1) in (-1, len(node.shape)):
            help = "write `sigmoid` for one value, or give it a value for each class"
            yield doubt(node, "the softmax of one value is always 1", "activation", help=help)


def activation_twice(network: Network) -> Iterator[Doubt]:
    """An activation that stands after another one: after the same, or after a softmax or a sigmoid.

    A second `relu` does nothing; the softmax of a softmax is nearly the same for every class. Mostly the layer before
    has `activation:` already.
    """
    messages = ((node, _twice(network, node)) for node in network.of(*ACTIVATIONS))
    found = {node.name: message for node, message in messages if message}
    for node in network.always(map(network.graph.__getitem__, found)):
        message, help = found[node.name]
        yield doubt(node, message, "activation", help=help)


def _twice(network: Network, node: Node) -> tuple[str, str] | None:
    """What is wrong with an activation behind another one, and what to do; None where it is right."""
    name = activation_of(node)
    before = network.behind(node) if name == "softmax" else network.source(node)
    first = "linear" if before is None else activation_of(before)
    if before is None or "linear" in (name, first):
        return None
    layer = f"the `{before.layer.entry}` before it"
    if first in _PROBABILITIES or (name == first and _same(node, before)):
        return f"`{name}` after `{first}`: {layer} has an activation already", "take one of the two out"
    if first == "relu" and name in _PROBABILITIES and network.only_user(before) and node.name in network.outputs:
        return f"`{name}` after `relu`: no score can be below 0", f"leave out the activation of {layer}"
    return None


def _same(node: Node, other: Node) -> bool:
    return node.layer is other.layer or arguments_of(node) == arguments_of(other)


def softmax_hidden(network: Network) -> Iterator[Doubt]:
    """A `dense` with softmax in the middle: its values sum to 1, so that the next `dense` sees next to nothing.

    A softmax stands at the end, where probabilities are wanted; between layers take `relu`.
    """
    for node in network.of("dense"):
        before = network.behind(node)
        if len(node.shape) != 1 or before is None or before.layer.entry != "dense" or before.name in network.outputs:
            continue
        if activation_of(before) == "softmax" and len(network.users[before.name]) == 1:
            message = "a softmax between two `dense` layers: its values sum to 1, the next one sees little of them"
            yield doubt(before, message, "activation", help="write `activation: relu`")


def loss_activation(network: Network) -> Iterator[Doubt]:
    """A loss and a last activation that do not go together.

    A crossentropy takes probabilities (a softmax, or a sigmoid for `binary_crossentropy`); with `from_logits: true` it
    takes scores as they are, which a softmax or a `relu` would squeeze or cut. `dice` and `tversky` take probabilities,
    `kl_divergence` shares that sum to 1, `poisson` numbers above 0.
    """
    training = network.training
    for output in network.graph.outputs:
        loss = training.loss_of(output) if training is not None else None
        if loss is not None and (found := _misfit(network, output, loss)):
            message, help = found
            whose = f"output `{output}`: " if len(network.graph.outputs) > 1 else ""
            path = ("training", "loss", *((output,) if isinstance(training and training.loss, dict) else ()))
            yield network.written(f"{whose}{message}", *path, help=help)


def _misfit(network: Network, output: str, loss: Loss) -> tuple[str, str] | None:
    """What is wrong with a loss for an output, and what to do; None where they go together."""
    return next(filter(None, (_misfit_of(network, output, part) for part in loss.parts)), None)


def _misfit_of(network: Network, output: str, loss: Loss) -> tuple[str, str] | None:
    """The same for a loss that is no sum."""
    low, high = reach(network.graph, output).bounds
    shares = low >= 0 and high <= 1
    if loss.of_probabilities and not shares and final_activation(network.graph, output) in ("linear", "relu"):
        last = "sigmoid" if network.graph.output_shapes[output][-1] == 1 else "softmax"
        return f"`{loss.entry}` takes probabilities, and the network gives none", f"end with `activation: {last}`"
    logits = getattr(loss, "from_logits", None)
    activation = final_activation(network.graph, output)
    if logits is None:
        return _unfit_end(network, output, loss, activation)
    classes = "categorical" in loss.entry
    copies = network.data is not None and network.data.targets == "inputs"
    if network.graph.output_shapes[output][-1] == 1 and not copies and (classes or activation == "softmax"):
        if activation == "softmax":
            return None  # the lint of a softmax over one value tells it
        message = f"`{loss.entry}` takes a value for each class, the network gives one"
        return message, "write `binary_crossentropy`, or give the last layer a value for each class"
    if logits:
        return _of_scores(network, output, activation)
    if activation in (*_WANTED[classes], "") or (shares and not classes and activation not in _WANTED[True]):
        return None
    if copies and classes:
        message = f"`{loss.entry}` tells classes, but the targets are the network's inputs"
        return message, "write `loss: mean_squared_error`, or `binary_crossentropy` for values from 0 to 1"
    return _of_probabilities(activation, loss.entry, _WANTED[classes][0])


_LOGARITHMS = {"poisson": "the logarithm of", "mean_squared_logarithmic_error": "the logarithm of 1 and"}


def _unfit_end(network: Network, output: str, loss: Loss, activation: str) -> tuple[str, str] | None:
    """The same for losses of other values: of logarithms, which numbers below 0 have none of, and of shares."""
    if loss.entry in _LOGARITHMS and activation and reach(network.graph, output).bounds[0] < 0:
        what = f"`{activation}`" if activation != "linear" else "no activation"
        takes = f"`{loss.entry}` takes {_LOGARITHMS[loss.entry]} what the network gives"
        return (
            f"{takes}, which may be below 0 with {what}",
            "end with `activation: softplus`, or write `loss: mean_squared_error`",
        )
    units = network.graph.output_shapes[output][-1]
    if loss.of_shares and units != 1 and activation not in ("softmax", "sparsemax", ""):
        what = f"with `{activation}`" if activation != "linear" else "without an activation"
        message = f"`{loss.entry}` compares shares that sum to 1, and the network ends {what}"
        return message, "end with `activation: softmax`"
    return None


def _of_scores(network: Network, output: str, activation: str) -> tuple[str, str] | None:
    """The same for a loss of scores: a softmax or a sigmoid squeezes them, a `relu` cuts them."""
    squeezed = activation in _PROBABILITIES
    cut = activation == "relu" and _direct(network.graph[network.graph.outputs[output]])
    if not (squeezed or cut):
        return None
    message = f"`from_logits: true` takes scores as they are, but the network ends with `{activation}`"
    return message, f"leave out `from_logits`, or the `{activation}`"


def _of_probabilities(activation: str, loss: str, wanted: str) -> tuple[str, str]:
    """The same for a loss of probabilities behind an activation that gives none."""
    what = f"`{activation}`" if activation != "linear" else "no activation"
    help = f"end with `activation: {wanted}`, or write `loss: {{{loss}: {{from_logits: true}}}}`"
    if wanted == "sigmoid" and activation == "softmax":
        help = "write `sparse_categorical_crossentropy` for one class an image, `sigmoid` for several at once"
    return f"`{loss}` takes probabilities, but the network ends with {what}", help


def _direct(node: Node) -> bool:
    """Whether the last layer has an activation itself (no pooling of activated maps)."""
    return activation_of(node) != "linear"
