"""A CSV as it is: its column names, and the fields of each line. What they mean is told by `tables`."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cnnspec.data.errors import DataError
from cnnspec.data.images.checking import listed
from cnnspec.data.images.listing import is_image

_DELIMITERS = (",", ";", "\t", "|")
_BINARY = (
    (b"PK\x03\x04", "an Excel file or a ZIP archive"),
    (b"\xd0\xcf\x11\xe0", "an Excel file"),
    (b"PAR1", "a Parquet file"),
    (b"\x1f\x8b", "packed with gzip"),
)
_WITH_COMMA = re.compile(r"[+-]?\d+(,\d+)?")
_MARKS = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


@dataclass(frozen=True, slots=True)
class Record:
    """A line by its number in the file, and its fields without blanks around them."""

    line: int
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """The names of the columns, the lines below them that have as many fields, and what is wrong with the others."""

    path: Path
    names: tuple[str, ...]
    records: tuple[Record, ...]
    faults: tuple[str, ...]
    commas: bool = False
    """Whether commas divide no fields, and so may stand before decimals."""

    def cells(self, at: int) -> list[str]:
        """A column, by its place."""
        return [record.fields[at] for record in self.records]

    def numerals(self, at: int) -> list[str]:
        """The same of numbers, with a point before decimals: `3,5` is 3.5 where commas divide no fields."""
        cells = self.cells(at)
        commas = self.commas and all(_WITH_COMMA.fullmatch(cell) for cell in cells if cell)
        return [cell.replace(",", ".") for cell in cells] if commas else cells

    def find(self, name: str) -> int | None:
        """The place of a column: as it is written, else whatever the size of its letters; None where there is none.

        Raises `DataError` where several are meant.
        """
        same = [at for at, one in enumerate(self.names) if one == name]
        same = same or [at for at, one in enumerate(self.names) if one.lower() == name.lower()]
        if len(same) > 1:
            raise DataError(f"{self.path} has two columns `{name}`", "keep one, or give the other a name of its own")
        return same[0] if same else None

    def told(self) -> str:
        """The columns, as a message lists them."""
        return ", ".join(name or "(no name)" for name in self.names[:12]) + ", …" * (len(self.names) > 12)


def read_sheet(path: Path) -> Sheet:
    """The columns and lines of a CSV; commas, semicolons, tabs or `|` divide them. Raises `DataError`."""
    text = _text(path)
    delimiter = _delimiter(text)
    lines = list(_records(text, delimiter, path))
    if not lines:
        raise DataError(f"{path} is empty", "its first line names the columns: path,label")
    names = lines[0].fields
    while len(names) > 1 and not names[-1]:
        names = names[:-1]
    if any(is_image(name) for name in names):
        first = ",".join(names[:6])
        raise DataError(f"{path}: its first line names no columns: it is `{first}`", "put the line path,label above it")
    records: list[Record] = []
    faults: list[str] = []
    for record in lines[1:]:
        given = record.fields
        if len(given) > len(names) and not any(given[len(names) :]):
            given = given[: len(names)]
        if len(given) == len(names):
            records.append(Record(record.line, given))
        else:
            many = f"{len(given)} value{'s' * (len(given) != 1)} for {len(names)} columns"
            faults.append(f"line {record.line}: {many}")
    return Sheet(path, names, tuple(records), tuple(faults), delimiter != ",")


def check(sheet: Sheet, faults: Sequence[str], help: str | None = None) -> None:
    """Raises `DataError` with every line that is wrong, in order."""
    if faults:
        in_order = sorted(faults, key=lambda fault: int(re.findall(r"\d+", fault)[0]))
        count = len(faults)
        raise DataError(listed(f"{sheet.path}: {count:,} line{'s' * (count != 1)} cannot be used", in_order), help)


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}") from None
    for sign, what in _BINARY:
        if content.startswith(sign):
            raise DataError(f"{path} is {what}, not a CSV", "save it as CSV")
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), "utf-8-sig")
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise DataError(f"{path} is not UTF-8: line {line}", "save it as UTF-8") from None


_SAID = re.compile(r"sep=(.)\s*", re.IGNORECASE)


def _first(text: str) -> str:
    return next((line for line in text.splitlines() if line.strip()), "")


def _delimiter(text: str) -> str:
    """What divides the fields: what a first line `sep=;` says, as Excel writes it, else what divides the names most."""
    first = _first(text)
    said = _SAID.fullmatch(first)
    return said[1] if said else max(_DELIMITERS, key=lambda sign: _parts(first, sign))


def _records(text: str, delimiter: str, path: Path) -> Iterator[Record]:
    """Each record that is not blank."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    said = _SAID.fullmatch(_first(text))
    last, skipped = 0, said is None
    try:
        for fields in reader:
            if any(field.strip() for field in fields):
                if skipped:
                    yield Record(last + 1, tuple(field.strip() for field in fields))
                skipped = True
            last = reader.line_num
    except csv.Error as error:
        raise DataError(f"{path}: line {last + 1} does not read as CSV: {error}") from None


def _parts(line: str, delimiter: str) -> int:
    """How many fields a line has; a delimiter within quotes divides nothing."""
    return len(next(csv.reader([line], delimiter=delimiter), []))
