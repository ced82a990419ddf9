"""Folders of images and of masks, paired by name, as a data set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from cnnspec.data.errors import DataError
from cnnspec.data.images.checking import Checked, Faults, checked, tried
from cnnspec.data.images.coding import Coding, shown
from cnnspec.data.images.column import holds, size
from cnnspec.data.images.mask_faults import check_gaps, check_palettes, check_readable, palette_notes
from cnnspec.data.images.opening import Header
from cnnspec.data.images.pairing import Naming, Pairs, paired
from cnnspec.data.images.readers import ImageReader, MaskReader
from cnnspec.data.images.scanning import Scanned, scanned, scanned_by
from cnnspec.data.images.turning import turns, turns_notes
from cnnspec.data.mask_colours import Colour, packed
from cnnspec.data.splits import ALL, Dataset, Split

_FEW = 12
IGNORED = 255
"""The number of pixels whose colour is ignored."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What the spec says of the numbers in masks: how many classes, which numbers they are or which colours, and which
    number or colour is none."""

    classes: int | None = None
    values: tuple[int, ...] | None = None
    ignore: int | Colour | None = None
    colours: Mapping[str, Colour] | None = None

    @property
    def ignored(self) -> int | None:
        """The number that pixels of no class get."""
        return IGNORED if isinstance(self.ignore, tuple) else self.ignore

    def coding(self) -> Coding | None:
        """The class of each number or colour, where the spec lists them."""
        codes = self.values if self.colours is None else tuple(packed(colour) for colour in self.colours.values())
        if codes is None:
            return None
        table = [(code, number) for number, code in enumerate(codes)]
        if self.ignore is not None and self.ignored is not None:
            table.append((packed(self.ignore) if isinstance(self.ignore, tuple) else self.ignore, self.ignored))
        return Coding(tuple(table), self.colours is not None, self.ignored)


def read_pairs(images: Path, masks: Path, reader: ImageReader, meaning: Meaning, skip: bool, naming: Naming) -> Dataset:
    """The images in one folder with their masks in another. Raises `DataError`; with `skip`, goes on without pairs
    of which one file is bad."""
    faults = Faults(f"{images} and {masks}")
    pairs, notes = paired(images, masks, naming, faults)
    total = len(pairs.images) + len(faults.lines)
    whole = checked(pairs.images, reader, faults)
    said = meaning.coding()
    look = scanned if said is None else (lambda path: scanned_by(path, said))
    seen = tried(lambda number: look(pairs.others[number].path), pairs.others, range(len(pairs.others)), faults)
    if not seen:
        faults.told(skip=False, total=total)
    check_readable(seen, pairs.others, masks)
    numbered = meaning.classes is not None or meaning.values is not None
    check_palettes(seen, pairs.others, masks, numbered)
    coding = said or _found(seen, meaning, masks)
    classes = sum(number != meaning.ignored for _, number in coding.classes)
    turned = turns(_headers(whole), {number: each.header for number, each in seen.items()}, pairs.others)
    good = _sound(pairs, seen, whole, coding, meaning, turned.by_path, faults)
    left_out = faults.told(skip, total)
    mask_reader = MaskReader(reader.form, coding.classes, coding.coloured, turned.by_path, coding.ignored)
    unsound = Faults(str(masks))
    mask_items = checked(pairs.others, mask_reader, unsound, good)
    unsound.told(skip=False, total=len(good))
    held = holds(size(len(good), whole.reader) + size(len(good), mask_reader))

    def part(split: str) -> Split | None:
        kept = np.array([number for number in good if pairs.splits[number] == split], np.int64)
        if not len(kept):
            return None
        x = whole.column(pairs.images, kept, held)
        return Split({ALL: x}, {ALL: mask_items.column(pairs.others, kept, held)})

    train, validation, test = map(part, ("train", "validation", "test"))
    if train is None:
        raise DataError(f"{images}: no image with a mask is left to train on")
    used = {number: seen[number] for number in good}
    told = (
        *left_out, *whole.notes, *turns_notes(turned, "mask"), *palette_notes(seen, pairs.others, numbered),
        *_blurred(used), *notes,
    )  # fmt: skip
    data = Dataset(train, test, {ALL: classes}, validation, None, told, {ALL: "class_maps"})
    return data if meaning.colours is None else replace(data, names=tuple(meaning.colours))


def _headers(whole: Checked) -> dict[int, Header]:
    return {int(number): header for number, header in zip(whole.numbers, whole.headers, strict=True)}


def _found(seen: Mapping[int, Scanned], meaning: Meaning, folder: Path) -> Coding:
    """The class of each number in masks, where the spec lists none. Raises `DataError` where it is not clear."""
    ignore = meaning.ignored
    ignored = () if ignore is None else ((ignore, ignore),)
    held = {number for scanned in seen.values() for number in scanned.numbers} - {ignore}
    if 255 in held and held <= {0, 255} and meaning.classes in (None, 2):
        return Coding(((0, 0), (255, 1), *ignored), False, ignore)
    if meaning.classes is None:
        check_gaps(held, ignore, folder)
    classes = meaning.classes or max(held, default=0) + 1
    return Coding((*((number, number) for number in range(classes)), *ignored), False, ignore)


def _sound(
    pairs: Pairs, seen: Mapping[int, Scanned], whole: Checked, coding: Coding, meaning: Meaning,
    turned: Mapping[Path, int], faults: Faults,
) -> list[int]:  # fmt: skip
    """The numbers of pairs that can be used; why others cannot goes to `faults`."""
    sizes = {number: header.size for number, header in _headers(whole).items()}
    allowed = {number for number, _ in coding.classes}
    good: list[int] = []
    for number, found in seen.items():
        own = found.header.size
        own = own[::-1] if turned.get(pairs.others[number].path, 1) >= 5 else own
        if found.why == "jpeg":
            faults.add(pairs.others[number], "is a JPEG, whose pixels are not kept exactly; save masks as PNG")
        elif found.why == "colours":
            faults.add(pairs.others[number], "has colours; save masks as class numbers, in grey or with a palette")
        elif strange := _strange(found, allowed):
            faults.add(pairs.others[number], f"holds {strange}: not among {_among(coding, meaning)}")
        elif number in sizes and sizes[number] != own:
            faults.add(pairs.others[number], f"is {_size(own)} pixels, its image {_size(sizes[number])}")
        elif number in sizes:
            good.append(number)
    return good


def _strange(found: Scanned, allowed: set[int]) -> str:
    """The numbers or colours of a mask that are of no class; of colours, with the pixels of each."""
    if found.counts:
        several = [
            shown(code, found.coloured) + (f" ({count:,} pixel{'s' * (count != 1)})" if found.coloured else "")
            for code, count in (found.counts if found.coloured else sorted(found.counts))
        ]
        return ", ".join(several[:_FEW]) + f", … {found.different:,} in all" * (found.different > _FEW)
    strange = sorted(set(found.numbers) - allowed)
    return ", ".join(map(str, strange[:_FEW])) + ", …" * (len(strange) > _FEW)


def _among(coding: Coding, meaning: Meaning) -> str:
    if coding.coloured:
        return "`colors`"
    return "`values`" if meaning.values is not None else f"the classes, 0 to {len(coding.classes) - 1}"


def _blurred(used: Mapping[int, Scanned]) -> Iterator[str]:
    """A word on JPEGs, whose pixels are read as the nearest class."""
    those: Sequence[Scanned] = [each for each in used.values() if each.blurred]
    if those:
        pixels = sum(each.header.size[0] * each.header.size[1] for each in those)
        share = sum(each.blurred for each in those) / pixels
        verb = "s are JPEGs" if len(those) > 1 else " is a JPEG"
        what = "colour" if those[0].coloured else "number"
        yield (
            f"{len(those):,} mask{verb}, with {share:.1%} of the pixels blurred: each is read as the nearest {what} "
            "of a class, which may be wrong at edges; PNG keeps masks as they are"
        )


def _size(size: tuple[int, int]) -> str:
    return f"{size[0]:,}×{size[1]:,}"
