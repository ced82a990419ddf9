"""The blocks in scope of a file: its own, the imported ones, and the standard ones."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path

from cnnspec.language.nodes import Node
from cnnspec.language.syntax import Block

STANDARD = Path(__file__).parents[1] / "blocks"


@cache
def standard_names() -> frozenset[str]:
    """The names of the standard blocks: one file each."""
    with os.scandir(STANDARD) as files:
        return frozenset(file.name.removesuffix(".yaml") for file in files if file.name.endswith(".yaml"))


class Library(Mapping[str, Block]):
    """Blocks by name. A file's own win over imported ones, and these over the standard ones.

    `standard` reads a standard block when it is first called.
    """

    def __init__(self, standard: Callable[[str], Block] | None = None) -> None:
        self.own: dict[str, Block] = {}
        self.imported: dict[str, Block] = {}
        self.conflicts: dict[str, tuple[Block, Node]] = {}
        """Blocks that a second import brings, with the reference to it."""
        self.behind: dict[str, str] = {}
        """Blocks that imported files import in turn, and that are not handed on, with their files."""
        self.incomplete = False
        """Whether an import failed, so that an unknown name may be one of its blocks."""
        self._standard = standard

    @property
    def _names(self) -> frozenset[str]:
        return standard_names() if self._standard else frozenset()

    def __contains__(self, name: object) -> bool:
        return name in self.own or name in self.imported or name in self._names

    def __getitem__(self, name: str) -> Block:
        found = self.own.get(name) or self.imported.get(name)
        if found is None and self._standard is not None and name in self._names:
            return self._standard(name)
        if found is None:
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[str]:
        yield from self.own
        yield from (name for name in self.imported if name not in self.own)
        yield from sorted(self._names - {*self.own, *self.imported})

    def __len__(self) -> int:
        return len({*self.own, *self.imported, *self._names})

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other
