"""Every file is looked at before training begins; all bad ones are told at once."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from cnnspec.data.columns import Array, Column
from cnnspec.data.errors import DataError
from cnnspec.data.images.column import READ_AT_ONCE, File, Files, Reader, in_parallel, size
from cnnspec.data.images.opening import DEEP, BadImage, Header, header

_LISTED = 20
_BLOCK = 64

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Named:
    """A file by its name in messages, and where it lies; `line` is that of a table which names it."""

    name: str
    path: Path
    line: int | None = None

    def __str__(self) -> str:
        return self.name if self.line is None else f"line {self.line}: {self.name}"


@dataclass(slots=True)
class Faults:
    """What is wrong with files, in the order in which it was found."""

    what: str
    lines: list[str] = field(default_factory=list)
    kind: str = "file"

    def add(self, name: object, reason: str) -> None:
        """Note why a file is bad."""
        self.lines.append(f"{name} {reason}")

    def told(self, skip: bool, total: int) -> tuple[str, ...]:
        """A note of what is left out with `skip`; without, raises a `DataError` that lists it."""
        if not self.lines:
            return ()
        if skip and len(self.lines) < total:
            return (listed(f"{self._count()} of {total:,} left out", self.lines),)
        help = "there is none left" if skip else "mend or remove them, or write `on_bad_file: skip` to go on without"
        raise DataError(listed(f"{self.what}: {self._count()} of {total:,} cannot be used", self.lines), help)

    def _count(self) -> str:
        return f"{len(self.lines):,} {self.kind}{'s' * (len(self.lines) != 1)}"


def listed(title: str, lines: Sequence[str]) -> str:
    """A title with the first lines below it, and how many more there are."""
    more = [f"  … and {len(lines) - _LISTED:,} more"] if len(lines) > _LISTED else []
    return "\n".join([title, *(f"  {line}" for line in lines[:_LISTED]), *more])


def tried(look: Callable[[int], R], files: Sequence[object], numbers: Sequence[int], faults: Faults) -> dict[int, R]:
    """What `look` makes of the files of these numbers; those that raise `BadImage` go to `faults`."""

    def several(numbers: Sequence[int]) -> list[R | BadImage]:
        found: list[R | BadImage] = []
        for number in numbers:
            try:
                found.append(look(number))
            except BadImage as bad:
                found.append(bad)
        return found

    warnings.filterwarnings("ignore", module=r"PIL\.")  # of odd metadata; what matters is a fault
    results = in_parallel(several, [numbers[at : at + _BLOCK] for at in range(0, len(numbers), _BLOCK)])
    good: dict[int, R] = {}
    for number, result in zip(numbers, (result for block in results for result in block), strict=True):
        if isinstance(result, BadImage):
            faults.add(files[number], result.reason)
        else:
            good[number] = result
    return good


@dataclass(frozen=True, slots=True)
class Checked:
    """Files that can be read: their numbers among all, their headers, and their items where all were read at once."""

    numbers: Array
    headers: tuple[Header, ...]
    items: Array | None
    reader: Reader
    notes: tuple[str, ...] = ()

    def column(self, files: Sequence[Named], kept: Array, held: bool) -> Column:
        """The column of the files numbered `kept`, all of which can be read."""
        places = np.searchsorted(self.numbers, kept)
        if self.items is not None:
            return self.items[kept] if len(kept) < len(self.items) else self.items
        chosen = [
            File(files[number].name, files[number].path, self.headers[place])
            for number, place in zip(kept, places, strict=True)
        ]
        return Files(chosen, self.reader, held)


def checked(files: Sequence[Named], reader: Reader, faults: Faults, numbers: Sequence[int] | None = None) -> Checked:
    """Look at all files, or those of these numbers: decode them where all that they come to is small, else read their
    headers. Where one is deeper than the reader's numbers, all are read with the deeper reader; notes tell of it."""
    before = len(faults.lines)
    found = _checked(files, reader, faults, range(len(files)) if numbers is None else numbers)
    deeper = reader.deeper() if any(header.depth in DEEP for header in found.headers) else None
    if deeper is not None:
        del faults.lines[before:]
        found = _checked(files, deeper, faults, range(len(files)) if numbers is None else numbers)
    paths, depths = [files[int(number)].path for number in found.numbers], [each.depth for each in found.headers]
    return replace(found, notes=tuple(reader.notes(paths, depths)))


def _checked(files: Sequence[Named], reader: Reader, faults: Faults, numbers: Sequence[int]) -> Checked:
    at_once = size(len(files), reader) <= READ_AT_ONCE
    items = np.empty((len(files), *reader.shape), reader.dtype) if at_once else None

    def look(number: int) -> Header:
        if items is None:
            return header(files[number].path)
        items[number], found = reader(files[number].path)
        return found

    good = tried(look, files, numbers, faults)
    return Checked(np.fromiter(good, np.int64, len(good)), tuple(good.values()), items, reader)
