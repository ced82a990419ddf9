"""Residuals, branches and conditions as statements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cnnspec.emit.source.holding import Parts, Values
from cnnspec.emit.source.loops import Loops, ends
from cnnspec.emit.source.names import RUNNING
from cnnspec.emit.source.program import Unfoldable
from cnnspec.emit.source.statements import ABSENT, Column, Copy, Hint, If, Statement
from cnnspec.graph.graph import Node
from cnnspec.graph.parts import Part
from cnnspec.language import syntax as s
from cnnspec.language.nodes import ScalarNode


class Structures(Loops):
    """Writes what has several lists of entries; `expand` writes what is in them."""

    def residual(self, item: s.Residual, parts: Parts, source: Values, target: str, goal: str) -> None:
        """The shortcut first, then the body, and their sum."""
        added = {i: self._sum(part) for i, part in parts.items()}
        live = {
            i: part.nodes[at] in self.program.nodes for (i, part), at in zip(parts.items(), added.values(), strict=True)
        }
        if len(set(live.values())) > 1:
            raise Unfoldable
        if not any(live.values()):
            self.expand({i: part.lists[0] for i, part in parts.items()}, source, target)
            return
        body = {i: part.lists[0] for i, part in parts.items()}
        side = self.fresh("shortcut")
        self.busy.add(side)
        self.guard(source)
        if isinstance(item.shortcut, tuple):
            lists = {i: part.lists[1] for i, part in parts.items()}
            moved = any(self.program.inside(inner) for listed in lists.values() for inner in listed)
            way = self.expand(lists, source, side) if moved else ends(lists, source)
        else:
            moved = max(added.values()) > 0
            way = self._project(item, parts, added, source, side) if moved else source
        self.guard(source, -1)
        self.guard(way)
        running = any(self.program.inside(inner) for listed in body.values() for inner in listed)
        if running and not moved and self.clobbers(target):
            self.out.append(Copy(self.assign(side, way, alias=True), self.find(way, target)))
        self.expand(body, source, target)
        self.guard(way, -1)
        self.busy.discard(side)
        last = max(len(part.nodes) - at for part, at in zip(parts.values(), added.values(), strict=True))
        self.node(
            {i: self.program.nodes[part.nodes[added[i]]] for i, part in parts.items()},
            target,
            target if last > 1 else goal,
        )
        if last > 1:
            self._activate(item, parts, added, target, goal)

    def _activate(self, item: s.Residual, parts: Parts, added: Mapping[int, int], target: str, goal: str) -> None:
        nodes = {
            i: self.program.nodes[part.nodes[added[i] + 1]]
            for i, part in parts.items()
            if len(part.nodes) > added[i] + 1
        }
        if len(nodes) == len(parts):
            self.node(nodes, target, goal, lambda name: item.activation if name == "activation" else None)
            return
        body, _ = self.within(nodes, lambda: self.node(nodes, target, target))
        present = self.column({i: i in nodes for i in parts}, "activated")
        self.out.append(If(present, body, []))

    def _sum(self, part: Part) -> int:
        """Which node of a residual is the sum: behind the projection."""
        return next((at for at, name in enumerate(part.nodes) if self._entry(name) == "add"), 0)

    def _entry(self, name: str) -> str:
        return self.program.nodes[name].layer.entry if name in self.program.nodes else ""

    def _project(self, item: s.Residual, parts: Parts, added: Mapping[int, int], source: Values, side: str) -> Values:
        """A convolution with batch normalization on the shortcut, where the shape changes."""
        changed = {i: part for i, part in parts.items() if added[i]}
        node = item.shortcut
        hint = None
        if isinstance(node, ScalarNode):
            hint = self.hint(node, source)
            hint = Hint(f'$(({hint.text[1:]}) == "projection")', hint.sizes) if hint else None
        some = len(changed) < len(parts)
        if some:
            self.out.append(Copy(self.assign(side, source, alias=True), self.find(source, RUNNING)))

        def run() -> None:
            for at in range(max(added.values())):
                nodes = {i: self.program.nodes[part.nodes[at]] for i, part in changed.items() if at < added[i]}
                self.node(nodes, side, side)

        body, _ = self.within(changed, run)
        if some:
            self.out.append(If(self.column({i: i in changed for i in parts}, "projection", hint), body, []))
        else:
            self.out.extend(body)
        return {i: part.nodes[added[i] - 1] if added[i] else source[i] for i, part in parts.items()}

    def branches(self, parts: Parts, source: Values, target: str, goal: str) -> None:
        """The paths, each on a variable of its own, and their merge."""
        first = next(iter(parts.values()))
        count = len(first.lists)
        if count == 1:
            self.expand({i: part.lists[0] for i, part in parts.items()}, source, target)
            return
        self.guard(source, count)
        ends, sides = [], []
        stem = f"{target}_" if target.startswith("branch") else "branch"
        for at in range(count):
            lists = {i: part.lists[at] for i, part in parts.items()}
            side = self.fresh(f"{stem}{at + 1}")
            self.busy.add(side)
            sides.append(side)
            self.guard(source, -1)
            end = self.expand(lists, source, side)
            self.guard(end)
            ends.append(end)
        for end in ends:
            self.guard(end, -1)
        self.busy.difference_update(sides)
        nodes = self._nodes(parts, -1)
        if len(nodes) not in (0, len(parts)):
            raise Unfoldable
        if nodes:
            self.node(nodes, target, goal)

    def when(self, parts: Parts, running: Values, target: str, goal: str) -> None:
        """The entries of one of two ways, or a condition where both are taken."""
        lists = {i: part.lists[0] for i, part in parts.items()}
        taken = {i: _first_way(part) for i, part in parts.items()}
        if len(set(taken.values())) == 1:
            self.expand(lists, running, target)
            return
        target = goal
        item = next(iter(parts.values())).item
        hint = self.hint(item.condition, running) if isinstance(item, s.When) else None
        self.hold(running, target)
        bodies = []
        for way in (True, False):
            some = [i for i in self.active if taken[i] is way]

            def run(some: Sequence[int] = some) -> None:
                end = self.expand({i: lists[i] for i in some}, {i: running[i] for i in some}, target)
                self.hold(end, target)

            bodies.append(self.within(some, run)[0])
        test = self.column(taken, "flag", hint)
        self.out.extend(_condition(test, *bodies))

    def _nodes(self, parts: Parts, at: int) -> dict[int, Node]:
        names = {i: part.nodes[at] for i, part in parts.items()}
        return {i: self.program.nodes[name] for i, name in names.items() if name in self.program.nodes}


def _condition(test: Column, body: list[Statement], otherwise: list[Statement]) -> list[Statement]:
    if not body and not otherwise:
        return []
    if body:
        return [If(test, body, otherwise)]
    values = tuple(value if value is ABSENT else not value for value in test.values)
    hint = test.hint and Hint(test.hint.text, test.hint.sizes, not test.hint.negated)
    return [If(Column(values, test.label, hint), otherwise, [])]


def _first_way(part: Part) -> bool:
    """Whether the entries are those of `layers`, not of `otherwise`."""
    item = part.item
    assert isinstance(item, s.When)
    if part.lists[0]:
        return bool(item.layers) and part.lists[0][0].item is item.layers[0]
    return not item.layers
