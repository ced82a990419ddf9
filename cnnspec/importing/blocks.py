"""Entries that stand in several places in one pattern → blocks with what differs as parameters."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from cnnspec.importing.cells import RUNNING, Cell, cell, last_uses
from cnnspec.importing.fold import EXACT, LADDERS, Ladder, awkward, fold, length, unfold
from cnnspec.importing.names import block_name, free_name
from cnnspec.importing.tree import WORDS, Expression, Item, Items, default, walk
from cnnspec.importing.unify import Pattern, bound, filled, skeleton, unify, used
from cnnspec.layers import LAYERS

_LONGEST = 40
_PARAMETERS = 7
_HEAD = 90
"""What declaring a block costs."""


@dataclass(frozen=True)
class Written:
    """A network as a spec writes it: layers, and blocks with their parameters (None: required)."""

    layers: Items
    blocks: Mapping[str, Items] = field(default_factory=dict)
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    inputs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What a block calls the tensors that it takes; none where it needs no names."""
    kept: frozenset[str] = frozenset()
    """Names that the outputs of the network use."""

    @property
    def joins(self) -> frozenset[str]:
        """The blocks that take several tensors."""
        return frozenset(name for name, inputs in self.inputs.items() if len(inputs) > 1)

    @property
    def length(self) -> int:
        """How much room it takes."""
        return length(self.layers) + sum(length(body) + _HEAD for body in self.blocks.values())


def shortest(
    layers: Items, kept: Set[str] = frozenset(), towers: Mapping[str, tuple[str, Items]] | None = None
) -> Written:
    """The shortest of a few ways to fold: repetitions before blocks, or blocks first. The names in `kept` stay.

    `towers` are blocks that are there already: what they call their input, and their layers.
    """
    bodies = {name: body for name, (_, body) in (towers or {}).items()}
    inputs = {name: (label,) * _takes(label, body) for name, (label, body) in (towers or {}).items()}
    plain = Written(layers, bodies, {name: {} for name in bodies}, inputs, frozenset(kept))
    ways = []
    for ladder in LADDERS:
        ways.append(_folded(_extracted(_folded(plain, ladder)), ladder))
        ways.append(_folded(_extracted(_folded(_extracted(_folded(plain, EXACT)), ladder)), ladder))
    return _in_order(min((_unfolded(_inlined(way)) for way in ways), key=lambda way: way.length))


def _takes(name: str, items: Items) -> bool:
    return any(name in item.inputs for item in items)


def _folded(spec: Written, ladder: Ladder) -> Written:
    """The spec with repetitions folded, in its blocks, too."""
    blocks = {name: fold(body, spec.parameters, ladder) for name, body in spec.blocks.items()}
    return replace(spec, layers=fold(spec.layers, spec.parameters, ladder), blocks=blocks)


def _unfolded(spec: Written) -> Written:
    blocks = {name: unfold(body, spec.parameters) for name, body in spec.blocks.items()}
    return replace(spec, layers=unfold(spec.layers, spec.parameters), blocks=blocks)


def _in_order(spec: Written) -> Written:
    """The spec with each block behind those that it calls."""
    order: list[str] = []

    def put(name: str) -> None:
        for item in walk(spec.blocks[name]):
            if item.entry in spec.blocks:
                put(item.entry)
        if name not in order:
            order.append(name)

    for name in spec.blocks:
        put(name)
    return replace(spec, blocks={name: spec.blocks[name] for name in order})


def _inlined(spec: Written) -> Written:
    """The spec without the blocks that are called in one place only, or that only call another one."""
    roots = [spec.layers, *spec.blocks.values()]
    calls = Counter(item.entry for root in roots for item in walk(root) if item.entry in spec.blocks)
    idle = {name for name, body in spec.blocks.items() if len(body) == 1 and body[0].entry in spec.blocks}
    plain = (name for name, body in spec.blocks.items() if not any(item.inputs or item.name for item in body))
    inline = (name for name in plain if not spec.inputs.get(name) and (calls[name] == 1 or name in idle))
    shared = {item.entry for root in roots for item in walk(root) if item.shared}
    whole = (name for name in inline if name not in shared or len(spec.blocks[name]) == 1)
    once = next((name for name in whole if not _captures(spec, name)), None)
    if once is None:
        return spec
    body, usual = spec.blocks[once], spec.parameters[once]

    def inlined(items: Items) -> Items:
        done: list[Item] = []
        for item in items:
            if item.entry != once:
                done.append(replace(item, parts=tuple(map(inlined, item.parts))))
                continue
            layers = filled(body, {**usual, **item.given}, spec.parameters)
            head, *rest = layers
            head = replace(head, inputs=item.inputs or head.inputs)
            *start, end = head, *rest
            done += [*start, replace(end, name=item.name, shared=item.shared)]
        return tuple(done)

    blocks = {name: inlined(each) for name, each in spec.blocks.items() if name != once}
    parameters = {name: each for name, each in spec.parameters.items() if name != once}
    return _inlined(replace(spec, layers=inlined(spec.layers), blocks=blocks, parameters=parameters))


def _captures(spec: Written, block: str) -> bool:
    """Whether a block binds a name that the arguments of its calls use."""
    names = {name for item in walk(spec.blocks[block]) for name in bound(item)}
    roots = [spec.layers, *spec.blocks.values()]
    calls = (item for root in roots for item in walk(root) if item.entry == block)
    return any(used(value) & names for call in calls for value in call.given.values())


def _extracted(spec: Written) -> Written:
    """The spec with every pattern that saves room as a block, those that save most first."""
    while (shorter := _once(spec)) is not None:
        spec = shorter
    return spec


def _lists(items: Items) -> Iterator[Items]:
    """Every list of entries, those in others included."""
    yield items
    for item in items:
        for part in item.parts:
            yield from _lists(part)


class _Found(NamedTuple):
    pattern: Pattern
    key: tuple[Any, ...]
    inputs: tuple[str, ...]


class _Kinds:
    """Numbers for the skeletons of entries, names and inputs aside, so that likeness is quick to see."""

    def __init__(self, blocks: Mapping[str, Mapping[str, Any]]) -> None:
        self.blocks = blocks
        self.numbers: dict[Any, int] = {}
        self.known: dict[int, tuple[Item, int]] = {}

    def of(self, item: Item) -> int:
        """The number of an entry's skeleton."""
        if id(item) not in self.known:
            kind = skeleton(replace(item, inputs=()), self.blocks)
            self.known[id(item)] = item, self.numbers.setdefault(kind, len(self.numbers))
        return self.known[id(item)][1]

    def key(self, items: Items, start: int, found: Cell) -> tuple[Any, ...]:
        """What two cells of one pattern have in common."""
        return tuple((self.of(items[start + at]), item.inputs, item.name) for at, item in enumerate(found.items))


def _once(spec: Written) -> Written | None:
    """The spec with one more block: what saves most; None where nothing does."""
    kinds = _Kinds(spec.parameters)
    joins = spec.joins
    places: defaultdict[tuple[Any, ...], list[Cell]] = defaultdict(list)
    for root in (spec.layers, *spec.blocks.values()):
        for items in _lists(root):
            uses = last_uses(items, spec.kept)
            ends: dict[tuple[Any, ...], int] = {}
            for start in range(len(items)):
                for size in range(1, min(_LONGEST, len(items) - start) + 1):
                    found = cell(items, start, size, uses, joins)
                    if found is None:
                        continue
                    key = kinds.key(items, start, found)
                    if start >= ends.get(key, 0):
                        ends[key] = start + size
                        places[key].append(found)
    best: tuple[int, _Found] | None = None
    sizes = {key: length(cells[0].items) for key, cells in places.items() if len(cells) > 1}
    for key, cells in sorted(places.items(), key=lambda pair: -sizes.get(pair[0], 0) * (len(pair[1]) - 1)):
        if len(cells) < 2 or (best is not None and sizes[key] * (len(cells) - 1) <= best[0]):
            continue
        pattern = unify([each.items for each in cells], spec.parameters, inside=False)
        if len(pattern.columns) > _PARAMETERS:
            continue
        calls = sum(30 + sum(len(str(column.values[at])) + 6 for column in pattern.columns) for at in range(len(cells)))
        saved = sum(length(each.items) for each in cells) - length(pattern.items) - _HEAD - calls
        saved -= awkward(pattern.items[0])
        if saved > 0 and (best is None or saved > best[0]):
            best = saved, _Found(pattern, key, cells[0].inputs)
    return None if best is None else _with_block(spec, best[1], kinds)


def _with_block(spec: Written, found: _Found, kinds: _Kinds) -> Written:
    """The spec with the pattern as a block, called wherever it stands."""
    name = free_name(block_name(found.pattern.items, len(found.inputs)), {*spec.blocks, *LAYERS, *WORDS})
    parameters = _parameters(found.pattern)
    size = len(found.key)

    def called(items: Items, at: int, own: Cell, done: list[Item]) -> Item:
        values = _values(found.pattern, own.items, spec.parameters)
        given = tuple(
            (each, values[each])
            for each, usual in parameters.items()
            if usual is None or values[each] != usual or type(values[each]) is not type(usual)
        )
        inputs: tuple[str, ...] = own.takes
        above = (items[at - 1].name if at else None) or RUNNING
        if len(inputs) == 2 and inputs[0] == above:
            inputs = inputs[1:]
        elif len(inputs) > 1 and RUNNING in inputs:
            label = done[-1].name or str(items[at - 1].origin)
            done[-1] = replace(done[-1], name=label)
            inputs = tuple(each or label for each in inputs)
        elif inputs == (above,):
            inputs = ()
        last = items[at + size - 1]
        return Item(name, given, (), inputs, last.name, origin=last.origin)

    def replaced(items: Items) -> Items:
        done: list[Item] = []
        uses = last_uses(items, spec.kept)
        at = 0
        while at < len(items):
            own = cell(items, at, size, uses, spec.joins) if at + size <= len(items) else None
            if own is not None and kinds.key(items, at, own) == found.key:
                done.append(called(items, at, own, done))
                at += size
            else:
                done.append(replace(items[at], parts=tuple(map(replaced, items[at].parts))))
                at += 1
        return tuple(done)

    blocks = {name: found.pattern.items, **{other: replaced(body) for other, body in spec.blocks.items()}}
    return replace(
        spec,
        layers=replaced(spec.layers),
        blocks=blocks,
        parameters={name: parameters, **spec.parameters},
        inputs={name: found.inputs, **spec.inputs},
    )


def _parameters(pattern: Pattern) -> dict[str, Any]:
    """The parameters with the value that most places have as default, the required ones first."""
    found: dict[str, Any] = {}
    for column in pattern.columns:
        value, count = Counter(column.values).most_common(1)[0]
        plain = isinstance(value, int | float | str) and value is not None
        found[column.name] = value if plain and 2 * count > len(column.values) else None
    return dict(sorted(found.items(), key=lambda pair: pair[1] is not None))


def _values(pattern: Pattern, window: Items, blocks: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What the pattern's names stand for in one window."""
    found: dict[str, Any] = {}
    _match(pattern.items, window, blocks, found, {column.name for column in pattern.columns})
    return found


def _match(
    pattern: Items, window: Items, blocks: Mapping[str, Mapping[str, Any]], found: dict[str, Any], names: set[str]
) -> None:
    for mine, theirs in zip(pattern, window, strict=True):
        for argument, value in mine.arguments:
            if isinstance(value, Expression) and value.name in names and value.factor == 1:
                given = theirs.given
                found.setdefault(
                    value.name, given[argument] if argument in given else default(theirs, argument, blocks)
                )
        for one, other in zip(mine.parts, theirs.parts, strict=True):
            _match(one, other, blocks, found, names)
