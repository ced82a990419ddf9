"""A folder that is held open: its files are opened below it, never through a link, and only where they are files.

A run folder may come from a stranger. So nothing in it leads out of it, and nothing in it makes a command wait.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

PART = ".part-"
"""How the names of files begin that are being written."""

_KINDS = {
    stat.S_IFLNK: "a symbolic link", stat.S_IFDIR: "a folder", stat.S_IFIFO: "a FIFO", stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device", stat.S_IFBLK: "a device", stat.S_IFREG: "a file",
}  # fmt: skip
_BELOW = {os.open, os.stat, os.unlink, os.mkdir, os.rename} <= os.supports_dir_fd
"""Whether the system opens names below a folder that is held open. Where it does not, paths are looked at first."""
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_PLAIN = _NO_LINK | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOCTTY", 0)


class Unsafe(OSError):
    """What is at `path` is not what belongs there; `reason` says what it is instead."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(reason)
        self.path, self.reason = path, reason

    @property
    def told(self) -> str:
        """The path and the reason."""
        return f"{self.path} {self.reason}"


class Folder:
    """A folder that is held open until it is closed. Its owner, the user and root may own what is in it."""

    def __init__(self, path: Path, handle: int | None, owners: frozenset[int]) -> None:
        self.path, self._handle, self.owners = path, handle, owners

    @classmethod
    def at(cls, path: Path) -> Folder:
        """The folder that a person named, through links where that path has some."""
        handle = os.open(path, _FOLDER) if _BELOW else None
        owner = (os.stat(path) if handle is None else os.fstat(handle)).st_uid
        return cls(path, handle, frozenset({0, os.geteuid() if hasattr(os, "geteuid") else owner, owner}))

    def below(self, *names: str, make: bool = False) -> Folder:
        """The folder in this one; with `make` it is made where it is missing. Raises `Unsafe` where that is none."""
        held = self._again()
        for name in names:
            with held:
                held = held._below(name, make)
        return held

    def _again(self) -> Folder:
        return Folder(self.path, os.dup(self._handle) if self._handle is not None else None, self.owners)

    def _below(self, name: str, make: bool) -> Folder:
        place, how = self.where(name)
        if make:
            with suppress(FileExistsError):
                os.mkdir(place, **how)
        path = self.path / name
        _check(path, os.stat(place, follow_symlinks=False, **how), stat.S_IFDIR, self.owners)
        return Folder(path, os.open(place, _FOLDER | _NO_LINK, **how) if _BELOW else None, self.owners)

    def file(self, name: str) -> File:
        """The file of this name, be it there or not."""
        return File(self, name)

    def names(self) -> list[str]:
        """The names of all that is in it, in order."""
        return sorted(os.listdir(self.path if self._handle is None else self._handle))

    def where(self, name: str) -> tuple[Any, dict[str, Any]]:
        """What functions of `os` take for the place of `name` in this folder."""
        if name in ("", ".", "..") or "/" in name:
            raise Unsafe(self.path / name, "is not the name of a file in its folder")
        return (self.path / name, {}) if self._handle is None else (name, {"dir_fd": self._handle})

    def sync(self) -> None:
        """Have the names in it on the disk before going on."""
        if self._handle is not None:
            os.fsync(self._handle)

    def check_tree(self, deep: bool = True) -> None:
        """Raises `Unsafe` where anything below is a link that may lead out of here, or is neither file nor folder;
        without `deep` only what is directly in it is looked at."""
        for name in self.names():
            place, how = self.where(name)
            found = os.stat(place, follow_symlinks=False, **how)
            if stat.S_ISDIR(found.st_mode):
                if deep:
                    with self.below(name) as inner:
                        inner.check_tree()
            elif not stat.S_ISLNK(found.st_mode) or _leads_out(os.readlink(place, **how)):
                _check(self.path / name, found, stat.S_IFREG, self.owners)

    def close(self) -> None:
        """Let go of the folder."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def __enter__(self) -> Folder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        with suppress(OSError):
            self.close()


@dataclass(frozen=True, slots=True)
class File:
    """A file in a folder that is held open: a regular one, of an owner who may have files there."""

    folder: Folder
    name: str

    @property
    def path(self) -> Path:
        """Where it is, for messages."""
        return self.folder.path / self.name

    @property
    def size(self) -> int | None:
        """Its bytes; None where it is not there. Raises `Unsafe` where something else is."""
        place, how = self.folder.where(self.name)
        try:
            found = os.stat(place, follow_symlinks=False, **how)
        except FileNotFoundError:
            return None
        _check(self.path, found, stat.S_IFREG, self.folder.owners)
        return found.st_size

    @property
    def plain(self) -> bool:
        """Whether it is there, and a file."""
        try:
            return self.size is not None
        except OSError:
            return False

    def is_this(self, file: IO[bytes]) -> bool:
        """Whether an open file is the one of this name."""
        place, how = self.folder.where(self.name)
        try:
            return os.path.samestat(os.fstat(file.fileno()), os.stat(place, follow_symlinks=False, **how))
        except FileNotFoundError:
            return False

    def opened(self, flags: int = os.O_RDONLY) -> IO[bytes]:
        """The file, open. Raises `Unsafe` where it is none, `OSError` where it does not open."""
        _ = self.size  # devices do things when they are opened
        place, how = self.folder.where(self.name)
        try:
            handle = os.open(place, flags | _PLAIN, 0o666, **how)
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENXIO, errno.EISDIR):  # it became something else meanwhile
                _ = self.size
            raise
        try:
            found = os.fstat(handle)
            _check(self.path, found, stat.S_IFREG, self.folder.owners)
            if flags & (os.O_WRONLY | os.O_RDWR) and found.st_nlink > 1:
                raise Unsafe(self.path, "is a hard link: it has another name as well, and writing would change both")
            if flags & os.O_RDWR:
                return os.fdopen(handle, "r+b")
            return os.fdopen(handle, "ab" if flags & os.O_WRONLY else "rb", buffering=0)
        except BaseException:
            os.close(handle)
            raise

    def read(self, limit: int) -> bytes:
        """Its bytes. Raises `Unsafe` where there are more than `limit`."""
        with self.opened() as file:
            found = b"".join(iter(lambda: file.read(1 << 20), b"")) if self._has(file) <= limit else None
        if found is None or len(found) > limit:
            raise Unsafe(self.path, f"has more than {limit:,} bytes")
        return found

    def _has(self, file: IO[bytes]) -> int:
        return os.fstat(file.fileno()).st_size

    def append(self, content: bytes) -> None:
        """Add to its end, all of `content` or nothing."""
        with self.opened(os.O_WRONLY | os.O_APPEND | os.O_CREAT) as file:
            length = self._has(file)
            try:
                if file.write(content) < len(content):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            except OSError:
                file.truncate(length)
                raise

    @contextmanager
    def replaced(self) -> Iterator[IO[bytes]]:
        """A file to write to, and to read again. It is then synced to the disk and takes the place of this one, which
        is the old file or the new one at any moment, and never a part of either."""
        half = File(self.folder, f"{PART}{self.name}")
        half.unlink()
        try:
            with half.opened(os.O_RDWR | os.O_CREAT | os.O_EXCL) as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            (source, how), (target, _) = half.folder.where(half.name), self.folder.where(self.name)
            _ = self.size
            os.replace(source, target, **{f"{end}_dir_fd": number for end in ("src", "dst") for number in how.values()})
            self.folder.sync()
        finally:
            with suppress(OSError):
                half.unlink()

    def write(self, content: bytes) -> None:
        """Have exactly `content` in it, at once."""
        with self.replaced() as file:
            file.write(content)

    def unlink(self) -> None:
        """Remove the name, where it is there; what a link leads to stays as it is."""
        place, how = self.folder.where(self.name)
        with suppress(FileNotFoundError):
            os.unlink(place, **how)


def _leads_out(target: str) -> bool:
    """Whether a link may lead to what is not below its own folder. Weights & Biases has links to its newest run."""
    return target.startswith("/") or ".." in target.split("/")


def _check(path: Path, found: os.stat_result, wanted: int, owners: frozenset[int]) -> None:
    """Raises `Unsafe` where `found` is not of the kind `wanted`, or is somebody else's."""
    kind = stat.S_IFMT(found.st_mode)
    if kind != wanted:
        raise Unsafe(path, f"is {_KINDS.get(kind, 'something else')}, where {_KINDS[wanted]} belongs")
    if found.st_uid not in owners:
        raise Unsafe(path, f"belongs to another user (number {found.st_uid})")
