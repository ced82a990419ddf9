"""Image folders: files with their labels, by class folders or by a table, as a data set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from cnnspec.data.columns import Array, Column
from cnnspec.data.errors import DataError
from cnnspec.data.images.checking import Checked, Faults, checked
from cnnspec.data.images.class_folders import of_any_folder, of_folders
from cnnspec.data.images.column import holds, size
from cnnspec.data.images.copies import Copy, notes_of_copies
from cnnspec.data.images.listing import natural
from cnnspec.data.images.meanings import Labels, near_names
from cnnspec.data.images.places import Place, Places, notes_of, same_place
from cnnspec.data.images.readers import ImageReader
from cnnspec.data.images.samples import Found, Sample
from cnnspec.data.images.tables import Table, read_table
from cnnspec.data.splits import ALL, Dataset, Split
from cnnspec.data.table_columns import NO_COLUMNS, Columns
from cnnspec.language.paths import is_file

_SHOWN = 5


def read_folder(
    path: Path,
    table: Path | None,
    reader: ImageReader,
    skip: bool,
    columns: Columns = NO_COLUMNS,
    *,
    labelled: bool = True,
    written: str = "",
) -> Dataset:
    """The images below `path`, by class folders or by `table` with these `columns`; without `labelled`, the images
    alone. `written` is `path` as the spec has it.

    Raises `DataError`; with `skip`, goes on without bad files.
    """
    if table is None and is_file(path):
        table, path = path, path.parent
    if table is not None:
        found = _of_table(table, path, columns, labelled)
    elif columns != NO_COLUMNS:
        raise DataError(f"`columns` is for a table, and {path} is none", "name the CSV: `labels: labels.csv`")
    else:
        found = _with_classes(of_folders(path, written or str(path))) if labelled else of_any_folder(path)
    total = len(found.samples) + len(found.faults.lines) - len(found.lost)
    numbers = [number for number in range(len(found.samples)) if number not in found.lost]
    whole = checked(found.samples, reader, found.faults, numbers)
    left_out = found.faults.told(skip, total)
    return _dataset(found, whole, (*left_out, *whole.notes))


def _with_classes(found: Found) -> Found:
    """Class folders with their classes as labels."""
    names = tuple(sorted({sample.label for sample in found.samples}, key=natural))
    numbers = {name: number for number, name in enumerate(names)}
    y = np.array([numbers[sample.label] for sample in found.samples], np.int32)
    return replace(found, labels={ALL: Labels(y, "classes", names, len(names))})


def _of_table(path: Path, folder: Path, columns: Columns, labelled: bool) -> Found:
    table = read_table(path, columns, labelled)
    if not any(row.split == "train" for row in table.rows):
        raise DataError(f"{path} has no images to train on", "write `train` into the column of the splits")
    places = Places(folder)
    found = [places.find(row.path) for row in table.rows]
    labels = _texts(table)
    samples = [
        Sample(row.path, place.path, row.line, label, row.split, row.group, row.weight)
        for row, place, label in zip(table.rows, found, labels, strict=True)
    ]
    faults = Faults(str(path))
    lost = frozenset(_lost(samples, found, faults))
    notes = (*table.notes, *notes_of([(row.path, place) for row, place in zip(table.rows, found, strict=True)], folder))
    return Found(samples, table.labels, faults, notes, table.inputs, lost)


def _lost(samples: Sequence[Sample], places: Sequence[Place], faults: Faults) -> Iterator[int]:
    """The numbers of samples whose files are not found, or are those of an earlier line."""
    seen: dict[str, int] = {}
    for number, (sample, place) in enumerate(zip(samples, places, strict=True)):
        earlier = seen.setdefault(same_place(place.path), number)
        twice = f"is the file of line {samples[earlier].line}, {samples[earlier].name}" if earlier != number else None
        if (fault := place.fault or twice) is not None:
            faults.add(sample, fault)
            yield number


def _texts(table: Table) -> list[str]:
    """How messages write the labels of each image."""

    def text(labels: Labels, row: int) -> str:
        y = labels.y[row]
        if labels.kind == "classes" or labels.classes is not None:
            return labels.names[int(y)]
        numbers = y.reshape(-1)
        if labels.kind != "values":
            return " ".join(name for name, one in zip(labels.names, numbers, strict=True) if one) or "nothing"
        return " ".join(f"{one:g}" for one in numbers)

    return [", ".join(text(labels, row) for labels in table.labels.values()) for row in range(len(table.rows))]


def _dataset(found: Found, whole: Checked, told: Sequence[str]) -> Dataset:
    samples, labels = found.samples, found.labels
    held = holds(size(len(whole.numbers), whole.reader))

    def part(split: str) -> Split | None:
        kept = np.array([number for number in whole.numbers if samples[number].split == split], np.int64)
        if not len(kept):
            return None
        chosen = [samples[number] for number in kept]
        x: dict[str, Column] = {ALL: whole.column(samples, kept, held)}
        x |= {name: facts[kept] for name, facts in found.inputs.items()}
        y = {output: each.y[kept] for output, each in labels.items()}
        values = {output: each.values[kept] for output, each in labels.items() if each.values is not None}
        return Split(x, y, _weights(chosen), _groups(chosen), values)

    train, validation, test = map(part, ("train", "validation", "test"))
    if train is None:
        raise DataError(f"{found.faults.what}: no image that can be used is left to train on")
    notes = (*told, *found.notes, *_doubts(found, whole.numbers), *notes_of_copies(_files(samples, whole)))
    one = labels.get(ALL)
    listed = {output: each.names for output, each in labels.items() if each.names and (output or each.kind == "values")}
    return Dataset(
        train,
        test,
        {output: each.classes for output, each in labels.items() if each.classes is not None or each.kind == "values"},
        validation,
        one.names if one is not None and one.names and one.kind != "values" else None,
        notes,
        {output: each.kind for output, each in labels.items() if each.kind is not None},
        listed,
    )


def _files(samples: Sequence[Sample], whole: Checked) -> list[Copy]:
    chosen = [samples[number] for number in whole.numbers]
    return [
        Copy(sample.name, sample.path, header.bytes, sample.split, sample.label)
        for sample, header in zip(chosen, whole.headers, strict=True)
    ]


def _weights(samples: Sequence[Sample]) -> Array | None:
    weights = [sample.weight for sample in samples if sample.weight is not None]
    return np.array(weights, np.float32) if weights else None


def _groups(samples: Sequence[Sample]) -> Array | None:
    groups = [sample.group for sample in samples if sample.group is not None]
    numbers = {name: number for number, name in enumerate(dict.fromkeys(groups))}
    return np.array([numbers[group] for group in groups], np.int64) if groups else None


def _doubts(found: Found, numbers: Array) -> Iterator[str]:
    """What is likely a mistake with the classes."""
    for output, labels in found.labels.items():
        of = f" for `{output}`" if output else ""
        if labels.classes is None:
            continue
        names = labels.names
        if len(names) == 1:
            yield f"all images are of one class{of}, `{names[0]}`: there is nothing to tell apart"
        for one, other in () if labels.values is not None else near_names(names):
            yield f"`{one}` and `{other}` are two classes{of}: if they are one, give both the same name"
        counted = {split: Counter[int]() for split in ("train", "validation", "test")}
        for number in numbers:
            counted[found.samples[number].split][int(labels.y[number])] += 1
        untrained = [name for number, name in enumerate(names) if not counted["train"][number]]
        if untrained and labels.values is None:
            shown = ", ".join(f"`{name}`" for name in untrained[:_SHOWN]) + ", …" * (len(untrained) > _SHOWN)
            yield f"no training image is of the class{'es' * (len(untrained) != 1)} {shown}{of}"
