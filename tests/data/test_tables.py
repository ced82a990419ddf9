"""Tables as people have them: other names of columns, labels of every kind, and paths of every kind."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnspec.data.errors import DataError
from cnnspec.data.images.meanings import divided, near_names
from cnnspec.data.splits import ALL, Dataset
from cnnspec.language.entries import Invalid
from tests.data.pictures import source
from tests.data.test_image_folder import shades, table, tree

NAMES = ("0000.png", "0001.png", "0002.png", "0003.png")


@pytest.fixture
def dogs(tmp_path: Path) -> Path:
    return tree(tmp_path / "dogs", *NAMES)


def load(folder: Path, text: str, inputs: Any = None, **arguments: Any) -> Dataset:
    labels = table(folder.parent, text)
    given = {"path": str(folder), "labels": str(labels), "image_size": 8, **arguments}
    return source({"image_folder": given}).load(folder, inputs or {"input": (None, None, 3)})


def rows(*cells: str) -> str:
    """A line for each image, with its path in front."""
    return "".join(f"{name},{cell}\n" for name, cell in zip(NAMES, cells, strict=True))


def refused(folder: Path, text: str, **arguments: Any) -> tuple[str, str]:
    with pytest.raises(DataError) as error:
        load(folder, text, **arguments)
    return error.value.message, error.value.help or ""


def test_columns_of_other_names(dogs: Path) -> None:
    text = "file,breed,subset,patient,w\n" + rows("collie,train,a,1", "pug,train,b,2", "pug,val,b,1", "pug,test,c,1")
    columns = {"path": "file", "label": "breed", "split": "subset", "group": "patient", "weight": "w"}
    data = load(dogs, text, columns=columns)
    assert (data.names, data.kinds, data.notes) == (("collie", "pug"), {ALL: "classes"}, ())
    assert data.train.y[ALL].tolist() == [0, 1]
    assert data.train.groups is not None
    assert data.train.weights is not None
    assert (data.train.groups.tolist(), data.train.weights.tolist()) == ([0, 1], [1, 2])
    assert data.validation is not None
    assert data.test is not None
    assert [shades(part.x[ALL]) for part in (data.train, data.validation, data.test)] == [[0, 1], [2], [3]]


@pytest.mark.parametrize(
    ("header", "columns", "help"),
    [
        ("file,breed", None, "write `columns: {path: file, label: breed}`"),
        ("filename,label", None, "write `columns: {path: filename}`"),
        ("path,class", None, "write `columns: {label: class}`"),
        ("Image Index,Finding", None, "write `columns: {path: Image Index, label: Finding}`"),
        ("a,b", None, "write `columns: {path: a, label: b}`"),
        ("path,1st", None, 'write `columns: {label: "1st"}`'),
        ("path_label", None, "divide the columns by commas"),
        ("file,breed", {"path": "fil", "label": "breed"}, "did you mean `file`?"),
        ("file,breed", {"path": "file", "label": {"kind": "bred"}}, "did you mean `breed`?"),
    ],
)
def test_columns_that_are_not_there(dogs: Path, header: str, columns: Any, help: str) -> None:
    message, told = refused(dogs, header + "\n" + rows(*"abab"), **({"columns": columns} if columns else {}))
    assert help in told
    assert f"it has {header.replace(',', ', ')}" in message


def test_a_split_that_is_not_named_so_is_offered(dogs: Path) -> None:
    text = "file,breed,subset\n" + rows("a,train", "b,train", "a,val", "b,test")
    assert "`columns: {path: file, label: breed, split: subset}`" in refused(dogs, text)[1]
    data = load(dogs, text, columns={"path": "file", "label": "breed"})
    assert data.notes == (
        "the column `subset` holds train, val and test, and is not used; to split so, write `columns: {split: subset}`",
    )
    assert load(dogs, text, columns={"path": "file", "label": "breed", "split": "subset"}).notes == ()


def test_what_is_no_table(dogs: Path) -> None:
    for content, words in ((b"PK\x03\x04rest", "an Excel file or a ZIP archive"), (b"PAR1", "a Parquet file")):
        (dogs / "x.csv").write_bytes(content)
        with pytest.raises(DataError, match=words):
            source({"image_folder": {"path": str(dogs), "labels": "x.csv", "image_size": 8}}).load(dogs, {})
    assert refused(dogs, "0000.png,cat\n0001.png,dog\n")[1] == "put the line path,label above it"


@pytest.mark.parametrize("divider", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_dividers_encodings_quotes_and_blank_lines(dogs: Path, divider: str, encoding: str) -> None:
    lines = ["", "path,label,", '"0000.png","ä b",', "", "0001.png, ä b ,", "0002.png,c,", ""]
    (dogs / "x.csv").write_bytes("\r\n".join(line.replace(",", divider) for line in lines).encode(encoding))
    data = source({"image_folder": {"path": str(dogs), "labels": "x.csv", "image_size": 8}}).load(dogs, {})
    assert (data.names, data.train.y[ALL].tolist()) == (("c", "ä b"), [1, 1, 0])


def test_excel_says_what_divides_and_writes_decimal_commas(dogs: Path) -> None:
    data = load(dogs, "sep=;\npath;label\n0000.png;1,5\n0001.png;2\n")
    assert (data.classes, data.train.y[ALL].tolist()) == ({ALL: None}, [1.5, 2])


@given(st.lists(st.lists(st.text("ab ,;'\"|\t\n", min_size=1, max_size=5), min_size=2, max_size=2), min_size=1))
@settings(max_examples=50)
def test_cells_are_read_as_they_are_written(cells: list[list[str]]) -> None:
    from cnnspec.data.images.sheet import _delimiter, _records

    buffer = io.StringIO()
    csv.writer(buffer).writerows([["path", "label"], *cells])
    text = buffer.getvalue()
    found = [list(record.fields) for record in _records(text, _delimiter(text), Path("x.csv"))]
    wanted = [[cell.strip() for cell in row] for row in cells]
    assert found[1:] == [row for row in wanted if any(row)]


# Paths


@pytest.mark.parametrize(
    ("written", "note"),
    [
        ("train/1.png", ""),
        ("./train/1.png", ""),
        ("{folder}/train/1.png", ""),
        ("train/1", "has no ending: train/1 is read as train/1.png"),
        (r"train\1.png", r"is written with backslashes: train\1.png is read as train/1.png"),
        (r".\train\1.png", "is written with backslashes"),
        (r"train\1", "is written with backslashes"),
        ("dogs/train/1.png", "names the folder that it lies in, too: dogs/train/1.png is read as train/1.png"),
        (r"C:\data\dogs\train\1.png", "names the folder that it lies in, too"),
        ("/elsewhere/dogs/train/1.png", "names the folder that it lies in, too"),
    ],
)
def test_paths_as_people_write_them(tmp_path: Path, written: str, note: str) -> None:
    folder = tree(tmp_path / "dogs", "a.png", "train/1.png", "test/1.png")
    data = load(folder, f"path,label\na.png,x\n{written.format(folder=folder)},y\n")
    assert shades(data.train.x[ALL]) == [0, 1]
    assert len(data.notes) == bool(note)
    assert all(note in told for told in data.notes)


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("https://example.org/1.png", "is an address, no path"),
        (r"D:\photos\1.png", "is an absolute path, and not there: write paths below"),
        ("/photos/1.png", "is an absolute path, and not there"),
        ("both", "is not there; both.bmp and both.png are"),
        ("train/1.jpg", "is not there; train/1.png is"),
        ("1.png", "is not there; train/1.png is"),
        ("B.PNG", "is not there; b.png is"),
        ("7", "is not there; 0007.png is"),
        ("nothing", "is not there"),
        ("./a.png", "stands in line 2 already"),
        ("a", "is the file of line 2, a.png"),
    ],
)
def test_paths_that_lead_nowhere(tmp_path: Path, written: str, reason: str) -> None:
    folder = tree(tmp_path / "dogs", "a.png", "b.png", "0007.png", "both.png", "both.bmp", "train/1.png")
    assert f"line 3: {written} {reason}" in refused(folder, f"path,label\na.png,x\n{written},y\n")[0]


# Labels


def test_several_columns_are_values(dogs: Path) -> None:
    data = load(dogs, "path,x,y\n" + rows("0.5,1", "1,2", "3,4", "5,6"), columns={"label": ["x", "y"]})
    assert (data.kinds, data.classes, data.names) == ({ALL: "values"}, {ALL: None}, None)
    assert data.names_of("any") == ("x", "y")
    assert data.train.y[ALL].tolist() == [[0.5, 1], [1, 2], [3, 4], [5, 6]]
    message, _ = refused(dogs, "path,x,y\n" + rows("1,2", ",2", "3,old", "nan,1"), columns={"label": ["x", "y"]})
    assert "line 3: no `x` for 0001.png" in message
    message, _ = refused(dogs, "path,x,y\n" + rows("1,2", "2,2", "3,old", "nan,1"), columns={"label": ["y", "x"]})
    assert "line 4: `y` is old, no number" in message


@pytest.mark.parametrize(
    ("role", "cells", "kind", "first"),
    [
        ("label", ("1,0", "0,0", "1,1", "0,1"), "tags", [1, 0]),
        ("label", ("True,no", "false,0", "1,yes", "0,1"), "tags", [1, 0]),
        ("label", ("1,0", "0,1", "1,0", "0,1"), None, [1, 0]),  # one-hot, or tags: the numbers are handed on
        ("tags", ("1,0", "0,1", "1,0", "0,1"), "tags", [1, 0]),
        ("tags", ("1,-1", "-1,-1", "1,1", "-1,1"), "tags", [1, 0]),
        ("label", ("1,-1", "-1,-1", "1,1", "-1,1"), "values", [1, -1]),
    ],
)
def test_columns_of_yes_and_no(dogs: Path, role: str, cells: Any, kind: Any, first: list[int]) -> None:
    data = load(dogs, "path,sea,sky\n" + rows(*cells), columns={role: ["sea", "sky"]})
    assert data.kinds.get(ALL) == kind
    assert data.names_of("any") == ("sea", "sky")
    assert data.train.y[ALL][0].tolist() == first
    assert (ALL in data.classes) == (kind == "values")
    assert bool(data.notes) == (kind == "values")
    assert all("write `columns: {tags: [sea, sky]}`" in note for note in data.notes)


def test_tags_of_several_columns_are_yes_or_no(dogs: Path) -> None:
    text = "path,sea,sky\n" + rows("1,0", "2,0", ",1", "0,0")
    assert "line 3: `sea` is 2\n  line 4: `sea` is empty" in refused(dogs, text, columns={"tags": ["sea", "sky"]})[0]


@pytest.mark.parametrize(
    "cells",
    [
        ("haze water", "water", "", "haze  haze"),
        ("haze|water", "water", "", "haze"),
        ("haze; water", "water", "", "haze"),
        ('"haze, water"', "water", "", "haze"),
        ("\"['haze', 'water']\"", "['water']", "[]", "['haze']"),
    ],
)
def test_a_column_of_tags(dogs: Path, cells: Any) -> None:
    for columns in ({"tags": "what"}, {"tags": ["what"]}):
        data = load(dogs, "path,what\n" + rows(*cells), columns=columns)
        assert (data.kinds, data.names, data.classes, data.notes) == ({ALL: "tags"}, ("haze", "water"), {}, ())
        assert data.train.y[ALL].tolist() == [[1, 1], [0, 1], [0, 0], [1, 0]]
    data = load(dogs, "path,tags\n" + rows(*cells))
    assert data.kinds == {ALL: "tags"}
    assert data.notes[0].startswith(
        "the column `tags` is read as tags, any number per image: haze, water; to learn each"
    )


@given(
    st.lists(st.sets(st.text("abcä", min_size=1, max_size=3), max_size=4), min_size=2),
    st.sampled_from([" ", ",", ";", "|", ", "]),
)
def test_tags_are_divided_as_they_were_joined(tags: list[set[str]], divider: str) -> None:
    cells = [divider.join(sorted(each)) for each in tags]
    assert [set(each) for each in divided(cells)] == tags


def test_labels_that_look_like_tags_are_told(dogs: Path) -> None:
    text = "path,label\n" + rows("cat|dog", "cat", "dog", "dog|cat")
    data = load(dogs, text)
    assert data.names == ("cat", "cat|dog", "dog", "dog|cat")
    assert data.notes == (
        "2 of 4 labels hold `|`, such as cat|dog: each such text is a class of its own; for tags, write "
        "`columns: {tags: label}`",
    )
    assert load(dogs, text, columns={"tags": "label"}).names == ("cat", "dog")
    assert (
        "every image has exactly one tag" in load(dogs, "path,tag\n" + rows(*"abab"), columns={"tags": "tag"}).notes[0]
    )


def test_whole_numbers_are_classes_and_values(dogs: Path) -> None:
    data = load(dogs, "path,label,split\n" + rows("21,train", "9,train", "021,test", "30,train"))
    assert (data.kinds, data.classes, data.names) == ({}, {ALL: 3}, ("9", "21", "30"))
    assert data.train.y[ALL].tolist() == [1, 0, 2]
    assert data.train.values[ALL].tolist() == [21, 9, 30]
    assert data.test is not None
    assert (data.test.y[ALL].tolist(), data.test.values[ALL].tolist()) == ([1], [21])
    assert data.train.take(np.array([2, 0])).values[ALL].tolist() == [30, 21]
    assert load(dogs, "path,label\n" + rows("a", "1", "2", "3")).train.values == {}


def test_labels_of_several_outputs_and_facts_for_another_input(dogs: Path) -> None:
    text = "path,breed,years,marks,age,weight\n" + rows("b,1.5,x y,3,20", "a,2,x,4,30", "a,2,,5,40", "b,3,y,6,50")
    columns = {
        "label": {"species": "breed", "old": "years"}, "tags": {"marks": "marks"}, "inputs": {"facts": ["age", "weight"]},
    }  # fmt: skip
    data = load(dogs, text, {"facts": (2,), "photo": (8, 8, 3)}, columns=columns)
    assert data.kinds == {"species": "classes", "old": "values", "marks": "tags"}
    assert data.classes == {"species": 2, "old": None}
    assert (data.names_of("species"), data.names_of("marks")) == (("a", "b"), ("x", "y"))
    assert data.train.y["species"].tolist() == [1, 0, 0, 1]
    assert data.train.y["marks"].tolist() == [[1, 1], [1, 0], [0, 0], [0, 1]]
    facts = data.train.x["facts"][:]
    assert (facts.dtype, facts.tolist()) == (np.float32, [[3, 20], [4, 30], [5, 40], [6, 50]])
    assert data.train.x[ALL].shape == (4, 8, 8, 3)
    message = refused(dogs, text.replace(",4,30", ",,30").replace(",50", ",heavy"), columns=columns)[0]
    assert "line 3: no `age`" in message


def test_an_image_in_several_lines(dogs: Path) -> None:
    message, help = refused(dogs, "path,label\n0000.png,cat\n0000.png,dog\n")
    assert "line 3: 0000.png stands in line 2 already" in message
    assert "divide them by `|` there, and write `columns: {tags: label}`" in help


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ({"columns": {"file": "x"}}, "table-columns", "did you mean `path`?"),
        ({"columns": {"labels": "x"}}, "table-columns", "did you mean `label`?"),
        ({"columns": "file"}, "wrong-type", "write `columns: {path: file, label: breed}`"),
        ({"columns": {"label": 3}}, "wrong-type", 'in quotes it is a name: `"3"`'),
        ({"columns": {"label": ["x", "x"]}}, "table-columns", "name it once"),
        ({"columns": {"label": "a", "tags": "b"}}, "table-columns", "name an output for each"),
        ({"columns": {"label": {"one": "a"}, "tags": {"one": "b"}}}, "table-columns", "name an output for each"),
        ({"columns": {"inputs": ["a"]}}, "wrong-type", "write `inputs: {facts: [age, weight]}`"),
        ({"labels": ["x", "y"]}, "wrong-type", "`columns: {label: [x, y]}`"),
    ],
)
def test_columns_that_are_wrong(arguments: dict[str, Any], code: str, words: str) -> None:
    with pytest.raises(Invalid) as invalid:
        source({"image_folder": {"path": "x", **arguments}})
    (problem,) = invalid.value.problems
    assert problem.code == code
    assert words in (problem.help or "")


def test_columns_need_a_table(tmp_path: Path) -> None:
    folder = tree(tmp_path, "a/a.png", "b/b.png")
    with pytest.raises(DataError, match="`columns` is for a table"):
        source({"image_folder": {"path": str(folder), "image_size": 8, "columns": {"path": "x"}}}).load(folder, {})


@pytest.mark.parametrize(
    ("names", "pairs"),
    [
        (("Apple", "apple", "pear"), [("Apple", "apple")]),
        (("golden retriever", "golden_retriever"), [("golden retriever", "golden_retriever")]),
        (("cat", "cats", "dog"), [("cat", "cats")]),
        (("cat", "car", "class_1", "class_11", "as", "a"), []),
    ],
)
def test_names_that_are_likely_one(names: tuple[str, ...], pairs: list[tuple[str, str]]) -> None:
    assert list(near_names(names)) == pairs
