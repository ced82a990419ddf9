"""Arrays in files of their own: mapped, not read; and every way in which they can be wrong."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cnnspec.data.columns import in_memory
from cnnspec.data.errors import DataError
from cnnspec.data.sources import SOURCES
from cnnspec.data.splits import ALL
from cnnspec.language.entries import Invalid, read_entry

X, Y = np.arange(5 * 4 * 4, dtype=np.uint8).reshape(5, 4, 4), np.array([0, 1, 2, 1, 0])


def source(**arguments: Any) -> Any:
    return read_entry({"npy": arguments}, SOURCES)


def saved(folder: Path, **arrays: Any) -> dict[str, str]:
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    return {name: f"{name}.npy" for name in arrays}


def test_images_stay_in_their_file(tmp_path: Path) -> None:
    names = saved(tmp_path, x_train=X, y_train=Y, x_test=X[:2], y_test=Y[:2], weights_train=Y + 1, groups_train=Y)
    data = source(**names).load(tmp_path, {})
    images = data.train.x[ALL]
    assert images.shape == (5, 4, 4, 1)
    assert not in_memory(images)
    assert (images[np.array([3, 0])][..., 0] == X[[3, 0]]).all()
    assert in_memory(data.train.y[ALL])
    assert (data.classes, len(data.test)) == ({}, 2)
    assert data.train.weights.tolist() == [1, 2, 3, 2, 1]
    assert data.train.groups.tolist() == Y.tolist()


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, bool, ">i4"])
def test_masks_stay_in_their_file(dtype: Any, tmp_path: Path) -> None:
    masks = (X % 2).astype(dtype)
    data = source(**saved(tmp_path, x_train=X, y_train=masks[..., None])).load(tmp_path, {})
    found = data.train.y[ALL]
    assert not in_memory(found)
    assert found.shape == (5, 4, 4, 1)
    assert found.dtype == np.dtype(dtype)
    assert (found[np.array([4, 1])][..., 0] == X[[4, 1]] % 2).all()
    assert data.classes == {}


def test_columns_first(tmp_path: Path) -> None:
    data = source(**saved(tmp_path, x_train=np.asfortranarray(X / 7), y_train=Y)).load(tmp_path, {})
    assert (data.train.x[ALL][np.array([2])][..., 0] == X[[2]] / 7).all()


def test_several_inputs_and_outputs(tmp_path: Path) -> None:
    saved(tmp_path, a=X, b=X[:, :2], c=Y, d=Y / 2)
    entry = {"npy": {"x_train": {"left": "a.npy", "right": "b.npy"}, "y_train": {"one": "c.npy", "two": "d.npy"}}}
    several = read_entry(entry, SOURCES)
    assert (several.images_named({}), several.labels_named()) == (("left", "right"), ("one", "two"))
    data = several.load(tmp_path, {})
    assert sorted(data.train.y) == ["one", "two"]
    assert data.train.x["right"].shape == (5, 2, 4, 1)
    assert several.placed(entry, tmp_path)["npy"]["x_train"]["left"] == str((tmp_path / "a.npy").resolve())
    assert sorted(path for _, path in several.files()) == ["a.npy", "b.npy", "c.npy", "d.npy"]


def cut(path: Path) -> None:
    np.save(path, X)
    path.write_bytes(path.read_bytes()[:-10])


def odd_header(path: Path) -> None:
    np.save(path, X)
    path.write_bytes(path.read_bytes().replace(b"'descr'", b"'decsr'"))


def archive(path: Path) -> None:
    np.savez(path.with_suffix(".npz"), X)
    path.with_suffix(".npz").rename(path)


FAULTS: dict[str, tuple[Callable[[Path], Any], str]] = {
    "absent": (lambda path: None, "is not there"),
    "a folder": (lambda path: path.mkdir(), "cannot be read"),
    "empty": (lambda path: path.write_bytes(b""), "is no NumPy array"),
    "an archive": (archive, "is an archive of arrays"),
    "a pickle": (lambda path: path.write_bytes(pickle.dumps([1, 2])), "is no NumPy array"),
    "objects": (lambda path: np.save(path, np.array([{}] * 5)), "holds Python objects"),
    "cut off": (cut, "is cut off: its header promises 80 bytes, 70 follow"),
    "half a header": (lambda path: path.write_bytes(b"\x93NUMPY\x01\x00"), "is damaged"),
    "an odd header": (odd_header, "is damaged"),
    "no images": (lambda path: np.save(path, X[:0]), "there are no images"),
    "texts": (lambda path: np.save(path, X.astype(str)), "are no numbers"),
    "NaN": (lambda path: np.save(path, X * np.nan), "images[0] holds NaN"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults(fault: str, tmp_path: Path) -> None:
    write, words = FAULTS[fault]
    write(tmp_path / "x.npy")
    saved(tmp_path, y=Y)
    with pytest.raises(DataError) as caught:
        source(x_train="x.npy", y_train="y.npy").load(tmp_path, {})
    assert words in caught.value.message
    assert str(tmp_path) in caught.value.message


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"x_train": "x.npy"}, "missing-argument"),
        ({"x_train": 3, "y_train": "y.npy"}, "wrong-type"),
        ({"x_train": {"left": 3}, "y_train": "y.npy"}, "wrong-type"),
        ({"x_train": "x.npy", "y_train": "y.npy", "x_test": "t.npy"}, "npz-names"),
        ({"x_train": {"a": "x.npy"}, "y_train": "y", "x_test": {"b": "t"}, "y_test": "u"}, "npz-names"),
    ],
)
def test_refused(arguments: dict[str, Any], code: str) -> None:
    with pytest.raises(Invalid) as caught:
        source(**arguments)
    assert [problem.code for problem in caught.value.problems] == [code]
