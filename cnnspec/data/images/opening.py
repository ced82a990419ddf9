"""Opening a file of an image: its header, and every reason why it is none."""

from __future__ import annotations

import errno
import stat
from codecs import getincrementaldecoder
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple, TypeAlias

from PIL import Image

from cnnspec.language import limits

ENDINGS = {
    ".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".bmp", ".dib", ".gif", ".tif", ".tiff",
    ".ppm", ".pgm", ".pbm", ".pnm",
}  # fmt: skip
"""The endings, in small letters, by which a file is taken for an image."""

_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "DIB", "GIF", "TIFF", "PPM")
_UPRIGHT = ("BMP", "DIB", "GIF", "PPM", "TIFF")
"""Formats that say nothing of it, or that Pillow turns itself."""

_PIXELS = 1 << 27
_ORIENTATION = 0x0112
_END_OF_PNG = b"\0\0\0\0IEND\xaeB`\x82"
_FOREIGN = (
    (b"version https://git-lfs", "is a Git LFS pointer, not the image itself"),
    (b"%PDF", "is a PDF"),
    (b"PK\x03\x04", "is a ZIP archive"),
    (b"\x1f\x8b", "is packed with gzip"),
    (b"\0\0\0\x0cJXL ", "is JPEG XL, which is not read"),
    (b"\0\0\0\x0cjP  ", "is JPEG 2000, which is not read"),
)
_SIGNS = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM")
_BRANDS = {b"hei": "HEIC", b"hev": "HEIC", b"mif": "HEIC", b"msf": "HEIC", b"avi": "AVIF"}

Image.MAX_IMAGE_PIXELS = None  # `_measured` limits them, by header, with a message of its own


class BadImage(Exception):
    """A file that is no image that can be read. The reason goes on from the name: `cats/1.png` … `is empty`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


Depth: TypeAlias = Literal["8", "16", "16 colour", "32", "float"]
"""How deep pixels are: whole numbers of up to 8, 16 or 32 bits, or floats. Of colours of 16 bits, 8 are read."""

DEEP: frozenset[Depth] = frozenset({"16", "32", "float"})
"""Depths whose values do not fit into bytes."""


class Header(NamedTuple):
    """What is known of a file without decoding it: its bytes, when it changed, width and height as it is seen, how it
    is turned for that (1: not at all), and how deep its pixels are."""

    bytes: int
    changed: int
    size: tuple[int, int]
    orientation: int = 1
    depth: Depth = "8"


def header(path: Path) -> Header:
    """The header of an image, with a look at the end of the file. Decodes it only where that looks cut off.

    Raises `BadImage`.
    """
    with opened(path) as (image, file, found):
        if not _whole(image, file, found.bytes):
            loaded(image)
        return found


@contextmanager
def opened(path: Path) -> Iterator[tuple[Image.Image, BinaryIO, Header]]:
    """The image of a file, not yet decoded. Raises `BadImage`; so does what is done with it, where that fails."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise BadImage("is a folder" if stat.S_ISDIR(status.st_mode) else "is no file")
        if status.st_size == 0:
            raise BadImage("is empty")
        with path.open("rb") as file:
            image = _recognised(file)
            with image:
                size = _measured(image)
                yield image, file, Header(status.st_size, status.st_mtime_ns, size, orientation(image), depth(image))
    except OSError as error:
        raise BadImage(_refusal(path, error)) from None


@contextmanager
def unpacked(content: bytes) -> Iterator[Image.Image]:
    """The image that `content` is, not yet decoded. As `opened`, for an image that is no file of its own."""
    if not content:
        raise BadImage("is empty")
    try:
        with _recognised(BytesIO(content)) as image:
            _measured(image)
            yield image
    except OSError:
        raise BadImage("is damaged") from None


def _recognised(file: BinaryIO) -> Image.Image:
    try:
        return Image.open(file, formats=_FORMATS)
    except MemoryError:
        raise
    except Exception:  # Pillow's readers raise whatever damaged bytes make of them
        file.seek(0)
        raise BadImage(_what(file.read(512))) from None


def _what(start: bytes) -> str:
    """What a file is that is no image, by its first bytes."""
    for sign, reason in _FOREIGN:
        if start.startswith(sign):
            return reason
    if start[4:8] == b"ftyp" and start[8:11] in _BRANDS:
        return f"is {_BRANDS[start[8:11]]}, which is not read: convert it to JPEG or PNG (`magick FILE new.png`)"
    if start.lstrip().lower().startswith((b"<!doctype html", b"<html")):
        return "is a web page, no image"
    if start.startswith((b"II*\0", b"MM\0*")):
        return "is damaged or cut off, or a TIFF of a kind that is not read, such as one of several channels of floats"
    if start.startswith((b"II+\0", b"MM\0+")):
        return "is a BigTIFF that is not read: convert it to PNG or plain TIFF"
    if start.startswith(_SIGNS) or start[8:12] == b"WEBP":
        return "is damaged or cut off"
    try:
        text = getincrementaldecoder("utf-8")().decode(start)
    except UnicodeDecodeError:
        return "is no image that can be read"
    plain = all(sign.isprintable() or sign in "\n\r\t\f" for sign in text)
    return "is text, no image" if plain else "is no image that can be read"


def _measured(image: Image.Image) -> tuple[int, int]:
    """Width and height as the image is seen. Raises `BadImage` where it is too large."""
    width, height = image.size
    if max(width, height) > limits.PIXELS:
        raise BadImage(f"is {width:,}×{height:,} pixels; at most {limits.PIXELS:,} a side are read")
    if width * height > _PIXELS:
        raise BadImage(f"is {width:,}×{height:,} pixels; at most {_PIXELS:,} in all are read")
    return (height, width) if orientation(image) >= 5 else (width, height)


def orientation(image: Image.Image) -> int:
    """How a camera was held: 1 to 8, by the image's EXIF data; 1 where it does not say."""
    if image.format in _UPRIGHT or (image.format == "PNG" and "exif" not in image.info):
        return 1
    try:
        found = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # EXIF data that does not read says nothing
        return 1
    return found if found in range(1, 9) else 1


def depth(image: Image.Image) -> Depth:
    """How deep the pixels of an image are that is not yet decoded."""
    if image.mode.startswith("I;16") or (image.mode == "I" and image.format in ("PNG", "PPM")):
        return "16"
    if image.mode in ("I", "F"):
        return "32" if image.mode == "I" else "float"
    stored = (str(part) for tile in getattr(image, "tile", ()) for part in _parts(tile[3]))
    return "16 colour" if any(";16" in part for part in stored) else "8"


def _parts(arguments: object) -> tuple[object, ...]:
    return arguments if isinstance(arguments, tuple) else (arguments,)


def upright(image: Image.Image) -> Image.Image:
    """The image as it is seen."""
    return turned(image, orientation(image))


def turned(image: Image.Image, orientation: int) -> Image.Image:
    """The image as it is seen with the camera held so."""
    turn = _TURNS.get(orientation)
    return image if turn is None else image.transpose(turn)


_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # fmt: skip


def loaded(image: Image.Image) -> Image.Image:
    """The image, decoded. Raises `BadImage`."""
    try:
        image.load()
    except MemoryError:
        raise
    except Exception as error:
        raise BadImage("is cut off" if _tells_of_an_end(error) else "is damaged") from None
    return image


def _tells_of_an_end(error: Exception) -> bool:
    return isinstance(error, EOFError) or "truncated" in str(error).lower()


def _whole(image: Image.Image, file: BinaryIO, length: int) -> bool:
    """Whether a file ends as its format ends, or at least where its header says. Where it does not, it may still be
    whole: only decoding tells."""
    at = file.tell()
    file.seek(max(length - len(_END_OF_PNG), 0))
    end = file.read()
    file.seek(0)
    start = file.read(8)
    file.seek(at)
    match image.format:
        case "PNG":
            return end == _END_OF_PNG
        case "JPEG" | "MPO":
            return end.endswith(b"\xff\xd9")
        case "GIF":
            return end.endswith(b";")
        case "WEBP":
            return int.from_bytes(start[4:8], "little") + 8 <= length
        case "BMP":
            return 0 < int.from_bytes(start[2:6], "little") <= length
    return False


def _refusal(path: Path, error: OSError) -> str:
    """Why the system does not open a file."""
    match error.errno:
        case errno.ENOENT:
            return "is a link to nothing" if path.is_symlink() else "is not there"
        case errno.ELOOP:
            return "is a link that leads back to itself"
        case errno.EACCES | errno.EPERM:
            return "may not be read: permission denied"
    return f"cannot be read: {(error.strerror or str(error)).lower()}"
