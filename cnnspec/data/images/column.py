"""A column of files: each one decoded when it is asked for, and held where all of them fit into memory."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from math import prod
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np

from cnnspec.data.columns import Array
from cnnspec.data.errors import DataError
from cnnspec.data.images.opening import BadImage, Depth, Header
from cnnspec.data.memory import host_memory

READ_AT_ONCE = 1 << 28
"""Bytes up to which all files are decoded before training: then nothing is read while it runs. A matter of the data
alone, not of the machine, so that a run goes on as it began."""

_SHARE_HELD = 1 / 4
_THREADS = 32
_PARTS_A_THREAD = 4

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class File:
    """A file by its name in messages and by its path; what it was when it was checked."""

    name: str
    path: Path
    header: Header


class Reader(Protocol):
    """How a file becomes an item."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Of an item."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of its numbers."""

    def __call__(self, path: Path) -> tuple[Array, Header]:
        """The item of a file, and its header. Raises `BadImage`."""

    def deeper(self) -> Reader | None:
        """The reader of files that hold more than this one's numbers; None where it takes all as it is."""

    def notes(self, paths: Sequence[Path], depths: Sequence[Depth]) -> Iterable[str]:
        """What to tell of good files of these depths."""


def holds(bytes: int) -> bool:
    """Whether so many decoded bytes are kept in memory once they are read: up to a quarter of what is free."""
    return bytes <= _SHARE_HELD * host_memory().bytes


def size(files: int, reader: Reader) -> int:
    """The bytes of so many decoded files."""
    return files * prod(reader.shape) * reader.dtype.itemsize


class Files:
    """A `Column` of files. With `held`, an item that was read stays in memory.

    A file that is gone, has changed, or does not decode while the run goes on raises a `DataError` that names it.
    """

    def __init__(self, files: Sequence[File], reader: Reader, held: bool) -> None:
        self._files, self._read = files, reader
        self.shape, self.dtype = (len(files), *reader.shape), reader.dtype
        self._numbers = np.arange(len(files))
        self._held = np.empty(self.shape, self.dtype) if held else None
        self._known = np.zeros(len(files), bool)

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, indices: Any, /) -> Array:
        return gathered(self._item, self._numbers[indices], self.shape[1:], self.dtype)

    def _item(self, number: int) -> Array:
        if self._held is None:
            return self._decoded(number)
        if not self._known[number]:
            self._held[number] = self._decoded(number)
            self._known[number] = True
        return self._held[number]  # type: ignore[no-any-return]

    def _decoded(self, number: int) -> Array:
        file = self._files[number]
        try:
            item, header = self._read(file.path)
        except BadImage as bad:
            raise DataError(f"{file.path} {bad.reason}", "it was readable when the run began") from None
        if header != file.header:
            raise DataError(f"{file.path} has changed since the run began", "leave the data alone while it is used")
        return item

    def fingerprint(self) -> str:
        """A digest of the names, the sizes and the form; no content is read."""
        digest = blake2b(f"{self.shape} {self.dtype.str} {self._read!r}".encode(), digest_size=16)
        for file in self._files:
            digest.update(f"{file.name}\0{file.header.bytes}\0".encode("utf-8", "surrogateescape"))
        return digest.hexdigest()


def gathered(item: Callable[[int], Array], wanted: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """The items of the numbers `wanted`, each of `shape`, made in threads."""
    flat = np.reshape(wanted, -1)
    result = np.empty((len(flat), *shape), dtype)

    def fill(places: range) -> None:
        for place in places:
            result[place] = item(int(flat[place]))

    for _ in in_parallel(fill, _parts(len(flat))):
        pass
    return result.reshape(*np.shape(wanted), *shape)


def _parts(length: int) -> list[range]:
    """`range(length)` in as many parts as keep all threads busy to the end."""
    step = max(1, -(-length // (_PARTS_A_THREAD * threads())))
    return [range(start, min(start + step, length)) for start in range(0, length, step)]


def in_parallel(function: Callable[[T], R], items: Sequence[T]) -> Iterable[R]:
    """What `function` makes of each item, in order, computed in the threads that all columns share."""
    return _pool(os.getpid()).map(function, items) if len(items) > 1 else map(function, items)


def threads() -> int:
    """How many threads decode."""
    return min(_THREADS, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


@cache
def _pool(process: int) -> ThreadPoolExecutor:
    """The threads of a process: a fork has none of its parent's."""
    return ThreadPoolExecutor(threads(), "images")
