"""A look at every mask before training: what it holds, and what of it stands for no class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from cnnspec.data.columns import Array
from cnnspec.data.images.coding import Coding
from cnnspec.data.images.decoding import Mask, held
from cnnspec.data.images.opening import Header
from cnnspec.data.mask_colours import Colour

_KEPT = 24
"""How many different numbers or colours are kept of a mask that holds none of classes, the most frequent ones."""

Counts: TypeAlias = tuple[tuple[int, int], ...]
"""Numbers or packed colours, each with its pixels; the most frequent first."""


class Scanned(NamedTuple):
    """What a mask holds. `numbers` are those in it, where they are kept exactly; else `why` says what they are instead,
    and `counts` which are the most frequent of `different` ones. Of a known coding, `counts` are those of no class, and
    `blurred` the pixels that a JPEG has changed a little."""

    header: Header
    numbers: tuple[int, ...] = ()
    why: Literal["", "colours", "jpeg"] = ""
    counts: Counts = ()
    different: int = 0
    coloured: bool = False
    blurred: int = 0
    palette: tuple[tuple[int, Colour], ...] = ()


def scanned(path: Path) -> Scanned:
    """What a mask holds, of which nothing is known."""
    found = held(path)
    if found.lossy or found.coloured:
        codes, counts = np.unique(found.numbers, return_counts=True)
        why: Literal["jpeg", "colours"] = "jpeg" if found.lossy else "colours"
        return Scanned(found.header, (), why, _most(codes, counts), len(codes), found.coloured)
    numbers = _numbers(found.numbers)
    return Scanned(found.header, numbers, palette=_used(found, numbers))


def scanned_by(path: Path, coding: Coding) -> Scanned:
    """What a mask holds beside the numbers or colours of a coding."""
    found = held(path, colours=coding.coloured)
    if found.coloured and not coding.coloured:
        return scanned(path)
    strange = found.numbers[coding.classes_of(found) < 0]
    codes, counts = np.unique(strange, return_counts=True)
    blurred = int((~coding.exact(found)).sum()) - len(strange) if found.lossy else 0
    palette = () if coding.coloured else _used(found, _numbers(found.numbers))
    return Scanned(found.header, (), "", _most(codes, counts), len(codes), coding.coloured, blurred, palette)


def _numbers(numbers: Array) -> tuple[int, ...]:
    small = numbers.dtype.kind == "u" and numbers.dtype.itemsize <= 2
    return tuple((np.flatnonzero(np.bincount(numbers.reshape(-1))) if small else np.unique(numbers)).tolist())


def _used(mask: Mask, numbers: Iterable[int]) -> tuple[tuple[int, Colour], ...]:
    return tuple((number, mask.palette[number]) for number in numbers if number < len(mask.palette))


def _most(codes: Array, counts: Array) -> Counts:
    order = np.argsort(-counts, kind="stable")[:_KEPT]
    return tuple((int(codes[at]), int(counts[at])) for at in order)


def together(those: Iterable[Scanned]) -> Counts:
    """The counts of several masks, added up."""
    found: Counter[int] = Counter()
    for each in those:
        found.update(dict(each.counts))
    return tuple(sorted(found.items(), key=lambda one: (-one[1], one[0])))
