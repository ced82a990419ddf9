"""Entries that follow each other in one pattern → `repeat`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from operator import eq
from typing import NamedTuple, TypeAlias

from cnnspec.importing.tree import Expression, Item, Items
from cnnspec.importing.unify import Defaults, Pattern, bound, filled, skeleton, unify
from cnnspec.importing.write import one_line

_ANY = 1000
Ladder: TypeAlias = tuple[tuple[int, int], ...]
"""In which order repetitions are looked for: the most entries of a round, the most constants that may differ."""

LADDERS: tuple[Ladder, ...] = (
    ((1, 0), (_ANY, 8)),
    ((1, 0), (1, 1), (_ANY, 8)),
    ((_ANY, 0), (_ANY, 1), (_ANY, 2), (_ANY, 3), (_ANY, 5), (_ANY, 8)),
)
EXACT: Ladder = ((1, 0),)
_LINE = 25
"""What a line costs beside its characters."""


def length(items: Sequence[Item]) -> int:
    """How much room entries take: their characters, and something for every line."""
    total = 0
    for item in items:
        if item.parts:
            head = len(one_line(replace(item, parts=tuple(() for _ in item.parts)))) + _LINE * (1 + len(item.parts))
            total += head + sum(map(length, item.parts))
        else:
            total += len(one_line(item)) + _LINE
    return total


def fold(items: Items, blocks: Defaults, ladder: Ladder) -> Items:
    """The entries with every repetition that makes them shorter as a `repeat`, those inside of others first."""
    items = tuple(replace(item, parts=tuple(fold(part, blocks, ladder) for part in item.parts)) for item in items)
    rung = 0
    while rung < len(ladder):
        found = max(_runs(items, *ladder[rung], blocks), key=lambda run: run.saved - awkward(run.first), default=None)
        if found is None or found.saved <= 0:
            rung += 1
            continue
        items = (*items[: found.start], found.repeat, *items[found.end :])
        rung = 0
    return items


def unfold(items: Items, blocks: Defaults) -> Items:
    """The entries without the repetitions that are longer than what they stand for."""
    done: list[Item] = []
    for whole in items:
        item = replace(whole, parts=tuple(unfold(part, blocks) for part in whole.parts))
        rounds = _rounds(item, blocks) if item.entry == "repeat" and not item.shared else None
        if rounds is None or length(rounds) > length([item]):
            done.append(item)
        else:
            last = replace(rounds[-1], name=item.name)
            done += (*rounds[:-1], last) if len(rounds) > 1 else (last,)
            at = len(done) - len(rounds)
            done[at] = replace(done[at], inputs=item.inputs or done[at].inputs)
    return tuple(done)


def _rounds(item: Item, blocks: Defaults) -> Items | None:
    """All rounds of a repetition, one after the other; None where their number or values are not plain."""
    times, over = item.given.get("times"), item.given.get("over")
    (body,) = item.parts
    if isinstance(times, int):
        return body * times
    if not isinstance(over, tuple) or isinstance(over, Expression):
        return None
    names = bound(item)
    rows = [(value,) if isinstance(item.given["as"], str) else value for value in over]
    return tuple(each for row in rows for each in filled(body, dict(zip(names, row, strict=True)), blocks))


def awkward(item: Item) -> int:
    """A little against groups that begin with an activation or a normalization, where they could as well end in it."""
    if item.entry in ("activation", "relu") or item.entry.endswith("_relu"):
        return 40
    return 20 if item.entry.endswith(("normalization", "dropout")) else 0


class _Run(NamedTuple):
    start: int
    end: int
    repeat: Item
    saved: int

    @property
    def first(self) -> Item:
        """The entry that a round begins with."""
        return self.repeat.parts[0][0]


def _runs(items: Items, longest: int, columns: int, blocks: Defaults) -> Iterator[_Run]:
    """The repetitions in a list that differ in at most so many constants."""
    kinds = [skeleton(item, blocks) if columns else replace(item, name=None, origin=None) for item in items]
    number = {kind: at for at, kind in enumerate(dict.fromkeys(kinds))}
    row = [number[kind] for kind in kinds]
    for period in range(1, min(longest, len(row) // 2) + 1):
        alike = bytes(map(eq, row, row[period:]))
        for same in re.finditer(b"\x01{%d,}" % period, alike):
            for start in range(same.start(), min(same.start() + period, same.end() - period + 1)):
                rounds = (same.end() - start) // period + 1
                run = _run(items, start, period, rounds, columns, blocks)
                if run is not None:
                    yield run


def _run(items: Items, start: int, period: int, rounds: int, columns: int, blocks: Defaults) -> _Run | None:
    """As many rounds from `start` on as differ in at most so many constants; None where that is one."""
    stretch = items[start : start + rounds * period]
    if any(item.inputs for item in stretch[period:]) or any(item.inputs for item in stretch[1:period]):
        return None
    named = next((at for at, item in enumerate(stretch) if item.name), len(stretch))
    shared = next((at for at, item in enumerate(stretch) if item.shared), len(stretch))
    rounds = min(rounds, (named + 1) // period, shared // period)
    while rounds > 1:
        lists = [stretch[at * period : (at + 1) * period] for at in range(rounds)]
        pattern = unify(lists, blocks, inside=True)
        if len(pattern.columns) <= columns:
            break
        rounds -= 1
    else:
        return None
    stretch = stretch[: rounds * period]
    if any(item.name for item in stretch[:-1]):
        return None
    repeat = _repeat(pattern, rounds, stretch)
    return _Run(start, start + len(stretch), repeat, length(stretch) - length([repeat]))


def _repeat(pattern: Pattern, rounds: int, stretch: Items) -> Item:
    """The pattern, `rounds` times or over its columns."""
    layers = (replace(pattern.items[0], inputs=()), *pattern.items[1:-1], replace(pattern.items[-1], name=None))
    layers = layers[-len(pattern.items) :]
    if not pattern.columns:
        arguments: tuple[tuple[str, object], ...] = (("times", rounds),)
    elif len(pattern.columns) == 1:
        (column,) = pattern.columns
        arguments = (("over", column.values), ("as", column.name))
    else:
        rows = tuple(zip(*(column.values for column in pattern.columns), strict=True))
        arguments = (("over", rows), ("as", tuple(column.name for column in pattern.columns)))
    last = stretch[-1]
    return Item("repeat", arguments, (layers,), stretch[0].inputs, last.name, origin=last.origin)
