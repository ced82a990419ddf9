"""Image folders: files with their labels, by class folders or by a table, as a data set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cnnspec.data.columns import Array
from cnnspec.data.errors import DataError
from cnnspec.data.images.checking import Checked, Faults, Named, checked
from cnnspec.data.images.column import holds, size
from cnnspec.data.images.listing import folders_in, ignored, images_below, is_image, natural, notes_of, plain, splits_in
from cnnspec.data.images.readers import ImageReader
from cnnspec.data.images.tables import Row, read_table, values_of
from cnnspec.data.splits import ALL, Dataset, Split
from cnnspec.language.paths import is_file, is_folder, is_there

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Sample(Named):
    """A file with what is known of its image. The label is the name of a class."""

    label: str = ""
    split: str = "train"
    group: str | None = None
    weight: float | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What a source of files names: samples, the values to learn where labels are no classes, faults and notes."""

    samples: Sequence[Sample]
    values: Sequence[float] | None
    faults: Faults
    notes: tuple[str, ...]


def read_folder(path: Path, table: Path | None, reader: ImageReader, skip: bool) -> Dataset:
    """The images below `path`, by class folders or by `table`. Raises `DataError`; with `skip`, goes on without bad
    files."""
    if table is not None:
        found = _of_table(table, path)
    elif is_file(path):
        found = _of_table(path, path.parent)
    else:
        found = _of_folders(path)
    total = len(found.samples) + len(found.faults.lines)
    whole = checked(found.samples, reader, found.faults)
    left_out = found.faults.told(skip, total)
    return _dataset(found, whole, reader, left_out)


def _of_folders(folder: Path) -> Found:
    if not is_folder(folder):
        state = "is no folder" if is_there(folder) else "is not there"
        raise DataError(f"{folder} {state}", "give the folder that holds a folder for each class, or a CSV")
    try:
        splits = splits_in(folder) or {"train": folder}
        return _of_splits(folder, splits)
    except PermissionError as error:
        raise DataError(f"{error.filename or folder} may not be read: permission denied") from None


def _of_splits(folder: Path, splits: Mapping[str, Path]) -> Found:
    samples: list[Sample] = []
    others: list[str] = []
    faults = Faults(str(folder))
    for split, below in splits.items():
        before = len(samples)
        for name in folders_in(below):
            listing = images_below(below / name)
            place = (below / name).relative_to(folder).as_posix()
            samples += [
                Sample(f"{place}/{image}", below / name / image, None, plain(name), split) for image in listing.images
            ]
            others += [f"{place}/{other}" for other in listing.others]
            for fault, reason in listing.faults:
                faults.add(f"{place}/{fault}", reason)
            if not listing.images and split == "train":
                faults.add(f"{place}/", "holds no images")
        if len(samples) == before:
            _no_images(below)
        for image in _loose(below):
            faults.add(image.relative_to(folder).as_posix(), "lies in the folder of no class")
    return Found(samples, None, faults, tuple(notes_of(sorted(others))))


def _loose(folder: Path) -> Iterator[Path]:
    """Images that lie in `folder` itself."""
    for entry in sorted(folder.iterdir()):
        if is_image(entry.name) and not ignored(entry.name):
            yield entry


def _no_images(folder: Path) -> None:
    loose = sum(1 for _ in _loose(folder))
    if loose:
        raise DataError(
            f"{folder} holds {loose:,} image{'s' * (loose != 1)}, but no folders of classes",
            "put the images of each class into a folder of its name, or name a CSV: `labels: labels.csv`",
        )
    raise DataError(f"{folder} holds no images", "it must hold a folder for each class, with the images of that class")


def _of_table(table: Path, folder: Path) -> Found:
    rows = read_table(table)
    values = values_of(rows, table)
    samples = [_sample(row, folder) for row in rows]
    if not any(row.split == "train" for row in rows):
        raise DataError(f"{table} has no images to train on", "write `train` into the column `split`")
    return Found(samples, values, Faults(str(table)), ())


def _sample(row: Row, folder: Path) -> Sample:
    return Sample(row.path, folder / row.path, row.line, row.label, row.split, row.group, row.weight)


def _dataset(found: Found, whole: Checked, reader: ImageReader, left_out: Sequence[str]) -> Dataset:
    samples = found.samples
    names = tuple(sorted({sample.label for sample in samples}, key=natural)) if found.values is None else None
    held = holds(size(len(whole.numbers), reader))

    def part(split: str) -> Split | None:
        kept = np.array([number for number in whole.numbers if samples[number].split == split], np.int64)
        if not len(kept):
            return None
        chosen = [samples[number] for number in kept]
        x = whole.column(samples, reader, kept, held)
        y = _labels(chosen, names) if found.values is None else np.array([found.values[n] for n in kept], np.float64)
        return Split({ALL: x}, {ALL: y}, _weights(chosen), _groups(chosen))

    train, validation, test = map(part, ("train", "validation", "test"))
    if train is None:
        raise DataError(f"{found.faults.what}: no image that can be used is left to train on")
    notes = (*left_out, *found.notes, *_doubts(samples, whole.numbers, names))
    return Dataset(train, test, {ALL: None if names is None else len(names)}, validation, names, notes)


def _labels(samples: Sequence[Sample], names: Sequence[str] | None) -> Array:
    numbers = {name: number for number, name in enumerate(names or ())}
    return np.array([numbers[sample.label] for sample in samples], np.int32)


def _weights(samples: Sequence[Sample]) -> Array | None:
    weights = [sample.weight for sample in samples if sample.weight is not None]
    return np.array(weights, np.float32) if weights else None


def _groups(samples: Sequence[Sample]) -> Array | None:
    groups = [sample.group for sample in samples if sample.group is not None]
    numbers = {name: number for number, name in enumerate(dict.fromkeys(groups))}
    return np.array([numbers[group] for group in groups], np.int64) if groups else None


def _doubts(samples: Sequence[Sample], numbers: Array, names: Sequence[str] | None) -> Iterator[str]:
    """What is likely a mistake with the classes."""
    if names is None:
        return
    if len(names) == 1:
        yield f"all images are of one class, `{names[0]}`: there is nothing to tell apart"
    counted = {split: Counter[str]() for split in ("train", "validation", "test")}
    for number in numbers:
        counted[samples[number].split][samples[number].label] += 1
    untrained = [name for name in names if not counted["train"][name]]
    if untrained:
        shown = ", ".join(f"`{name}`" for name in untrained[:_SHOWN]) + ", …" * (len(untrained) > _SHOWN)
        yield f"no training image is of the class{'es' * (len(untrained) != 1)} {shown}"
