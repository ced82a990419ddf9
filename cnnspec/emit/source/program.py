"""What folding asks of the graph: who uses what, what is shared, and which parts are written out."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from cnnspec.emit.source.names import APPLY, RUNNING, label_of
from cnnspec.emit.source.statements import Function
from cnnspec.graph.graph import Graph, Node
from cnnspec.graph.parts import Part
from cnnspec.language import syntax as s
from cnnspec.layers.base import KerasCall, Shape, as_keras

_ONE_FOR_ALL = {"kernel_size", "strides", "dilation_rate", "pool_size", "size", "padding", "cropping"}


class Unfoldable(Exception):
    """Occurrences that one text cannot stand for; they are written out instead."""


class Program:
    """The graph as the source emitter sees it. Without `fold`, blocks and repetitions are written out."""

    def __init__(self, graph: Graph, *, fold: bool = True) -> None:
        self.graph = graph
        self.nodes = {node.name: node for node in graph.nodes}
        self.users: dict[str, list[str]] = defaultdict(list)
        for node in graph.nodes:
            for name in node.inputs:
                self.users[name].append(node.name)
        self.outputs = set(graph.outputs.values())
        self.roots = {node.shares for node in graph.nodes if node.shares}
        self.functions: dict[int, tuple[Function, int]] = {}
        self.called: set[str] = {"build_model", "keras", "layers", RUNNING, APPLY}
        """The names of functions so far, and of what else the module has: no variable may hide them."""
        self.unrolled: set[int] = set()
        self.inlined: set[int] = set()
        self._insides: dict[int, frozenset[str]] = {}
        self._callees = {label_of(call.name) for node in graph.nodes for call in self.calls(node)}
        self._write_out_what_is_shared()
        self.chains: dict[int, tuple[str, ...]] = {}
        """Entries that are shared as a whole and are layers one after the other: the layers that are made."""
        self.uses: Counter[tuple[str, ...]] = Counter()
        if fold:
            self._find_chains()
        else:
            everything = {id(part) for part, _ in _walk(graph.parts, ())}
            self.inlined, self.unrolled = everything, everything

    def calls(self, node: Node) -> tuple[KerasCall, ...]:
        """The Keras calls of a node."""
        return node.layer.calls(*node.input_shapes)

    def shape_of(self, name: str) -> Shape | None:
        """The shape of a node or an input; None for what lies between the calls of one layer."""
        if name in self.nodes:
            return self.nodes[name].shape
        return self.graph.inputs.get(name)

    def in_use(self, value: Any) -> bool:
        """Whether a value is one that the outputs are computed from."""
        return not isinstance(value, str) or value in self.nodes or value in self.graph.inputs

    def inside(self, part: Part) -> frozenset[str]:
        """The nodes in use that a part made."""
        found = self._insides.get(id(part))
        if found is None:
            own = {name for name in part.nodes if name in self.nodes}
            found = frozenset(own.union(*(self.inside(inner) for parts in part.lists for inner in parts)))
            self._insides[id(part)] = found
        return found

    def wanted_outside(self, names: frozenset[str], but: str) -> list[str]:
        """Those of `names` that something else uses, in order, less the one that is passed on anyhow."""
        return [
            name
            for name in self.nodes
            if name in names
            and name != but
            and (name in self.outputs or any(user not in names for user in self.users[name]))
        ]

    def bears_name(self, name: str) -> bool:
        """Whether a layer may be called `name` beside those that Keras names by itself."""
        return name.rstrip("0123456789").removesuffix("_") not in self._callees and name not in self._callees

    def object_of(self, node: Node, at: int) -> tuple[str, int] | None:
        """The Keras layer of a shared node's call: the node that makes it, and the index of its call there."""
        call = self.calls(node)[at]
        if "." in call.name or not (node.shares or node.name in self.roots):
            return None
        root = self.nodes.get(node.shares or node.name)
        if root is None:
            raise Unfoldable
        same = next((index for index, made in enumerate(self.calls(root)) if made == call), None)
        return (node.name, at) if same is None else (root.name, same)

    def _find_chains(self) -> None:
        """Look for shared entries that a list of layers can stand for."""
        parts = [part for part, _ in _walk(self.graph.parts, ())]
        order = {name: at for at, name in enumerate(self.nodes)}
        shares: dict[tuple[str, ...], list[Part]] = defaultdict(list)
        for part in parts:
            nodes = [self.nodes[name] for name in part.nodes if name in self.nodes]
            if isinstance(part.item, s.Share) and nodes:
                shares[tuple(node.shares or "" for node in nodes)].append(part)
        made = {
            tuple(sorted(self.inside(part), key=order.__getitem__)): part
            for part in reversed(parts)
            if not isinstance(part.item, s.Share) and len(self.inside(part)) > 1
        }
        for roots, some in shares.items():
            entry = made.get(roots)
            times = [sum(node.shares == root for node in self.graph.nodes) for root in roots]
            if entry is None or set(times) != {len(some)} or not self._in_line(roots, entry):
                continue
            if all(self._in_line(tuple(share.nodes), share) for share in some):
                self.chains.update((id(one), roots) for one in (entry, *some))
                self.uses[roots] = len(some)

    def _in_line(self, names: tuple[str, ...], part: Part) -> bool:
        """Whether these nodes are Keras layers, each on the one before, and only the last is used elsewhere."""
        running = part.inputs
        for name in names:
            node = self.nodes.get(name)
            if node is None or node.inputs != running or len(running) != 1:
                return False
            calls = self.calls(node)
            if len(calls) != 1 or "." in calls[0].name or calls[0].of is not None:
                return False
            if self.object_of(node, 0) != (node.shares or name, 0):
                return False
            running = (name,)
        return running == (part.output,) and not self.wanted_outside(frozenset(names), part.output)

    def _write_out_what_is_shared(self) -> None:
        """Mark the blocks and repetitions that hide a layer from where it is shared."""
        where: dict[str, tuple[tuple[bool, int, int], ...]] = {}
        for part, path in _walk(self.graph.parts, ()):
            for name in part.nodes:
                where[name] = path
        for node in self.graph.nodes:
            if node.shares is None:
                continue
            here = set(where[node.name])
            for call, part_id, at in where.get(node.shares, ()):
                if (call, part_id, at) not in here:
                    (self.inlined if call else self.unrolled).add(part_id)


def _walk(
    parts: tuple[Part, ...], path: tuple[tuple[bool, int, int], ...]
) -> Iterator[tuple[Part, tuple[tuple[bool, int, int], ...]]]:
    """Every part with the block calls and the rounds that it stands in."""
    for part in parts:
        yield part, path
        for at, inner in enumerate(part.lists):
            if isinstance(part.item, s.Call | s.Repeat):
                yield from _walk(inner, (*path, (isinstance(part.item, s.Call), id(part), at)))
            else:
                yield from _walk(inner, path)


def default_of(node: Node, call: KerasCall, argument: str) -> Any:
    """What Keras takes for an argument that is not given. Raises `Unfoldable` where that is not known."""
    field = type(node.layer).model_fields.get(argument)
    if call.name != node.layer.keras or field is None or field.is_required():
        raise Unfoldable
    return plain(argument, as_keras(field.get_default(call_default_factory=True)))


def plain(argument: str, value: Any) -> Any:
    """A value as one writes it: 3 for (3, 3)."""
    if argument in _ONE_FOR_ALL and isinstance(value, tuple):
        value = tuple(plain(argument, item) for item in value)
        if value and all(item == value[0] and isinstance(item, int) for item in value):
            return value[0]
    return value


def kind_of(part: Part) -> tuple[Any, ...]:
    """What parts must have in common to be written by one statement."""
    item = part.item
    match item:
        case s.LayerItem():
            return (s.LayerItem, item.cls)
        case s.Call():
            return (s.Call, id(item.library[item.block]), len(part.inputs))
        case s.Residual():
            return (s.Residual, isinstance(item.shortcut, tuple))
        case s.Branches():
            return (s.Branches, len(part.lists))
    return (type(item),)


def signature(parts: tuple[Part, ...], program: Program) -> str:
    """What two lists of parts must have in common to be written once without conditions."""
    return "".join(_signature(part, program) for part in parts)


def _signature(part: Part, program: Program) -> str:
    nodes = [program.nodes[name] for name in part.nodes if name in program.nodes]
    calls = [",".join(call.name for call in program.calls(node)) for node in nodes]
    if isinstance(part.item, s.Call) and id(part) in program.functions:
        inner = [program.functions[id(part)][0].name]
    elif isinstance(part.item, s.Repeat):
        inner = sorted({signature(parts, program) for parts in part.lists})
    else:
        inner = [signature(parts, program) for parts in part.lists]
    return f"<{kind_of(part)}:{calls}:{inner}:{len(part.inputs)}>"
