"""How much memory a network's tensors take at once, for one sample: pure arithmetic over the graph."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from cnnspec.graph.graph import Graph, Node
from cnnspec.layers.base import Shape, volume


class Peaks(NamedTuple):
    """The most numbers that are alive at once for one sample: in a training step, and in a forward pass alone.
    `saved` of the first are those that the backward pass reads again."""

    training: int
    saved: int
    evaluation: int


class _Life(NamedTuple):
    """Numbers that are alive from one moment to another, both included."""

    begin: int
    end: int
    size: int


@dataclass(slots=True)
class _Tensor:
    """A tensor made by the node at `place` (-1: an input): its last reader, and the first that reads it again."""

    place: int
    size: int
    learns: bool = False
    last: int = -1
    again: int | None = None

    def read_again(self, place: int) -> None:
        self.again = place if self.again is None else min(self.again, place)


def with_sizes(graph: Graph, shapes: Mapping[str, Shape]) -> Graph:
    """The graph with inputs of `shapes` (without the batch), where its spec leaves sizes open."""
    if all(None not in shape for shape in graph.inputs.values()):
        return graph
    found: dict[str, Shape] = {name: tuple(shapes.get(name, shape)) for name, shape in graph.inputs.items()}
    inputs, nodes = dict(found), []
    for node in graph.nodes:
        entering = tuple(found[name] for name in node.inputs)
        found[node.name] = node.layer.output_shape(*entering)
        nodes.append(replace(node, input_shapes=entering, shape=found[node.name]))
    return replace(graph, inputs=inputs, nodes=tuple(nodes), _by_name={})


def peaks(graph: Graph) -> Peaks | None:
    """What one sample takes; None where a size is left open.

    Forwards, node `i` of `n` is at moment `i`; backwards, at `2n − i`. A tensor is alive from its maker to its last
    reader, backwards for what a layer reads again (`Layer.keeps`); its gradient from its last reader back to its maker.
    Where nothing above a node learns, it keeps nothing, and no gradient goes there.
    """
    if any(volume(shape) is None for shape in (*graph.inputs.values(), *(node.shape for node in graph.nodes))):
        return None
    made = [_Tensor(-1, volume(shape) or 0) for shape in graph.inputs.values()]
    named = dict(zip(graph.inputs, made, strict=True))
    turn = len(graph.nodes)
    between: list[_Life] = []
    ahead: list[_Life] = []
    copies: list[_Life] = []
    for place, node in enumerate(graph.nodes):
        own = any(weight.trainable for weight in node.layer.weights(*node.input_shapes))
        entering = [named[name] for name in node.inputs]
        tensor = entering[0] if node.layer.saved.alias else _Tensor(place, volume(node.shape) or 0)
        tensor.learns = own or any(each.learns for each in entering)
        for each in entering:
            each.last = place
        if tensor.learns:
            between.append(_Life(place, 2 * turn - place, _kept(node, place, own, entering, tensor)))
        copied = round(node.layer.saved.scratch * sum(each.size for each in (*entering, tensor)))
        ahead.append(_Life(place, place, copied // 2))
        copies.append(_Life(2 * turn - place, 2 * turn - place, copied if tensor.learns else 0))
        named[node.name] = tensor
        if tensor is not entering[0]:
            made.append(tensor)
    batch = [_Life(-1, 2 * turn + 1, each.size) for each in made if each.place < 0]
    inner = [each for each in made if each.place >= 0]
    for name in graph.outputs.values():
        named[name].last = turn
    forward = [*ahead, *(_Life(each.place, each.last, each.size) for each in inner)]
    saved = [_Life(each.last + 1, 2 * turn - each.again, each.size) for each in inner if each.again is not None]
    back = [_Life(2 * turn - each.last, 2 * turn - each.place, each.size) for each in inner if each.learns]
    held = sum(each.size for each in inner if each.again is not None) + sum(life.size for life in between)
    return Peaks(_most([*batch, *forward, *saved, *between, *back, *copies]), held, _most([*batch, *forward]))


def in_turn(runs: Sequence[tuple[Peaks | None, int]]) -> Peaks | None:
    """What networks take that one step runs, each so many times, on a sample that passes one after another.

    When the backward pass is in one of them, all that those before it keep is still there.
    """
    training = saved = evaluation = 0
    for found, times in runs:
        if found is None:
            return None
        training = max(training, saved + (times - 1) * found.saved + found.training)
        saved += times * found.saved
        evaluation = max(evaluation, found.evaluation)
    return Peaks(training, saved, evaluation)


def _kept(node: Node, place: int, own: bool, entering: Iterable[_Tensor], tensor: _Tensor) -> int:
    """Marks what the backward pass of a node reads again; gives how many numbers beside these it keeps."""
    keeps = node.layer.keeps()
    if keeps.input and (own or not keeps.to_learn):
        for each in entering:
            each.read_again(place)
    if keeps.output:
        tensor.read_again(place)
    return round(keeps.between * (volume(node.shape) or 0)) + (node.layer.saved_between(*node.input_shapes) or 0)


def _most(lives: Iterable[_Life]) -> int:
    """The largest sum of what is alive at one moment."""
    changes = sorted(change for life in lives for change in ((life.begin, life.size), (life.end + 1, -life.size)))
    most = now = 0
    for _, change in changes:  # what ends comes before what begins
        now += change
        most = max(most, now)
    return most
