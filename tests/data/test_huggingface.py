"""Tables of the library `datasets`: with a stand-in where it is not installed, which does as much as is asked of it."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from cnnspec.data import encoded
from cnnspec.data.columns import fingerprint
from cnnspec.data.errors import DataError
from cnnspec.data.huggingface import _parquet
from cnnspec.data.sources import SOURCES
from cnnspec.data.splits import ALL
from cnnspec.language.entries import read_entry
from tests.data.test_tfrecord import INPUTS, png


class Image:
    def __init__(self, decode: bool = True) -> None:
        self.decode = decode


class ClassLabel:
    dtype = "int64"

    def __init__(self, names: list[str]) -> None:
        self.names = names


class Table:
    """A table of columns."""

    def __init__(self, columns: dict[str, list[Any]], features: dict[str, Any]) -> None:
        self.columns, self.features, self._fingerprint = columns, features, f"{columns}"

    @property
    def column_names(self) -> list[str]:
        return [*self.columns]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def __getitem__(self, row: Any) -> Any:
        if isinstance(row, slice):
            return self
        assert not any(isinstance(feature, Image) and feature.decode for feature in self.features.values())
        return {name: values[row] for name, values in self.columns.items()}

    def cast_column(self, name: str, feature: Any) -> Table:
        return Table(self.columns, {**self.features, name: feature})

    def select_columns(self, names: list[str]) -> Table:
        return Table({name: self.columns[name] for name in names}, {name: self.features[name] for name in names})

    def with_format(self, form: str) -> Table:
        assert form == "arrow"
        return self

    def column(self, name: str) -> Any:
        values = self.columns[name]
        return SimpleNamespace(null_count=values.count(None), to_pylist=lambda: values)


TRAIN = Table(
    {
        "image": [{"bytes": png(50 * n), "path": None} for n in range(4)],
        "raw": [png(50 * n) for n in range(4)],
        "label": [1, 0, 1, 1],
        "kind": ["dog", "cat", "dog", "dog"],
        "age": [0.5, 1.5, 2.0, 9.0],
        "many": [[1, 2], [3, 4], [5, 6], [7, 8]],
        "some": [[1], [3, 4], [5, 6], [7, 8]],
        "gaps": [1, None, 0, 1],
        "odd": [{"a": 1}] * 4,
        "marks": [[0, 2], [1], [], [2]],
        "older": [[0, 2], [1], [], [2]],
        "words": [["sea", "sky"], ["red"], [], ["sky"]],
    },
    {
        "image": Image(), "raw": SimpleNamespace(dtype="binary"), "label": ClassLabel(["cat", "dog"]), "kind": None,
        "age": SimpleNamespace(dtype="float32"), "many": None, "some": None, "gaps": None, "odd": None,
        "marks": SimpleNamespace(feature=ClassLabel(["red", "sea", "sky"])), "older": [ClassLabel(["red", "sea", "sky"])],
        "words": None,
    },
)  # fmt: skip


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a data set that the stand-in opens."""
    (tmp_path / "both").mkdir()
    (tmp_path / "both" / "dataset_dict.json").touch()
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "state.json").touch()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "a.parquet").touch()

    def from_parquet(files: list[str]) -> Any:
        raise RuntimeError("Parquet magic bytes not found\nat all")

    stand_in = SimpleNamespace(
        Image=Image,
        ClassLabel=ClassLabel,
        DatasetDict=SimpleNamespace(load_from_disk=lambda path: {"train": TRAIN, "test": TRAIN}),
        Dataset=SimpleNamespace(load_from_disk=lambda path: TRAIN, from_parquet=from_parquet),
        are_progress_bars_disabled=lambda: True,
        disable_progress_bars=lambda: None,
    )
    monkeypatch.setitem(sys.modules, "datasets", stand_in)
    return tmp_path


def load(folder: Path, path: str = "both", **arguments: Any) -> Any:
    return read_entry({"huggingface": {"path": path, **arguments}}, SOURCES).load(folder, INPUTS)  # type: ignore[attr-defined]


@pytest.mark.parametrize("image", ["image", "raw"])
def test_images_labels_and_names(image: str, library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for at_once in (1 << 20, 0):
        monkeypatch.setattr(encoded, "READ_AT_ONCE", at_once)
        data = load(library, image=image)
        assert data.train.x[ALL][np.arange(4)][:, 0, 0, 0].tolist() == [0, 50, 100, 150]
        assert data.train.y[ALL].tolist() == [1, 0, 1, 1]
        assert (data.classes[ALL], data.names, len(data.test)) == (2, ("cat", "dog"), 4)
    assert fingerprint(data.train.x[ALL]) == fingerprint(load(library, image=image).train.x[ALL])
    assert load(library, "one").test is None
    assert load(library, test=None).test is None


@pytest.mark.parametrize(
    ("label", "classes", "names"), [("kind", 2, ("cat", "dog")), ("age", None, None), ("many", None, None)]
)
def test_other_labels(label: str, classes: int | None, names: Any, library: Path) -> None:
    data = load(library, label=label)
    assert (data.classes.get(ALL), data.names) == (classes, names)


@pytest.mark.parametrize(("label", "first"), [("marks", [1, 0, 1]), ("older", [1, 0, 1]), ("words", [0, 1, 1])])
def test_lists_are_tags(label: str, first: list[int], library: Path) -> None:
    data = load(library, label=label)
    assert (data.kinds, data.classes, data.names) == ({ALL: "tags"}, {}, ("red", "sea", "sky"))
    assert data.train.y[ALL][0].tolist() == first
    assert data.train.y[ALL].sum(axis=1).tolist() == [2, 1, 0, 1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"label": "lable"}, "train has no `lable`; it has `image`, `raw`, `label`"),
        ({"image": "age"}, "`age` holds float32, no encoded images"),
        ({"label": "gaps"}, "1 rows have no `gaps`"),
        ({"label": "some"}, "more numbers in some rows than in others"),
        ({"label": "odd"}, "holds neither numbers nor texts"),
        ({"train": "trian"}, "has no `trian`; it has `test`, `train`"),
        ({"validation": "validation"}, "has no `validation`"),
        ({"path": "nothing"}, "nothing is not there"),
        ({"path": "."}, "broken"),
        ({"path": "broken"}, "broken cannot be read: Parquet magic bytes not found"),
    ],
)
def test_faults(arguments: dict[str, Any], words: str, library: Path) -> None:
    if arguments == {"path": "."}:
        (library / "broken" / "a.parquet").unlink()
        words = "holds no data set"
    with pytest.raises(DataError) as caught:
        load(library, **arguments)
    assert words in caught.value.message
    assert "\n" not in caught.value.message


def test_files_are_sorted_into_splits_by_their_names(tmp_path: Path) -> None:
    for name in ("data/train-00010", "data/train-00002", "val/0", "test", "more"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / f"{name}.parquet").touch()
    found = {split: [path.stem for path in paths] for split, paths in _parquet(tmp_path).items()}
    assert found == {"train": ["train-00002", "train-00010", "more"], "validation": ["0"], "test": ["test"]}


def test_it_is_told_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(DataError) as caught:
        load(tmp_path)
    assert caught.value.help == "install cnnspec[huggingface]"


def test_the_library_itself(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    features = datasets.Features({"image": datasets.Image(), "label": datasets.ClassLabel(names=["cat", "dog"])})
    rows = {"image": [{"bytes": png(50 * n), "path": None} for n in range(4)], "label": [1, 0, 1, 1]}
    table = datasets.Dataset.from_dict(rows, features=features)
    datasets.DatasetDict({"train": table, "test": table}).save_to_disk(str(tmp_path / "saved"))
    (tmp_path / "data").mkdir()
    table.to_parquet(str(tmp_path / "data" / "train-00000-of-00001.parquet"))
    for path, tests in (("saved", 4), ("data", None)):
        data = load(tmp_path, path)
        assert data.train.x[ALL][:, 0, 0, 0].tolist() == [0, 50, 100, 150]
        assert (data.names, data.test and len(data.test)) == (("cat", "dog"), tests)
