"""Which tensor each variable holds at each occurrence, and the statements that were written.

A statement is written only where one variable holds what it takes at every occurrence; else `Unfoldable` is raised,
and the occurrences are written out. What is written is right by construction.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from cnnspec.emit.source.names import RUNNING, fresh
from cnnspec.emit.source.program import Program, Unfoldable
from cnnspec.emit.source.statements import ABSENT, Column, Copy, Hint, Scope, Statement
from cnnspec.graph.parts import Part
from cnnspec.language.expressions import is_expression
from cnnspec.language.nodes import Node as Text
from cnnspec.language.nodes import ScalarNode

Value: TypeAlias = Any
"""What a variable holds: a node's name, a node's name with the index of a call in it, or a layer `("layer", …)`."""
Values: TypeAlias = dict[int, Value]
"""One for each occurrence."""
Parts: TypeAlias = Mapping[int, Part]
Lists: TypeAlias = Mapping[int, tuple[Part, ...]]

_UNKNOWN = "?"
_SIZES = re.compile(r"(?:([A-Za-z_][\w.]*)\.)?\b(channels|height|width)\b")


class Holding:
    """What each variable holds at each occurrence, and the statements so far."""

    def __init__(self, program: Program, scope: Scope, start: Mapping[str, Values], *, top: bool = False) -> None:
        self.program, self.scope, self.top = program, scope, top
        self.active = tuple(range(scope.size))
        self.held: dict[str, list[Value]] = {
            name: [values[i] for i in range(scope.size)] for name, values in start.items()
        }
        self.wanted: Counter[Value] = Counter()
        """How often a value is still to be taken by its name."""
        self.kept: Counter[tuple[int, Value]] = Counter()
        """How often an occurrence is still to take a value, which the structure that it is in needs."""
        self.known: dict[str, Values] = {}
        self.out: list[Statement] = []
        self.busy: set[str] = {RUNNING}
        self.reserved: set[str] = set(scope.named)
        self.assigned: set[str] = set()
        self.used: set[str] = set(start)
        self.lenient = False

    def find(self, values: Values, first: str | None = None) -> str:
        """The variable that holds `values` at every occurrence at hand; any will do for what nothing uses."""
        names = [*([first] if first in self.held else []), *reversed(self.held)]
        needed = {i: self.program.in_use(values[i]) for i in self.active}
        for name in names:
            held = self.held[name]
            if all(held[i] == values[i] if needed[i] else held[i] is not None for i in self.active):
                return name
        if self.lenient:
            return _UNKNOWN
        raise Unfoldable

    def holding(self, values: Values) -> str | None:
        """The variable that holds `values`, if there is one."""
        try:
            found = self.find(values, RUNNING)
        except Unfoldable:
            return None
        return None if found == _UNKNOWN else found

    def keep(self, values: Iterable[Value], count: int = 1) -> None:
        """Keep `values` in a variable: they are to be used `count` more times."""
        for value in values:
            self.wanted[value] += count

    def release(self, values: Iterable[Value]) -> None:
        """`values` have been used."""
        self.keep(values, -1)

    def guard(self, values: Values, count: int = 1) -> None:
        """Keep the values of the occurrences at hand for the structure that is being written."""
        for i in self.active:
            self.kept[i, values[i]] += count

    def clobbers(self, name: str, values: Values | None = None) -> bool:
        """Whether something that is still to be used is lost when `name` is assigned."""
        if name not in self.held:
            return False
        for i in self.active:
            old = self.held[name][i]
            if (
                old is None
                or ((self.lenient or self.wanted[old] <= 0) and self.kept[i, old] <= 0)
                or (values is not None and values[i] == old)
            ):
                continue
            if not any(held[i] == old for other, held in self.held.items() if other != name):
                return True
        return False

    def fresh(self, label: str) -> str:
        """A variable called `label`, or nearly so, whose value nothing needs."""
        return fresh(
            label, lambda name: name in self.busy or name in self.reserved or self._hides(name) or self.clobbers(name)
        )

    def _hides(self, name: str) -> bool:
        """Whether a variable of this name would hide a function."""
        return name != RUNNING and name in self.program.called

    def assign(self, target: str, values: Values, label: str | None = None, *, alias: bool = False) -> str:
        """Let `target` hold `values`, or another variable where it must not be lost; returns which."""
        if self._hides(target) or self.clobbers(target, values):
            target = self.fresh(label or target)
        held = self.held.pop(target, None) or [None] * self.scope.size
        held = list(held)
        for i in self.active:
            held[i] = values[i]
        if alias:
            self.held = {target: held, **self.held}
        else:
            self.held[target] = held
        self.assigned.add(target)
        self.used.add(target)
        return target

    def hold(self, values: Values, target: str) -> None:
        """See to it that `target` holds `values`."""
        source = self.find(values, target)
        if source == target:
            return
        if self.clobbers(target, values):
            if not self.lenient:
                raise Unfoldable
            return
        self.assign(target, values)
        self.out.append(Copy(target, source))

    def within(self, active: Iterable[int], run: Callable[[], Any]) -> tuple[list[Statement], Any]:
        """What `run` writes for some of the occurrences, and what it returns."""
        before = self.out, self.active
        self.out, self.active = [], tuple(active)
        try:
            result = run()
            return self.out, result
        finally:
            self.out, self.active = before

    def column(self, values: Mapping[int, Any], label: str, hint: Hint | None = None, default: Any = ABSENT) -> Column:
        """A constant with its value at each occurrence."""
        return Column(tuple(values.get(i, ABSENT) for i in range(self.scope.size)), label, hint, default)

    def hint(self, text: Text | None, running: Values | None, *, negated: bool = False) -> Hint | None:
        """The spec's text for a value, with the tensors whose sizes it asks for."""
        if not isinstance(text, ScalarNode) or not is_expression(text.value):
            return None
        sizes = {}
        for entry, _ in _SIZES.findall(text.text):
            values = self.known.get(entry) if entry else running
            variable = self.holding(values) if values and all(i in values for i in self.active) else None
            if values is not None and variable is not None:
                shapes = [self.program.shape_of(values[i]) if i in values else None for i in range(self.scope.size)]
                sizes[entry] = (variable, shapes)
        return Hint(text.text, sizes, negated)

    def snapshot(self) -> Any:
        return (
            dict(self.held),
            Counter(self.wanted),
            Counter(self.kept),
            len(self.out),
            dict(self.known),
            set(self.busy),
            self.out,
        )

    def restore(self, snapshot: Any) -> None:
        held, wanted, kept, length, known, busy, out = snapshot
        self.kept = Counter(kept)
        self.held, self.wanted, self.known, self.busy = dict(held), Counter(wanted), dict(known), set(busy)
        self.out = out
        del self.out[length:]
