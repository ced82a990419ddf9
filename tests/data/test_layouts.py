"""Class folders as people have them: what is odd is told with the right word; and identical files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnspec.data.errors import DataError
from cnnspec.data.images import copies
from cnnspec.data.images.copies import Copy, identical
from cnnspec.data.splits import ALL, Dataset
from tests.data.pictures import source
from tests.data.test_image_folder import load, shades, tree


def images(folder: Path, **arguments: Any) -> Dataset:
    """Without labels."""
    given = {"path": str(folder), "image_size": 8, **arguments}
    return source({"image_folder": given}).load_images(folder, {"input": (None, None, 3)})


@pytest.mark.parametrize(
    ("names", "message", "help"),
    [
        (["animals/cat/1.png", "animals/dog/2.png"], "holds a single folder, `animals`, and", "`path: {}/animals`"),
        (["a/b/cat/1.png", "a/b/dog/2.png", "a/b/emu/x/3.png"], "holds the folders `cat`, `dog`, `emu`", "{}/a/b`"),
        (["a/train/cat/1.png", "a/test/cat/2.png"], "holds the folders `test`, `train`", "`path: {}/a`"),
        (["train/x/cat/1.png", "train/x/dog/2.png"], "train holds a single folder, `x`", "move the folders of the classes"),
        (["train/a/1.png", "train/b/2.png", "test/1.png", "test/2.png"], "test holds 2 images, but no folders", "predict"),
        (["train/a/1.png", "train/b/2.png", "test/what/1.png"], "no class of .*test (`what`) is one of .*train", "predict"),
        (["a.png"], "holds 1 image, but no folders of classes", "`targets: inputs`"),
    ],
)  # fmt: skip
def test_layouts_that_are_another_one(tmp_path: Path, names: list[str], message: str, help: str) -> None:
    with pytest.raises(DataError) as error:
        load(tree(tmp_path, *names))
    assert all(part in error.value.message for part in message.split(".*"))
    assert help.format(tmp_path) in (error.value.help or "")


@pytest.mark.parametrize(
    "names",
    [
        ["cat/1.png", "cat/deep/2.png", "dog/3.png"],
        ["only/1.png", "only/deep/2.png", "only/deeper/3.png"],
        ["only/deep/1.png", "only/deep/2.png"],
        ["indoor/cat/1.png", "indoor/dog/2.png", "outdoor/cat/3.png"],
    ],
)
def test_deeper_folders_of_a_class_are_part_of_it(tmp_path: Path, names: list[str]) -> None:
    assert len(load(tree(tmp_path, *names)).train) == len(names)


def test_a_table_that_lies_there_is_offered(tmp_path: Path) -> None:
    for names, told in (
        (["images/1.png", "images/2.png"], "`path: {0}/images` and `labels: {0}/x.csv`"),
        (["1.png"], "`labels: {0}/x.csv`"),
    ):
        folder = tree(tmp_path / str(len(names)), *names)
        (folder / "x.csv").write_text("path,label\n")
        with pytest.raises(DataError) as error:
            load(folder)
        assert told.format(folder) in (error.value.help or "")


def test_the_path_is_told_as_the_spec_has_it(tmp_path: Path) -> None:
    tree(tmp_path / "sets" / "animals", "x/cat/1.png", "x/dog/2.png")
    with pytest.raises(DataError) as error:
        source({"image_folder": {"path": "sets/animals/", "image_size": 8}}).load(tmp_path, {"input": (None, None, 3)})
    assert error.value.help == "write `path: sets/animals/x`"


def test_names_of_classes_that_are_likely_one(tmp_path: Path) -> None:
    data = load(tree(tmp_path, "Apple/1.png", "apple/2.png", "pear/3.png"))
    assert data.notes == ("`Apple` and `apple` are two classes: if they are one, give both the same name",)
    tree(tmp_path / "split", "train/Apple/1.png", "train/pear/2.png", "test/apple/3.png", "test/pear/4.png")
    assert data.notes[0] in load(tmp_path / "split").notes


@pytest.mark.parametrize(
    ("ending", "kind"), [("heic", "HEIC"), ("HEIF", "HEIC"), ("dng", "camera raw"), ("dcm", "DICOM")]
)
def test_images_that_are_not_read_are_named(tmp_path: Path, ending: str, kind: str) -> None:
    tree(tmp_path, "a/1.png", "b/2.png")
    (tmp_path / f"a/3.{ending}").write_bytes(b"x")
    with pytest.raises(DataError, match=rf"a/3\.{ending} is {kind}, which is not read: convert it to JPEG or PNG"):
        load(tmp_path)
    data = load(tmp_path, on_bad_file="skip")
    assert (len(data.train), data.notes[0].splitlines()[0]) == (2, "1 file of 3 left out")
    for path in (tmp_path / "a/1.png", tmp_path / "b/2.png"):
        path.unlink()
    with pytest.raises(DataError, match=f"holds no images that are read, but 1 of {kind}"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("names", "counts"),
    [
        (["1.png", "2.png", "deep/3.png"], (3, None)),
        (["a/1.png", "b/2.png"], (2, None)),
        (["train/1.png", "train/2.png", "test/3.png"], (2, 1)),
        (["train/a/1.png", "test/3.png"], (1, 1)),
    ],
)
def test_images_without_classes(tmp_path: Path, names: list[str], counts: tuple[int, int | None]) -> None:
    data = images(tree(tmp_path, *names))
    assert (len(data.train), data.test and len(data.test)) == counts
    assert (data.train.y, data.classes, data.kinds, data.names) == ({}, {}, {}, None)
    assert sorted(shades(data.train.x[ALL])) == [*range(counts[0])]


def test_what_lies_among_images_without_classes_is_told(tmp_path: Path) -> None:
    tree(tmp_path, "1.png", "2.png")
    (tmp_path / "notes.txt").write_text("hello")
    assert images(tmp_path).notes == ("1 file without the ending of an image left out: notes.txt",)
    (tmp_path / "3.heic").write_bytes(b"x")
    with pytest.raises(DataError, match=r"3\.heic is HEIC, which is not read"):
        images(tmp_path)


def test_images_without_classes_come_in_the_order_of_classes(tmp_path: Path) -> None:
    tree(tmp_path, "10/a.png", "9/b.png", "train/c.png", "9/deep/d.png", "loose.png")
    assert shades(images(tmp_path).train.x[ALL]) == [1, 3, 0, 2, 4]
    (tmp_path / "loose.png").unlink()
    assert shades(load(tmp_path).train.x[ALL]) == [1, 3, 0, 2]


def test_a_table_without_labels(tmp_path: Path) -> None:
    tree(tmp_path, "1.png", "2.png")
    (tmp_path / "x.csv").write_text("path\n2.png\n1.png\n")
    data = images(tmp_path, labels="x.csv")
    assert (shades(data.train.x[ALL]), data.train.y) == ([1, 0], {})
    with pytest.raises(DataError, match="has no column `label`"):
        load(tmp_path, labels="x.csv")


def test_a_folder_of_no_images(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no images"):
        images(tmp_path)


# Identical files


def test_identical_files_are_counted_and_named(tmp_path: Path) -> None:
    names = [f"train/{kind}/{number}.png" for kind in "ab" for number in range(3)]
    tree(tmp_path, *names, "test/a/t.png", "val/b/v.png", "test/b/own.png")
    for copied, original in (("test/a/t.png", names[0]), ("val/b/v.png", names[4]), (names[5], names[1])):
        (tmp_path / copied).write_bytes((tmp_path / original).read_bytes())
    assert load(tmp_path).notes == (
        "1 file of the test split is also in train: test/a/t.png = train/a/0.png",
        "1 file of the validation split is also in train: val/b/v.png = train/b/1.png",
        "1 image has two labels: train/a/1.png (a) = train/b/2.png (b)",
    )


def test_identical_files_of_a_table(tmp_path: Path) -> None:
    tree(tmp_path, "a.png", "b.png", "c.png")
    (tmp_path / "b.png").write_bytes((tmp_path / "a.png").read_bytes())
    (tmp_path / "x.csv").write_text("path,label,split\na.png,1.5,train\nb.png,2,test\nc.png,3,train\n")
    assert load(tmp_path / "x.csv").notes == (
        "1 file of the test split is also in train: b.png = a.png",
        "1 image has two labels: a.png (1.5) = b.png (2)",
    )


@given(
    contents=st.lists(
        st.binary(max_size=3)
        | st.sampled_from([b"x" * 90, b"x" * 89 + b"y", b"y" + b"x" * 89, b"x" * 44 + b"y" + b"x" * 45]),
        max_size=12,
    )
)
def test_identical_means_of_the_same_bytes(contents: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("files")
    for number, content in enumerate(contents):
        (folder / str(number)).write_bytes(content)
    files = [Copy(str(n), folder / str(n), len(content), "train", "") for n, content in enumerate(contents)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(copies, "_PART", 10)
        found = sorted(sorted(int(file.name) for file in group) for group in identical(files))
    wanted = {content: [n for n, other in enumerate(contents) if other == content] for content in contents}
    assert found == sorted(numbers for numbers in wanted.values() if len(numbers) > 1)


def test_files_of_their_own_size_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(*given: Any) -> bytes:
        raise AssertionError(given)

    monkeypatch.setattr(copies, "_digest", read)
    assert identical([Copy(str(size), tmp_path, size, "train", "") for size in range(9)]) == []
