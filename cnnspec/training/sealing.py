"""Zip files that tell whether they are whole: a SHA-256 of all their bytes, in the comment at their end.

A zip's own checksums leave out its directory, and HDF5 inside a `.keras` file has none at all. Any reader of zips
takes a sealed file as it is.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import IO

from cnnspec.training.folder_files import File

_WORD = b"sha256:"
_COMMENT = len(_WORD) + 64
_CHUNK = 1 << 20


@contextmanager
def sealed(file: File) -> Iterator[IO[bytes]]:
    """As `File.replaced`, for a zip file, which is sealed before it takes its place."""
    with file.replaced() as stream:
        yield stream
        stream.seek(-2, os.SEEK_END)
        stream.write(_COMMENT.to_bytes(2, "little"))
        stream.write(_WORD)
        stream.write(_digest(stream, stream.tell()).encode())


def whole(stream: IO[bytes]) -> bool:
    """Whether what was sealed is as it was written; the stream is then at its start."""
    length = stream.seek(0, os.SEEK_END) - 64
    stream.seek(max(length - len(_WORD), 0))
    if length < len(_WORD) or stream.read(len(_WORD)) != _WORD:
        return False
    said = stream.read()
    found = _digest(stream, length).encode() == said
    stream.seek(0)
    return found


def _digest(stream: IO[bytes], length: int) -> str:
    """The SHA-256 of the first `length` bytes; the stream is then behind them."""
    digest = sha256()
    stream.seek(0)
    while length > 0 and (chunk := stream.read(min(_CHUNK, length))):
        digest.update(chunk)
        length -= len(chunk)
    return digest.hexdigest()
