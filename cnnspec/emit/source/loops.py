"""Repetitions as loops: one text for all rounds of all occurrences."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from cnnspec.emit.source.calls import Calls
from cnnspec.emit.source.holding import Lists, Parts, Value, Values
from cnnspec.emit.source.program import Unfoldable, signature
from cnnspec.emit.source.statements import For, Scope, Statement
from cnnspec.graph.parts import Part
from cnnspec.language import syntax as s


class Loops(Calls, ABC):
    """Writes loops; `expand` writes what is in them."""

    @abstractmethod
    def expand(self, lists: Lists, running: Values, target: str) -> Values:
        """The statements of a list of entries."""

    def repeat(self, item: s.Repeat, parts: Parts, running: Values, target: str) -> None:
        """A loop; rounds that one text cannot stand for are written out."""
        rounds = {i: part.lists for i, part in parts.items()}
        values = {i: part.values for i, part in parts.items()}
        most = max(map(len, rounds.values()))
        before = self.snapshot()
        if (most > 1 or len({len(lists) for lists in rounds.values()}) > 1) and not any(
            id(part) in self.program.unrolled for part in parts.values()
        ):
            try:
                self._loop(item, rounds, values, running, target, whole=True)
                return
            except Unfoldable:
                self.restore(before)
        if len({len(lists) for lists in rounds.values()}) > 1:
            raise Unfoldable
        kinds = [{i: signature(lists[at], self.program) for i, lists in rounds.items()} for at in range(most)]
        start = 0
        while start < most:
            stop = start + 1
            while stop < most and kinds[stop] == kinds[start]:
                stop += 1
            some = {i: lists[start:stop] for i, lists in rounds.items()}
            given = {i: listed[start:stop] for i, listed in values.items()}
            before = self.snapshot()
            folded = False
            if (
                stop - start > 1
                and stop - start < most
                and not any(id(p) in self.program.unrolled for p in parts.values())
            ):
                try:
                    running = self._loop(item, some, given, running, target, whole=False)
                    folded = True
                except Unfoldable:
                    self.restore(before)
            if not folded:
                for at in range(stop - start):
                    running = self.expand({i: lists[at] for i, lists in some.items()}, running, target)
            start = stop

    def _loop(
        self,
        item: s.Repeat,
        rounds: Mapping[int, tuple[tuple[Part, ...], ...]],
        values: Mapping[int, Sequence[Mapping[str, Any]]],
        running: Values,
        target: str,
        *,
        whole: bool,
    ) -> Values:
        """One text for all rounds: tried once to see what it assigns, then written with what is carried round."""
        self.hold(running, target)
        index = [(i, at) for i in self.active for at in range(len(rounds[i]))]
        if not index:
            return running
        names = [name.text for name in item.names]
        named = {name: [values[i][at].get(name) for i, at in index] for name in names}
        outer, active, before, lenient = self.scope, self.active, dict(self.held), self.lenient
        times = self.hint(item.times, running) if whole else None
        over = self.hint(item.over, running) if whole else None
        starts: Values = {}
        last = dict(running)
        for k, (i, at) in enumerate(index):
            starts[k] = last[i]
            last[i] = ends({0: rounds[i][at]}, {0: last[i]})[0]
        lists = {k: rounds[i][at] for k, (i, at) in enumerate(index)}
        entry = {name: [held[i] for i, _ in index] for name, held in before.items()}
        entry[target] = [starts[k] for k in range(len(index))]
        around: dict[int, dict[Value, int]] = {}
        for (i, value), count in self.kept.items():
            around.setdefault(i, {})[value] = count
        kept = self.kept
        snapshot = self.snapshot()
        reserved, assigned = set(self.reserved), set(self.assigned)

        def run(entry: dict[str, list[Value]], lenient: bool) -> tuple[list[Statement], set[str], Scope]:
            scope = Scope(len(index), named, outer, [i for i, _ in index])
            self.scope, self.held, self.lenient = scope, entry, lenient
            self.kept = Counter({(k, v): n for k, (i, _) in enumerate(index) for v, n in around.get(i, {}).items()})
            self.assigned = set()
            self.reserved = reserved | set(names)
            known = {
                name: {k: ids[i] for k, (i, _) in enumerate(index) if i in ids} for name, ids in self.known.items()
            }
            outside, self.known = self.known, known

            def body() -> None:
                end = self.expand(lists, starts, target)
                self.hold(end, target)

            try:
                statements, _ = self.within(range(len(index)), body)
            finally:
                self.known = outside
            return statements, set(self.assigned), scope

        try:
            places = {place: k for k, place in enumerate(index)}
            body, changed, scope = run(entry, True)
            exits = {name: self.held[name] for name in changed if name in self.held}
            for _ in range(2):
                tried = exits
                self.restore(snapshot)
                before = dict(self.held)
                entry = {}
                for name in dict.fromkeys((*before, *tried)):
                    held = before.get(name) or [None] * outer.size
                    if name == target:
                        entry[name] = [starts[k] for k in range(len(index))]
                    elif name in tried:
                        entry[name] = [tried[name][places[i, at - 1]] if at else held[i] for i, at in index]
                    else:
                        entry[name] = [held[i] for i, _ in index]
                body, again, scope = run(entry, lenient)
                exits = {name: self.held[name] for name in again if name in self.held}
                if exits == tried:
                    break
        finally:
            self.scope, self.active = outer, active
            self.reserved, self.lenient, self.kept = reserved, lenient, kept
        if not lenient and exits != tried:
            raise Unfoldable
        self.assigned = assigned | again
        self.held = {}
        for name, held in before.items():
            self.held[name] = list(held)
        for name, exit in exits.items():
            held = self.held.pop(name, [None] * outer.size)
            for k, (i, _) in enumerate(index):
                held[i] = exit[k]
            self.held[name] = held
        self._check_nothing_lost(rounds)
        if names and whole:
            for name in {
                part.name for i, lists_ in rounds.items() for parts_ in lists_ for part in parts_ if part.name
            }:
                self.known.pop(name, None)
        counts = self.column({i: len(rounds[i]) for i in active}, "times", times)
        if body:
            self.out.append(For(scope, counts, over, body))
        return last

    def _check_nothing_lost(self, rounds: Mapping[int, tuple[tuple[Part, ...], ...]]) -> None:
        """Refuse a loop that would lose what an earlier round made and something further on uses."""
        if self.lenient:
            return
        for i, lists in rounds.items():
            inside = frozenset().union(*(self.program.inside(part) for parts in lists for part in parts))
            for name in self.program.wanted_outside(inside, ""):
                if not any(held[i] == name for held in self.held.values()):
                    raise Unfoldable


def ends(lists: Lists, source: Values) -> Values:
    """What lists of entries end in."""
    return {i: parts[-1].output if parts else source[i] for i, parts in lists.items()}
