"""NumPy archives and idx files: what they hold, and every way in which they can be wrong."""

from __future__ import annotations

import gzip
import io
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cnnspec.data.errors import DataError
from cnnspec.data.sources import SOURCES, Source
from cnnspec.data.splits import ALL
from cnnspec.language.entries import Invalid, read_entry

X, Y = np.arange(5 * 4 * 4, dtype=np.uint8).reshape(5, 4, 4), np.array([0, 1, 2, 1, 0])


def source(value: Any) -> Source:
    entry = read_entry(value, SOURCES)
    assert isinstance(entry, Source)
    return entry


def idx_bytes(array: Any, kind: int = 0x08) -> bytes:
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return bytes([0, 0, kind, array.ndim]) + sizes + array.astype({8: ">u1", 12: ">i4", 13: ">f4"}[kind]).tobytes()


def test_npz_with_and_without_a_test_split(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x_train=X, y_train=Y, x_test=X[:2], y_test=Y[:2])
    data = source({"npz": "a.npz"}).load(tmp_path, {})
    assert data.train.x[ALL].shape == (5, 4, 4, 1)
    assert data.test is not None
    assert (len(data.train), len(data.test), data.classes) == (5, 2, {})
    np.savez_compressed(tmp_path / "b.npz", images=X, labels=Y)
    named = source({"npz": {"path": "b.npz", "x_train": "images", "y_train": "labels"}}).load(tmp_path, {})
    assert named.test is None
    assert np.array_equal(named.train.x[ALL][..., 0], X)


class Trap:
    def __reduce__(self) -> Any:
        return os.mkdir, ("trap-was-sprung",)


def truncated(path: Path) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, x_train=X, y_train=Y)
    path.write_bytes(buffer.getvalue()[:-40])


def flipped(path: Path) -> None:
    np.savez(path, x_train=X, y_train=Y)
    content = bytearray(path.read_bytes())
    content[200] ^= 0xFF
    path.write_bytes(content)


def odd_member(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x_train.npy", b"no array")
        archive.writestr("y_train.npy", b"no array")


def one_array(path: Path) -> None:
    with path.open("wb") as file:
        np.save(file, X)


def half_a_header(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("x_train", "y_train"):
            archive.writestr(f"{name}.npy", b"\x93NUMPY\x01\x00\x10\x00{'descr': '<f4'," + b" " * 80)


NPZ_FAULTS: dict[str, tuple[Callable[[Path], Any], str, str]] = {
    "missing": (lambda path: None, "is not there", "relative to the folder"),
    "a folder": (lambda path: path.mkdir(), "cannot be read", ""),
    "empty": (lambda path: path.write_bytes(b""), "is damaged, or no NumPy archive", ""),
    "text": (lambda path: path.write_text("hello"), "is damaged, or no NumPy archive", ""),
    "truncated": (truncated, "is damaged", ""),
    "a flipped bit": (flipped, "is damaged", ""),
    "half a header": (half_a_header, "is damaged", "numpy.savez"),
    "no arrays in it": (odd_member, "", ""),
    "pickle": (lambda path: path.write_bytes(pickle.dumps(Trap())), "no NumPy archive", "numpy.savez"),
    "objects": (
        lambda path: np.savez(path, x_train=np.array([Trap()] * 5), y_train=Y),
        "holds Python objects",
        "numpy.savez",
    ),
    "one array": (one_array, "no NumPy archive", "numpy.savez"),
    "other names": (
        lambda path: np.savez(path, images=X, labels=Y),
        "has no array `x_train`; it holds `images`, `labels`",
        "name its",
    ),
    "near name": (lambda path: np.savez(path, x_trian=X, y_train=Y), "it holds `x_trian`", "did you mean `x_trian`?"),
    "half a test": (lambda path: np.savez(path, x_train=X, y_train=Y, x_test=X), "no array `y_test`", "save both"),
    "lengths": (lambda path: np.savez(path, x_train=X, y_train=Y[:3]), "5 images, but 3 labels", ""),
    "NaN": (lambda path: np.savez(path, x_train=X * np.nan, y_train=Y), "images[0] holds NaN", ""),
}


@pytest.mark.parametrize("fault", NPZ_FAULTS)
def test_npz_faults(fault: str, tmp_path: Path) -> None:
    write, words, help = NPZ_FAULTS[fault]
    path = tmp_path / "data.npz"
    write(path)
    with pytest.raises(DataError) as caught:
        source({"npz": "data.npz"}).load(tmp_path, {})
    assert str(path) in caught.value.message
    assert words in caught.value.message
    assert help in (caught.value.help or "")
    assert not Path("trap-was-sprung").exists()


@pytest.mark.parametrize("packed", [False, True])
def test_idx_folder_and_files(tmp_path: Path, packed: bool) -> None:
    names = {
        "train-images-idx3-ubyte": X,
        "train-labels-idx1-ubyte": Y,
        "t10k-images-idx3-ubyte": X[:2],
        "t10k-labels-idx1-ubyte": Y[:2],
    }
    for name, array in names.items():
        content = idx_bytes(array)
        (tmp_path / (name + ".gz" * packed)).write_bytes(gzip.compress(content) if packed else content)
    data = source({"idx": "."}).load(tmp_path, {})
    assert data.test is not None
    assert data.train.x[ALL].shape == (5, 4, 4, 1)
    assert np.array_equal(data.train.x[ALL][..., 0], X)
    assert data.train.y[ALL].tolist() == Y.tolist()
    files = {key: name + ".gz" * packed for key, name in zip(("images", "labels"), names, strict=False)}
    alone = source({"idx": files}).load(tmp_path, {})
    assert alone.test is None
    assert np.array_equal(alone.train.x[ALL], data.train.x[ALL])


@pytest.mark.parametrize("kind", [0x08, 0x0C, 0x0D])
def test_idx_types(tmp_path: Path, kind: int) -> None:
    (tmp_path / "x").write_bytes(idx_bytes(X, kind))
    (tmp_path / "y").write_bytes(idx_bytes(Y, kind))
    data = source({"idx": {"images": "x", "labels": "y"}}).load(tmp_path, {})
    assert np.array_equal(data.train.x[ALL][..., 0], X)
    assert data.train.y[ALL].tolist() == Y.tolist()


GOOD = idx_bytes(X)
IDX_FAULTS = {
    "missing": (None, "is not there"),
    "empty": (b"", "is no idx file"),
    "text": (b"hello world", "it starts with 68 65 6c 6c"),
    "unknown type": (b"\0\0\x07\x03" + GOOD[4:], "is no idx file"),
    "no axes": (b"\0\0\x08\0", "is no idx file"),
    "cut off": (GOOD[:-1], "its header promises 80 bytes, 79 follow"),
    "header alone": (GOOD[:6], "is cut off"),
    "too long": (GOOD + b"\0", "81 follow"),
    "huge header": (b"\0\0\x08\x03" + b"\xff" * 12, "is cut off or too long"),
    "broken gzip": (gzip.compress(GOOD)[:-9], "does not unpack"),
    "gzip with a flipped byte": (gzip.compress(GOOD)[:30] + b"\xff\xff" + gzip.compress(GOOD)[32:], "does not unpack"),
}


@pytest.mark.parametrize("fault", IDX_FAULTS)
def test_idx_faults(fault: str, tmp_path: Path) -> None:
    content, words = IDX_FAULTS[fault]
    if content is not None:
        (tmp_path / "x").write_bytes(content)
    (tmp_path / "y").write_bytes(idx_bytes(Y))
    with pytest.raises(DataError) as caught:
        source({"idx": {"images": "x", "labels": "y"}}).load(tmp_path, {})
    assert str(tmp_path / "x") in caught.value.message
    assert words in caught.value.message


def test_idx_folder_faults(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is no folder"):
        source({"idx": "nowhere"}).load(tmp_path, {})
    with pytest.raises(DataError, match=r"holds no train-images-idx3-ubyte \(nor"):
        source({"idx": "."}).load(tmp_path, {})
    for name, array in {
        "train-images-idx3-ubyte": X,
        "train-labels-idx1-ubyte": Y,
        "t10k-labels-idx1-ubyte": Y,
    }.items():
        (tmp_path / name).write_bytes(idx_bytes(array))
    with pytest.raises(DataError, match="t10k-images-idx3-ubyte is missing"):
        source({"idx": "."}).load(tmp_path, {})


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("npz", "missing-argument"), ("idx", "missing-argument"), ({"idx": {"path": ".", "images": "a"}}, "idx-files"),
        ({"idx": {"images": "a"}}, "idx-files"),
        ({"idx": {"images": "a", "labels": "b", "test_images": "c"}}, "idx-files"),
        ({"cifar100": "medium"}, "bad-choice"), ("imagenet", "unknown-data-source"), ({"npz": ""}, "too-short"),
    ],
)  # fmt: skip
def test_sources_that_do_not_read(value: Any, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        source(value)
    assert len(caught.value.problems) == 1
    assert code in (caught.value.problems[0].code, "too-short")


def beside(folder: Path, weights: Any, groups: Any, **named: str) -> Any:
    np.savez(folder / "a.npz", x_train=X, y_train=Y, w=weights, g=groups)
    return source({"npz": {"path": "a.npz", "weights_train": "w", "groups_train": "g", **named}}).load(folder, {})


@pytest.mark.parametrize("groups", [[7, 3, 7, 3, 9], ["bo", "al", "bo", "al", "ci"], [[2.5], [1], [2.5], [1], [8]]])
def test_npz_with_weights_and_groups(groups: Any, tmp_path: Path) -> None:
    train = beside(tmp_path, [1, 0.5, 2, 0, 1], groups).train
    assert train.weights.tolist() == [1, 0.5, 2, 0, 1]
    assert train.weights.dtype == np.float32
    assert train.groups.tolist() == [1, 0, 1, 0, 2]
    assert train.take(np.array([4, 0])).groups.tolist() == [2, 1]


def test_weights_and_groups_under_their_usual_names_are_read(tmp_path: Path) -> None:
    np.savez(tmp_path / "b.npz", x_train=X, y_train=Y, weights_train=[1, 0.5, 2, 0, 1], groups_train=[7, 3, 7, 3, 9])
    train = source({"npz": "b.npz"}).load(tmp_path, {}).train
    assert train.weights.tolist() == [1, 0.5, 2, 0, 1]
    assert train.groups.tolist() == [1, 0, 1, 0, 2]
    assert beside(tmp_path, Y + 1, Y, weights_train="g").train.weights.tolist() == Y.tolist()


@pytest.mark.parametrize(
    ("weights", "groups", "named", "words"),
    [
        ([1, 2, 3], Y, {}, "weights for 5 images are wanted, one each, not (3)"),
        ([1, 2, -3, 1, 1], Y, {}, "weight -3 of image 2 is no number from 0"),
        ([1, 2, np.nan, 1, 1], Y, {}, "weight nan of image 2 is no number from 0"),
        (["a"] * 5, Y, {}, "the weights are no numbers"),
        ([0] * 5, Y, {}, "every weight is 0"),
        (Y, 3, {}, "groups for 5 images are wanted, one each, not one value"),
        (Y, Y * 1j, {}, "neither numbers nor texts"),
        (Y, Y, {"groups_train": "patients"}, "no array `patients`; it holds `x_train`, `y_train`, `w`, `g`"),
    ],
)
def test_faults_of_weights_and_groups(weights: Any, groups: Any, named: Any, words: str, tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        beside(tmp_path, weights, groups, **named)
    assert words in caught.value.message
