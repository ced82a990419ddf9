"""Structures: branches, repetitions, conditions and blocks, expanded on a running tensor."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from cnnspec.graph.cases import Taken
from cnnspec.graph.growing import Place
from cnnspec.graph.tensors import Known, Names, Tensor, unknown
from cnnspec.language import limits
from cnnspec.language import syntax as s
from cnnspec.language.diagnostics import Fix, Related
from cnnspec.language.entries import Invalid, Problem, read_entry, shown
from cnnspec.language.expressions import is_expression
from cnnspec.language.hints import hint
from cnnspec.language.items import ItemParser
from cnnspec.language.nodes import MappingNode, Node, ScalarNode, SequenceNode, head
from cnnspec.language.problems import diagnose
from cnnspec.language.scope import Binding, Environment, Failed, Scope, traced
from cnnspec.language.spans import Span
from cnnspec.language.structures import parameter_of, paths_of
from cnnspec.language.suggest import did_you_mean
from cnnspec.layers.base import LAYERS, Layer

if TYPE_CHECKING:
    from cnnspec.graph.elaborate import Elaborator


def branches(graph: Elaborator, item: s.Branches, running: Tensor, place: Place) -> Tensor:
    """Every path from the running tensor, then the merge of their ends."""
    if isinstance(item.paths, s.Splice):
        held = _held(graph, item.paths, place)
        if held is None:
            return unknown(item.head.span)
        parser = ItemParser(LAYERS, held.scope.blocks, graph.diagnostics)
        paths: Sequence[s.Items] = [parser.items(path) for path in paths_of(held.node, graph.diagnostics)]
        inside = place._replace(scope=held.scope)
    else:
        paths, inside = item.paths, place
    ends = [graph.expand(path, running, inside.nested()) for path in paths]
    try:
        value = "concatenate" if item.merge is None else graph.environment(place, running).evaluate(item.merge)
        merge = read_entry(value, LAYERS)
    except Failed:
        return unknown(item.head.span)
    except Invalid as invalid:
        assert item.merge is not None
        for problem in invalid.problems:
            graph.diagnostics.add(diagnose(problem, item.merge, calls=place.calls, scope=place.scope))
        return unknown(item.head.span)
    if not isinstance(merge, Layer) or not merge.merges:
        assert item.merge is not None
        merges = ", ".join(f"`{name}`" for name, cls in LAYERS.items() if getattr(cls, "merges", False))
        graph.error(
            "bad-choice",
            f"`{merge.entry}` merges nothing",
            head(item.merge),
            place.calls,
            help=f"write one of {merges}",
        )
        return unknown(item.head.span)
    if len(ends) == 1:
        return ends[0]
    text = item.merge or item.head.node
    return graph.add(merge, ends, text, head(item.merge) if item.merge else item.head.span, place) or unknown(
        item.head.span
    )


def repeat(graph: Elaborator, item: s.Repeat, running: Tensor, place: Place, name: str | None) -> Tensor:
    """The layers, as often as `times` says or once for each value of `over`. Names of one round hold in later ones."""
    node = item.times or item.over
    assert node is not None
    environment = graph.environment(place, running)
    try:
        value = environment.evaluate(node)
    except Failed:
        return unknown(item.head.span)
    counted = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    if not (counted if item.times is not None else isinstance(value, tuple)):
        word, kind, wanted = ("over", "list", "a list")
        if item.times is not None:
            word, kind, wanted = ("times", "number", "a whole number from 0")
        key = item.head.node.pairs[0][0].text if isinstance(item.head.node, MappingNode) else "repeat"
        message = f"`{word}` takes {wanted}, not {shown(value)}"
        help, sure = hint(value, kind, word), None
        if isinstance(value, str) and value in place.scope:
            sure, help = f"${value}", f"write `${value}`"
        elif word == "over" and counted and isinstance(node, ScalarNode) and node.value == value:
            help = f"write `times: {value}`, or a list: `over: [{value}]`"
        problem = Problem("wrong-type", message, (key, word), help=help, replacement=sure)
        found = diagnose(problem, item.head.node, calls=place.calls, scope=place.scope, environment=environment)
        if id(item) not in graph.refused:
            graph.diagnostics.add(found)
        graph.refused.add(id(item))
        return unknown(item.head.span)
    rounds: Sequence[Any] = range(value) if item.times is not None else value
    carried = Names(place.names)
    source = traced(node, place.scope)
    count = value if item.times is not None else len(rounds)
    for at, values in enumerate(rounds):
        graph.count(item.head.span, place.calls)
        scope = place.scope
        row = _item(source.node, at) or source.node
        bound = _bind(graph, item, values, head(row), place) if item.names else {}
        if bound is None:
            return unknown(item.head.span)
        if bound:
            scope = Scope(dict(_bindings(bound, row, item.single, source.environment or environment)), scope)
        names = Names(carried)
        inner = [names]
        graph.recorder.given(bound)
        running = graph.expand(item.layers, running, place._replace(scope=scope, names=names, inner=inner))
        carried.own.update(names.own)
        carried.inside.update(names.inside)
        if place.inner is not None:
            place.inner.extend(inner)
        if name is not None:
            place.names.inside[f"{name}.{at}"] = inner
        graph.expect((count - 1) * (1 + len(item.layers)), head(node), place.calls)
    return running


def _bind(graph: Elaborator, item: s.Repeat, values: Any, span: Span, place: Place) -> dict[str, Any] | None:
    """The names of one round with their values."""
    if item.single:
        return {item.names[0].text: values}
    if not isinstance(values, tuple) or len(values) != len(item.names):
        names = ", ".join(name.text for name in item.names)
        given = f"a list of {len(values)} value{'s' * (len(values) != 1)}" if isinstance(values, tuple) else "one value"
        wanted = f"{len(item.names)} names" if len(item.names) > 1 else "a list of one name"
        graph.error(
            "repeat-values",
            f"{given} for {wanted} ({names})",
            span,
            place.calls,
            related=[Related("the names", name.span) for name in item.names[:1]],
            help=f"write `as: {names}`" if len(item.names) == 1 else f"write a list of {len(item.names)} values",
        )
        return None
    return {name.text: value for name, value in zip(item.names, values, strict=True)}


def _bindings(
    bound: dict[str, Any], row: Node, single: bool, environment: Environment
) -> Iterator[tuple[str, Binding]]:
    """The names of one round with their values, and where the list of values gives them."""
    for at, (name, value) in enumerate(bound.items()):
        node = row if single else _item(row, at)
        yield name, Binding(node, environment, value) if isinstance(node, ScalarNode) else Binding(known=value)


def _item(node: Node, at: int) -> Node | None:
    """An item of a list that is written out."""
    return node.items[at] if isinstance(node, SequenceNode) and at < len(node.items) else None


def when(graph: Elaborator, item: s.When, running: Tensor, place: Place) -> Tensor:
    """The layers of one of two ways."""
    try:
        value = graph.environment(place, running).evaluate(item.condition)
    except Failed:
        return unknown(item.head.span)
    if not isinstance(value, bool):
        graph.error(
            "wrong-type",
            f"`condition` takes `true` or `false`, not {shown(value)}",
            head(item.condition),
            place.calls,
            help=_condition(value),
            fix=_compared(item.condition, value),
        )
        return unknown(item.head.span)
    return graph.expand(item.layers if value else item.otherwise, running, place.nested())


def _compared(node: Node, value: Any) -> Fix | None:
    """The text of a condition as an expression."""
    help = _condition(value)
    written = isinstance(node, ScalarNode) and node.text == value and help.startswith("write `$(")
    return Fix(head(node), f"$({value})") if written else None


def _condition(value: Any) -> str:
    words = isinstance(value, str) and re.search(r"[<>=]|\b(and|or|not|in)\b", value)
    return f"write `$({value})`" if words else hint(value, "truth", "condition") or "compare: `$(strides > 1)`"


def call(
    graph: Elaborator, item: s.Call, inputs: tuple[Tensor, ...], place: Place, outside: Place, name: str | None
) -> Tensor:
    """A block: its layers, in a scope of its own with the arguments bound, on the first of its inputs."""
    block = item.library[item.block]
    if block.recursive:
        return unknown(item.head.span)
    running = inputs[0]
    caller = graph.environment(outside, running)
    bindings = {key.text: Binding(value, caller) for key, value in item.arguments.pairs} if item.arguments else {}
    scope = Scope(bindings, block.scope)
    names = place.collect(Names())
    for declared, tensor in zip(block.inputs, inputs, strict=False):
        names.own[declared.text] = Known(tensor, declared.span)
    calls = (*place.calls, item.head.span)
    taken = tuple(tensor.node for tensor in inputs)
    graph.callers[item.head.span] = Taken(item.head.inputs, taken, outside.names, len(graph.nodes))
    inside = Environment(scope, graph.diagnostics, running.running, names.running, calls)
    for parameter, default in block.parameters.items():
        if parameter not in bindings and default is not None:
            bindings[parameter] = Binding(default, inside)
    prefix = ".".join((*outside.group, ""))
    group = graph.unique.take(prefix + (name or block.name))[len(prefix) :]
    graph.recorder.given(bindings)
    return graph.expand(block.layers, running, Place(scope, names, calls, (*outside.group, group), place.inner))


class _Held(NamedTuple):
    """A list that a parameter holds, with the scope of who gave it."""

    node: SequenceNode
    scope: Scope


def splice(graph: Elaborator, item: s.Splice, running: Tensor, place: Place) -> Tensor:
    """The list of layers that a parameter holds, in the scope of who gave it."""
    held = _held(graph, item, place)
    if held is None:
        return unknown(item.head.span)
    if id(held.node) not in graph.spliced:
        parser = ItemParser(LAYERS, held.scope.blocks, graph.diagnostics)
        graph.spliced[id(held.node)] = held.node, parser.items(held.node)
    _, items = graph.spliced[id(held.node)]
    return graph.expand(items, running, place._replace(scope=held.scope, names=place.collect(Names())))


def _held(graph: Elaborator, item: s.Splice, place: Place) -> _Held | None:
    """The list that a parameter holds; None where it is none, which is said."""
    if not item.parameter.isidentifier():
        message = "layers cannot be computed"
        write = "write a list of layers, or the parameter that holds one, as in `$body`"
        graph.error("wrong-type", message, item.head.span, place.calls, help=write)
        return None
    binding, seen = place.scope.binding(item.parameter), 0
    if binding is None and place.scope.unread:
        return None
    if binding is None:
        help = did_you_mean(item.parameter, place.scope) or "declare it under `parameters:`"
        message = f"no parameter is called `{item.parameter}`"
        graph.error("unknown-parameter", message, item.head.span, place.calls, help=help)
        return None
    while isinstance(binding.node, ScalarNode) and is_expression(binding.node.value) and seen < limits.DEPTH:
        below = binding.environment.scope.binding(parameter_of(binding.node.text)) if binding.environment else None
        if below is None:
            break
        binding, seen = below, seen + 1
    if binding.failed:
        return None
    node = binding.node
    if isinstance(node, SequenceNode) and binding.environment is not None:
        return _Held(node, binding.environment.scope)
    message = f"`${item.parameter}` holds no list of layers"
    related = [Related("its value", head(node))] if node is not None else []
    entry = isinstance(node, ScalarNode) and isinstance(node.value, str) and not is_expression(node.value)
    hinted = f"write a list, `[{node.text}]`" if entry and isinstance(node, ScalarNode) else None
    graph.error("wrong-type", message, item.head.span, place.calls, related=related, help=hinted)
    return None
