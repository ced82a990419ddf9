"""Pictures drawn for the tests, and files that are none."""

from __future__ import annotations

import io
import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from cnnspec.data.sources import SOURCES, Source
from cnnspec.language.entries import read_entry


def source(value: Any) -> Source:
    entry = read_entry(tuples(value), SOURCES)
    assert isinstance(entry, Source)
    return entry


def tuples(value: Any) -> Any:
    """Plain data as a spec is read: lists are tuples."""
    if isinstance(value, dict):
        return {key: tuples(inner) for key, inner in value.items()}
    return tuple(map(tuples, value)) if isinstance(value, list) else value


def noise(height: int, width: int, channels: int = 3, seed: int = 0) -> Any:
    shape = (height, width, channels) if channels > 1 else (height, width)
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def smooth(height: int, width: int) -> Any:
    """A picture whose corners differ, and that survives JPEG."""
    down, across = np.linspace(0, 200, height)[:, None], np.linspace(0, 200, width)[None, :]
    return np.stack(np.broadcast_arrays(down, across, (down + across) / 4 + 100), -1).astype(np.uint8)


def save(path: Path, array: Any, **options: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path, **options)
    return path


def packed(array: Any, form: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, form, **options)
    return buffer.getvalue()


def png_header(width: int, height: int) -> bytes:
    """A PNG that promises so many pixels and holds none."""
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"")),
        (b"IEND", b""),
    ]
    parts = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


PNG = packed(noise(20, 30), "PNG")
JPEG = packed(noise(60, 60), "JPEG")


def _linked_to_itself(path: Path) -> None:
    path.symlink_to(path.name)


def _flipped(content: bytes) -> bytes:
    at = len(content) // 2
    return content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :]


BAD: dict[str, tuple[bytes | Callable[[Path], Any], str]] = {
    "empty.png": (b"", "is empty"),
    "text.jpg": (b"not an image\n" * 9, "is text, no image"),
    "page.jpg": (b"<!DOCTYPE html><html>404</html>", "is a web page, no image"),
    "pointer.png": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "is a Git LFS pointer"),
    "document.png": (b"%PDF-1.7\n%\xe2\xe3", "is a PDF"),
    "phone.jpg": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "is HEIC, which is not read"),
    "noise.webp": (bytes(range(128, 256)) * 4, "is no image that can be read"),
    "stump.jpg": (JPEG[:80], "is damaged or cut off"),
    "cut.png": (PNG[: len(PNG) // 2], "is cut off"),
    "cut.jpg": (JPEG[: len(JPEG) // 2], "is cut off"),
    "cut.gif": (packed(noise(40, 40, 1), "GIF")[:900], "is cut off"),
    "cut.bmp": (packed(noise(20, 30), "BMP")[:700], "is cut off"),
    "cut.webp": (packed(noise(20, 30), "WEBP", lossless=True)[:300], "is "),
    "cut.tif": (packed(noise(20, 30), "TIFF")[:700], "is "),
    "flipped.png": (_flipped(PNG), "is damaged"),
    "wide.png": (png_header(20_000, 10), "is 20,000×10 pixels; at most 16,384 a side are read"),
    "huge.png": (png_header(16_000, 16_000), "is 16,000×16,000 pixels; at most 134,217,728 in all are read"),
    "none.png": (png_header(0, 5), "is "),
    "float.tif": (packed(np.full((4, 4), 300, np.float32), "TIFF"), "holds floats of 300 to 300, not of 0 to 1"),
    "circle.png": (_linked_to_itself, "is a link that leads back to itself"),
    "dangling.png": (lambda path: path.symlink_to("nowhere.png"), "is a link to nothing"),
    "folder.png": (lambda path: path.mkdir(), "is a folder"),
    "pipe.png": (os.mkfifo, "is no file"),
}
"""Names of files that cannot be used, what they hold (or how they are made), and how the reason begins."""


def spoil(path: Path, how: bytes | Callable[[Path], Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(how) if isinstance(how, bytes) else how(path)
