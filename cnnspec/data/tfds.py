"""Data sets that TensorFlow Datasets has prepared: TFRecord files, with what is in them told beside them."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from cnnspec.data.encoded import Labelled, absent
from cnnspec.data.errors import DataError
from cnnspec.data.images.listing import natural
from cnnspec.data.tfrecord import Wanted, read_records

VARIABLE = "TFDS_DATA_DIR"

_INFO = "dataset_info.json"
_NAME = re.compile(r"(\w+)(?:/([\w.+-]+))?(?::(\d+\.\d+\.\d+))?")


class Prepared(NamedTuple):
    """What was read of a data set, the names of its classes where they are told, and whether labels are tags: rows
    with a 1 for each class that holds."""

    splits: dict[str, Labelled]
    names: tuple[str, ...] | None
    tags: bool = False


def root(data_dir: Path | None) -> Path:
    """The folder that data sets are prepared in: as given, or where TensorFlow Datasets looks by itself."""
    return data_dir or Path(os.environ.get(VARIABLE) or "~/tensorflow_datasets").expanduser()


def folder_of(name: str, data_dir: Path | None) -> Path | None:
    """Where `name` (or `name/config`, `name:version`) is prepared: its latest version; None where it is not.

    Raises `DataError` where the name is none, or where it has to tell which configuration is meant.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        raise DataError(f"no data set is called {name}", "write `name`, `name/config` or `name/config:1.0.0`")
    name, config, version = match.groups()
    above = root(data_dir) / name
    if config is None:
        configs = sorted(path.name for path in _folders(above) if not _is_version(path) and _versions(path, version))
        if configs and not _versions(above, version):
            if len(configs) > 1:
                listed = ", ".join(f"`{name}/{each}`" for each in configs[:6]) + ", …" * (len(configs) > 6)
                raise DataError(f"{above} holds several configurations of {name}", f"name one: {listed}")
            config = configs[0]
    found = _versions(above / config if config else above, version)
    return found[-1] if found else None


def _folders(path: Path) -> list[Path]:
    return [each for each in path.iterdir() if each.is_dir()] if path.is_dir() else []


def _is_version(path: Path) -> bool:
    return re.fullmatch(r"\d+\.\d+\.\d+", path.name) is not None


def _versions(path: Path, wanted: str | None) -> list[Path]:
    """The versions that are prepared, in rising order."""
    found = [each for each in _folders(path) if _is_version(each) and (each / _INFO).is_file()]
    return sorted((each for each in found if wanted in (None, each.name)), key=lambda each: natural(each.name))


def fetched(name: str, data_dir: Path | None) -> Path:
    """The folder of a data set that is prepared, or is so now, where TensorFlow Datasets is installed."""
    folder = folder_of(name, data_dir)
    if folder is not None:
        return folder
    try:
        import tensorflow_datasets
    except ImportError:
        message = (
            f"{name} is not prepared in {root(data_dir)}, and tensorflow_datasets, which does it, is not installed"
        )
        raise DataError(message, "install cnnspec[tfds], or copy the folder of a prepared data set there") from None
    try:
        builder = tensorflow_datasets.builder(name, data_dir=str(root(data_dir)), file_format="tfrecord")
        builder.download_and_prepare()
    except Exception as error:
        told = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise DataError(f"{name} could not be prepared: {told[:200]}") from None
    folder = folder_of(name, data_dir)
    if folder is None:
        raise DataError(f"{name} was prepared, but not found in {root(data_dir)}")
    return folder


def read_prepared(
    folder: Path,
    splits: Mapping[str, str],
    needed: Sequence[str],
    image: str | None,
    label: str | None,
) -> Prepared:
    """The `splits` (`train` and so on, each with the name that it has there) of the data set in `folder`.

    Those that are not `needed` may be missing. Raises `DataError`.
    """
    info = _read_json(folder / _INFO)
    form = info.get("fileFormat", "tfrecord")
    if form != "tfrecord":
        help = 'prepare it again with `file_format="tfrecord"`'
        raise DataError(f"{folder} holds {form} files, which are not read", help)
    items = info.get("supervisedKeys", {}).get("tuple", {}).get("items", [])
    keys = [str(item["featureKey"]) for item in items if isinstance(item, Mapping) and "featureKey" in item]
    usual = keys if len(keys) == 2 else ["image", "label"]
    image, label = image or usual[0], label or usual[1]
    held = {str(split.get("name")): split for split in info.get("splits", [])}
    for split in needed:
        if splits[split] not in held:
            raise absent(f"{folder}", splits[split], sorted(held))
    names = _names(folder / f"{label.replace('/', '-')}.labels.txt")
    tags = _tags(folder, label, names)
    wanted = Wanted(image, label, _raw_shape(folder, image), tags)
    return Prepared(
        {
            split: read_records(_shards(folder, str(info.get("name")), name), wanted)
            for split, name in splits.items()
            if name in held
        },
        names,
        tags is not None,
    )


def _read_json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise DataError(f"{path} is damaged", "prepare the data set again") from None
    if not isinstance(found, dict):
        raise DataError(f"{path} is damaged", "prepare the data set again")
    return found


def _feature(folder: Path, name: str) -> Mapping[str, Any]:
    """What is told of a feature; nothing where there is no file that tells."""
    path = folder / "features.json"
    if not path.is_file():
        return {}
    found: Any = _read_json(path).get("featuresDict", {}).get("features", {}).get(name, {})
    return found if isinstance(found, Mapping) else {}


def _tags(folder: Path, label: str, names: Sequence[str] | None) -> int | None:
    """How many classes there are where a label is a sequence of class numbers (or, as `objects/label`, a feature of the
    items of a sequence); None where it is none."""
    outer, _, inner = label.partition("/")
    held = _feature(folder, label) or _feature(folder, outer)
    feature = held.get("sequence", {}).get("feature", {})
    if inner and "featuresDict" in feature:
        feature = feature["featuresDict"].get("features", {}).get(inner, {})
    count = feature.get("classLabel", {}).get("numClasses")
    return None if count is None else len(names) if names is not None else int(count)


def _raw_shape(folder: Path, image: str) -> tuple[int, ...] | None:
    """The shape of an image that is stored as plain values (a tensor); None of an encoded one."""
    feature = _feature(folder, image)
    sizes = [int(size) for size in feature.get("tensor", {}).get("shape", {}).get("dimensions", [])]
    if not sizes:
        return None
    if min(sizes) < 1:
        raise DataError(f"{folder}: `{image}` has values of any size, which are not read")
    return tuple(sizes)


def _shards(folder: Path, name: str, split: str) -> list[Path]:
    found = sorted(folder.glob(f"{name}-{split}.tfrecord-*"), key=lambda path: natural(path.name))
    count = re.search(r"-of-(\d+)$", found[0].name) if found else None
    if count is None or len(found) != int(count[1]):
        held = f"{len(found)} of {int(count[1])} files" if count else "no files"
        raise DataError(f"{folder} holds {held} of the split `{split}`", "prepare the data set again")
    return found


def _names(path: Path) -> tuple[str, ...] | None:
    try:
        return tuple(path.read_text(encoding="utf-8").splitlines()) or None
    except (OSError, ValueError):
        return None
