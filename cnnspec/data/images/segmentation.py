"""Folders of images and of masks, paired by name, as a data set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import NamedTuple, TypeAlias

import numpy as np

from cnnspec.data.errors import DataError
from cnnspec.data.images.checking import Checked, Faults, Named, checked, listed, tried
from cnnspec.data.images.column import holds, size
from cnnspec.data.images.decoding import mask
from cnnspec.data.images.listing import SPLITS, distinct, folders_in, images_below, notes_of
from cnnspec.data.images.readers import ImageReader, MaskReader
from cnnspec.data.splits import ALL, Dataset, Split
from cnnspec.language.paths import is_folder, is_there

_FEW = 12


@dataclass(frozen=True, slots=True)
class Pairs:
    """Images and their masks, by the same numbers, with the split of each."""

    images: list[Named]
    masks: list[Named]
    splits: list[str]


@dataclass(frozen=True, slots=True)
class Meaning:
    """What the spec says of masks: how many classes, which numbers or colours they are, and which one is none."""

    classes: int | None = None
    values: tuple[int, ...] | None = None
    ignore: int | None = None
    colors: Mapping[str, int] | None = None
    """The colour of each class as one number (red·65536 + green·256 + blue), where masks are coloured."""
    name: str = "{stem}"
    """What a mask is called, from the name of its image."""

    @property
    def names(self) -> tuple[str, ...] | None:
        """The names of the classes, where colours have them."""
        return None if self.colors is None else tuple(self.colors)


def read_pairs(images: Path, masks: Path, reader: ImageReader, meaning: Meaning, skip: bool) -> Dataset:
    """The images in one folder with their masks in another. Raises `DataError`; with `skip`, goes on without pairs
    of which one file is bad."""
    faults = Faults(f"{images} and {masks}")
    pairs, notes = _paired(images, masks, meaning.name, faults)
    total = len(pairs.images) + len(faults.lines)
    whole = checked(pairs.images, reader, faults)
    coloured = meaning.colors is not None
    seen = tried(
        lambda number: _scanned(pairs.masks[number].path, coloured), pairs.masks, range(len(pairs.masks)), faults
    )
    if not seen:
        faults.told(skip=False, total=total)
    table, classes = _table(seen, meaning, masks)
    good = _sound(pairs, seen, whole, table, meaning, faults)
    left_out = faults.told(skip, total)
    mask_reader = MaskReader(reader.form, table, coloured)
    unsound = Faults(str(masks))
    mask_items = checked(pairs.masks, mask_reader, unsound, good)
    unsound.told(skip=False, total=len(good))
    held = holds(size(len(good), reader) + size(len(good), mask_reader))

    def part(split: str) -> Split | None:
        kept = np.array([number for number in good if pairs.splits[number] == split], np.int64)
        if not len(kept):
            return None
        x = whole.column(pairs.images, reader, kept, held)
        return Split({ALL: x}, {ALL: mask_items.column(pairs.masks, mask_reader, kept, held)})

    train, validation, test = map(part, ("train", "validation", "test"))
    if train is None:
        raise DataError(f"{images}: no image with a mask is left to train on")
    return Dataset(train, test, {ALL: classes}, validation, meaning.names, (*left_out, *notes))


def _paired(images: Path, masks: Path, name: str, faults: Faults) -> tuple[Pairs, tuple[str, ...]]:
    folders, theirs = _splits(images), _splits(masks)
    if folders.keys() != theirs.keys():
        one, other = (images, masks) if len(folders) > len(theirs) else (masks, images)
        lacking = min(split for split in folders.keys() ^ theirs.keys() if split)
        raise DataError(f"{one} has a folder for `{lacking}`, {other} has none", "give both the same splits")
    pairs, others = Pairs([], [], []), []
    unpaired: list[str] = []
    for split, folder in folders.items():
        seen, hidden = _stems(folder, faults), _stems(theirs[split], faults, name)
        if folder == theirs[split]:  # masks beside their images
            seen.files = {stem: path for stem, path in seen.files.items() if path not in hidden.files.values()}
        others += [*seen.others, *hidden.others]
        for stem in sorted(seen.files.keys() | hidden.files.keys()):
            if stem in seen.files and stem in hidden.files:
                pairs.images.append(Named(str(seen.files[stem]), seen.files[stem]))
                pairs.masks.append(Named(str(hidden.files[stem]), hidden.files[stem]))
                pairs.splits.append(split or "train")
            elif stem in seen.files:
                unpaired.append(f"{seen.files[stem]} has no mask")
            else:
                unpaired.append(f"{hidden.files[stem]} has no image")
    if not pairs.images:
        message = f"no image in {images} has a mask of its name in {masks}"
        pattern = _pattern(folders, theirs, faults) if name == "{stem}" else None
        help = f'write `mask_name: "{pattern}"`' if pattern else "name each mask as its image, but for the ending"
        raise DataError(listed(message, unpaired), help)
    faults.lines += unpaired
    return pairs, tuple(notes_of(sorted(others)))


def _splits(folder: Path) -> dict[str, Path]:
    """The folders of the splits; where none are given, all of it under no name."""
    if not is_folder(folder):
        raise DataError(f"{folder} {'is no folder' if is_there(folder) else 'is not there'}", "give a folder of images")
    try:
        names = folders_in(folder)
    except OSError as error:
        raise DataError(f"{folder} cannot be listed: {(error.strerror or '').lower()}") from None
    given = {name: SPLITS[name.lower()] for name in names if name.lower() in SPLITS}
    if "train" not in given.values():
        return {"": folder}
    return distinct(folder, given, names)


def _pattern(folders: Mapping[str, Path], theirs: Mapping[str, Path], faults: Faults) -> str | None:
    """What stands before and after the names of images in those of all masks, if that is the same for all."""
    images = {stem for folder in folders.values() for stem in _stems(folder, faults).files}
    masks = {stem for folder in theirs.values() for stem in _stems(folder, faults).files}
    first = min(images, default="")
    for stem in sorted(each for each in masks if first and first in each)[:_FEW]:
        before, _, after = stem.partition(first)
        if all(f"{before}{image}{after}" in masks for image in images):
            return f"{before}{{stem}}{after}"
    return None


@dataclass(slots=True)
class _Stems:
    """Files by their names without endings, and what is no image."""

    files: dict[str, Path]
    others: list[str]


def _stems(folder: Path, faults: Faults, pattern: str = "{stem}") -> _Stems:
    """The files of a folder; with a `pattern`, those that it fits, by what stands for `{stem}` in it."""
    before, _, after = pattern.partition("{stem}")
    listing = images_below(folder)
    for name, reason in listing.faults:
        faults.add(folder / name, reason)
    files: dict[str, Path] = {}
    for name in listing.images:
        path = PurePosixPath(name).with_suffix("")
        if not (path.name.startswith(before) and path.name.endswith(after) and len(path.name) > len(before + after)):
            continue
        stem = str(path.with_name(path.name[len(before) : len(path.name) - len(after)]))
        if stem in files:
            faults.add(folder / name, f"has the name of {files[stem].name}, but for the ending")
        else:
            files[stem] = folder / name
    return _Stems(files, [str(folder / name) for name in listing.others])


class Scanned(NamedTuple):
    """The numbers that a mask holds, and its width and height."""

    numbers: tuple[int, ...]
    size: tuple[int, int]


def _scanned(path: Path, coloured: bool) -> Scanned:
    found = mask(path, coloured=coloured)
    numbers = found.numbers
    small = numbers.dtype.kind == "u" and numbers.dtype.itemsize <= 2
    held = np.flatnonzero(np.bincount(numbers.reshape(-1))) if small else np.unique(numbers)
    return Scanned(tuple(held.tolist()), found.header.size)


Table: TypeAlias = tuple[tuple[int, int], ...]
"""The class of each number."""


def _table(seen: Mapping[int, Scanned], meaning: Meaning, folder: Path) -> tuple[Table, int]:
    """The class of each number in masks, and how many classes there are. Raises `DataError` where it is not clear."""
    ignored = () if meaning.ignore is None else ((meaning.ignore, meaning.ignore),)
    if meaning.colors is not None:
        return tuple((color, number) for number, color in enumerate(meaning.colors.values())), len(meaning.colors)
    if meaning.values is not None:
        return (*((value, number) for number, value in enumerate(meaning.values)), *ignored), len(meaning.values)
    held = {number for scanned in seen.values() for number in scanned.numbers} - {meaning.ignore}
    if 255 in held and held <= {0, 255} and meaning.classes in (None, 2):
        return ((0, 0), (255, 1)), 2
    if meaning.classes is None:
        _check_gaps(held, meaning.ignore, folder)
    classes = meaning.classes or max(held, default=0) + 1
    return (*((number, number) for number in range(classes)), *ignored), classes


def _check_gaps(held: set[int], ignore: int | None, folder: Path) -> None:
    """Numbers that leave some out are no class numbers, or not all that there are."""
    if held <= {0}:
        raise DataError(f"{folder}: the masks hold nothing but 0", "give `classes`, if that is so")
    if held == set(range(len(held))):
        return
    rest = sorted(held - {255})
    if ignore is None and 255 in held and rest == list(range(len(rest))):
        raise DataError(
            f"{folder}: the masks hold 0 to {rest[-1]}, and 255",
            "write `ignore: 255` if pixels of 255 are of no class, or `values: […]` with all numbers",
        )
    shown = ", ".join(map(str, sorted(held)[:_FEW])) + ", …" * (len(held) > _FEW)
    raise DataError(
        f"{folder}: the masks hold {shown}, which are not all numbers from 0",
        "write `classes: …` if some are in no mask, or `values: […]` with the number of each class",
    )


def _sound(
    pairs: Pairs, seen: Mapping[int, Scanned], whole: Checked, table: Table, meaning: Meaning, faults: Faults
) -> list[int]:
    """The numbers of pairs that can be used; why others cannot goes to `faults`."""
    sizes = {int(number): header.size for number, header in zip(whole.numbers, whole.headers, strict=True)}
    allowed = {number for number, _ in table}
    good: list[int] = []
    for number, scanned in seen.items():
        strange = sorted(set(scanned.numbers) - allowed)
        if strange:
            told = [f"#{color:06x}" for color in strange[:_FEW]] if meaning.colors else list(map(str, strange[:_FEW]))
            shown = ", ".join(told) + ", …" * (len(strange) > _FEW)
            given = "`colors`" if meaning.colors else "`values`" if meaning.values is not None else None
            among = given or f"the classes, 0 to {len(table) - 1}"
            faults.add(pairs.masks[number], f"holds {shown}: not among {among}")
        elif number in sizes and sizes[number] != scanned.size:
            faults.add(pairs.masks[number], f"is {_size(scanned.size)} pixels, its image {_size(sizes[number])}")
        elif number in sizes:
            good.append(number)
    return good


def _size(size: tuple[int, int]) -> str:
    return f"{size[0]:,}×{size[1]:,}"
