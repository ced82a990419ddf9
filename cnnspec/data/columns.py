"""Columns: N items of one shape, in memory or read when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from typing import Any, Protocol, TypeAlias

import numpy as np

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]

_BLOCK = 4096
_READ = 1 << 30
"""How many bytes of an array in a file a fingerprint reads."""


class Column(Protocol):
    """N items of one shape. A NumPy array is one as it stands, memory-mapped or not.

    Several threads may ask at once. What cannot be read raises a `DataError` that names the file.
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """N and the shape of an item, known without reading any."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the numbers."""

    def __len__(self) -> int:
        """How many items there are."""

    def __getitem__(self, indices: Any, /) -> Array:
        """The items at `indices`, an array of whole numbers."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Some items of a column that is not in memory, in an order of their own."""

    column: Column
    indices: Array

    @property
    def shape(self) -> tuple[int, ...]:
        """As `Column.shape`."""
        return (len(self.indices), *self.column.shape[1:])

    @property
    def dtype(self) -> np.dtype[Any]:
        """As `Column.dtype`."""
        return self.column.dtype

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, indices: Any, /) -> Array:
        return self.column[self.indices[indices]]

    def fingerprint(self) -> str:
        """As `fingerprint`."""
        return _digest(fingerprint(self.column).encode(), np.ascontiguousarray(self.indices))


@dataclass(frozen=True, slots=True)
class Mapped:
    """A column with `function` over every batch that is asked for; `item` is the shape of what it makes of one."""

    column: Column
    function: Callable[[Array], Array]
    item: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def shape(self) -> tuple[int, ...]:
        """As `Column.shape`."""
        return (len(self.column), *self.item)

    def __len__(self) -> int:
        return len(self.column)

    def __getitem__(self, indices: Any, /) -> Array:
        return self.function(self.column[indices])

    def fingerprint(self) -> str:
        """As `fingerprint`, of what is mapped."""
        return fingerprint(self.column)


def in_memory(column: Column) -> bool:
    """Whether all of a column is in memory already."""
    return isinstance(column, np.ndarray) and not isinstance(_owner(column), np.memmap)


def _owner(array: Any) -> Any:
    """The array that a view looks at."""
    while isinstance(array, np.ndarray) and not isinstance(array, np.memmap) and array.base is not None:
        array = array.base
    return array


def take(column: Column, indices: Array) -> Column:
    """The items at `indices` as a column; nothing that is not in memory is read."""
    return column[indices] if in_memory(column) else Taken(column, indices)


def fingerprint(column: Column) -> str:
    """A digest that tells whether the data is what it was. A column that is no array brings its own; of an array above
    1 GiB in a file, evenly spaced blocks are read."""
    own = getattr(column, "fingerprint", None)
    if own is not None:
        return str(own())
    assert isinstance(column, np.ndarray)
    digest = blake2b(f"{column.shape} {column.dtype.str}".encode(), digest_size=16)
    every = 1 if in_memory(column) else 1 + column.nbytes // _READ
    for part in islice(blocks(len(column)), 0, None, every):
        digest.update(np.ascontiguousarray(column[part]).data)
    return digest.hexdigest()


def _digest(*parts: Any) -> str:
    digest = blake2b(digest_size=16)
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


def blocks(length: int, size: int = _BLOCK) -> Iterator[slice]:
    """Slices that cover `length` items, `size` at a time."""
    for start in range(0, length, size):
        yield slice(start, min(start + size, length))
