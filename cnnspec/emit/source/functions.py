"""Which blocks become which functions: one for all calls of a block where one text can stand for them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Set
from typing import Any

from cnnspec.emit.source.fold import Folder
from cnnspec.emit.source.names import RUNNING, fresh, identifier
from cnnspec.emit.source.program import Program, Unfoldable, signature
from cnnspec.emit.source.statements import Function, Hint, Scope
from cnnspec.emit.source.tidy import tidy
from cnnspec.graph.parts import Part
from cnnspec.language import syntax as s
from cnnspec.language.expressions import ExpressionError, is_expression
from cnnspec.language.nodes import ScalarNode
from cnnspec.language.scope import Binding, Failed

_IN_MAIN = ("inputs", "outputs")
"""Variables of `build_model`."""
Calls = dict[int, list[Part]]
"""The calls of each block, by its identity."""


def form(program: Program) -> list[Function]:
    """The functions of every block that is called, callees first; calls that fit none are marked as written out."""
    calls: Calls = defaultdict(list)
    inside: dict[int, set[int]] = defaultdict(set)
    for part, around in _calls(program.graph.parts, ()):
        block = id(_block(part))
        if not program.inside(part) or id(part) in program.inlined:
            program.inlined.add(id(part))
            continue
        calls[block].append(part)
        for outer in around:
            inside[outer].add(block)
    made: list[Function] = []
    for block in _callees_first(calls, inside):
        if block in inside[block]:
            program.inlined.update(id(part) for part in calls[block])
            continue
        made += _functions(program, calls[block])
    return made


def _block(part: Part) -> s.Block:
    assert isinstance(part.item, s.Call)
    return part.item.library[part.item.block]


def _calls(parts: tuple[Part, ...], around: tuple[int, ...]) -> Iterator[tuple[Part, tuple[int, ...]]]:
    """Every call with the blocks around it, in the order of the network."""
    for part in parts:
        within = around
        if isinstance(part.item, s.Call):
            yield part, around
            within = (*around, id(_block(part)))
        for inner in part.lists:
            yield from _calls(inner, within)


def _callees_first(calls: Calls, inside: dict[int, set[int]]) -> Iterator[int]:
    done: set[int] = set()

    def visit(block: int) -> Iterator[int]:
        if block in done:
            return
        done.add(block)
        for inner in calls:
            if inner in inside[block]:
                yield from visit(inner)
        yield block

    for block in calls:
        yield from visit(block)


def _functions(program: Program, parts: list[Part]) -> list[Function]:
    """One function for all calls, or one for each kind of call."""
    try:
        return [_function(program, parts)]
    except Unfoldable:
        kinds: dict[str, list[Part]] = defaultdict(list)
        for part in parts:
            kinds[signature(part.lists[0], program)].append(part)
    made = []
    for some in kinds.values():
        try:
            made.append(_function(program, some))
        except Unfoldable:
            program.inlined.update(id(part) for part in some)
    return made


def _function(program: Program, parts: list[Part]) -> Function:
    block = _block(parts[0])
    named = {name: _given(parts, name) for name in block.parameters}
    scope = Scope(len(parts), named, constants=_Outside(block))
    scope.names |= program.called
    takes = _takes(block, program.called)
    start = {name: {i: part.inputs[at] for i, part in enumerate(parts)} for at, name in enumerate(takes)}
    scope.defaults.update(_computed(program, parts, takes[0]))
    folder = Folder(program, scope, start)
    exports = [program.wanted_outside(program.inside(part), part.output) for part in parts]
    for names in exports:
        folder.keep(names)
    for declared, variable in zip(block.inputs, takes, strict=False):
        folder.known[declared.text] = start[variable]
    folder.want(part.lists[0] for part in parts)
    outputs = {i: part.output for i, part in enumerate(parts)}
    folder.guard(outputs)
    folder.expand({i: part.lists[0] for i, part in enumerate(parts)}, start[takes[0]], RUNNING)
    returned = [folder.find(outputs, RUNNING)]
    kept: list[dict[int, str]] = []
    for i, names in enumerate(exports):
        for name in names:
            if any(held.get(i) == name for held in kept):
                continue
            holder = next((one for one, held in folder.held.items() if held[i] == name), None)
            if holder is None or None in folder.held[holder]:
                raise Unfoldable  # it is not there after every call
            returned.append(holder)
            kept.append({k: value for k, value in enumerate(folder.held[holder]) if value is not None})
    body = tidy(folder.out, returned)
    scope.names |= folder.used
    name = fresh(identifier(block.name), {*program.called, *_IN_MAIN}.__contains__)
    program.called.add(name)
    function = Function(name, scope, takes, body, tuple(returned), kept, _defaults(block), tuple(block.parameters))
    for at, part in enumerate(parts):
        program.functions[id(part)] = function, at
    return function


def _takes(block: s.Block, called: Set[str]) -> tuple[str, ...]:
    """The variables of what a block takes; the running tensor is the first. None hides a function that is `called`."""
    taken = set(called) - {RUNNING}
    names = []
    for at, declared in enumerate(block.inputs or (None,)):
        name = identifier(declared.text, RUNNING if at == 0 else "x_in") if declared else RUNNING
        names.append(fresh(name, taken.__contains__))
        taken.add(names[-1])
    return tuple(names)


def _given(parts: list[Part], name: str) -> list[Any]:
    return [value_of(part.values[0].get(name), name) for part in parts]


def value_of(binding: Any, name: str) -> Any:
    """A parameter's value; None where it has none."""
    if not isinstance(binding, Binding):
        return binding
    try:
        return binding.value(name)
    except (Failed, ExpressionError):
        return None


def _defaults(block: s.Block) -> dict[str, Any]:
    """The defaults that are declared as plain values."""
    return {
        name: node.value
        for name, node in block.parameters.items()
        if isinstance(node, ScalarNode) and not is_expression(node.value)
    }


def _computed(program: Program, parts: list[Part], running: str) -> dict[str, Hint]:
    """The parameters that no call gives and that are computed from others, with the expressions."""
    given = {key.text for part in parts for key, _ in _arguments(part)}
    shapes = [program.shape_of(part.inputs[0]) for part in parts]
    return {
        name: Hint(node.text, {"": (running, shapes)})
        for name, node in _block(parts[0]).parameters.items()
        if name not in given and isinstance(node, ScalarNode) and is_expression(node.value)
    }


def _arguments(part: Part) -> tuple[tuple[ScalarNode, Any], ...]:
    assert isinstance(part.item, s.Call)
    return part.item.arguments.pairs if part.item.arguments else ()


class _Outside(dict[str, Any]):
    """The parameters of the file that declares a block, computed when they are asked for."""

    def __init__(self, block: s.Block) -> None:
        super().__init__()
        self.block = block

    def get(self, name: str, default: Any = None) -> Any:
        """The value of a parameter."""
        binding = self.block.scope.binding(name)
        return default if binding is None else value_of(binding, name)
