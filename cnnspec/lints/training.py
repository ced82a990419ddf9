"""Lints of what is learnt, from what, and how fast."""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.graph.graph import Node
from cnnspec.language.expressions import is_expression
from cnnspec.language.nodes import MappingNode, ScalarNode
from cnnspec.layers.base import Layer
from cnnspec.lints.groups import DROPOUTS
from cnnspec.lints.network import Doubt, Network, activation_of, doubt
from cnnspec.training.network_ranges import Finding, colours_met
from cnnspec.training.network_ranges import scaled_twice as twice
from cnnspec.training.optimizers import Optimizer
from cnnspec.training.outputs import objectives
from cnnspec.training.ranges import source_range
from cnnspec.training.schedules import Schedule
from cnnspec.training.section import Training

_HIGHEST = {**dict.fromkeys(("adam", "adamw", "adamax", "nadam", "lamb", "lion", "rmsprop", "muon"), 1.0), "sgd": 100.0}
"""Learning rates from which on nobody has trained anything."""
_RATES = ("initial_learning_rate", "warmup_target", "max_learning_rate", "learning_rate")
_DIFFERENCES = ("mean_squared_error", "mean_absolute_error", "huber", "log_cosh")


def dropout_rate(network: Network) -> Iterator[Doubt]:
    """A dropout that drops everything (rate 1), or nothing (rate 0).

    A rate of 0 that is computed from a parameter is left alone: it is how dropout is switched off.
    """
    for node in network.of(*DROPOUTS):
        rate = getattr(node.layer, "rate", None)
        if rate == 1:
            message = "a rate of 1 drops every value"
            yield doubt(node, message, "rate", help="write the share that is dropped, such as `0.5`")
        elif rate == 0 and _literal(node):
            yield doubt(node, "a rate of 0 drops nothing", "rate", help="write a share such as `0.5`, or take it out")


def _literal(node: Node) -> bool:
    body = node.written
    rate = body.get("rate") if isinstance(body, MappingNode) else body
    return isinstance(rate, ScalarNode) and not is_expression(rate.value)


def dropout_last(network: Network) -> Iterator[Doubt]:
    """A dropout with no weights behind it, on the scores or probabilities that the network gives.

    It only makes them noisy: put it before the last layer that has weights.
    """
    for node in network.of(*DROPOUTS):
        if getattr(node.layer, "rate", 0) == 0:
            continue
        before, after = network.behind(node), network.only_user(node)
        scores = after is not None and after.name in network.outputs and not after.weights and _told(after)
        if not scores and node.name not in network.outputs:
            continue
        trained = network.data is not None or network.training is not None
        if scores or trained or (before is not None and _told(before)):
            yield doubt(node, "this drops what the network gives", help="put it before the last layer with weights")


def _told(node: Node) -> bool:
    """Whether a layer ends in probabilities."""
    return activation_of(node) in ("softmax", "sigmoid")


def learning_rate(network: Network) -> Iterator[Doubt]:
    """A learning rate that no network trains with: 1 and more for Adam and its kin, 100 and more for SGD.

    Adam moves every weight by about the learning rate at each step, whatever the gradient.
    """
    if network.training is None:
        return
    for place, optimizer in network.training.optimizers().items():
        yield from _too_fast(network, optimizer, ("training", "optimizer", *place, optimizer.entry))


def _too_fast(network: Network, optimizer: Optimizer, place: tuple[str, ...]) -> Iterator[Doubt]:
    highest = _HIGHEST.get(optimizer.entry)
    rate = optimizer.learning_rate
    arguments = _RATES if isinstance(rate, Schedule) else ("",)
    for argument in arguments:
        value = getattr(rate, argument, None) if argument else rate
        if highest is not None and isinstance(value, int | float) and value >= highest:
            message = f"a learning rate of {value:g} for `{optimizer.entry}`"
            steps = (*place, "learning_rate", getattr(rate, "entry", ""), argument)
            usual = "0.001" if highest == 1 else "0.01"
            path = [step for step in steps if step]
            yield network.written(message, *path, key=False, help=f"{usual} is a usual one")


def flip_digits(network: Network) -> Iterator[Doubt]:
    """Mirrored or half turned digits: a 2 becomes no digit, a 6 a 9, and each keeps its label.

    `random_translation`, `random_zoom` and a small `random_rotation` leave digits what they are.
    """
    data = network.data
    if data is None or data.source.entry not in ("digits", "mnist") or data.targets == "inputs":
        return
    help = "take it out: `random_translation` and a small `random_rotation` keep a digit what it is"
    for name in network.graph.inputs:
        for layer, path in data.stages("augmentation", name, network.graph.inputs):
            if turned := _turned(layer):
                yield network.written(f"{turned} digits have another meaning", *path, layer.entry, help=help)
    for node in network.of("random_flip", "random_rotation"):
        if turned := _turned(node.layer):
            yield doubt(node, f"{turned} digits have another meaning", help=help)


def _turned(layer: Layer) -> str:
    if layer.entry == "random_flip":
        return "mirrored"
    factor = getattr(layer, "factor", 0) if layer.entry == "random_rotation" else 0
    largest = max(map(abs, factor)) if isinstance(factor, tuple) else abs(factor)
    return "upside-down" if largest >= 0.4 else ""


def regression_activation(network: Network) -> Iterator[Doubt]:
    """A `relu` on the values that a regression gives: nothing below 0 can be told, and a 0 learns nothing.

    Leave the activation out; where values are never negative, `softplus` keeps them so and still learns.
    """
    training = network.training
    if network.data is not None and network.data.targets == "inputs":
        return
    for output, name in network.graph.outputs.items():
        loss = training.loss_of(output) if training is not None else None
        if loss is None or loss.entry not in _DIFFERENCES or name in network.graph.inputs:
            continue
        node = network.graph[name]
        dense = network.behind(node) if node.layer.entry in ("relu", "activation") else node
        if len(node.shape) != 1 or dense is None or dense.layer.entry != "dense" or activation_of(node) != "relu":
            continue
        message = f"`{loss.entry}` of a `relu`: the network cannot give a value below 0"
        help = "leave the activation out, or write `softplus` where values are never negative"
        if not node.span.standard:
            yield doubt(node, message, "activation", help=help)


def loss_one_class(network: Network) -> Iterator[Doubt]:
    """A binary loss where each image is of one of several classes: every class is decided by itself.

    It trains, and the class is that of the highest score; but nothing makes the classes exclude each other.
    `categorical_crossentropy` behind a `softmax` does.
    """
    training, data = network.training, network.data
    if not isinstance(training, Training) or data is None or data.targets == "inputs":
        return
    for output, aim in objectives(network.graph, data, training):
        if aim is None or training.loss_of(output) is None or aim.facing.told != "classes":
            continue
        binary = next((part.entry for part in aim.loss.parts if part.entry.startswith("binary")), None)
        if binary is not None and aim.activation != "softmax":
            several = (output,) if isinstance(training.loss, dict) else ()
            message = f"`{binary}` decides each class by itself, and each image is of one of {aim.target.classes}"
            help = "end with `activation: softmax` and write `sparse_categorical_crossentropy`"
            yield network.written(message, "training", "loss", *several, help=help)


def scaled_twice(network: Network) -> Iterator[Doubt]:
    """Pixels that are of a small scale already, and are scaled once more: in `preprocessing`, or by the network.

    Behind `rescaling: $(1/255)` in `preprocessing`, a network with such a layer of its own (an EfficientNet) sees
    values of 0 to 0.004, all alike.
    """
    if network.data is None:
        return
    for name in network.graph.inputs:
        if found := twice(network.data, network.graph, name, source_range(network.data)):
            yield _where(network, found)


def colour_range(network: Network) -> Iterator[Doubt]:
    """A layer of the network that looks at colours, and expects pixels of another range than there are.

    In `augmentation`, such layers get the range of the pixels by themselves; among the layers of a network they expect
    0 to 255, where `value_range` says nothing else.
    """
    if network.data is None:
        return
    for name in network.graph.inputs:
        for found in colours_met(network.data, network.graph, name, source_range(network.data)):
            yield _where(network, found)


def _where(network: Network, found: Finding) -> Doubt:
    if found.stage is not None:
        layer, place = found.stage
        return network.written(found.message, *place, layer.entry, help=found.help)
    return doubt(network.graph[found.node], found.message, help=found.help)
