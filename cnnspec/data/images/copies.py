"""Identical files: counted and named where they stand in two splits, or under two labels."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple, TypeVar

from cnnspec.data.images.column import in_parallel

_PART = 1 << 12
_SHOWN = 3

K = TypeVar("K", bound=Hashable)


class Copy(NamedTuple):
    """What is asked of a file: its name in messages, where it lies, its bytes, its split and its label."""

    name: str
    path: Path
    bytes: int
    split: str
    label: str


def identical(files: Sequence[Copy]) -> list[list[Copy]]:
    """The groups of files that hold the same bytes. Of files of equal size the middle and the end are read, and the
    whole of those that are equal in both."""
    alike = _grouped([list(files)], lambda file: file.bytes)
    alike = _grouped(alike, lambda file: _digest(file, (file.bytes // 2, file.bytes - _PART)))
    return _grouped(alike, _digest)


def _grouped(groups: Sequence[Sequence[Copy]], key: Callable[[Copy], K]) -> list[list[Copy]]:
    """Each group, parted by what its files have as key; files alone are left out."""
    files = [(number, file) for number, group in enumerate(groups) for file in group]
    found: dict[tuple[int, K], list[Copy]] = defaultdict(list)
    for (number, file), held in zip(files, in_parallel(lambda each: key(each[1]), files), strict=True):
        found[number, held].append(file)
    return [group for group in found.values() if len(group) > 1]


def _digest(file: Copy, places: Sequence[int] | None = None) -> bytes:
    """A digest of a file, or of its parts that start at `places`; of one that cannot be read, its name."""
    digest = blake2b(digest_size=16)
    try:
        with file.path.open("rb") as opened:
            for place in (0,) if places is None else places:
                opened.seek(max(0, place))
                digest.update(opened.read(-1 if places is None else _PART))
    except OSError:
        return str(file.path).encode("utf-8", "surrogateescape")
    return digest.digest()


def notes_of_copies(files: Sequence[Copy]) -> Iterator[str]:
    """Notes on identical files in two splits, and with two labels."""
    if len({(file.split, file.label) for file in files}) < 2:
        return
    groups = identical(files)
    for split in ("test", "validation"):
        for other in ("train", "validation")[: 1 if split == "validation" else 2]:
            both = [
                (one, twin)
                for group in groups
                for one in group
                if one.split == split and (twin := next((file for file in group if file.split == other), None))
            ]
            if both:
                where = f"{split} split {'is' if len(both) == 1 else 'are'} also in {other}"
                yield f"{_files(len(both))} of the {where}: {_listed([(a.name, b.name) for a, b in both])}"
    two = [pair for group in groups if (pair := _two_labels(group)) is not None]
    if two:
        have = "image has" if len(two) == 1 else "images have"
        listed = _listed([(f"{a.name} ({a.label})", f"{b.name} ({b.label})") for a, b in two])
        yield f"{len(two):,} {have} two labels: {listed}"


def _two_labels(group: Sequence[Copy]) -> tuple[Copy, Copy] | None:
    other = next((file for file in group if file.label != group[0].label), None)
    return None if other is None else (group[0], other)


def _files(count: int) -> str:
    return f"{count:,} file{'s' * (count != 1)}"


def _listed(pairs: Sequence[tuple[str, str]]) -> str:
    return ", ".join(f"{one} = {other}" for one, other in pairs[:_SHOWN]) + ", …" * (len(pairs) > _SHOWN)
