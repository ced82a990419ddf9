"""CIFAR-10 and CIFAR-100 as their authors publish them: pickled batches in a folder or a tar file.

A pickle can run code, so only what makes plain arrays is let through.
"""

from __future__ import annotations

import io
import pickle
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from cnnspec.data.arrays import dataset
from cnnspec.data.columns import Array
from cnnspec.data.errors import DataError
from cnnspec.data.splits import Dataset
from cnnspec.language.paths import is_folder

_ALLOWED = {
    ("numpy.core.multiarray", "_reconstruct"), ("numpy._core.multiarray", "_reconstruct"), ("numpy", "ndarray"),
    ("numpy", "dtype"), ("_codecs", "encode"),
}  # fmt: skip
_TEN = ([f"data_batch_{number}" for number in range(1, 6)], ["test_batch"], b"labels")


def read_cifar(path: Path, classes: int | None) -> Dataset:
    """The images 32×32×3 and labels of `path`: CIFAR-10, or CIFAR-100 with 100 or 20 `classes`."""
    hundred = (["train"], ["test"], b"coarse_labels" if classes == 20 else b"fine_labels")
    train, test, key = _TEN if classes == 10 else hundred
    read = _from_folder(path) if is_folder(path) else _from_tar(path)
    return dataset(_joined(read, train, key, path), _joined(read, test, key, path), classes, str(path))


def _joined(read: Callable[[str], bytes], names: list[str], key: bytes, path: Path) -> tuple[Array, Array]:
    batches = [_batch(read(name), f"{path}: {name}", key) for name in names]
    images = np.concatenate([images for images, _ in batches])
    return images, np.concatenate([labels for _, labels in batches])


def _batch(content: bytes, where: str, key: bytes) -> tuple[Array, Array]:
    try:
        held = _Plain(io.BytesIO(content), encoding="bytes").load()
        images = np.asarray(held[b"data"], np.uint8).reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
        return images, np.asarray(held[key], np.int64)
    except Exception:
        raise DataError(f"{where} is damaged, or no CIFAR batch", "fetch it again") from None


class _Plain(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"{module}.{name} is no part of an array")
        return super().find_class(module, name)


def _from_folder(path: Path) -> Callable[[str], bytes]:
    def read(name: str) -> bytes:
        try:
            return (path / name).read_bytes()
        except OSError as error:
            raise DataError(f"{path / name} cannot be read: {error.strerror}") from None

    return read


def _from_tar(path: Path) -> Callable[[str], bytes]:
    def read(name: str) -> bytes:
        return members[name]

    try:
        with tarfile.open(path) as archive:
            files = [member for member in archive if member.isfile()]
            members = {Path(member.name).name: archive.extractfile(member).read() for member in files}  # type: ignore[union-attr]
    except (OSError, EOFError, tarfile.TarError):
        raise DataError(f"{path} is damaged: it does not unpack", "fetch it again") from None
    return read
