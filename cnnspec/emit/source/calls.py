"""The Keras calls of layers as statements; those that only some occurrences have stand under a condition."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from typing import Any

from cnnspec.emit.source.holding import Holding, Value, Values
from cnnspec.emit.source.names import identifier, label_of
from cnnspec.emit.source.program import Unfoldable, default_of, plain
from cnnspec.emit.source.statements import Column, If, Op, Style
from cnnspec.graph.graph import Node
from cnnspec.language.nodes import Node as Text
from cnnspec.layers.base import INPUT, KerasCall, main_call


class Calls(Holding):
    """Writes the calls of a layer at all occurrences."""

    def node(
        self,
        nodes: Mapping[int, Node],
        target: str,
        goal: str,
        text_of: Callable[[str], Text | None] = lambda name: None,
        name: str | None = None,
    ) -> None:
        """The Keras calls of one layer, those that only some occurrences have under a condition."""
        if not nodes:
            return
        if len(nodes) < len(self.active):
            raise Unfoldable
        calls = {i: self.program.calls(node) for i, node in nodes.items()}
        steps = _aligned(calls)
        optional = any(len(step) < len(nodes) for step in steps)
        inputs = {i: _inputs(calls[i], node) for i, node in nodes.items()}
        for i, listed in inputs.items():
            self.kept.update((i, value) for taken in listed for value in taken)
        running = {i: node.inputs[0] for i, node in nodes.items()}
        source = dict(running)
        main = main_call(next(iter(calls.values())))
        for number, step in enumerate(steps):
            final = number == len(steps) - 1
            to = goal if optional or final else target
            some = len(step) < len(nodes)
            if some:
                self.hold(running, to)
            result = {i: _result(nodes[i], at, len(calls[i])) for i, at in step.items()}
            taken = {i: inputs[i][at] for i, at in step.items()}
            hinted = running == source
            bears = name if name and len(nodes) == 1 and next(iter(step.values())) == main else None

            def run(
                step: dict[int, int] = step,
                result: Values = result,
                taken: dict[int, tuple[Value, ...]] = taken,
                to: str = to,
                hinted: bool = hinted,
                bears: str | None = bears,
            ) -> None:
                self._op(nodes, calls, step, taken, result, to, text_of, source if hinted else None, bears)

            body, _ = self.within(step, run)
            if some:
                callee = next(calls[i][at].name for i, at in step.items())
                self.out.append(If(self.column({i: i in step for i in nodes}, _flag(callee)), body, []))
            else:
                self.out.extend(body)
            running = {**running, **result}

    def _op(
        self,
        nodes: Mapping[int, Node],
        calls: Mapping[int, tuple[KerasCall, ...]],
        step: Mapping[int, int],
        taken: Mapping[int, tuple[Value, ...]],
        result: Values,
        target: str,
        text_of: Callable[[str], Text | None],
        running: Values | None,
        name: str | None,
    ) -> None:
        """One Keras call."""
        some = {i: calls[i][at] for i, at in step.items()}
        call = next(iter(some.values()))
        counts = {len(values) for values in taken.values()}
        if len(counts) > 1:
            raise Unfoldable
        count = counts.pop()
        variables = tuple(self.find({i: values[at] for i, values in taken.items()}, target) for at in range(count))
        callee = f"keras.{call.name}" if "." in call.name else f"layers.{call.name}"
        style: Style = "function" if "." in call.name else "each" if call.separate or count == 1 else "list"
        kwargs = self._kwargs(nodes, some, text_of, running)
        made = self._shared(nodes, step, callee, kwargs, name)
        for i, values in taken.items():
            self.kept.subtract((i, value) for value in values)
        layer = next(iter(nodes.values())).layer
        to = self.assign(target, result, identifier(layer.entry) if call.name == layer.keras else label_of(call.name))
        if made is not None:
            self.out.append(Op(to, callee, {}, variables, style, made=made))
        else:
            self.out.append(Op(to, callee, kwargs, variables, style, name))

    def _kwargs(
        self,
        nodes: Mapping[int, Node],
        calls: Mapping[int, KerasCall],
        text_of: Callable[[str], Text | None],
        running: Values | None,
    ) -> dict[str, Column]:
        kwargs = {}
        for argument in dict.fromkeys(key for call in calls.values() for key in call.kwargs):
            values = {
                i: plain(argument, call.kwargs[argument])
                if argument in call.kwargs
                else default_of(nodes[i], call, argument)
                for i, call in calls.items()
            }
            if argument not in ("pool_size", "size") and all(
                _is_default(nodes[i], call, argument, values[i]) for i, call in calls.items()
            ):
                continue
            hint = self.hint(text_of(argument), running)
            kwargs[argument] = self.column(values, argument, hint)
        return kwargs

    def _shared(
        self,
        nodes: Mapping[int, Node],
        step: Mapping[int, int],
        callee: str,
        kwargs: dict[str, Column],
        name: str | None,
    ) -> str | None:
        """The variable of a shared layer, which is made here if this is its first use."""
        objects = {i: self.program.object_of(nodes[i], at) for i, at in step.items()}
        if not any(objects.values()):
            return None
        values = {i: ("layer", *made) for i, made in objects.items() if made}
        if len(values) < len(step):
            raise Unfoldable
        new = {made is not None and made[0] == nodes[i].name for i, made in objects.items()}
        if len(new) > 1:
            raise Unfoldable
        if new == {False}:
            self.release(values.values())
            return self.find(values)
        for i, value in values.items():
            self.wanted[value] += sum(node.shares == nodes[i].name for node in self.program.graph.nodes)
        first = next(iter(nodes.values()))
        named = first.name.rpartition(".")[2]
        label = identifier(named if named != first.layer.entry else label_of(callee))
        variable = self.assign(self.fresh(label if label not in self.held else f"{label}_layer"), values)
        self.out.append(Op(variable, callee, kwargs, (), "make", name))
        return variable


def _is_default(node: Node, call: KerasCall, argument: str, value: Any) -> bool:
    try:
        return repr(default_of(node, call, argument)) == repr(value)
    except Unfoldable:
        return False


def _flag(callee: str) -> str:
    """A parameter's name for whether a call is made."""
    return "pad" if callee == "ops.pad" or callee.startswith("ZeroPadding") else label_of(callee)


def _inputs(calls: tuple[KerasCall, ...], node: Node) -> list[tuple[Value, ...]]:
    """What each call takes."""
    taken: list[tuple[Value, ...]] = []
    for at, call in enumerate(calls):
        if call.of is None:
            taken.append((_result(node, at - 1, len(calls)),) if at else node.inputs)
        else:
            sources = [node.inputs if k == INPUT else (_result(node, k, len(calls)),) for k in call.of]
            taken.append(tuple(value for values in sources for value in values))
    return taken


def _result(node: Node, at: int, count: int) -> Value:
    return node.name if at == count - 1 else (node.name, at)


def _aligned(calls: Mapping[int, tuple[KerasCall, ...]]) -> list[dict[int, int]]:
    """The steps of all occurrences in one order: for each, which call it is of whom."""
    forms = {i: tuple((call.name, call.of, call.separate) for call in listed) for i, listed in calls.items()}
    kinds = list(dict.fromkeys(forms.values()))
    if len(kinds) > 1 and any(of is not None for form in kinds for _, of, _ in form):
        raise Unfoldable
    order = kinds[0]
    for form in kinds[1:]:
        merged: list[Any] = []
        for what, a, b, c, d in difflib.SequenceMatcher(None, order, form, autojunk=False).get_opcodes():
            merged += order[a:b]
            merged += form[c:d] if what != "equal" else ()
        order = tuple(merged)
    steps: list[dict[int, int]] = [{} for _ in order]
    for i, form in forms.items():
        at = 0
        for number, kind in enumerate(order):
            if at < len(form) and form[at] == kind:
                steps[number][i] = at
                at += 1
        if at < len(form):
            raise Unfoldable
    return [step for step in steps if step]
