"""A column of files: gathered, held, and what happens when files change under it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnspec.data.columns import fingerprint, take
from cnnspec.data.errors import DataError
from cnnspec.data.images import column
from cnnspec.data.images.column import File, Files
from cnnspec.data.images.fitting import Form
from cnnspec.data.images.opening import header
from cnnspec.data.images.readers import ImageReader, MaskReader
from cnnspec.data.memory import Free
from tests.data.pictures import noise, save

N = 37


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("images")
    for number in range(N):
        save(root / f"{number}.png", noise(6, 5, seed=number))
    return root


def files(root: Path, held: bool) -> Files:
    paths = [root / f"{number}.png" for number in range(N)]
    return Files([File(path.name, path, header(path)) for path in paths], ImageReader(Form(6, 5)), held)


WHOLE = np.stack([noise(6, 5, seed=number) for number in range(N)])


@settings(max_examples=60, deadline=None)
@given(st.data(), st.booleans())
def test_it_is_indexed_as_an_array(folder: Path, data: st.DataObject, held: bool) -> None:
    images = files(folder, held)
    numbers = st.integers(-N, N - 1)
    index: Any = data.draw(st.one_of(
        numbers, st.slices(N), st.lists(numbers, max_size=20).map(lambda chosen: np.array(chosen, np.int64)),
        st.just(np.arange(6).reshape(2, 3)), st.lists(st.booleans(), min_size=N, max_size=N).map(np.array),
    ))  # fmt: skip
    for _ in range(2):
        assert np.array_equal(images[index], WHOLE[index])
    assert (images.shape, images.dtype, len(images)) == (WHOLE.shape, WHOLE.dtype, N)


@pytest.mark.parametrize("held", [False, True])
def test_several_threads_may_ask(folder: Path, held: bool) -> None:
    images = files(folder, held)
    orders = [np.random.default_rng(seed).permutation(N) for seed in range(16)]
    with ThreadPoolExecutor(8) as pool:
        for indices, found in zip(orders, pool.map(images.__getitem__, orders), strict=True):
            assert np.array_equal(found, WHOLE[indices])


def test_what_is_held_is_read_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images = files(folder, True)
    images[:10]
    monkeypatch.setattr(images, "_read", None)
    assert np.array_equal(images[np.arange(10)], WHOLE[:10])


def test_a_file_that_is_gone_changed_or_damaged_is_named(tmp_path: Path) -> None:
    for number in range(N):
        save(tmp_path / f"{number}.png", noise(6, 5, seed=number))
    images = files(tmp_path, False)
    (tmp_path / "3.png").unlink()
    save(tmp_path / "4.png", noise(9, 9))
    (tmp_path / "5.png").write_bytes(b"")
    for number, reason in ((3, "is not there"), (4, "has changed since the run began"), (5, "is empty")):
        with pytest.raises(DataError) as told:
            images[np.arange(number, number + 1)]
        assert told.value.message == f"{tmp_path / f'{number}.png'} {reason}"
    with pytest.raises(DataError, match=r"3\.png"):
        images[np.arange(N)]
    assert np.array_equal(images[6:], WHOLE[6:])


def test_the_fingerprint_tells_names_sizes_and_form(tmp_path: Path) -> None:
    paths = [save(tmp_path / f"{number}.png", noise(6, 5, seed=number)) for number in range(3)]
    found = [File(path.name, path, header(path)) for path in paths]
    reader = ImageReader(Form(6, 5))
    one = fingerprint(Files(found, reader, False))
    assert one == fingerprint(Files(found, reader, True))
    moved = [File(file.name, Path("/elsewhere") / file.name, file.header._replace(changed=1)) for file in found]
    assert one == fingerprint(Files(moved, reader, False))
    others = [
        Files(found[::-1], reader, False), Files(found[:2], reader, False), Files(found, ImageReader(Form(5, 6)), False),
        Files(found, ImageReader(Form(6, 5, resize="pad")), False),
        Files([*found[:2], File("2.png", paths[2], found[2].header._replace(bytes=1))], reader, False),
    ]  # fmt: skip
    assert len({one, *map(fingerprint, others)}) == len(others) + 1
    assert fingerprint(take(others[0], np.array([0]))) != fingerprint(take(others[0], np.array([1])))


def test_masks_are_mapped_to_classes(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", np.array([[0, 128], [255, 0]], np.uint8))
    numbers, _ = MaskReader(Form(2, 2), ((0, 0), (128, 1), (255, 2)))(path)
    assert (numbers.tolist(), numbers.dtype) == ([[0, 1], [2, 0]], np.uint8)
    with pytest.raises(Exception, match="holds 255, which is no class"):
        MaskReader(Form(2, 2), ((0, 0), (128, 1)))(path)
    assert MaskReader(Form(2, 2), ((0, 0), (300, 300))).dtype == np.int32


def test_a_quarter_of_the_free_memory_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(column, "host_memory", lambda: Free(1000))
    assert column.holds(250)
    assert not column.holds(251)
