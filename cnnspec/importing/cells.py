"""Parts of a list that take a few tensors and give one, whatever names they use inside: what a block can hold."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace
from typing import NamedTuple

from cnnspec.importing.tree import Items, merges, walk

RUNNING = ""
"""Stands for the tensor above a part, where that has no name."""
_INSIDE = "abcdefghijklmnopqrstuv"
_OUTSIDE = ("x", "y", "z")


class Cell(NamedTuple):
    """A part of a list with names of its own: `a`, `b`, … for what it makes, `x`, `y`, `z` for what it takes.

    `takes` are the names of the latter outside; `inputs` what a block calls them, none where a name is not needed.
    """

    items: Items
    takes: tuple[str, ...]
    inputs: tuple[str, ...]


def last_uses(items: Items, kept: Set[str]) -> dict[str, int]:
    """Where in a list each name is last used; behind its end for those that are used elsewhere."""
    found: dict[str, int] = {}
    for at, item in enumerate(items):
        found.update(dict.fromkeys(item.inputs, at))
    return {**found, **dict.fromkeys(kept, len(items))}


def cell(items: Items, start: int, size: int, uses: dict[str, int], joins: Set[str]) -> Cell | None:
    """The part of a list from `start` on as a cell; None where it is none. `joins` are blocks of several inputs."""
    window = items[start : start + size]
    end = start + size
    if size == 1 and (not window[0].parts or window[0].entry == "repeat"):
        return None
    if any(item.name and uses.get(item.name, -1) >= end for item in window[:-1]):
        return None
    if any(item.entry == "share" or item.shared or item.note for item in walk(window)):
        return None
    above = (items[start - 1].name if start else None) or RUNNING
    inside = {item.name: at for at, item in enumerate(window[:-1]) if item.name}
    outside: dict[str, str] = {}
    operands: list[tuple[str | int, ...]] = []
    for at, item in enumerate(window):
        before: str | int = at - 1 if at else above
        taken = tuple(inside.get(name, name) for name in item.inputs)
        if not taken or (len(taken) == 1 and merges(item, joins)):
            taken = (before, *taken)
        for name in taken:
            if isinstance(name, str) and name not in outside:
                if len(outside) == len(_OUTSIDE):
                    return None
                outside[name] = _OUTSIDE[len(outside)]
        operands.append(taken)
    if len(outside) > 1 and RUNNING in outside and not start:
        return None
    return _with_own_names(window, operands, outside, joins)


def _with_own_names(
    window: Items, operands: list[tuple[str | int, ...]], outside: dict[str, str], joins: Set[str]
) -> Cell | None:
    """The cell, names given only to what is not simply the entry above."""
    first = next(iter(outside))
    written: list[tuple[str | int, ...]] = []
    for at, (item, taken) in enumerate(zip(window, operands, strict=True)):
        before: str | int = at - 1 if at else first
        if taken == (before,):
            taken = ()
        elif len(taken) == 2 and merges(item, joins) and taken[0] == before != taken[1]:
            taken = taken[1:]
        written.append(taken)
    named = sorted({name for taken in written for name in taken if isinstance(name, int)})
    if len(named) > len(_INSIDE):
        return None
    letters: dict[str | int, str] = dict(zip(named, _INSIDE, strict=False))
    letters.update(outside)
    items = tuple(
        replace(item, inputs=tuple(letters[name] for name in taken), name=letters.get(at))
        for at, (item, taken) in enumerate(zip(window, written, strict=True))
    )
    wanted = len(outside) > 1 or any(first in taken for taken in written)
    return Cell(items, tuple(outside), tuple(outside.values()) if wanted else ())
