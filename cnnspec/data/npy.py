"""Arrays in `.npy` files, mapped into memory: of a file larger than memory, only what is asked for is read."""

from __future__ import annotations

import tokenize
from collections.abc import Mapping
from math import prod
from pathlib import Path

import numpy as np

from cnnspec.data.arrays import Arrays, dataset
from cnnspec.data.columns import Array
from cnnspec.data.errors import DataError
from cnnspec.data.splits import Dataset

Files = Path | Mapping[str, Path]
"""A file, or several by the input or output that they are for."""

_START = b"\x93NUMPY"
_DAMAGE = (ValueError, TypeError, SyntaxError, EOFError, tokenize.TokenError)


def read_npy(
    train: tuple[Files, Files],
    test: tuple[Files, Files] | None,
    weights: Path | None = None,
    groups: Path | None = None,
) -> Dataset:
    """Images and labels, each in a file of its own. Raises `DataError`."""
    weighed, grouped = (None if path is None else mapped(path) for path in (weights, groups))
    tested = None if test is None else (_each(test[0]), _each(test[1]))
    first = train[0] if isinstance(train[0], Path) else next(iter(train[0].values()))
    return dataset((_each(train[0]), _each(train[1])), tested, None, str(first.parent), weighed, grouped)


def _each(files: Files) -> Arrays:
    return mapped(files) if isinstance(files, Path) else {name: mapped(path) for name, path in files.items()}


def mapped(path: Path) -> Array:
    """The array of a file, mapped; nothing but its header is read. Never unpickles."""
    try:
        with path.open("rb") as file:
            start = file.read(len(_START))
            if start.startswith(b"PK"):
                raise DataError(f"{path} is an archive of arrays", "write `npz: {path: …}`")
            if start != _START:
                raise DataError(f"{path} is no NumPy array", "write it with numpy.save")
            file.seek(0)
            version = np.lib.format.read_magic(file)
            read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            shape, columns_first, dtype = read(file)
            offset, length = file.tell(), path.stat().st_size
    except FileNotFoundError:
        raise DataError(f"{path} is not there", "paths are relative to the folder of the spec") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}") from None
    except _DAMAGE:
        raise DataError(f"{path} is damaged", "write it again with numpy.save") from None
    if dtype.hasobject:
        raise DataError(f"{path} holds Python objects, which are not read", "save plain arrays with numpy.save")
    wanted = prod(shape) * dtype.itemsize
    if length - offset < wanted:
        raise DataError(f"{path} is cut off: its header promises {wanted:,} bytes, {length - offset:,} follow")
    if not wanted:
        return np.empty(shape, dtype)
    return np.memmap(path, dtype, "r", offset, shape, "F" if columns_first else "C")
