"""Layers that are called several times, one after the other in the same way each time → towers, each as one op.

In a network as it was read, `share` names the first op of the same layer, with weights or without.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from typing import TypeAlias

from cnnspec.importing.names import free_name
from cnnspec.importing.network import Network, Op
from cnnspec.importing.tree import WORDS
from cnnspec.layers import LAYERS

Names: TypeAlias = tuple[str, ...]
Calls: TypeAlias = Mapping[str, Names]
"""The ops that do the same with the same weights, by the first of them."""

INPUT = "x"


def collapse(network: Network) -> Network:
    """The network with each tower as one op, its body in it, and every further call of it as a `share`.

    Layers without weights that no tower holds become layers of their own.
    """
    calls = _calls(network)
    towers = [tower for tower in _towers(network, calls) if any(network.ops[name].weighted for name in tower)]
    return _Collapsed(network, calls).with_towers(towers)


def _calls(network: Network) -> dict[str, tuple[str, ...]]:
    """What does the same, call by call: layers with weights, what follows them in the same way without, and the rest.

    The rest are layers without weights that are called several times.
    """
    takers = _takers(network)
    layers: defaultdict[str, list[str]] = defaultdict(list)
    for op in network.ops.values():
        layers[op.share or op.name].append(op.name)
    found: dict[str, tuple[str, ...]] = {}
    taken: set[str] = set()
    for op in network.ops.values():
        if op.name in taken:
            continue
        names = () if op.weighted else _following(network, op, found, takers, taken)
        found[op.name] = names or tuple(name for name in layers[op.share or op.name] if name not in taken)
        taken.update(found[op.name])
    return found


def _following(network: Network, op: Op, calls: Calls, takers: Mapping[str, list[str]], taken: Set[str]) -> Names:
    """An op behind first calls, and one like it behind all others; none where there is not one behind each."""
    operands = [(at, calls[name]) for at, name in enumerate(op.inputs) if len(calls.get(name, ())) > 1]
    if len({len(names) for _, names in operands}) != 1:
        return ()
    alike = [op.name]
    for call in range(1, len(operands[0][1])):
        others = (network.ops[name] for name in takers[operands[0][1][call]] if name and name not in taken)
        same = (each for each in others if _likeness(each) == _likeness(op) and each.name not in alike)
        found = (each.name for each in same if all(each.inputs[at] == names[call] for at, names in operands))
        alike += [*found][:1]
    return tuple(alike) if len(alike) == len(operands[0][1]) else ()


def _likeness(op: Op) -> tuple[object, ...]:
    return op.entry, repr(op.arguments), len(op.inputs), op.weighted, op.gap


def _takers(network: Network) -> Mapping[str, list[str]]:
    """The ops that take each tensor; for an output of the network, one without a name, too."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for op in network.ops.values():
        for name in op.inputs:
            found[name].append(op.name)
    for name in network.outputs.values():
        found[name].append("")
    return found


def _towers(network: Network, calls: Calls) -> list[list[str]]:
    """The first calls of each tower, its last op first; each layer that is called several times is in one of them."""
    takers = _takers(network)
    towers: list[list[str]] = []
    free = {first: None for first, names in calls.items() if len(names) > 1}
    for last in reversed(list(calls)):
        if last not in free or not _ends(network, calls[last]):
            continue
        inside = [last]
        tower = inside[:]
        for first in reversed(list(free)[: list(free).index(last)]):
            if len(calls[first]) == len(calls[last]) and _only_in(inside, calls[first], calls, takers):
                inside.append(first)
                if len(_outside(network, inside, calls)) == 1:
                    tower = inside[:]
        for first in tower:
            del free[first]
        towers.append(tower)
    return towers


def _ends(network: Network, names: Names) -> bool:
    """Whether a tower may end in ops: in calls of one layer, or in merges that are alike."""
    return any(network.ops[name].share or len(network.ops[name].inputs) > 1 for name in names)


def _only_in(inside: Sequence[str], names: Sequence[str], calls: Calls, takers: Mapping[str, list[str]]) -> bool:
    """Whether what each call makes goes nowhere but into the same call of the layers in `inside`."""
    for at, name in enumerate(names):
        here = {calls[first][at] for first in inside}
        if not takers[name] or not here.issuperset(takers[name]):
            return False
    return True


def _outside(network: Network, inside: Sequence[str], calls: Calls) -> set[tuple[str, ...]]:
    """What the ops take from outside: for each such tensor, those of all calls; several where the calls differ."""
    found: set[tuple[str, ...]] = set()
    for first in inside:
        operands = zip(*(network.ops[name].inputs for name in calls[first]), strict=True)
        for names in operands:
            if not any(names == calls[other] for other in inside):
                found.add(names)
    return found


class _Collapsed:
    """A network in which towers become ops."""

    def __init__(self, network: Network, calls: Calls) -> None:
        self.network = network
        self.calls = calls
        self.ops = dict(network.ops)
        self.names = {*network.ops, *network.inputs}
        self.renamed: dict[str, str] = {}

    def with_towers(self, towers: Sequence[Sequence[str]]) -> Network:
        """The network with these towers; their last ops come first in each."""
        held = {name for tower in towers if len(tower) == 1 for name in self.calls[tower[0]]}
        self.ops = {name: op if name in held else replace(op, share=None) for name, op in self.ops.items()}
        for tower in [tower for tower in reversed(towers) if len(tower) > 1]:
            self.put(tower)
        ops = {}
        for name, op in self.ops.items():
            label = self.renamed.get(name, name)
            inputs = tuple(self.renamed.get(each, each) for each in op.inputs)
            ops[label] = replace(op, name=label, inputs=inputs, share=op.share and self.renamed.get(op.share, op.share))
        outputs = {key: self.renamed.get(name, name) for key, name in self.network.outputs.items()}
        return replace(self.network, ops=ops, outputs=outputs)

    def put(self, tower: Sequence[str]) -> None:
        """Put one op in the place of each call of a tower."""
        network, last = self.network, tower[0]
        members = [name for name in network.ops if name in tower]
        (outside,) = _outside(network, tower, self.calls)
        block = self.block(members)
        bodies = {name: self.ops[name] for name in members}
        label = INPUT
        while label in bodies:
            label += "_"
        for name, op in bodies.items():
            inputs = tuple(label if each == outside[0] else each for each in op.inputs)
            bodies[name] = replace(op, inputs=inputs)
        body = Network(block, {label: network.shape_of(outside[0])}, bodies, {"output": last})
        for at, name in enumerate(self.calls[last]):
            share = last if at else None
            for first in tower[1:]:
                del self.ops[self.calls[first][at]]
            self.ops[name] = replace(
                self.ops[name], entry=block, arguments={}, inputs=(outside[at],), share=share, body=body
            )
            self.renamed[name] = self.free(block) if at else block

    def block(self, members: Sequence[str]) -> str:
        """A name for a tower: what the names of its layers begin with, where they have dots."""
        starts = [name.split(".")[:-1] for name in members]
        common = [words[0] for words in zip(*starts, strict=False) if len(set(words)) == 1]
        base = re.sub(r"\W", "_", common[-1]) if common else "tower"
        base = base if base.isidentifier() and base not in LAYERS and base not in WORDS else "tower"
        return self.free(base)

    def free(self, base: str) -> str:
        """A name like `base` that is not taken yet."""
        label = free_name(base, self.names)
        self.names.add(label)
        return label
