"""The data sets that have a name: found under `$CNNSPEC_DATA`, or downloaded through Keras."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from cnnspec.data.arrays import dataset
from cnnspec.data.cifar import read_cifar
from cnnspec.data.columns import Array
from cnnspec.data.errors import DataError
from cnnspec.data.files import idx_folder, read_npz
from cnnspec.data.splits import Dataset, hold_out
from cnnspec.language.paths import is_folder, is_there

VARIABLE = "CNNSPEC_DATA"

_TRAIN, _TEST = ("x_train", "y_train"), ("x_test", "y_test")
_DIGITS_TEST_SHARE = 0.2
_SECONDS = 20.0


def digits() -> Dataset:
    """Scikit-learn's digits, a fifth of each class set apart for testing; the same images every time."""
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    images = x.reshape(-1, 8, 8, 1).astype(np.float32)
    train, test = hold_out(y, _DIGITS_TEST_SHARE, seed=0, stratify=True)
    return dataset((images[train], y[train]), (images[test], y[test]), 10, "digits")


def named(name: str, classes: int | None) -> Dataset:
    """A named data set. Raises `DataError` where it is neither on this machine nor to be had."""
    folder = root()
    for path, read in _places(name, folder, classes) if folder else ():
        if is_there(path):
            return read(path)
    return _downloaded(name, classes, folder)


def root() -> Path | None:
    """The folder that `$CNNSPEC_DATA` names, if it is set. Raises `DataError` where it is none."""
    named = os.environ.get(VARIABLE)
    if named and not is_folder(Path(named)):
        raise DataError(f"{VARIABLE} names {named}, which is no folder")
    return Path(named) if named else None


def _places(name: str, root: Path, classes: int | None) -> Sequence[tuple[Path, Callable[[Path], Dataset]]]:
    """Where a data set may lie under `root`, and how it is read there."""

    def npz(path: Path) -> Dataset:
        return read_npz(path, _TRAIN, _TEST, classes)

    def idx(path: Path) -> Dataset:
        return idx_folder(path, classes)

    def cifar(path: Path) -> Dataset:
        return read_cifar(path, classes)

    if name.startswith("cifar"):
        stem = "cifar-10" if name == "cifar10" else "cifar-100"
        folder = "cifar-10-batches-py" if name == "cifar10" else "cifar-100-python"
        return [(root / folder, cifar), (root / f"{stem}-python.tar.gz", cifar), (root / f"{name}.npz", npz)]
    hyphened = name.replace("_", "-")
    folders = [(root / spelt, idx) for spelt in dict.fromkeys((hyphened, name))]
    return [(root / f"{spelt}.npz", npz) for spelt in dict.fromkeys((name, hyphened))] + folders


def _downloaded(name: str, classes: int | None, folder: Path | None) -> Dataset:
    import keras

    module = getattr(keras.datasets, name)
    options = {"label_mode": "coarse" if classes == 20 else "fine"} if name == "cifar100" else {}
    file = _places(name, Path(), classes)[0][0]
    try:
        with contextlib.redirect_stdout(sys.stderr), _patience():
            train, test = module.load_data(**options)
    except Exception as error:
        first = str(error).splitlines()[0].replace(": None -- ", ": ") if str(error) else type(error).__name__
        raise DataError(
            f"{name} could not be downloaded: {first[:200]}",
            f"put {file} into {folder}" if folder else f"set {VARIABLE} to a folder that holds {file}",
        ) from None
    return dataset(_pair(train), _pair(test), classes, name)


@contextlib.contextmanager
def _patience() -> Iterator[None]:
    """A server that does not answer is waited for so long, not for ever."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_SECONDS)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _pair(arrays: tuple[Array, Array]) -> tuple[Array, Array]:
    return np.asarray(arrays[0]), np.asarray(arrays[1])
