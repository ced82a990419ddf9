"""What the cells of a table's label columns are: names of classes, tags, or numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from cnnspec.data.columns import Array
from cnnspec.data.images.listing import natural, plain
from cnnspec.data.images.sheet import Sheet, check
from cnnspec.data.kinds import Kind
from cnnspec.data.table_columns import as_columns

_DIVIDERS = ("|", ";", ",")
_YES_NO = {"1": 1, "0": 0, "1.0": 1, "0.0": 0, "true": 1, "false": 0, "yes": 1, "no": 0}
_SIGNS = {"1": 1, "-1": 0, "1.0": 1, "-1.0": 0}
_BETWEEN_WORDS = re.compile(r"(?<=[^\W\d])[\s_-]+(?=[^\W\d])")
_SHORT = 2
_MANY = 0.1
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Labels:
    """The labels of all lines for one output: `kind` where it is sure, the names of the classes, tags or values, and
    for whole numbers that may be the names of classes or values, the `values` beside the class numbers `y`."""

    y: Array
    kind: Kind | None
    names: tuple[str, ...]
    classes: int | None = None
    values: Array | None = None
    notes: tuple[str, ...] = ()


def number(text: str) -> float:
    """The number that a text is; NaN where it is none."""
    try:
        return float(text) if "_" not in text else math.nan
    except ValueError:
        return math.nan


def labels(sheet: Sheet, at: Sequence[int], output: str) -> Labels:
    """The labels in the columns `at`: classes or values in one, tags or values in several. Raises `DataError`."""
    names = tuple(sheet.names[each] for each in at)
    if len(at) > 1:
        return _of_several(sheet, at, names)
    texts = [plain(text) for text in sheet.numerals(at[0])]
    if (values := _values(sheet, texts)) is not None:
        return Labels(np.array(values, np.float64), "values", ())
    whole = [number(text) for text in texts]
    alike = all(math.isfinite(one) and one == math.floor(one) for one in whole)
    kept = np.array(whole, np.float64) if alike else None
    if alike:  # `07` and `7` are one number, and one class
        texts = _one_spelling(texts, whole)
    classes = tuple(sorted(set(texts), key=natural))
    numbers = {name: number for number, name in enumerate(classes)}
    y = np.array([numbers[text] for text in texts], np.int32)
    notes = tuple(_likely_tags(texts, names[0], output))
    return Labels(y, None if alike else "classes", classes, len(classes), kept, notes)


def _one_spelling(texts: Sequence[str], values: Sequence[float]) -> list[str]:
    """The texts of whole numbers, each number spelt as it is where it stands first."""
    first: dict[float, str] = {}
    return [first.setdefault(value, text) for text, value in zip(texts, values, strict=True)]


def _values(sheet: Sheet, texts: Sequence[str]) -> list[float] | None:
    """The labels as values to learn, where all are numbers and one has a decimal point or an exponent; else None."""
    numbers = [number(text) for text in texts]
    numeric = [text for text, one in zip(texts, numbers, strict=True) if not math.isnan(one)]
    strange = [at for at, one in enumerate(numbers) if not math.isfinite(one)]
    if not any(sign in text.lower() for text in numeric for sign in ".e") or 2 * len(strange) >= len(texts):
        return None
    faults = [f"line {sheet.records[at].line}: {texts[at]} is no number, and most labels are" for at in strange]
    check(sheet, faults, "give each image a number")
    return numbers


def _of_several(sheet: Sheet, at: Sequence[int], names: tuple[str, ...]) -> Labels:
    """Several columns for one output: tags where all are 0 or 1, else values."""
    rows = [[record.fields[each].lower() for each in at] for record in sheet.records]
    if all(cell in _YES_NO for row in rows for cell in row):
        return _hot(np.array([[_YES_NO[cell] for cell in row] for row in rows], np.float32), names, sure=False)
    columns = [_numbers(sheet, each) for each in at]
    notes = []
    if all(cell in _SIGNS for row in rows for cell in row):
        notes.append(
            f"{', '.join(names[:_SHOWN])} hold -1 and 1, and are read as values; for tags, write "
            f"{as_columns(tags=names)}"
        )
    return Labels(np.stack(columns, axis=1).astype(np.float64), "values", names, notes=tuple(notes))


def numbers_of(sheet: Sheet, at: Sequence[int]) -> Array:
    """Columns of numbers, side by side, of 32 bits. Raises `DataError`."""
    return np.stack([_numbers(sheet, each) for each in at], axis=1).astype(np.float32)


def _numbers(sheet: Sheet, at: int) -> Array:
    name, cells = sheet.names[at], sheet.numerals(at)
    found = np.array([number(cell) for cell in cells], np.float64)
    faults = [
        f"line {sheet.records[row].line}: {f'`{name}` is {cells[row]}, no number' if cells[row] else f'no `{name}`'}"
        for row in np.flatnonzero(~np.isfinite(found))
    ]
    check(sheet, faults, f"give every image a number as `{name}`, or leave these lines out")
    return found


def _hot(rows: Array, names: tuple[str, ...], sure: bool) -> Labels:
    """Rows of zeros and ones; where each holds a single one and nobody said tags, they may be one-hot classes."""
    one_each = not sure and rows.shape[1] > 1 and bool((rows.sum(axis=1) == 1).all())
    return Labels(rows, None if one_each else "tags", names)


def tags(sheet: Sheet, at: Sequence[int], said: bool) -> Labels:
    """Tags: columns of yes and no, or one whose cells list tags. `said` is whether the spec calls them tags. Raises
    `DataError`."""
    names = tuple(sheet.names[each] for each in at)
    rows = [[record.fields[each].lower() for each in at] for record in sheet.records]
    for meant in (_YES_NO, _SIGNS):
        if said and all(cell in meant for row in rows for cell in row):
            return _hot(np.array([[meant[cell] for cell in row] for row in rows], np.float32), names, sure=True)
    if len(at) > 1:
        faults = [
            f"line {record.line}: `{sheet.names[each]}` is {record.fields[each] or 'empty'}"
            for record in sheet.records
            for each in at
            if record.fields[each].lower() not in _YES_NO
        ]
        check(sheet, faults, "several columns of tags hold 0 or 1; one column may list tags: `columns: {tags: tags}`")
    return _listed(sheet, at[0], said)


def _listed(sheet: Sheet, at: int, said: bool) -> Labels:
    cells, column = [plain(cell) for cell in sheet.cells(at)], sheet.names[at]
    lists = list(divided(cells))
    names = tuple(sorted({tag for tags in lists for tag in tags}, key=natural))
    check(sheet, [] if names else [f"line {sheet.records[0].line}: no tag, as in all lines"], f"fill in `{column}`")
    numbers = {name: number for number, name in enumerate(names)}
    y = np.zeros((len(lists), len(names)), np.float32)
    for row, tags in zip(y, lists, strict=True):
        row[[numbers[tag] for tag in tags]] = 1
    notes = []
    if not said:
        few = ", ".join(names[:_SHOWN]) + ", …" * (len(names) > _SHOWN)
        notes.append(
            f"the column `{column}` is read as tags, any number per image: {few}; to learn each cell as one class, "
            f"write {as_columns(label=column)}"
        )
    elif all(len(tags) == 1 for tags in lists):
        help = f"to learn one class per image, write {as_columns(label=column)}"
        notes.append(f"every image has exactly one tag in `{column}`; {help}")
    return Labels(y, "tags", names, notes=tuple(notes))


def divided(cells: Sequence[str]) -> Iterator[list[str]]:
    """The tags of each cell: divided by `|`, else by `;`, else by commas, else by blanks, alike in all cells. A list as
    Python writes it (`['sea', 'sky']`) is read, too."""
    written = all(cell.startswith("[") and cell.endswith("]") for cell in cells if cell)
    plain_cells = [cell[1:-1] if written else cell for cell in cells]
    divider = next((sign for sign in _DIVIDERS if any(sign in cell for cell in plain_cells)), None)
    for cell in plain_cells:
        parts = (part.strip() for part in (cell.split(divider) if divider else cell.split()))
        found = (part.strip("'\"").strip() if written else part for part in parts)
        yield [tag for tag in dict.fromkeys(found) if tag]


def _likely_tags(texts: Sequence[str], column: str, output: str) -> Iterator[str]:
    """A note on labels that look as if they listed tags."""
    for sign in _DIVIDERS:
        several = [text for text in texts if sign in text]
        if len(several) < max(2, _MANY * len(texts)):
            continue
        parts = {part.strip() for text in texts for part in text.split(sign)}
        if sign == "|" or len(parts) < len(set(texts)):
            help = as_columns(tags=column) if not output else f"`columns: {{tags: {{{output}: {column}}}}}`"
            yield (
                f"{len(several):,} of {len(texts):,} labels hold `{sign}`, such as {several[0]}: each such text is a "
                f"class of its own; for tags, write {help}"
            )
            return


def near_names(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Names of classes that are likely one: they differ in the size of letters, signs between words, or an s."""
    seen: dict[str, str] = {}
    for name in names:
        key = _BETWEEN_WORDS.sub("", name.strip().casefold())
        other = key[:-1] if key.endswith("s") else key + "s"
        for variant in (key, other):
            if variant in seen and min(len(key), len(variant)) > _SHORT * (variant != key):
                yield seen[variant], name
                break
        seen.setdefault(key, name)
