"""The data sets with a name: where they are looked for, and what happens where they are not."""

from __future__ import annotations

import io
import os
import pickle
import socket
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cnnspec.data.errors import DataError
from cnnspec.data.sources import SOURCES, Source
from cnnspec.data.splits import ALL
from cnnspec.language.entries import read_entry
from tests.data.test_files import Trap, idx_bytes


def source(value: Any) -> Source:
    entry = read_entry(value, SOURCES)
    assert isinstance(entry, Source)
    return entry


def real_data() -> Path:
    """The folder with real data sets: `$CNNSPEC_DATA`, or one beside the repository."""
    beside = Path(__file__).parents[3] / "shared" / "data"
    found = Path(os.environ.get("CNNSPEC_DATA", beside))
    if not found.is_dir():
        pytest.skip("no data sets on this machine: set CNNSPEC_DATA to a folder with mnist.npz and fashion-mnist/")
    return found


def test_digits_are_embedded_and_always_split_alike() -> None:
    first, again = source("digits").load(Path(), {}), source("digits").load(Path(), {})
    assert first.test is not None
    assert again.test is not None
    assert (len(first.train), len(first.test), first.classes[ALL]) == (1438, 359, 10)
    assert first.train.x[ALL].shape[1:] == source("digits").image_shape
    assert (first.train.x[ALL].min(), first.train.x[ALL].max()) == (0, 16)
    assert np.array_equal(first.test.x[ALL], again.test.x[ALL])
    shares = np.bincount(first.test.y[ALL]) / np.bincount(np.concatenate([first.train.y[ALL], first.test.y[ALL]]))
    assert shares == pytest.approx(np.full(10, 0.2), abs=0.006)
    held = {image.tobytes() for image in first.test.x[ALL]}
    assert (
        sum(image.tobytes() in held for image in first.train.x[ALL]) < 5
    )  # a few digits are drawn twice in the set itself


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_real_files(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CNNSPEC_DATA", str(real_data()))
    data = source(name).load(Path(), {})
    assert data.test is not None
    assert data.train.x[ALL].shape == (60000, 28, 28, 1)
    assert data.test.x[ALL].shape == (10000, 28, 28, 1)
    assert data.train.x[ALL].dtype == np.uint8
    assert data.classes[ALL] == source(name).class_count == 10
    assert np.bincount(data.test.y[ALL]).min() >= 892
    if name == "fashion_mnist":
        assert data.train.y[ALL][:5].tolist() == [9, 0, 0, 3, 0]
        assert np.bincount(data.train.y[ALL]).tolist() == [6000] * 10


def batch(count: int, keys: dict[bytes, int], seed: int) -> bytes:
    generator = np.random.default_rng(seed)
    held: dict[bytes, Any] = {b"data": generator.integers(0, 256, (count, 3072)).astype(np.uint8)}
    for key, classes in keys.items():
        held[key] = generator.integers(0, classes, count).tolist()
    return pickle.dumps(held, protocol=2)


def cifar_files(hundred: bool) -> dict[str, bytes]:
    if hundred:
        keys = {b"fine_labels": 100, b"coarse_labels": 20}
        return {"cifar-100-python/train": batch(8, keys, 0), "cifar-100-python/test": batch(4, keys, 1)}
    names = [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]
    return {f"cifar-10-batches-py/{name}": batch(4, {b"labels": 10}, seed) for seed, name in enumerate(names)}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("value", "sizes"),
    [("cifar10", (20, 4, 10)), ({"cifar100": "fine"}, (8, 4, 100)), ({"cifar100": "coarse"}, (8, 4, 20))],
)
def test_cifar_as_it_is_published(
    value: Any, sizes: tuple[int, int, int], packed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hundred = value != "cifar10"
    files = cifar_files(hundred)
    if packed:
        with tarfile.open(tmp_path / f"cifar-{100 if hundred else 10}-python.tar.gz", "w:gz") as archive:
            for name, content in files.items():
                member = tarfile.TarInfo(name)
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    else:
        for name, content in files.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_bytes(content)
    monkeypatch.setenv("CNNSPEC_DATA", str(tmp_path))
    data = source(value).load(Path(), {})
    assert data.test is not None
    assert (len(data.train), len(data.test), data.classes[ALL]) == sizes
    first = pickle.loads(next(iter(files.values())), encoding="bytes")[b"data"][0]
    assert np.array_equal(data.train.x[ALL][0, ..., 2].ravel(), first[2048:])  # the third plane is blue


@pytest.mark.parametrize("content", [b"", b"hello", pickle.dumps(Trap()), pickle.dumps({b"data": [1]})])
def test_a_cifar_batch_that_is_none(content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CNNSPEC_DATA", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for name, good in cifar_files(False).items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content if name.endswith("_3") else good)
    with pytest.raises(DataError, match="data_batch_3 is damaged"):
        source("cifar10").load(Path(), {})
    assert not (tmp_path / "trap-was-sprung").exists()


@pytest.mark.parametrize(
    ("name", "file"), [("mnist", "mnist.npz"), ("fashion_mnist", "fashion-mnist.npz"), ("cifar10", "cifar10.npz")]
)
def test_an_archive_under_the_folder(name: str, file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = np.zeros((12, 28, 28), np.uint8), np.arange(12) % 10
    np.savez(tmp_path / file, x_train=x, y_train=y, x_test=x, y_test=y)
    monkeypatch.setenv("CNNSPEC_DATA", str(tmp_path))
    assert len(source(name).load(Path(), {}).train) == 12


def test_idx_files_under_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mnist").mkdir()
    x, y = np.zeros((12, 28, 28), np.uint8), np.arange(12) % 10
    for name in ("train", "t10k"):
        (tmp_path / "mnist" / f"{name}-images-idx3-ubyte").write_bytes(idx_bytes(x))
        (tmp_path / "mnist" / f"{name}-labels-idx1-ubyte").write_bytes(idx_bytes(y))
    monkeypatch.setenv("CNNSPEC_DATA", str(tmp_path))
    assert len(source("mnist").load(Path(), {}).train) == 12


@pytest.mark.parametrize(
    ("value", "folder", "help"),
    [
        ("mnist", None, "set CNNSPEC_DATA to a folder that holds mnist.npz"),
        ("mnist", ".", "put mnist.npz into "),
        ("cifar10", ".", "put cifar-10-batches-py into "),
        ({"cifar100": "coarse"}, ".", "put cifar-100-python into "),
    ],
)
def test_without_files_or_network(
    value: Any, folder: str | None, help: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import keras

    def refuse(**options: Any) -> Any:
        assert 0 < (socket.getdefaulttimeout() or 0) <= 60
        raise OSError("URL fetch failure: None -- no route to host")

    entry = source(value)
    monkeypatch.setenv("CNNSPEC_DATA", str(tmp_path / folder) if folder else "")
    monkeypatch.setattr(getattr(keras.datasets, entry.entry), "load_data", refuse)
    with pytest.raises(DataError) as caught:
        entry.load(Path(), {})
    assert caught.value.message == f"{entry.entry} could not be downloaded: URL fetch failure: no route to host"
    assert (caught.value.help or "").startswith(help)
    assert socket.getdefaulttimeout() is None


def test_the_folder_must_be_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CNNSPEC_DATA", str(tmp_path / "nowhere"))
    for ask in (lambda: source("mnist").load(Path(), {}), lambda: source("mnist").look(Path())):
        with pytest.raises(DataError, match=r"CNNSPEC_DATA names .*nowhere, which is no folder"):
            ask()
