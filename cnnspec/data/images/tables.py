"""Tables of images: a CSV that names files with their labels, and more where it has the columns."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from cnnspec.data.columns import Array
from cnnspec.data.errors import DataError
from cnnspec.data.images.listing import SPLITS, is_image
from cnnspec.data.images.meanings import Labels, labels, number, numbers_of, tags
from cnnspec.data.images.sheet import Record, Sheet, check, read_sheet
from cnnspec.data.table_columns import Columns, as_columns
from cnnspec.language.suggest import nearest

_OTHER_NAMES = {
    "path": (
        "file", "filename", "file_name", "filepath", "file_path", "image", "image_path", "image_id", "image_name",
        "img", "img_path", "name", "id", "fname", "filenames", "images",
    ),
    "label": (
        "class", "class_name", "target", "category", "labels", "y", "value", "class_id", "label_name",
        "species", "breed",
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """One image of a table: its line, path as written, and the rest."""

    line: int
    path: str
    split: str
    group: str | None
    weight: float | None


@dataclass(frozen=True, slots=True)
class Table:
    """The images of a table, their labels by output (`""` for every one), facts of them by input, and notes."""

    rows: tuple[Row, ...]
    labels: Mapping[str, Labels]
    inputs: Mapping[str, Array] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Found:
    """Where the columns stand; `tags_said` is whether the spec calls them tags."""

    path: int
    split: int | None
    group: int | None
    weight: int | None
    label: Mapping[str, tuple[int, ...]]
    tags: Mapping[str, tuple[int, ...]]
    inputs: Mapping[str, tuple[int, ...]]
    tags_said: bool

    def used(self) -> set[int]:
        """The columns that are read."""
        alone = {at for at in (self.path, self.split, self.group, self.weight) if at is not None}
        return alone | {
            at for named in (self.label, self.tags, self.inputs) for several in named.values() for at in several
        }

    def needed(self, sheet: Sheet) -> Iterator[tuple[str, int]]:
        """The columns that have no empty cell, and what they hold."""
        yield "path", self.path
        for key, several in self.label.items():
            yield from (("label" if not key and len(several) == 1 else f"`{sheet.names[at]}`", at) for at in several)
        yield from ((name, at) for name in ("split", "group", "weight") if (at := getattr(self, name)) is not None)


def read_table(path: Path, said: Columns, labelled: bool = True) -> Table:
    """The images of a table, with `said` columns. `labelled` is whether there have to be labels.

    Raises `DataError` with every line that is wrong.
    """
    sheet = read_sheet(path)
    at = _columns(sheet, said, labelled)
    check(sheet, [*sheet.faults, *_faults(sheet, at)], _help(sheet, at))
    if not sheet.records:
        raise DataError(f"{path} names no images", "below the line of column names, write a line for each")
    found = {output: labels(sheet, several, output) for output, several in at.label.items()}
    found |= {output: tags(sheet, several, at.tags_said) for output, several in at.tags.items()}
    inputs = {name: numbers_of(sheet, several) for name, several in at.inputs.items()}
    rows = tuple(_row(record, at) for record in sheet.records)
    notes = (*(note for each in found.values() for note in each.notes), *_unused_splits(sheet, at))
    return Table(rows, found, inputs, notes)


def _columns(sheet: Sheet, said: Columns, labelled: bool) -> _Found:
    """Where the columns stand that the spec names, and the usual ones that it does not name."""
    for role, name in said.used():
        if sheet.find(name) is None:
            guess = nearest(name, sheet.names)
            shown = f"`columns: {{{role}: {name}" + "}" * (1 + role.count("{")) + "`"
            help = f"did you mean `{guess}`?" if guess else "write names of columns as they stand in its first line"
            raise DataError(f"{shown}, but {sheet.path} has no column `{name}`; it has {sheet.told()}", help)
    taken = {sheet.find(name) for _, name in said.used()}

    def usual(role: str) -> int | None:
        given = getattr(said, role, None)
        at = sheet.find(given or role)
        return at if given or at not in taken else None

    def several(role: str) -> dict[str, tuple[int, ...]]:
        return {
            key: tuple(at for name in names if (at := sheet.find(name)) is not None)
            for key, names in getattr(said, role).items()
        }

    label, tagged = several("label"), several("tags")
    tags_said = bool(tagged)
    path = usual("path")
    if labelled and not label and not tagged:
        at, listed = sheet.find("label"), sheet.find("tags")
        if at is not None and at not in taken:
            label = {"": (at,)}
        elif listed is not None and listed not in taken:
            tagged = {"": (listed,)}
    if path is None or (labelled and not label and not tagged):
        raise _unnamed(sheet, path, "label" if path is not None else "path", taken)
    alone = {role: usual(role) for role in ("split", "group", "weight")}
    return _Found(path, alone["split"], alone["group"], alone["weight"], label, tagged, several("inputs"), tags_said)


def _unnamed(sheet: Sheet, path: int | None, missing: str, taken: set[int | None]) -> DataError:
    """The error that a table has no column for the paths or the labels, with what to write instead."""
    message = f"{sheet.path} has no column `{missing}`; it has {sheet.told()}"
    if len(sheet.names) == 1:
        return DataError(message, "write `path,label` into its first line, and divide the columns by commas")
    free = [name for at, name in enumerate(sheet.names) if name and at not in taken]
    file = sheet.names[path] if path is not None else _guess("path", free) or _of_files(sheet)
    if file is None:
        return DataError(message, "say which it is: `columns: {path: …, label: …}`")
    rest = [name for name in free if name != file]
    label = (
        "label" if "label" in map(str.lower, rest) else _guess("label", rest) or (rest[0] if len(rest) == 1 else "…")
    )
    split = next(_split_like(sheet, {at for at in taken if at is not None}), None)
    roles = {"path": file, "label": label} | ({"split": split[0]} if split is not None else {})
    kept = {role: name for role, name in roles.items() if name.lower() != role}
    return DataError(message, f"write {as_columns(**kept)}".replace('"…"', "…"))


def _guess(role: str, names: Sequence[str]) -> str | None:
    """The column that holds what `role` says, by its name."""
    small = {name.lower().replace(" ", "_"): name for name in reversed(names)}
    usual = next((small[other] for other in _OTHER_NAMES[role] if other in small), None)
    return usual or nearest(role, names)


def _of_files(sheet: Sheet) -> str | None:
    """The column whose cells are named like images."""
    for at, name in enumerate(sheet.names):
        cells = sheet.cells(at)[:100]
        if cells and all(is_image(cell) for cell in cells):
            return name
    return None


def _faults(sheet: Sheet, at: _Found) -> Iterator[str]:
    """What is wrong with lines."""
    needed = list(at.needed(sheet))
    seen: dict[str, int] = {}
    for record in sheet.records:
        fields, path = record.fields, record.fields[at.path]
        empty = next((what for what, place in needed if not fields[place]), None)
        earlier = seen.setdefault(str(PurePosixPath(path)), record.line)
        if empty:
            yield f"line {record.line}: no {empty}" + (f" for {path}" if path else "")
        elif at.split is not None and fields[at.split].lower() not in SPLITS:
            yield f"line {record.line}: no split is called `{fields[at.split]}`; there are train, validation and test"
        elif at.weight is not None and not 0 <= number(fields[at.weight]) < math.inf:
            yield f"line {record.line}: the weight {fields[at.weight]} is no number from 0"
        elif earlier != record.line:
            yield f"line {record.line}: {path} stands in line {earlier} already"


def _help(sheet: Sheet, at: _Found) -> str | None:
    """What to write where an image stands in several lines with a label each."""
    several = at.label.get("")
    paths = sheet.cells(at.path)
    if several is None or len(several) > 1 or len(set(paths)) == len(paths):
        return None
    pairs = set(zip(paths, sheet.cells(several[0]), strict=True))
    if len(pairs) == len(paths):
        name = sheet.names[several[0]]
        return (
            f"one line an image; for several labels of one, divide them by `|` there, and write {as_columns(tags=name)}"
        )
    return "write one line an image"


def _row(record: Record, at: _Found) -> Row:
    fields = record.fields
    weight = None if at.weight is None else float(fields[at.weight])
    split = "train" if at.split is None else SPLITS[fields[at.split].lower()]
    return Row(record.line, fields[at.path], split, None if at.group is None else fields[at.group], weight)


def _unused_splits(sheet: Sheet, at: _Found) -> Iterator[str]:
    """A note on a column that looks as if it told the splits, and is not read."""
    for name, held in () if at.split is not None else _split_like(sheet, at.used()):
        words = ", ".join(held[:-1]) + f" and {held[-1]}"
        yield f"the column `{name}` holds {words}, and is not used; to split so, write {as_columns(split=name)}"


def _split_like(sheet: Sheet, used: set[int]) -> Iterator[tuple[str, list[str]]]:
    """Columns, but for those that are used, whose cells are names of splits, with these."""
    for place, name in enumerate(sheet.names):
        if name and place not in used:
            held = list(dict.fromkeys(cell.lower() for cell in sheet.cells(place)))
            if set(held) <= set(SPLITS) and len({SPLITS[cell] for cell in held}) > 1:
                yield name, held
