"""Data sets of Hugging Face's `datasets` on this machine: saved with `save_to_disk`, or in Parquet files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cnnspec.data.columns import Array
from cnnspec.data.encoded import Labelled, absent, multi_hot
from cnnspec.data.errors import DataError
from cnnspec.data.images.listing import natural
from cnnspec.data.images.opening import BadImage
from cnnspec.data.tfds import Prepared

_SPLIT = re.compile(r"(?:^|[-_./])(train|test|validation|valid|val|dev)(?:[-_./]|$)")
_OTHER_NAMES = {"valid": "validation", "val": "validation", "dev": "validation"}


@dataclass(frozen=True, slots=True)
class Rows:
    """The images in a column of a table, as a `Store`."""

    table: Any
    column: str
    what: str
    digest: str

    def __len__(self) -> int:
        return len(self.table)

    def content(self, number: int) -> bytes:
        """As `Store.content`."""
        value = self.table[number][self.column]
        if isinstance(value, Mapping):
            held, path = value.get("bytes"), value.get("path")
            if held is None and path:
                try:
                    return Path(path).read_bytes()
                except OSError:
                    raise BadImage(f"is in the file {path}, which cannot be read") from None
            value = held
        if value is None:
            raise BadImage("is missing")
        return bytes(value)

    def where(self, number: int) -> str:
        """As `Store.where`."""
        return f"{self.what}, row {number},"

    def fingerprint(self) -> str:
        """The digest that the library has made."""
        return self.digest


def read_tables(path: Path, splits: Mapping[str, str], needed: Sequence[str], image: str, label: str) -> Prepared:
    """The `splits` (`train` and so on, each with the name that it has there) of the data set at `path`.

    Those that are not `needed` may be missing. Raises `DataError`.
    """
    datasets = library()
    with _quiet(datasets):
        held = _opened(datasets, path)
        for split in needed:
            if splits[split] not in held:
                raise absent(str(path), splits[split], sorted(held))
        tables = {split: held[name] for split, name in splits.items() if name in held}
        images = {split: _images(datasets, table, f"{path}, {split}", image, label) for split, table in tables.items()}
        cells = {split: _cells(table, f"{path}, {split}", label) for split, table in tables.items()}
        feature = tables["train"].features[label]
    names = tuple(feature.names) if isinstance(feature, datasets.ClassLabel) else None
    tags = _tag_names(datasets, feature, cells.values())
    labels = {
        split: _tags(listed, tags, f"{path}, {split}, `{label}`")
        if tags is not None
        else _labels(listed, f"{path}, {split}", label)
        for split, listed in cells.items()
    }
    found = {split: Labelled(store, labels[split]) for split, store in images.items()}
    return Prepared(found, names if tags is None else tags, tags is not None)


def library() -> Any:
    """The module `datasets`. Raises `DataError` where it is not installed."""
    try:
        import datasets
    except ImportError:
        message = "`huggingface` needs the library `datasets`, which is not installed"
        raise DataError(message, "install cnnspec[huggingface]") from None
    return datasets


@contextmanager
def _quiet(datasets: Any) -> Iterator[None]:
    """Without bars of progress."""
    before = datasets.are_progress_bars_disabled()
    datasets.disable_progress_bars()
    try:
        yield
    finally:
        if not before:
            datasets.enable_progress_bars()


def _opened(datasets: Any, path: Path) -> dict[str, Any]:
    """The tables of a data set by split."""
    try:
        if (path / "dataset_dict.json").is_file():
            return dict(datasets.DatasetDict.load_from_disk(str(path)))
        if (path / "state.json").is_file():
            return {"train": datasets.Dataset.load_from_disk(str(path))}
        files = _parquet(path)
        return {split: datasets.Dataset.from_parquet([str(file) for file in found]) for split, found in files.items()}
    except DataError:
        raise
    except Exception as error:
        told = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise DataError(f"{path} cannot be read: {told[:200]}") from None


def _parquet(path: Path) -> dict[str, list[Path]]:
    """Parquet files by the split that their name, or that of a folder, tells; by default all are for training."""
    files = [path] if path.is_file() else sorted(path.rglob("*.parquet"), key=lambda file: natural(str(file)))
    if not files or any(file.suffix != ".parquet" for file in files):
        state = "is no folder" if path.is_file() else "holds no data set" if path.exists() else "is not there"
        raise DataError(f"{path} {state}", "give a folder that `save_to_disk` wrote, or one with Parquet files")
    found: dict[str, list[Path]] = {}
    for file in files:
        inner = file.relative_to(path).as_posix() if file != path else file.name
        match = _SPLIT.search(inner)
        split = match[1] if match else "train"
        found.setdefault(_OTHER_NAMES.get(split, split), []).append(file)
    return found


def _images(datasets: Any, table: Any, what: str, image: str, label: str) -> Rows:
    for name in (image, label):
        if name not in table.column_names:
            raise absent(what, name, table.column_names)
    feature = table.features[image]
    digest = f"{table._fingerprint} {image}"
    if isinstance(feature, datasets.Image):
        table = table.cast_column(image, datasets.Image(decode=False))
    elif getattr(feature, "dtype", None) not in ("binary", "large_binary"):
        kind = getattr(feature, "dtype", None) or type(feature).__name__
        raise DataError(f"{what}: `{image}` holds {kind}, no encoded images")
    return Rows(table.select_columns([image]), image, what, digest)


def _cells(table: Any, what: str, label: str) -> list[Any]:
    """What the column of labels holds, row by row."""
    values = table.select_columns([label]).with_format("arrow")[:].column(label)
    if values.null_count:
        raise DataError(f"{what}: {values.null_count:,} rows have no `{label}`", "leave them out")
    listed: list[Any] = values.to_pylist()
    return listed


def _tag_names(datasets: Any, feature: Any, splits: Iterable[Sequence[Any]]) -> tuple[str, ...] | None:
    """The names of tags, where labels are lists of texts, or of class numbers whose names are known; else None."""
    inner = feature[0] if isinstance(feature, list) and feature else getattr(feature, "feature", None)
    if isinstance(inner, datasets.ClassLabel):
        return tuple(inner.names)
    cells = [cell for listed in splits for cell in listed]
    if not cells or not all(isinstance(cell, list) for cell in cells):
        return None
    tags = {tag for cell in cells for tag in cell}
    return tuple(sorted(tags, key=natural)) if tags and all(isinstance(tag, str) for tag in tags) else None


def _tags(listed: Sequence[Any], names: Sequence[str], what: str) -> Array:
    """Rows with a 1 for each tag of a list of names or numbers."""
    numbers = {name: number for number, name in enumerate(names)}
    return multi_hot([[numbers.get(tag, tag) for tag in tags] for tags in listed], len(names), what)


def _labels(listed: Sequence[Any], what: str, label: str) -> Array:
    """Numbers, several for each row or one, or texts."""
    if listed and all(isinstance(value, str) for value in listed):
        return np.array(listed)
    try:
        found = np.array(listed)
    except ValueError:
        raise DataError(
            f"{what}: `{label}` holds more numbers in some rows than in others",
            "for tags, cast the column to `Sequence(ClassLabel(names=[…]))`, which says how many there are",
        ) from None
    if found.dtype.kind not in "biuf":
        raise DataError(f"{what}: `{label}` holds neither numbers nor texts", "name another column: `label: …`")
    return found
