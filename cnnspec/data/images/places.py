"""Where the files of a table lie: paths as people write them, below a folder."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from os.path import normpath
from pathlib import Path, PurePosixPath, PureWindowsPath

from cnnspec.data.images.listing import images_below, is_image
from cnnspec.language.paths import is_there

_SHOWN = 3
_HOW = {
    "slashes": ("is written with backslashes", "are written with backslashes"),
    "folder": ("names the folder that it lies in, too", "name the folder that they lie in, too"),
    "ending": ("has no ending", "have no ending"),
}
"""What is said of a path, and of several, that is read otherwise than it is written."""
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file lies; or why it is not found (going on from its name); and how it was found (a key of `_HOW`), where
    not as it is written."""

    path: Path
    fault: str | None = None
    how: str | None = None


@dataclass(slots=True)
class Places:
    """Finds the files that a table names, below `folder`. What is there is listed once, and only where a path does not
    lead to a file as it stands."""

    folder: Path
    below: _Below = field(init=False)
    parts: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.below, self.parts = _Below(self.folder), self.folder.resolve().parts

    def find(self, written: str) -> Place:
        """The file that `written` names."""
        if _ADDRESS.match(written):
            return Place(self.folder / written, "is an address, no path: download the image, and write where it lies")
        whole = self.folder / written
        if is_there(whole):
            return Place(whole)
        inner, how = self._inner(written)
        if inner is None:
            return Place(whole, f"is an absolute path, and not there: write paths below {self.folder}")
        if how is not None and is_there(self.folder / inner):
            return Place(self.folder / inner, None, how)
        return self._alike(inner, how)

    def _inner(self, written: str) -> tuple[str | None, str | None]:
        """A path below the folder, with slashes, and what was changed; None where it leads elsewhere."""
        windows = "\\" in written or _DRIVE.match(written) is not None
        parts = PureWindowsPath(written).parts if windows else PurePosixPath(written).parts
        how = "slashes" if "\\" in written else None
        absolute = bool(parts) and (parts[0].startswith("/") or _DRIVE.match(parts[0]) is not None)
        named = self.parts[-1]
        if named in parts[:-1] and (absolute or self._ends_with(parts[: parts.index(named) + 1])):
            at = len(parts) - 1 - parts[::-1].index(named) if absolute else parts.index(named)
            return "/".join(parts[at + 1 :]), "folder"
        return (None, None) if absolute else ("/".join(parts), how)

    def _ends_with(self, parts: Sequence[str]) -> bool:
        """Whether the path of the folder ends with these parts."""
        return self.parts[-len(parts) :] == tuple(parts)

    def _alike(self, inner: str, how: str | None) -> Place:
        """The only file of that name with an ending; or what there is that is called nearly so."""
        plain = str(PurePosixPath(inner))
        found = [] if is_image(plain) else self.below.by_stem.get(plain, [])
        if len(found) == 1:
            return Place(self.folder / found[0], None, how or "ending")
        near = found or self.below.near(plain)
        missing = self.folder / inner
        if not near:
            return Place(missing)  # what the file is lacks, the reader says
        what = " and ".join(near[:_SHOWN]) + (" …" if len(near) > _SHOWN else "")
        return Place(missing, f"is not there; {what} {'is' if len(near) == 1 else 'are'}")


@dataclass(frozen=True)
class _Below:
    """The images below a folder, by what they are called."""

    folder: Path

    @cached_property
    def images(self) -> list[str]:
        return images_below(self.folder).images

    @cached_property
    def by_stem(self) -> dict[str, list[str]]:
        """By their paths without the ending."""
        found: dict[str, list[str]] = defaultdict(list)
        for image in self.images:
            found[image.rpartition(".")[0]].append(image)
        return found

    @cached_property
    def _by_looks(self) -> dict[str, list[str]]:
        """By their names alone, without the ending, the size of letters, and zeros in front of a number."""
        found: dict[str, list[str]] = defaultdict(list)
        for image in self.images:
            found[_looks(image)].append(image)
        return found

    def near(self, path: str) -> list[str]:
        """The images that are called nearly so, wherever they lie."""
        return self._by_looks.get(_looks(path), [])


def _looks(path: str) -> str:
    name = PurePosixPath(path).name
    stem = name.rpartition(".")[0] if is_image(name) else name
    return (stem.lstrip("0") or "0" if stem.isdecimal() else stem).casefold()


def same_place(path: Path) -> str:
    """A key that is one for all ways to write the path of a file."""
    return normpath(path)


def notes_of(found: Sequence[tuple[str, Place]], folder: Path) -> Iterator[str]:
    """What was done to find the files, each with an example: the path as written, and where it leads."""
    groups: dict[str, list[tuple[str, Place]]] = defaultdict(list)
    for written, place in found:
        if place.how is not None and place.fault is None:
            groups[place.how].append((written, place))
    for how, several in groups.items():
        written, place = several[0]
        inner = place.path.relative_to(folder).as_posix() if place.path.is_relative_to(folder) else place.path
        one, more = _HOW[how]
        what = f"1 path of the table {one}" if len(several) == 1 else f"{len(several):,} paths of the table {more}"
        yield f"{what}: {written} is read as {inner}"
