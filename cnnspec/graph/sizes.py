"""Sizes of the inputs with which what does not fit would: the nearest ones, found by playing the rules again.

A size that fits where the mistake was found may fail further down, so it is tried on the whole network before it is
offered; what fails there is one more thing that the next size has to fit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import ceil
from typing import NamedTuple

from cnnspec.graph.graph import Node
from cnnspec.graph.replay import Effort, ancestors
from cnnspec.language import limits
from cnnspec.language.spans import Span
from cnnspec.layers.base import Layer, Shape, ShapeError

_TRIALS = 8
"""How many sizes are tried on the whole network, in each direction."""
_REACH = 64
"""How many pixels a size may be away; more where the network steps wider than that."""

Shapes = Mapping[str, Shape]
Mistake = tuple[str, Span]
"""The code of one, and where it is told."""


class Trial(NamedTuple):
    """What came of the whole network with other inputs: layers, and mistakes of size, each with what does not fit."""

    by_name: Mapping[str, Node]
    mistakes: Mapping[Mistake, Node | None]


Try = Callable[[Shapes], Trial | None]


class Rule(NamedTuple):
    """A layer that matters for the sizes, with the names of what it gets them from, and the shapes that these have."""

    name: str
    layer: Layer
    inputs: tuple[str, ...]
    shapes: tuple[Shape, ...]


def thinned(nodes: Iterable[Node]) -> list[Rule]:
    """The layers without those that hand on every size, whatever it is."""
    sources: dict[str, str] = {}
    rules = []
    for node in nodes:
        inputs = tuple(sources.get(name, name) for name in node.inputs)
        if _hands_on(node):
            sources[node.name] = inputs[0]
        else:
            rules.append(Rule(node.name, node.layer, inputs, node.input_shapes))
    return rules


def _hands_on(node: Node) -> bool:
    layer, before = node.layer, node.input_shapes[0]
    if not node.shape or len(node.inputs) > 1 or len(before) < 2 or before[:-1] != node.shape[:-1]:
        return False
    step = layer.step(before)
    if step.whole or any(stride != 1 for stride in step.stride) or hasattr(layer, "cropping"):
        return False
    return getattr(layer, "padding", "same") in ("same", "causal") and getattr(layer, "output_padding", None) is None


def played(rules: Iterable[Rule], known: Shapes) -> bool:
    """Whether every layer fits, from other sizes of what comes in. Channels stay."""
    shapes = dict(known)
    for name, layer, inputs, before in rules:
        taken = [shapes.get(source, shape) for source, shape in zip(inputs, before, strict=True)]
        whole = (
            (*now[:-1], shape[-1]) if len(now) == len(shape) > 1 else now
            for now, shape in zip(taken, before, strict=True)
        )
        try:
            shapes[name] = layer.output_shape(*whole)
        except ShapeError as error:
            if error.code != "shape-unknown":
                return False
    return True


_Wanted = tuple[Mistake | None, list[Rule]]
"""Layers that have to fit, each behind its inputs, with the mistake that it is if they do not."""


class Search:
    """Looks for inputs with which `end` fits, and with it the whole network, but for the mistakes `known` already."""

    def __init__(
        self, nodes: Sequence[Node], end: Node, inputs: Shapes, known: frozenset[Mistake], attempt: Try, effort: Effort
    ) -> None:
        names = {name for node in (*nodes, end) for name in node.inputs}
        self.inputs = {name: shape for name, shape in inputs.items() if name in names}
        self.known = set(known)
        self.attempt, self.effort = attempt, effort
        self.wanted: list[_Wanted] = [(None, thinned((*nodes, end)))]
        self.jump = ceil(max((jump for node in nodes for jump in node.field.jump), default=1))
        self.reach = min(max(_REACH, self.jump), 4 * _REACH)

    def nearest(self) -> list[Shapes]:
        """The inputs that are next smaller, by half at most, and next larger; where each of several inputs is changed
        by itself, the nearest of each."""
        groups = list(self._groups())
        found: list[Shapes] = []
        for group in groups:
            same = self._same(group) if len(groups) > 1 else None
            if same is not None:
                found.append(same)
                continue
            self._anchor(group)
            upper = self._first(group, 1)
            lower = self._first(group, -1)
            near = [shapes for shapes in (lower, upper) if shapes]
            found += near if len(groups) == 1 else sorted(near, key=self._distance)[:1]
        return found[:2]

    def _same(self, group: Shapes) -> Shapes | None:
        """The size of another input, where with it everything fits."""
        for other in self.inputs.values():
            shapes = {name: (*other[:-1], shape[-1]) for name, shape in group.items() if len(shape) == len(other)}
            if shapes and shapes != group and self._fits(shapes):
                trial = self.attempt({**self.inputs, **shapes})
                if trial is not None and not set(trial.mistakes) - self.known:
                    return shapes
        return None

    def _distance(self, shapes: Shapes) -> int:
        pairs = ((n, m) for name, shape in shapes.items() for n, m in zip(shape, self.inputs[name], strict=True))
        return sum(abs((n or 0) - (m or 0)) for n, m in pairs)

    def least(self) -> Shapes | None:
        """The smallest larger inputs."""
        found = (self._first(group, 1, far=True) for group in self._groups())
        return next((shapes for shapes in found if shapes), None)

    def divisors(self, lower: Shapes, upper: Shapes) -> tuple[int, ...]:
        """For each axis what divides the sizes that fit, as far as the next two show it; 1 where nothing does."""
        one, other = next(iter(lower.values())), next(iter(upper.values()))
        found = []
        for axis in range(_rank(upper)):
            size = other[axis] or 0
            step = size - (one[axis] or 0)
            fair = step > 1 and size % step == 0 and self._step(upper, axis, 1, 1, far=False) == step
            found.append(step if fair else 1)
        return tuple(found)

    def _groups(self) -> Iterator[Shapes]:
        """The inputs to change together: all of one size, or else each by itself."""
        if not self.inputs or any(len(shape) < 2 or None in shape[:-1] for shape in self.inputs.values()):
            return
        if len({shape[:-1] for shape in self.inputs.values()}) == 1:
            yield self.inputs
        elif len(self.inputs) <= 3:
            yield from ({name: shape} for name, shape in self.inputs.items())

    def _anchor(self, group: Shapes) -> None:
        """Where sizes fit that every stride divides, all that the network does with them is wanted of others, too."""
        steps = [-(min(shape[axis] or 0 for shape in group.values())) % self.jump for axis in range(_rank(group))]
        shapes = {name: _moved(shape, steps) for name, shape in group.items()}
        trial = self.attempt({**self.inputs, **shapes}) if any(steps) and self._fits(shapes) else None
        if trial is not None and not set(trial.mistakes) - self.known:
            self.wanted.append((None, thinned(trial.by_name.values())))

    def _first(self, group: Shapes, direction: int, *, far: bool = False) -> Shapes | None:
        """The nearest sizes in one direction with which the whole network fits."""
        start = [0] * _rank(group)
        for _ in range(_TRIALS):
            steps = self._steps(group, direction, start, far)
            if not any(steps):
                return None
            shapes = {name: _moved(shape, steps) for name, shape in group.items()}
            self._forget([each for each in self.wanted[1:] if not self._fits(shapes, [each])])
            trial = self.attempt({**self.inputs, **shapes}) if self._fits(shapes) else None
            if trial is None:
                return None
            mistakes = {place: node for place, node in trial.mistakes.items() if place not in self.known}
            if not mistakes:
                return shapes
            before = {mistake for mistake, _ in self.wanted}
            new = [(place, node) for place, node in mistakes.items() if node is not None and place not in before]
            self.wanted += [(place, thinned((*ancestors(node.inputs, trial.by_name), node))) for place, node in new]
            start = start if new else [step + direction for step in steps]
        return None

    def _steps(self, group: Shapes, direction: int, start: Sequence[int], far: bool) -> list[int]:
        """For each axis the least change that fits; none where there is none. What no size can mend is let go."""
        found: list[int] = []
        for axis, at in enumerate(start):
            if found and self._alike(group, axis) and self._fits(_changed(group, axis, found[0])):
                found.append(found[0])
                continue
            step = self._step(group, axis, direction, at, far)
            while step is None and direction > 0 and self._let_go(group, axis, at, far):
                step = self._step(group, axis, direction, at, far)
            if step is None:
                return []
            found.append(step)
        return found

    def _let_go(self, group: Shapes, axis: int, start: int, far: bool) -> bool:
        """Whether something was wanted that no size gives; it is no longer."""
        wanted = self.wanted
        for each in wanted[1:]:
            self.wanted = [wanted[0], each]
            if self._step(group, axis, 1, start, far) is None:
                self.wanted = wanted
                self._forget([each])
                return True
        self.wanted = wanted
        return False

    def _forget(self, mistakes: Sequence[_Wanted]) -> None:
        """Want these no longer: they will be mistakes whatever the size."""
        self.wanted = [each for each in self.wanted if each not in mistakes]
        self.known.update(mistake for mistake, _ in mistakes if mistake is not None)

    def _step(self, group: Shapes, axis: int, direction: int, start: int, far: bool) -> int | None:
        """The least change of one axis that fits, the others left open."""
        size = min(shape[axis] or 0 for shape in group.values())
        for step in range(start, start + direction * (self.reach + 1), direction):
            if size + step < size / 2 or size + step > limits.PIXELS:
                break
            if self._fits(_changed(group, axis, step)):
                return step
        return self._doubled(group, axis) if far else None

    def _doubled(self, group: Shapes, axis: int) -> int | None:
        """By how many pixels to enlarge an axis, at least; what fits is taken to fit all larger sizes."""
        low, high = self.reach, 2 * self.reach
        while not self._fits(_changed(group, axis, high)):
            low, high = high, 2 * high
            if high > limits.PIXELS:
                return None
        while high - low > 1:
            middle = (low + high) // 2
            fits = self._fits(_changed(group, axis, middle))
            low, high = (low, middle) if fits else (middle, high)
        return high

    def _alike(self, group: Shapes, axis: int) -> bool:
        return all(shape[axis] == shape[0] for shape in group.values())

    def _fits(self, shapes: Shapes, wanted: Sequence[_Wanted] = ()) -> bool:
        known = {**self.inputs, **shapes}
        wanted = wanted or self.wanted
        return all(self.effort.spend(len(rules)) and played(rules, known) for _, rules in reversed(wanted))


def _rank(shapes: Shapes) -> int:
    """How many spatial axes there are."""
    return len(next(iter(shapes.values()))) - 1


def _moved(shape: Shape, steps: Sequence[int]) -> Shape:
    return (*((size or 0) + step for size, step in zip(shape, steps, strict=False)), shape[-1])


def _changed(group: Shapes, axis: int, step: int) -> Shapes:
    """The shapes with one axis changed, and the others left open."""
    return {
        name: (*((size or 0) + step if at == axis else None for at, size in enumerate(shape[:-1])), shape[-1])
        for name, shape in group.items()
    }
