"""Tables of images: a CSV that names files with their labels, and more where it has the columns."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from cnnspec.data.errors import DataError
from cnnspec.data.images.checking import listed
from cnnspec.data.images.listing import SPLITS, plain
from cnnspec.language.suggest import nearest

_COLUMNS = ("path", "label", "split", "group", "weight")
_OTHER_NAMES = {
    "path": ("file", "filename", "file_name", "filepath", "file_path", "image", "image_path", "img", "name", "id"),
    "label": ("class", "class_name", "target", "category", "y", "value"),
}
_DELIMITERS = (",", ";", "\t")


@dataclass(frozen=True, slots=True)
class Row:
    """One image of a table: its line, path as written, label, and the rest."""

    line: int
    path: str
    label: str
    split: str
    group: str | None
    weight: float | None


def read_table(path: Path) -> tuple[Row, ...]:
    """The rows of a table. Raises `DataError` with every line that is wrong."""
    lines = list(_records(path))
    if not lines:
        raise DataError(f"{path} is empty", "its first line names the columns: path,label")
    header = [name.strip().lower() for name in lines[0][1]]
    at = _columns(header, path)
    faults: list[str] = []
    rows: list[Row] = []
    seen: dict[str, int] = {}
    for line, fields in lines[1:]:
        wrong = _wrong(fields, header, at)
        row = None if wrong else _row(line, fields, at)
        earlier = seen.setdefault(str(PurePosixPath(row.path)), line) if row else line
        if row and earlier == line:
            rows.append(row)
        else:
            faults.append(f"line {line}: {wrong or f'{row and row.path} stands in line {earlier} already'}")
    if faults:
        raise DataError(listed(f"{path}: {len(faults):,} line{'s' * (len(faults) != 1)} cannot be used", faults))
    if not rows:
        raise DataError(f"{path} names no images", "below the line of column names, write a line for each")
    return tuple(rows)


def _records(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The line and the fields of each record that is not blank."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise DataError(f"{path} is not UTF-8: line {line}", "save it as UTF-8") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}") from None
    first = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(_DELIMITERS, key=first.count), strict=True)
    last = 0
    try:
        for fields in reader:
            if any(field.strip() for field in fields):
                yield last + 1, fields
            last = reader.line_num
    except csv.Error as error:
        raise DataError(f"{path}: line {last + 1} does not read as CSV: {error}") from None


def _columns(header: Sequence[str], path: Path) -> dict[str, int]:
    """Where each known column stands."""
    for name in ("path", "label"):
        if name not in header:
            others = [other for other in _OTHER_NAMES[name] if other in header]
            guess = others[0] if others else nearest(name, header)
            help = f"call `{guess}` `{name}`" if guess else "its first line names the columns: path,label"
            raise DataError(f"{path} has no column `{name}`; it has {', '.join(header[:12])}", help)
    twice = next((name for name in _COLUMNS if header.count(name) > 1), None)
    if twice:
        raise DataError(f"{path} has two columns `{twice}`", "keep one")
    return {name: header.index(name) for name in _COLUMNS if name in header}


def _wrong(fields: Sequence[str], header: Sequence[str], at: dict[str, int]) -> str | None:
    """What is wrong with a line, if anything."""
    if len(fields) != len(header):
        return f"{len(fields)} value{'s' * (len(fields) != 1)} for {len(header)} columns"
    values = {name: fields[index].strip() for name, index in at.items()}
    empty = next((name for name, value in values.items() if not value), None)
    if empty:
        return f"no {empty}" + (f" for {values['path']}" if values["path"] else "")
    if "split" in values and values["split"].lower() not in SPLITS:
        return f"no split is called `{values['split']}`; there are train, validation and test"
    if "weight" in values and not 0 <= _number(values["weight"]) < math.inf:
        return f"the weight {values['weight']} is no number from 0"
    return None


def _row(line: int, fields: Sequence[str], at: dict[str, int]) -> Row:
    values = {name: fields[index].strip() for name, index in at.items()}
    weight = float(values["weight"]) if "weight" in values else None
    split = SPLITS[values.get("split", "train").lower()]
    return Row(line, values["path"], plain(values["label"]), split, values.get("group"), weight)


def _number(text: str) -> float:
    """The number that a text is; NaN where it is none."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def values_of(rows: Sequence[Row], path: Path) -> list[float] | None:
    """The labels as values to learn, where all are numbers and one has a decimal point or an exponent; else None."""
    numbers = [_number(row.label) for row in rows]
    fractions = [row for row in rows if any(sign in row.label.lower() for sign in ".e")]
    fractions = [row for row in fractions if not math.isnan(_number(row.label))]
    strange = [row for row, number in zip(rows, numbers, strict=True) if not math.isfinite(number)]
    if not fractions or 2 * len(strange) >= len(rows):
        return None
    if strange:
        faults = [f"line {row.line}: {row.label}" for row in strange]
        raise DataError(listed(f"{path}: most labels are values, but not", faults), "give each image a number")
    return numbers
