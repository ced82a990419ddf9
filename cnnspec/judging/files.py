"""The files that are to be told of, one after another: images, arrays and what folders hold of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO, TypeAlias

import numpy as np

from cnnspec.data.columns import Array
from cnnspec.data.images.decoding import image
from cnnspec.data.images.fitting import Form
from cnnspec.data.images.listing import images_below
from cnnspec.data.images.opening import BadImage, header
from cnnspec.judging.entering import Entrance, alone
from cnnspec.language.paths import is_folder, is_there
from cnnspec.layers.base import Shape, show
from cnnspec.training.pixel_ranges import another_scale, tells_scale
from cnnspec.training.ranges import is_usual, show_span
from cnnspec.training.shapes import fits

_ARRAYS = (".npy", ".npz")


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to tell of, or why it cannot be read (`error`, which goes on from the file's name).

    `name` is the file below the folder that was named; `index` its number where a file of arrays holds several;
    `size` the width and height of an image's file.
    """

    file: str
    name: str
    index: int | None = None
    x: Mapping[str, Array] = field(default_factory=dict)
    size: tuple[int, int] | None = None
    error: str | None = None
    note: str | None = None
    """What was done to the numbers of a file, so that they are such as training saw."""


Reading: TypeAlias = Callable[[], Item]
"""Reads an item, when it is called."""


class Broken(Exception):
    """Why a file cannot be read: words that go on from its name."""


def readings(files: Iterable[str | Path], entrances: Mapping[str, Entrance], stdin: TextIO | None) -> Iterator[Reading]:
    """How to read every item of `files`, in order. `-` stands for paths on `stdin`, one a line."""
    for file in files:
        if str(file) == "-" and stdin is not None:
            lines = (line.rstrip("\r\n") for line in stdin)
            yield from readings((line for line in lines if line and line != "-"), entrances, None)
        elif is_folder(Path(file)):
            yield from _of_folder(Path(file), entrances)
        else:
            yield from _of_file(Path(file), Path(file).name, entrances)


def _of_folder(folder: Path, entrances: Mapping[str, Entrance]) -> Iterator[Reading]:
    listed = images_below(folder)
    arrays = [name for name in listed.others if Path(name).suffix.lower() in _ARRAYS]
    for name, reason in listed.faults:
        yield _failed(folder / name, name, reason)
    for name in sorted([*listed.images, *arrays]):
        yield from _of_file(folder / name, name, entrances)
    if not listed.images and not arrays and not listed.faults:
        yield _failed(folder, folder.name, "holds no images")


def _failed(path: Path, name: str, reason: str) -> Reading:
    return lambda: Item(str(path), name, error=reason)


def _of_file(path: Path, name: str, entrances: Mapping[str, Entrance]) -> Iterator[Reading]:
    try:
        if path.suffix.lower() in _ARRAYS:
            yield from _of_arrays(path, name, entrances)
        else:
            yield _of_image(path, name, entrances)
    except Broken as broken:
        yield _failed(path, name, str(broken))


def _of_image(path: Path, name: str, entrances: Mapping[str, Entrance]) -> Reading:
    entrance = alone(entrances)
    if entrance is None:
        names = " and ".join(f"`{each}`" for each in entrances)
        raise Broken(f"is one file, but the network takes {names}: give an .npz file with an array for each")
    if not entrance.takes_images:
        what = (
            "not there"
            if not is_there(path)
            else f"no array; the network takes {show(entrance.shape)}: give .npy files"
        )
        raise Broken(f"is {what}")

    if (strange := _not_of_images(entrance)) is not None:
        raise Broken(strange)

    def read() -> Item:
        try:
            numbers, size = _decoded(path, entrance)
        except BadImage as bad:
            return Item(str(path), name, error=bad.reason)
        except MemoryError:
            return Item(str(path), name, error="is too large for the memory")
        return Item(str(path), name, None, {entrance.name: numbers}, size, note=_converted(entrance))

    return read


def _not_of_images(entrance: Entrance) -> str | None:
    """Why the file of an image cannot stand for what training saw: black and white are not known there."""
    span = entrance.range
    if span is None or (span == (0.0, entrance.white) and (entrance.told or is_usual(span))):
        return None
    return f"is an image of 0 to 255, and training saw values of {show_span(span)}: give arrays (.npy)"


def _converted(entrance: Entrance) -> str | None:
    """A word on images that are brought to a range that was measured on what training saw."""
    if entrance.told or entrance.white == 255:
        return None
    return f"images of 0 to 255 are brought to 0 to {entrance.white:g}, which training saw"


def _out_of_range(x: Mapping[str, Array], entrances: Mapping[str, Entrance]) -> str | None:
    """Why arrays are of another scale than what training saw."""
    for name, array in x.items():
        span = entrances[name].range
        if span is not None and tells_scale(array.shape) and (found := another_scale(array, span)):
            return f"holds {found}" if len(x) == 1 else f"holds {found} at `{name}`"
    return None


def _decoded(path: Path, entrance: Entrance) -> tuple[Array, tuple[int, int]]:
    """The numbers of an image in the form that an input takes, and its width and height in the file."""
    height, width = entrance.shape[:2]
    if height is None or width is None:
        own = header(path).size
        height, width = height or own[1], width or own[0]
    pixels, found = image(path, Form(height, width, entrance.channels or 3, entrance.resize, entrance.scale))
    numbers = pixels.astype(np.float32) * np.float32(entrance.white / 255)
    return (numbers[..., 0] if len(entrance.shape) == 2 else numbers), found.size


def _of_arrays(path: Path, name: str, entrances: Mapping[str, Entrance]) -> Iterator[Reading]:
    arrays = _loaded(path, entrances)
    batches = {each: _items(array, entrances[each].shape) for each, array in arrays.items()}
    counts = {len(batch) for batch in batches.values()}
    if len(counts) > 1:
        held = ", ".join(f"{len(batch):,} for `{each}`" for each, batch in batches.items())
        raise Broken(f"holds arrays of different lengths: {held}")
    several = any(batch.size != 0 and batch.shape[0] == arrays[each].shape[0] > 1 for each, batch in batches.items())
    for index in range(counts.pop()):

        def read(index: int = index) -> Item:
            x = {each: np.array(batch[index], np.float32) for each, batch in batches.items()}
            fine = all(np.isfinite(array).all() for array in x.values())
            saved = {each: batch[index] for each, batch in batches.items()}
            wrong = _out_of_range(saved, entrances) if fine else "holds NaN or infinity"
            return Item(str(path), name, index if several else None, {} if wrong else x, error=wrong)

        yield read


def _loaded(path: Path, entrances: Mapping[str, Entrance]) -> dict[str, Array]:
    """The arrays of a file by the input that they are for. Nothing is unpickled."""
    try:
        found: Any = np.load(path, mmap_mode="r", allow_pickle=False)
        if isinstance(found, np.ndarray):
            arrays = {"": found}
        else:
            with found:
                arrays = {name: found[name] for name in found.files}
    except FileNotFoundError:
        raise Broken("is not there") from None
    except OSError as error:
        raise Broken(f"cannot be read: {(error.strerror or 'it is damaged').lower()}") from None
    except MemoryError:
        raise
    except Exception:  # NumPy's readers raise whatever damaged bytes make of them
        raise Broken("is damaged, or holds no plain arrays") from None
    entrance = alone(entrances)
    if len(arrays) == 1 and entrance is not None:
        arrays = {entrance.name: next(iter(arrays.values()))}
    missing = [name for name in entrances if name not in arrays]
    if missing:
        raise Broken(f"has no array `{missing[0]}`, which the network takes; it holds {', '.join(arrays) or 'none'}")
    for name, array in arrays.items():
        if name in entrances and array.dtype.kind not in "biuf":
            raise Broken(f"holds no numbers but {array.dtype}")
    return {name: arrays[name] for name in entrances}


def _items(array: Array, shape: Shape) -> Array:
    """An array as a batch of items of `shape`: it is one item, or a batch; pixels may lack an axis for one channel."""
    for item in (array, array[..., np.newaxis]):
        if fits(item.shape, shape):
            return item[np.newaxis]
        if item.ndim and fits(item.shape[1:], shape):
            return item
    raise Broken(f"is {show(array.shape) if array.ndim else 'one number'}, but the network takes {show(shape)}")
