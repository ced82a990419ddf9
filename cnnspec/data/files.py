"""Reading arrays from NumPy archives and MNIST's idx files. Every fault is a `DataError` with the file's name."""

from __future__ import annotations

import gzip
import lzma
import tokenize
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from math import prod
from pathlib import Path
from typing import TypeAlias

import numpy as np

from cnnspec.data.arrays import Arrays, dataset
from cnnspec.data.columns import Array
from cnnspec.data.errors import DataError
from cnnspec.data.splits import Dataset
from cnnspec.language.paths import is_file, is_folder
from cnnspec.language.suggest import nearest

IDX_NAMES = (
    ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"), ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
)  # fmt: skip

# What NumPy and zipfile raise on archives with flipped bytes, locked or packed in a way that they don't know
_DAMAGE = (
    ValueError, EOFError, SyntaxError, TypeError, IndexError, KeyError, RuntimeError, tokenize.TokenError,
    zipfile.BadZipFile, zlib.error, lzma.LZMAError,
)  # fmt: skip

_IDX_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


Names: TypeAlias = str | Mapping[str, str]
"""The name of an array, or the names of several by the input or output that they are for."""


_BESIDE = ("weights_train", "groups_train")
"""The usual names of the weights and groups of training images."""


def read_npz(
    path: Path,
    train: tuple[Names, Names],
    test: tuple[Names, Names] | None,
    classes: int | None = None,
    beside: tuple[str | None, str | None] = (None, None),
) -> Dataset:
    """The arrays `train` (images, labels) and, where they stand in the file, `test`; `beside` the training images
    their weights and groups, by default where they stand under their usual names. Never unpickles."""
    try:
        if not zipfile.is_zipfile(path):
            path.open("rb").close()
            raise DataError(f"{path} is damaged, or no NumPy archive", "write it with numpy.savez")
        with np.load(path, allow_pickle=False) as archive:
            arrays = _of_archive(archive, path, train, test)
            weights, groups = (
                _beside(archive, usual if name is None and usual in archive.files else name, path)
                for usual, name in zip(_BESIDE, beside, strict=True)
            )
    except FileNotFoundError:
        raise DataError(f"{path} is not there", "paths are relative to the folder of the spec") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from None
    except _DAMAGE as error:
        if "allow_pickle" in str(error):
            help = "save plain arrays with numpy.savez"
            raise DataError(f"{path} holds Python objects, which are not read", help) from None
        raise DataError(f"{path} is damaged", "write it again with numpy.savez") from None
    return dataset(*arrays, classes, str(path), weights, groups)


def _beside(archive: np.lib.npyio.NpzFile, name: str | None, path: Path) -> Array | None:
    if name is None:
        return None
    _check_name(archive, name, path, set())
    return _array(archive, name, path)


def _of_archive(
    archive: np.lib.npyio.NpzFile, path: Path, train: tuple[Names, Names], test: tuple[Names, Names] | None
) -> tuple[tuple[Arrays, Arrays], tuple[Arrays, Arrays] | None]:
    tested = [name for names in test or () for name in _each(names)]
    for name in (name for names in train for name in _each(names)):
        _check_name(archive, name, path, {*tested, *_each(train[0]), *_each(train[1])})
    missing = [name for name in tested if name not in archive.files]
    if missing and len(missing) < len(tested):
        raise DataError(f"{path} has test images or labels, but no array `{missing[0]}`", "save both, or neither")
    whole = None if test is None or missing else (_read(archive, test[0], path), _read(archive, test[1], path))
    return (_read(archive, train[0], path), _read(archive, train[1], path)), whole


def _each(names: Names) -> Iterable[str]:
    return (names,) if isinstance(names, str) else names.values()


def _check_name(archive: np.lib.npyio.NpzFile, name: str, path: Path, taken: set[str]) -> None:
    if name in archive.files:
        return
    held = ", ".join(f"`{held}`" for held in archive.files[:12]) or "nothing"
    guess = nearest(name, set(archive.files) - taken)
    help = f"did you mean `{guess}`?" if guess else "name its arrays: `npz: {path: …, x_train: …, y_train: …}`"
    raise DataError(f"{path} has no array `{name}`; it holds {held}", help)


def _read(archive: np.lib.npyio.NpzFile, names: Names, path: Path) -> Arrays:
    if isinstance(names, str):
        return _array(archive, names, path)
    return {key: _array(archive, name, path) for key, name in names.items()}


def _array(archive: np.lib.npyio.NpzFile, name: str, path: Path) -> Array:
    array = archive[name]
    if not isinstance(array, np.ndarray):
        raise DataError(f"{path}: `{name}` is no array", "write it with numpy.savez")
    return array


def read_idx(train: tuple[Path, Path], test: tuple[Path, Path] | None, classes: int | None = None) -> Dataset:
    """Images and labels from idx files."""
    read = (idx_array(train[0]), idx_array(train[1]))
    return dataset(read, (idx_array(test[0]), idx_array(test[1])) if test else None, classes, str(train[0].parent))


def idx_folder(folder: Path, classes: int | None = None) -> Dataset:
    """The four files under MNIST's names, packed or not; the test files may be missing."""
    if not is_folder(folder):
        raise DataError(f"{folder} is no folder", "give the one that holds train-images-idx3-ubyte(.gz) and the others")
    train, test = [tuple(_found(folder, name) for name in names) for names in IDX_NAMES]
    for path, name in zip(train, IDX_NAMES[0], strict=True):
        if path is None:
            help = "or name the files: `idx: {images: …, labels: …}`"
            raise DataError(f"{folder} holds no {name} (nor {name}.gz)", help)
    if (test[0] is None) != (test[1] is None):
        missing = IDX_NAMES[1][0 if test[0] is None else 1]
        raise DataError(f"{folder} holds only one of the two test files; {missing} is missing")
    return read_idx(train, test if test[0] else None, classes)  # type: ignore[arg-type]


def _found(folder: Path, name: str) -> Path | None:
    candidates = (folder / name, folder / f"{name}.gz", folder / name.replace("-idx", ".idx"))
    return next((path for path in candidates if is_file(path)), None)


def idx_array(path: Path) -> Array:
    """One idx file: two zero bytes, a type, the number of axes, their sizes (big-endian), the values."""
    content = _content(path)
    kind, axes = (content[2], content[3]) if len(content) >= 4 and content[:2] == b"\0\0" else (0, 0)
    if kind not in _IDX_TYPES or not 1 <= axes <= 4:
        raise DataError(
            f"{path} is no idx file: it starts with {content[:4].hex(' ') or 'nothing'}",
            "an idx file starts with 00 00 08 03 (images) or 00 00 08 01 (labels)",
        )
    start = 4 + 4 * axes
    shape = tuple(int.from_bytes(content[at : at + 4], "big") for at in range(4, start, 4))
    dtype = np.dtype(_IDX_TYPES[kind])
    wanted, held = prod(shape) * dtype.itemsize, len(content) - start
    if wanted != held:
        raise DataError(f"{path} is cut off or too long: its header promises {wanted:,} bytes, {max(held, 0):,} follow")
    return np.frombuffer(content, dtype, offset=start).reshape(shape).astype(dtype.newbyteorder("="), copy=False)


def _content(path: Path) -> bytes:
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
    except FileNotFoundError:
        raise DataError(f"{path} is not there", "paths are relative to the folder of the spec") from None
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise DataError(f"{path} is damaged: it does not unpack", "fetch it again") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None
