"""`image_folder`: layouts, tables, and all that can be wrong with them."""

from __future__ import annotations

import os
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnspec.data.columns import Column, in_memory
from cnnspec.data.errors import DataError
from cnnspec.data.images import checking
from cnnspec.data.images.listing import natural
from cnnspec.data.splits import ALL, Dataset
from cnnspec.language.entries import Invalid
from tests.data.pictures import BAD, save, source, spoil


def load(folder: Path, **arguments: Any) -> Dataset:
    given = {"path": str(folder), "image_size": 8, **arguments}
    return source({"image_folder": given}).load(folder, {"input": (None, None, 3)})


def tree(folder: Path, *names: str) -> Path:
    """Small images, each of one shade: its number among `names`."""
    for number, name in enumerate(names):
        save(folder / name, np.full((8, 8, 3), number, np.uint8))
    return folder


def shades(column: Column) -> list[int]:
    return [int(shade) for shade in column[np.arange(len(column))][:, 0, 0, 0]]


@pytest.fixture(params=["at once", "one by one"])
def either(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways to read: everything before training, and each file when it is asked for."""
    if request.param != "at once":
        monkeypatch.setattr(checking, "READ_AT_ONCE", 0)
    return str(request.param)


def test_class_folders(tmp_path: Path, either: str) -> None:
    tree(tmp_path, "10/a.png", "2/b.png", "2/a.PNG", "2/deeper/c.png", "1/x.png")
    for name in (".DS_Store", "2/Thumbs.db", "2/.hidden.png", ".git/a.png", "__MACOSX/2/a.png"):
        spoil(tmp_path / name, b"left behind")
    data = load(tmp_path)
    assert in_memory(data.train.x[ALL]) == (either == "at once")
    assert data.names == ("1", "2", "10")
    assert data.classes == {ALL: 3}
    assert data.train.y[ALL].tolist() == [0, 1, 1, 1, 2]
    assert shades(data.train.x[ALL]) == [4, 2, 1, 3, 0]
    assert data.train.x[ALL].dtype == np.uint8
    assert (data.test, data.validation, data.notes) == (None, None, ())


@given(st.lists(st.text("ab_0159-", min_size=1, max_size=6), unique=True))
def test_names_are_sorted_by_their_numbers(names: list[str]) -> None:
    ordered = sorted(names, key=natural)
    numbers = [name for name in ordered if name.isdecimal()]
    assert [int(number) for number in numbers] == sorted(int(number) for number in numbers)
    assert sorted(Random(0).sample(names, len(names)), key=natural) == ordered


def test_given_splits(tmp_path: Path, either: str) -> None:
    tree(
        tmp_path,
        "Train/cat/a.png",
        "Train/dog/b.png",
        "val/dog/c.png",
        "test/cat/d.png",
        "test/dog/e.png",
        "test/emu/f.png",
    )
    data = load(tmp_path)
    assert data.names == ("cat", "dog", "emu")
    assert data.validation is not None
    assert data.test is not None
    assert [shades(part.x[ALL]) for part in (data.train, data.validation, data.test)] == [[0, 1], [2], [3, 4, 5]]
    assert [part.y[ALL].tolist() for part in (data.train, data.validation, data.test)] == [[0, 1], [1], [0, 1, 2]]
    assert data.notes == ("no training image is of the class `emu`",)


def test_a_class_may_be_called_train(tmp_path: Path) -> None:
    assert load(tree(tmp_path, "car/a.png", "train/b.png")).names == ("car", "train")


def test_size_and_channels_come_from_the_network(tmp_path: Path) -> None:
    tree(tmp_path, "a/a.png", "b/b.png")
    folder = source({"image_folder": str(tmp_path)})
    assert folder.load(tmp_path, {"input": (5, 7, 1)}).train.x[ALL].shape == (2, 5, 7, 1)
    assert folder.load(tmp_path, {"input": (5, 7, 2)}).train.x[ALL].shape == (2, 5, 7, 3)
    with pytest.raises(DataError, match="needs `image_size`"):
        folder.load(tmp_path, {"input": (None, 7, 3)})
    given = source({"image_folder": {"path": str(tmp_path), "image_size": [4, 6], "channels": 4}})
    assert given.load(tmp_path, {"input": (None, 7, 3)}).train.x[ALL].shape == (2, 4, 6, 4)


def test_all_bad_files_are_told_at_once(tmp_path: Path, either: str) -> None:
    tree(tmp_path, "a/good.png", "b/good.png")
    for name, (how, _) in BAD.items():
        if either == "at once" or not name.startswith(("flipped", "float", "none")):
            spoil(tmp_path / "a" / name, how)
    total = len(list((tmp_path / "a").iterdir())) - 1
    with pytest.raises(DataError) as told:
        load(tmp_path)
    title, *lines = told.value.message.splitlines()
    assert title == f"{tmp_path}: {total} files of {total + 2} cannot be used"
    assert len(lines) == min(total, 21)
    for line in lines[:20]:
        name, _, reason = line.strip().removeprefix("a/").partition(" ")
        assert reason.startswith(BAD[name][1])
    assert told.value.help is not None
    assert "on_bad_file: skip" in told.value.help
    data = load(tmp_path, on_bad_file="skip")
    assert len(data.train) == 2
    assert data.notes[0].startswith(f"{total} files of {total + 2} left out\n")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_permission_denied(tmp_path: Path) -> None:
    (tree(tmp_path, "a/a.png", "b/b.png") / "a/a.png").chmod(0)
    with pytest.raises(DataError, match=r"a/a\.png may not be read: permission denied"):
        load(tmp_path)


def test_what_is_no_image_is_named(tmp_path: Path) -> None:
    tree(tmp_path, "a/a.png", "b/b.png")
    (tmp_path / "a/notes.txt").write_text("hello")
    assert load(tmp_path).notes == ("1 file without the ending of an image left out: a/notes.txt",)


def test_links_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    tree(tmp_path, "data/a/a.png", "elsewhere/b.png")
    (tmp_path / "data/b").symlink_to(tmp_path / "elsewhere")
    assert load(tmp_path / "data").names == ("a", "b")
    (tmp_path / "data/a/again").symlink_to(tmp_path / "data/a")
    with pytest.raises(DataError, match="a/again is a link to a folder that holds it"):
        load(tmp_path / "data")


def test_empty_classes_and_images_outside_of_classes(tmp_path: Path) -> None:
    tree(tmp_path, "a/a.png", "b/b.png", "loose.png")
    (tmp_path / "c").mkdir()
    with pytest.raises(DataError) as told:
        load(tmp_path)
    assert [line.strip() for line in told.value.message.splitlines()[1:]] == [
        "c/ holds no images", "loose.png lies in the folder of no class",
    ]  # fmt: skip
    assert load(tmp_path, on_bad_file="skip").names == ("a", "b")


def test_a_single_class_is_told(tmp_path: Path) -> None:
    assert load(tree(tmp_path, "a/a.png", "a/b.png")).notes == (
        "all images are of one class, `a`: there is nothing to tell apart",
    )


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], "holds no images"),
        (["a.png", "b.png"], "holds 2 images, but no folders of classes"),
        (["test/a/a.png", "val/a/b.png"], "but no folder `train`"),
        (["train/a/a.png", "Training/a/a.png"], "two folders for one split"),
        (["train/a/a.png", "test/a/a.png", "extra/a.png"], "beside `extra` with images of its own"),
        (["train/a/a.png", "test/a.png"], "holds 1 image, but no folders of classes"),
    ],
)
def test_layouts_that_are_none(tmp_path: Path, names: list[str], message: str) -> None:
    with pytest.raises(DataError, match=message):
        load(tree(tmp_path, *names))


def table(folder: Path, text: str, name: str = "labels.csv") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def test_a_table(tmp_path: Path, either: str) -> None:
    tree(tmp_path, "a.png", "b.png", "sub/c.png", "d.png", "unlisted.png")
    labels = table(
        tmp_path,
        "\ufeffPath;Label;split;weight;group\r\n\r\na.png;dog;train;1;x\nsub/c.png;cat;train;0.5;y\nb.png;dog;val;1;x\nd.png;cat;test;2;z\n",
    )
    data = load(tmp_path, labels=str(labels))
    assert data.names == ("cat", "dog")
    assert data.train.y[ALL].tolist() == [1, 0]
    assert shades(data.train.x[ALL]) == [0, 2]
    assert data.train.weights is not None
    assert data.train.weights.tolist() == [1, 0.5]
    assert data.train.groups is not None
    assert data.train.groups.tolist() == [0, 1]
    assert data.validation is not None
    assert data.validation.y[ALL].tolist() == [1]
    assert data.test is not None
    assert data.test.x[ALL].shape == (1, 8, 8, 3)


def test_a_table_as_the_path_and_values_to_learn(tmp_path: Path) -> None:
    tree(tmp_path, "a.png", "b.png")
    data = load(table(tmp_path, "path,label\na.png,-1.5\nb.png,20\n"))
    assert data.classes == {ALL: None}
    assert data.names is None
    assert data.train.y[ALL].tolist() == [-1.5, 20]


@pytest.mark.parametrize(
    ("rows", "names", "numbers"),
    [
        ("a.png,10\nb.png,9", ("9", "10"), [1, 0]),
        ("a.png,ja\nb.png,1.5", ("1.5", "ja"), [1, 0]),
        ('a.png,"x, y"\nb.png,ä', ("x, y", "ä"), [0, 1]),
    ],
)
def test_labels_that_are_classes(tmp_path: Path, rows: str, names: tuple[str, ...], numbers: list[int]) -> None:
    tree(tmp_path, "a.png", "b.png")
    data = load(table(tmp_path, "path,label\n" + rows))
    assert data.names == names
    assert data.train.y[ALL].tolist() == numbers


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", ["is empty"]),
        ("path,label\n", ["names no images"]),
        ("file,label\na.png,1\n", ["has no column `path`; it has file, label"]),
        ("path,path,label\na.png,a.png,1\n", ["two columns `path`"]),
        ("path,label\na.png\n,x\nb.png,\na.png,1,2", ["line 2: 1 value for 2 columns", "line 3: no path", "line 4: no label for b.png", "line 5: 3 values"]),
        ("path,label\na.png,1\n\n./a.png,2\n", ["line 4: ./a.png stands in line 2 already"]),
        ("path,label,split\na.png,1,trian\n", ["line 2: no split is called `trian`"]),
        ("path,label,split\na.png,1,test\n", ["has no images to train on"]),
        ("path,label,weight\na.png,1,-2\nb.png,1,nan\n", ["line 2: the weight -2", "line 3: the weight nan"]),
        ("path,label\na.png,0.5\nb.png,1.5\nc.png,nan\n", ["line 4: nan"]),
        ('path,label\na.png,"open\n', ["line 2 does not read as CSV"]),
        ("path,label\na.png,1\nnowhere.png,2\ngone/x.png,1\n", ["line 3: nowhere.png is not there", "line 4: gone/x.png is not there"]),
    ],
)  # fmt: skip
def test_tables_that_are_wrong(tmp_path: Path, text: str, told: list[str]) -> None:
    tree(tmp_path, "a.png", "b.png")
    with pytest.raises(DataError) as error:
        load(table(tmp_path, text))
    assert [part for part in told if part not in error.value.message] == []


def test_a_table_that_is_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("path,label\na.png,ä\n".encode("latin-1"))
    with pytest.raises(DataError, match="is not UTF-8: line 2"):
        load(tmp_path / "a.csv")


def test_missing_files_of_a_table_can_be_skipped(tmp_path: Path) -> None:
    tree(tmp_path, "a.png", "b.png")
    data = load(table(tmp_path, "path,label\na.png,x\ngone.png,y\nb.png,z\n"), on_bad_file="skip")
    assert (data.names, data.train.y[ALL].tolist()) == (("x", "y", "z"), [0, 2])
    assert data.notes[0] == "1 file of 3 left out\n  line 3: gone.png is not there"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"image_size": 0}, "wrong-type"), ({"image_size": [8, 8, 3]}, "wrong-length"), ({"image_size": "8x8"}, "wrong-type"),
        ({"image_size": 20000}, "out-of-range"), ({"channels": 2}, "bad-choice"), ({"channels": True}, "bad-choice"),
        ({"resize": "croop"}, "bad-choice"), ({"on_bad_file": "ignore"}, "bad-choice"), ({"labels": ""}, "wrong-type"),
    ],
)  # fmt: skip
def test_arguments_that_are_wrong(arguments: dict[str, Any], code: str) -> None:
    with pytest.raises(Invalid) as invalid:
        source({"image_folder": {"path": "x", **arguments}})
    assert {problem.code for problem in invalid.value.problems} == {code}
