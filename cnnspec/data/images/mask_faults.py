"""What is wrong with masks as a whole: JPEG, colours without a table, palettes that differ, numbers that leave some
out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from cnnspec.data.errors import DataError
from cnnspec.data.images.checking import Named, listed
from cnnspec.data.images.coding import shown
from cnnspec.data.images.scanning import Counts, Scanned, together
from cnnspec.data.mask_colours import Colour, as_colours, as_text, unpacked

_FEW = 12
_NEAR = 48
_NEARLY_ALL = 0.95


def check_readable(seen: Mapping[int, Scanned], masks: Sequence[Named], folder: Path) -> None:
    """JPEGs and colours that nothing explains, where half of the masks or more are so: then the fault lies in what
    they are, and not in single files. Raises `DataError`."""
    for why, those in (
        ("jpeg", [number for number, each in seen.items() if each.why == "jpeg"]),
        ("colours", [number for number, each in seen.items() if each.why == "colours"]),
    ):
        if not those or 2 * len(those) < len(seen):
            continue
        coloured = any(seen[number].coloured for number in those)
        alike = [each for each in (seen[number] for number in those) if each.coloured == coloured]
        counts = together(alike)
        all_different = max(len(counts), max(each.different for each in alike))
        many = f"{len(those):,} of {len(seen):,} masks"
        lines = [f"{shown(code, coloured)}: {count:,} pixels" for code, count in counts[:_FEW]]
        more = [f"… and {all_different - _FEW:,} more"] if all_different > _FEW else []
        held = "colours" if coloured else "numbers"
        if why == "jpeg":
            are = "are JPEGs, which blur class numbers" if len(those) > 1 else "is a JPEG, which blurs class numbers"
            message = f"{folder}: {many} {are}, such as {masks[those[0]]}, with the {held}"
            raise DataError(listed(message, [*lines, *more]), _for_jpeg(counts, coloured))
        have = "have colours" if len(those) > 1 else "has colours"
        message = f"{folder}: {many} {have}, and no table says which class each is, such as {masks[those[0]]}, with"
        colours = as_colours((unpacked(code) for code, _ in counts[:_FEW]), all_different > _FEW)
        help = f"write {colours}, with the name of each class, in order"
        if all_different > _FEW:
            help += "; so many colours may mean edges that were smoothed, or photographs: see whether these are masks"
        raise DataError(listed(message, [*lines, *more]), help)


def _for_jpeg(counts: Counts, coloured: bool) -> str:
    everything = sum(count for _, count in counts)
    near = sum(count for code, count in counts if code <= _NEAR or 255 - _NEAR <= code <= 255)
    if not coloured and near >= _NEARLY_ALL * everything:
        return "save masks as PNG; or write `values: [0, 255]`: then each pixel is read as the nearer of the two"
    if coloured:
        return "save masks as PNG; or list the colours of the classes under `colors`: pixels near one are read as it"
    return "save masks as PNG; or list the numbers of the classes under `values`: pixels near one are read as it"


def check_palettes(seen: Mapping[int, Scanned], masks: Sequence[Named], folder: Path, numbered: bool) -> None:
    """Palettes that give one index two colours: then indices mean nothing. Raises `DataError`, unless the spec says
    that the numbers are classes."""
    found = None if numbered else _contradiction(seen, masks)
    if found is not None:
        help = f"to read the colours instead, write {as_colours(_colours(seen)[:_FEW], len(_colours(seen)) > _FEW)}"
        help += ", with the name of each class; to read the indices all the same, `classes: …`"
        raise DataError(f"{folder}: the palettes of the masks differ: {found}", help)


def palette_notes(seen: Mapping[int, Scanned], masks: Sequence[Named], numbered: bool) -> Iterator[str]:
    """The same as a note, where the spec says that the numbers are classes."""
    found = _contradiction(seen, masks) if numbered else None
    if found is not None:
        yield f"the palettes of the masks differ, and their indices are read: {found}"


def _contradiction(seen: Mapping[int, Scanned], masks: Sequence[Named]) -> str | None:
    first: dict[int, tuple[Colour, int]] = {}
    for number, each in seen.items():
        for index, colour in each.palette:
            known, where = first.setdefault(index, (colour, number))
            if known != colour:
                return f"{index} is {as_text(known)} in {masks[where]}, and {as_text(colour)} in {masks[number]}"
    return None


def _colours(seen: Mapping[int, Scanned]) -> list[Colour]:
    return list(dict.fromkeys(colour for each in seen.values() for _, colour in each.palette))


def check_gaps(held: set[int], ignore: int | None, folder: Path) -> None:
    """Numbers that leave some out are no class numbers, or not all that there are. Raises `DataError`."""
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
