"""Parts → statements, for all occurrences of a block or a round at once."""

from __future__ import annotations

from collections.abc import Iterable

from cnnspec.emit.source.holding import Lists, Parts, Values
from cnnspec.emit.source.names import APPLY, RUNNING, identifier
from cnnspec.emit.source.program import Unfoldable, kind_of
from cnnspec.emit.source.statements import Chain, Copy, Invoke, Op
from cnnspec.emit.source.structures import Structures
from cnnspec.graph.parts import Part
from cnnspec.language import syntax as s
from cnnspec.language.nodes import MappingNode
from cnnspec.language.nodes import Node as Text


class Folder(Structures):
    """Writes the statements of one function."""

    def want(self, lists: Iterable[tuple[Part, ...]]) -> None:
        """Note what entries take by name, so that it is kept until then."""
        for parts in lists:
            for part in parts:
                if self._takes_by_name(part):
                    self.keep(part.inputs)
                self.want(part.lists if self._written_out(part) else ())

    def _takes_by_name(self, part: Part) -> bool:
        return part.item.head.inputs is not None and bool(self.program.inside(part) or isinstance(part.item, s.Naming))

    def _written_out(self, part: Part) -> bool:
        if not self.program.inside(part):
            return False
        if id(part) in self.program.chains:
            return False
        return not isinstance(part.item, s.Call) or id(part) in self.program.inlined

    def expand(self, lists: Lists, running: Values, target: str) -> Values:
        """The statements of a list of entries."""
        counts = {len(parts) for parts in lists.values()}
        if len(counts) > 1:
            raise Unfoldable
        for at in range(max(counts, default=0)):
            parts = {i: listed[at] for i, listed in lists.items()}
            if len({kind_of(part) for part in parts.values()}) > 1:
                raise Unfoldable
            running = self.part(parts, running, target)
        return running

    def part(self, parts: Parts, running: Values, target: str) -> Values:
        """The statements of one entry."""
        first = next(iter(parts.values()))
        for part in parts.values():
            if self._takes_by_name(part):
                self.release(part.inputs)
        inputs = {i: part.inputs[0] for i, part in parts.items()}
        outputs = {i: part.output for i, part in parts.items()}
        goal = self._goal(first, outputs, target)
        if any(self.program.inside(part) for part in parts.values()):
            moved = goal != target and self.clobbers(target)
            busy = set(self.busy)
            self.busy.add(goal)
            self._statements(parts, inputs, goal if moved else target, goal)
            self.busy = busy
        if goal != target and all(self.program.shape_of(output) is not None for output in outputs.values()):
            self._call_it(outputs, target, goal)
        if first.name is not None:
            self.known[first.name] = outputs
        return outputs

    def _call_it(self, values: Values, target: str, goal: str) -> None:
        """Let `goal` hold `values`, which an entry's name stands for, where they are in the running variable yet."""
        source = self.find(values, goal)
        if source != target and source != RUNNING:
            return
        last = self.out[-1] if self.out else None
        if isinstance(last, Op) and last.target == source:
            last.target = goal
        elif isinstance(last, Invoke) and last.targets[0] == source:
            last.targets = (goal, *last.targets[1:])
        else:
            self.out.append(Copy(self.assign(goal, values, alias=True), source))
            return
        self.assign(goal, values)
        self.held[source] = [None if i in self.active else value for i, value in enumerate(self.held[source])]

    def _goal(self, part: Part, outputs: Values, target: str) -> str:
        """The variable for an entry's output: of its own where its name is used further on."""
        if part.name is None or not any(self.wanted[outputs[i]] > 0 for i in self.active):
            return target
        return self.fresh(identifier(part.name))

    def _statements(self, parts: Parts, inputs: Values, target: str, goal: str) -> None:
        item = next(iter(parts.values())).item
        if all(id(part) in self.program.chains for part in parts.values()):
            self.chain(item, parts, target, goal)
            return
        match item:
            case s.LayerItem():
                self.layer(item, parts, inputs, target, goal)
            case s.Residual():
                self.residual(item, parts, inputs, target, goal)
            case s.Branches():
                self.branches(parts, inputs, target, goal)
            case s.Repeat():
                self.repeat(item, parts, inputs, target)
            case s.When():
                self.when(parts, inputs, target, goal)
            case s.Call():
                self.call(item, parts, inputs, target, goal)
            case s.Splice():
                self.expand({i: part.lists[0] for i, part in parts.items()}, inputs, target)
            case s.Share():
                self.share(parts, target, goal)

    def layer(self, item: s.LayerItem, parts: Parts, inputs: Values, target: str, goal: str) -> None:
        """A layer."""
        arguments, first = item.arguments, getattr(item.cls, "first", None)

        def text_of(argument: str) -> Text | None:
            if isinstance(arguments, MappingNode):
                return arguments.get(argument)
            return arguments if argument == first else None

        self.node(self._nodes(parts, 0), target, goal, text_of, name=self._name(parts))

    def _name(self, parts: Parts) -> str | None:
        """The name that a layer bears in Keras: where the spec names it, and it is made once."""
        part = next(iter(parts.values()))
        if not self.top or self.scope.parent or part.name is None or not part.nodes:
            return None
        name = part.nodes[-1]
        return name if name == part.name and self.program.bears_name(name) else None

    def share(self, parts: Parts, target: str, goal: str) -> None:
        """An entry once more: its layers are there."""
        count = {len(part.nodes) for part in parts.values()}
        if len(count) > 1:
            raise Unfoldable
        for i, part in parts.items():
            for name in part.nodes:
                if name in self.program.nodes:
                    self.kept.update((i, value) for value in self.program.nodes[name].inputs)
        total = count.pop()
        for at in range(total):
            nodes = self._nodes(parts, at)
            if len(nodes) not in (0, len(parts)):
                raise Unfoldable
            if nodes:
                for i, node in nodes.items():
                    self.kept.subtract((i, value) for value in node.inputs)
                last = all(nodes[i].name == parts[i].output for i in parts)
                bears = self._name(parts) if total == 1 else None
                self.node(nodes, target, goal if last else target, name=bears)

    def chain(self, item: s.Item, parts: Parts, target: str, goal: str) -> None:
        """Layers one after the other that are shared: a list of them, and its use."""
        roots = {i: self.program.chains[id(part)] for i, part in parts.items()}
        values: Values = {i: ("chain", names) for i, names in roots.items()}
        if not isinstance(item, s.Share):
            made = []
            for at in range(max(map(len, roots.values()))):
                nodes = {i: self.program.nodes[names[at]] for i, names in roots.items() if at < len(names)}
                calls = {i: self.program.calls(node)[0] for i, node in nodes.items()}
                callees = {f"layers.{call.name}" for call in calls.values()}
                if len(nodes) < len(parts) or len(callees) > 1:
                    raise Unfoldable
                made.append(Op("", callees.pop(), self._kwargs(nodes, calls, lambda name: None, None), (), "make"))
            self.wanted.update({value: self.program.uses[value[1]] for value in set(values.values())})
            part = next(iter(parts.values()))
            label = item.block if isinstance(item, s.Call) else part.name or "shared"
            variable = self.assign(self.fresh(identifier(f"{label}_layers")), values)
            self.out.append(Chain(variable, made))
        else:
            self.release(values.values())
            variable = self.find(values)
        source = self.find({i: part.inputs[0] for i, part in parts.items()}, target)
        to = self.assign(goal, {i: part.output for i, part in parts.items()})
        self.out.append(Op(to, APPLY, {}, (variable, source), "function"))

    def call(self, item: s.Call, parts: Parts, running: Values, target: str, goal: str) -> None:
        """A call of a block's function, or its layers written out."""
        if all(id(part) in self.program.inlined for part in parts.values()):
            before = self.known
            self.known = {}
            for number, declared in enumerate(item.library[item.block].inputs):
                self.known[declared.text] = {i: part.inputs[number] for i, part in parts.items()}
            lists = {i: part.lists[0] for i, part in parts.items()}
            for i in parts:
                self.keep(self.program.wanted_outside(self.program.inside(parts[i]), parts[i].output))
            self.expand(lists, running, target)
            self.known = before
            return
        found = {i: self.program.functions.get(id(part)) for i, part in parts.items()}
        functions = {id(entry[0]) for entry in found.values() if entry}
        if len(functions) != 1 or not all(found.values()):
            raise Unfoldable
        function = next(entry[0] for entry in found.values() if entry)
        at = {i: entry[1] for i, entry in found.items() if entry}
        inputs = tuple(
            self.find({i: part.inputs[number] for i, part in parts.items()}, target)
            for number in range(len(function.takes))
        )
        hints = {}
        for key, value in item.arguments.pairs if item.arguments else ():
            hint = self.hint(value, running)
            if hint is not None:
                hints[key.text] = hint
        targets = []
        if function.returned:
            outputs = {i: part.output for i, part in parts.items()}
            targets.append(self.assign(goal, outputs))
        part = next(iter(parts.values()))
        for variable, export in zip(function.returned[1:], function.exports, strict=True):
            values = {i: export.get(at[i]) for i in parts}
            if any(value is not None and self.wanted[value] > 0 for value in values.values()):
                label = identifier(f"{part.name}_{variable}" if part.name else variable)
                targets.append(self.assign(self.fresh(label), values))
            else:
                targets.append("_")
        numbers = tuple(at.get(i) if i in self.active else None for i in range(self.scope.size))
        self.out.append(Invoke(tuple(targets), function, inputs, numbers, hints))
