"""Zip files that tell whether they are whole: a SHA-256 of all their bytes, in the comment at their end.

A zip's own checksums leave out its directory, and HDF5 inside a `.keras` file has none at all. Any reader of zips
takes a sealed file as it is.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path

PART = ".part-"
"""How the names of files begin that are being written."""

_WORD = b"sha256:"
_COMMENT = len(_WORD) + 64
_CHUNK = 1 << 20


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A place beside `path` to write to. It is then synced to the disk and moved to `path`, which is the old file or
    the new one at any moment, and never a part of either."""
    temporary = path.with_name(f"{PART}{path.name}")
    try:
        yield temporary
        sync(temporary)
        temporary.replace(path)
        sync(path.parent)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


@contextmanager
def sealed(path: Path) -> Iterator[Path]:
    """As `replacing`, for a zip file, which is sealed before it is moved."""
    with replacing(path) as temporary:
        yield temporary
        with temporary.open("r+b") as file:
            file.seek(-2, os.SEEK_END)
            file.write(_COMMENT.to_bytes(2, "little"))
            file.write(_WORD)
            file.flush()
            length = file.tell()
            file.write(_digest(temporary, length).encode())


def intact(path: Path) -> bool:
    """Whether a sealed file is as it was written. Raises `OSError` where it cannot be read."""
    length = path.stat().st_size - 64
    with path.open("rb") as file:
        file.seek(max(length - len(_WORD), 0))
        if length < len(_WORD) or file.read(len(_WORD)) != _WORD:
            return False
        said = file.read()
    return _digest(path, length).encode() == said


def _digest(path: Path, length: int) -> str:
    """The SHA-256 of the first `length` bytes."""
    digest = sha256()
    with path.open("rb") as file:
        while length > 0 and (chunk := file.read(min(_CHUNK, length))):
            digest.update(chunk)
            length -= len(chunk)
    return digest.hexdigest()


def sync(path: Path) -> None:
    """Have a file or folder on the disk before going on."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
