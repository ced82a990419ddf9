"""TFRecord files of `tf.train.Example`: an index is made once, and images are read where they lie.

A record is its length (8 bytes), the checksum of these, its data, and the checksum of that.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from cnnspec.data.columns import Array
from cnnspec.data.crc32c import masked
from cnnspec.data.encoded import Labelled, absent, multi_hot
from cnnspec.data.errors import DataError
from cnnspec.data.examples import Damaged, Feature, features, spans, values
from cnnspec.data.images.listing import natural

_HEAD, _FOOT = 12, 4


def matching(patterns: Sequence[str], directory: Path) -> list[Path]:
    """The files that are named, `*` standing for any letters, in the order of their names. Raises `DataError`."""
    found: list[Path] = []
    for pattern in patterns:
        whole = directory / pattern
        if not set("*?[") & set(pattern):
            found.append(whole)
            continue
        fixed = Path(*takewhile(lambda part: not set("*?[") & set(part), whole.parts))
        files = [path for path in fixed.glob(str(whole.relative_to(fixed))) if path.is_file()]
        if not files:
            raise DataError(f"there is no file {whole}", "paths are relative to the folder of the spec")
        found += sorted(files, key=lambda path: natural(str(path)))
    return list(dict.fromkeys(found))


class Wanted(NamedTuple):
    """The names of the features that hold the image and its label, the shape of images that are plain values, and of
    labels that are lists of class numbers (tags), how many classes there are."""

    image: str
    label: str
    raw_shape: tuple[int, ...] | None = None
    tags: int | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where an image lies: its file, its record in that, and the bytes from `start` to `end`."""

    file: int
    record: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Records:
    """Encoded images in records, as a `Store`."""

    paths: tuple[Path, ...]
    maps: tuple[mmap.mmap, ...]
    places: tuple[Place, ...]
    checksum: str

    def __len__(self) -> int:
        return len(self.places)

    def content(self, number: int) -> bytes:
        """As `Store.content`."""
        place = self.places[number]
        return self.maps[place.file][place.start : place.end]

    def where(self, number: int) -> str:
        """As `Store.where`."""
        place = self.places[number]
        return f"{self.paths[place.file]}, record {place.record},"

    def fingerprint(self) -> str:
        """A digest of the checksums of all records."""
        return self.checksum


def read_records(paths: Sequence[Path], wanted: Wanted) -> Labelled:
    """The images and labels of all records in `paths`. Every checksum is checked. Raises `DataError`."""
    maps = tuple(map(_mapped, paths))
    form = str(wanted).replace(", tags=None", "")  # as it was written before there were tags
    digest = blake2b(form.encode(), digest_size=16)
    places: list[Place] = []
    plain: list[Array] = []
    labels: list[Array | str] = []
    for file, (path, content) in enumerate(zip(paths, maps, strict=True)):
        view = memoryview(content)
        for record, (start, end) in enumerate(_records(view, path)):
            data, where = view[start:end], f"{path}, record {record},"
            found = _features(data, where)
            digest.update(view[end : end + _FOOT])
            labels.append(_label(data, found, wanted, where))
            if wanted.raw_shape is not None:
                plain.append(_plain(data, found, wanted, where))
                continue
            first, last = _image(data, found, wanted.image, where)
            places.append(Place(file, record, start + first, start + last))
    if not labels:
        raise DataError(f"{paths[0]}" + f" and {len(paths) - 1} more" * (len(paths) > 1) + ": there are no records")
    images = Records(tuple(paths), maps, tuple(places), digest.hexdigest())
    return Labelled(np.stack(plain) if plain else images, _together(labels, wanted, paths[0]))


def _mapped(path: Path) -> mmap.mmap:
    """A file, mapped into memory."""
    try:
        with path.open("rb") as file:
            if file.read(2) == b"\x1f\x8b":
                raise DataError(f"{path} is packed with gzip", "unpack it: records are read where they lie in the file")
            if not path.stat().st_size:
                raise DataError(f"{path} is empty")
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except FileNotFoundError:
        raise DataError(f"{path} is not there", "paths are relative to the folder of the spec") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}") from None


def _records(view: memoryview, path: Path) -> Iterator[tuple[int, int]]:
    """Where the data of each record starts and ends, checked."""
    at = number = 0
    while at < len(view):
        start = at + _HEAD
        if start > len(view):
            raise DataError(f"{path} is cut off in record {number}")
        if masked(view[at : at + 8]) != int.from_bytes(view[at + 8 : start], "little"):
            what = f"is damaged: the length of record {number} is not what was written" if number else "is no TFRecord"
            raise DataError(f"{path} {what}", None if number else "it must hold records of `tf.train.Example`")
        end = start + int.from_bytes(view[at : at + 8], "little")
        at = end + _FOOT
        if at > len(view):
            raise DataError(f"{path} is cut off in record {number}")
        if masked(view[start:end]) != int.from_bytes(view[end:at], "little"):
            raise DataError(f"{path} is damaged: record {number} is not what was written")
        yield start, end
        number += 1


def _features(data: memoryview, where: str) -> dict[str, Feature]:
    try:
        return features(data)
    except Damaged:
        raise DataError(f"{where} is no `tf.train.Example`") from None


def _named(found: dict[str, Feature], name: str, where: str) -> Feature:
    if name not in found:
        raise absent(where.rstrip(","), name, sorted(found))
    return found[name]


def _image(data: memoryview, found: dict[str, Feature], name: str, where: str) -> tuple[int, int]:
    """Where the bytes of an encoded image start and end."""
    feature = _named(found, name, where)
    if feature.kind != "bytes":
        help = "for images that are plain values, say their shape: `raw_shape: [height, width, channels]`"
        raise DataError(f"{where} holds {feature.kind} as `{name}`, no encoded image", help)
    held = spans(data, feature)
    if len(held) != 1:
        raise DataError(f"{where} holds {len(held)} images as `{name}`, not one")
    return held[0]


def _plain(data: memoryview, found: dict[str, Feature], wanted: Wanted, where: str) -> Array:
    """An image that is stored as values: bytes, floats of 32 bits in bytes, or a list of numbers."""
    assert wanted.raw_shape is not None
    feature = _named(found, wanted.image, where)
    length = int(np.prod(wanted.raw_shape))
    if feature.kind == "bytes":
        content = b"".join(bytes(data[start:end]) for start, end in spans(data, feature))
        numbers = np.frombuffer(content, "<f4" if len(content) == 4 * length else np.uint8)
    else:
        numbers = values(data, feature)
    if numbers.size != length:
        shape = "×".join(map(str, wanted.raw_shape))
        raise DataError(f"{where} holds {numbers.size:,} values as `{wanted.image}`, but {shape} are {length:,}")
    if numbers.dtype.kind == "i" and numbers.min(initial=0) >= 0 and numbers.max(initial=0) <= 255:
        numbers = numbers.astype(np.uint8)
    return numbers.reshape(wanted.raw_shape)


def _label(data: memoryview, found: dict[str, Feature], wanted: Wanted, where: str) -> Array | str:
    """What is to be learnt: numbers, or the name of a class."""
    name = wanted.label
    if wanted.tags is not None and name not in found:
        return np.empty(0, np.int64)  # an empty list may be left out
    feature = _named(found, name, where)
    if feature.kind != "bytes":
        numbers = values(data, feature) if feature.kind != "nothing" else np.empty(0, np.int64)
        if not len(numbers) and wanted.tags is None:
            raise DataError(f"{where} holds nothing as `{name}`")
        return numbers
    held = spans(data, feature)
    if not held and wanted.tags is not None:
        return np.empty(0, np.int64)
    if len(held) != 1:
        raise DataError(f"{where} holds {len(held)} texts as `{name}`, not one")
    try:
        return str(data[slice(*held[0])], "utf-8")
    except UnicodeDecodeError:
        help = "labels are numbers, or names of classes; masks belong into a `segmentation_folder`"
        raise DataError(f"{where} holds bytes as `{name}` that are no text", help) from None


def _together(labels: Sequence[Array | str], wanted: Wanted, path: Path) -> Array:
    """All labels as one array."""
    name = wanted.label
    lists = [label.tolist() for label in labels if not isinstance(label, str)]
    if wanted.tags is not None and len(lists) == len(labels):
        return multi_hot(lists, wanted.tags, f"{path}, `{name}`")
    if all(isinstance(label, str) for label in labels):
        return np.array(labels)
    arrays = [label for label in labels if not isinstance(label, str)]
    lengths = {len(array) for array in arrays}
    if len(arrays) < len(labels) or len(lengths) > 1:
        what = "numbers here and texts there" if len(arrays) < len(labels) else "more numbers for some than for others"
        raise DataError(f"{path} and what belongs to it: the records hold {what} as `{name}`")
    return np.stack(arrays) if lengths != {1} else np.concatenate(arrays)
