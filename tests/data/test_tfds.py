"""Data sets that TensorFlow Datasets has prepared, read without it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from cnnspec.data.errors import DataError
from cnnspec.data.sources import SOURCES
from cnnspec.data.splits import ALL
from cnnspec.language.entries import read_entry
from tests.data.test_tfrecord import INPUTS, example, png, write

SUPERVISED = {"tuple": {"items": [{"featureKey": "picture"}, {"featureKey": "kind"}]}}


def prepare(folder: Path, *, supervised: Any = SUPERVISED, shards: int = 2, **info: Any) -> None:
    """`name/1.0.0` or `name/config/1.0.0`, with six images to train and three to test."""
    folder.mkdir(parents=True)
    name = "toy"
    told = {"name": name, "splits": [{"name": "train"}, {"name": "test"}], "supervisedKeys": supervised, **info}
    (folder / "dataset_info.json").write_text(json.dumps(told))
    (folder / "kind.labels.txt").write_text("cat\ndog\nfox\n")
    for split, numbers, count in (("train", range(6), shards), ("test", range(3), 1)):
        for shard in range(count):
            held = [example(picture=png(40 * n), kind=n % 3) for n in numbers if n % count == shard]
            write(folder / f"{name}-{split}.tfrecord-{shard:05}-of-{count:05}", held)


def load(folder: Path, name: str = "toy", **arguments: Any) -> Any:
    return read_entry({"tfds": {"name": name, "data_dir": ".", **arguments}}, SOURCES).load(folder, INPUTS)  # type: ignore[attr-defined]


def test_images_labels_and_names(tmp_path: Path) -> None:
    prepare(tmp_path / "toy" / "1.0.0")
    data = load(tmp_path)
    assert data.train.x[ALL][:, 0, 0, 0].tolist() == [0, 80, 160, 40, 120, 200]
    assert data.train.y[ALL].tolist() == [0, 2, 1, 1, 0, 2]
    assert (data.classes[ALL], data.names) == (3, ("cat", "dog", "fox"))
    assert (len(data.test), data.validation) == (3, None)
    assert load(tmp_path, test=None).test is None
    assert len(load(tmp_path, validation="test", test=None).validation) == 3


def test_the_folder_may_be_named_by_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(tmp_path / "toy" / "1.0.0")
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    assert len(load(Path(), data_dir=None).train) == 6


@pytest.mark.parametrize(
    ("name", "shards"), [("toy", 3), ("toy:1.9.0", 1), ("toy/small", 3), ("toy/small:1.9.0", 1), ("toy:1.10.0", 3)]
)
def test_the_latest_version_or_the_one_that_is_named(name: str, shards: int, tmp_path: Path) -> None:
    for version, count in (("1.9.0", 1), ("1.10.0", 3)):
        prepare(tmp_path / "toy" / "small" / version, shards=count)
    from cnnspec.data.tfds import folder_of

    found = folder_of(name, tmp_path)
    assert found is not None
    assert len(list(found.glob("*train*"))) == shards


def test_plain_values(tmp_path: Path) -> None:
    folder = tmp_path / "toy" / "1.0.0"
    prepare(folder)
    tensor = {"tensor": {"shape": {"dimensions": ["2", "2", "1"]}}}
    (folder / "features.json").write_text(json.dumps({"featuresDict": {"features": {"picture": tensor}}}))
    for split in ("train", "test"):
        for path in folder.glob(f"*{split}*"):
            write(path, [example(picture=[1.5, 2.5, 3.5, 4.5], kind=0)])
    assert load(tmp_path).train.x[ALL][0, :, :, 0].tolist() == [[1.5, 2.5], [3.5, 4.5]]


@pytest.mark.parametrize("label", ["marks", "objects/mark"])
@pytest.mark.parametrize("named", [True, False])
def test_sequences_of_class_numbers_are_tags(label: str, named: bool, tmp_path: Path) -> None:
    folder = tmp_path / "toy" / "1.0.0"
    prepare(folder)
    each: Any = {"classLabel": {"numClasses": "3"}}
    if "/" in label:
        each = {"featuresDict": {"features": {"mark": each}}}
    told = {label.partition("/")[0]: {"sequence": {"feature": each}}}
    (folder / "features.json").write_text(json.dumps({"featuresDict": {"features": told}}))
    if named:
        (folder / f"{label.replace('/', '-')}.labels.txt").write_text("cat\ndog\nfox\n")
    lists: list[list[int]] = [[0, 2], [1], [], [2, 2]]
    for split in ("train", "test"):
        for path in folder.glob(f"*{split}*"):
            write(path, [example(picture=png(0), **{label: held}) for held in lists] + [example(picture=png(0))])
    data = load(tmp_path, label=label)
    assert (data.kinds, data.classes, data.names) == ({ALL: "tags"}, {}, ("cat", "dog", "fox") if named else None)
    assert data.test.y[ALL].tolist() == [[1, 0, 1], [0, 1, 0], [0, 0, 0], [0, 0, 1], [0, 0, 0]]
    write(next(folder.glob("*test*")), [example(picture=png(0), **{label: [3]})])
    with pytest.raises(DataError, match=r"row 0 has the class number 3, and there are 3 classes"):
        load(tmp_path, label=label)


def missing_shard(folder: Path) -> None:
    prepare(folder)
    next(folder.glob("*train*-00001-*")).unlink()


def damaged(folder: Path) -> None:
    prepare(folder)
    (folder / "dataset_info.json").write_text("{")


def two_configurations(folder: Path) -> None:
    prepare(folder.parent / "small" / "1.0.0")
    prepare(folder.parent / "large" / "1.0.0")


FAULTS: dict[str, tuple[Any, dict[str, Any], str, str]] = {
    "none": (lambda folder: None, {}, "toy is not prepared in", "cnnspec[tfds]"),
    "another version": (prepare, {"name": "toy:2.0.0"}, "toy:2.0.0 is not prepared", ""),
    "no name": (prepare, {"name": "a toy"}, "no data set is called a toy", "name/config"),
    "a missing shard": (missing_shard, {}, "holds 1 of 2 files of the split `train`", "prepare the data set again"),
    "damaged": (damaged, {}, "dataset_info.json is damaged", ""),
    "another form": (
        lambda folder: prepare(folder, fileFormat="array_record"),
        {},
        "holds array_record files",
        "tfrecord",
    ),
    "no split": (prepare, {"test": "tset"}, "has no `tset`; it has `test`, `train`", "did you mean `test`?"),
    "no feature": (prepare, {"label": "kin"}, "has no `kin`", "did you mean `kind`?"),
    "usual features": (
        lambda folder: prepare(folder, supervised={}),
        {},
        "has no `label`; it has `kind`, `picture`",
        "",
    ),
    "configurations": (two_configurations, {}, "several configurations of toy", "`toy/large`, `toy/small`"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults(fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)
    make, arguments, words, help = FAULTS[fault]
    make(tmp_path / "toy" / "1.0.0")
    with pytest.raises(DataError) as caught:
        load(tmp_path, **arguments)
    assert words in caught.value.message
    assert help in (caught.value.help or "")


def test_the_library_prepares_what_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def builder(name: str, data_dir: str, file_format: str) -> Any:
        if name != "toy":
            raise RuntimeError(f"Dataset {name} not found.\nmore")
        assert (data_dir, file_format) == (str(tmp_path), "tfrecord")
        return SimpleNamespace(download_and_prepare=lambda: prepare(tmp_path / "toy" / "1.0.0"))

    monkeypatch.setitem(sys.modules, "tensorflow_datasets", SimpleNamespace(builder=builder))
    assert np.bincount(load(tmp_path).train.y[ALL]).tolist() == [2, 2, 2]
    with pytest.raises(DataError, match=r"^tyo could not be prepared: Dataset tyo not found\.$"):
        load(tmp_path, "tyo")
