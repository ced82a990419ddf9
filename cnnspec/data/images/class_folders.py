"""Folders of images as classes: what they hold, by class and by split, and what is odd about them."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from cnnspec.data.errors import DataError
from cnnspec.data.images.checking import Faults
from cnnspec.data.images.listing import folders_in, ignored, images_below, is_image, notes_of, plain, splits_in
from cnnspec.data.images.samples import Found, Sample
from cnnspec.language.paths import is_folder, is_there

_UNREAD = {
    ".heic": "HEIC", ".heif": "HEIC", ".hif": "HEIC", ".avif": "AVIF", ".jxl": "JPEG XL", ".jp2": "JPEG 2000",
    ".svg": "SVG", ".psd": "Photoshop", ".dcm": "DICOM", ".nii": "NIfTI", ".cr2": "camera raw", ".cr3": "camera raw",
    ".nef": "camera raw", ".arw": "camera raw", ".dng": "camera raw", ".raf": "camera raw", ".orf": "camera raw",
}  # fmt: skip
"""Endings of images that are not read, and what they are."""

_CONVERTED = "which is not read: convert it to JPEG or PNG (`magick mogrify -format png FILE`)"
_SHOWN = 3


def of_folders(folder: Path, written: str) -> Found:
    """The images in a folder for each class; `written` is the folder's path as the spec has it. Raises `DataError`."""
    _check_folder(folder)
    try:
        splits = splits_in(folder) or {"train": folder}
        return _of_splits(folder, splits, written)
    except PermissionError as error:
        raise DataError(f"{error.filename or folder} may not be read: permission denied") from None


def of_any_folder(folder: Path) -> Found:
    """All images below a folder, by given splits, for a network that learns no labels. Raises `DataError`."""
    _check_folder(folder)
    samples: list[Sample] = []
    others: list[str] = []
    faults = Faults(str(folder))
    try:
        for split, below in (splits_in(folder, flat=True) or {"train": folder}).items():
            for name in folders_in(below):  # in the order in which classes are read
                listing = images_below(below / name)
                place = (below / name).relative_to(folder).as_posix()
                samples += [
                    Sample(f"{place}/{image}", below / name / image, None, "", split) for image in listing.images
                ]
                others += _told(f"{place}/", listing.others, faults)
                for fault, reason in listing.faults:
                    faults.add(f"{place}/{fault}", reason)
            samples += [Sample(image.relative_to(folder).as_posix(), image, None, "", split) for image in _loose(below)]
            place = "" if below == folder else f"{below.name}/"
            beside = sorted(entry.name for entry in below.iterdir() if not entry.is_dir() and not ignored(entry.name))
            others += _told(place, [name for name in beside if not is_image(name)], faults)
    except PermissionError as error:
        raise DataError(f"{error.filename or folder} may not be read: permission denied") from None
    if not any(sample.split == "train" for sample in samples):
        raise DataError(f"{folder} holds no images{_and_unread(folder)}", "give the folder that holds the images")
    return Found(samples, {}, faults, tuple(notes_of(sorted(others))))


def _check_folder(folder: Path) -> None:
    if not is_folder(folder):
        state = "is no folder" if is_there(folder) else "is not there"
        raise DataError(f"{folder} {state}", "give the folder that holds a folder for each class, or a CSV")


def _of_splits(folder: Path, splits: Mapping[str, Path], written: str) -> Found:
    samples: list[Sample] = []
    others: list[str] = []
    faults = Faults(str(folder))
    for split, below in splits.items():
        before = len(samples)
        _check_layout(folder, below, split, written)
        for name in folders_in(below):
            listing = images_below(below / name)
            place = (below / name).relative_to(folder).as_posix()
            samples += [
                Sample(f"{place}/{image}", below / name / image, None, plain(name), split) for image in listing.images
            ]
            unread = len(faults.lines)
            others += _told(f"{place}/", listing.others, faults)
            for fault, reason in listing.faults:
                faults.add(f"{place}/{fault}", reason)
            if not listing.images and split == "train" and len(faults.lines) == unread:
                faults.add(f"{place}/", "holds no images")
        if len(samples) == before:
            _no_images(below, written)
        for image in _loose(below):
            faults.add(image.relative_to(folder).as_posix(), "lies in the folder of no class")
    _check_classes(samples, splits)
    names = {sample.label for sample in samples}
    if len(names) == 1 and (table := _table_in(folder)) is not None:
        (name,) = names
        message = f"all images of {folder} are of one class, `{name}`, and {table} lies beside them"
        at = written.rstrip("/")
        raise DataError(message, f"if it holds their labels, write `path: {at}/{name}` and `labels: {at}/{table}`")
    return Found(samples, {}, faults, tuple(notes_of(sorted(others))))


def _told(place: str, others: Sequence[str], faults: Faults) -> Iterator[str]:
    """What lies among images and is none; images of a kind that is not read go to `faults`."""
    for other in others:
        reason = unread(other)
        if reason is None:
            yield place + other
        else:
            faults.add(place + other, f"is {reason}")


def unread(name: str) -> str | None:
    """What kind of image that is not read a file is, by its ending, and what to do; None for all others."""
    kind = _UNREAD.get(_ending(name))
    return None if kind is None else f"{kind}, {_CONVERTED}"


def _ending(name: str) -> str:
    return os.path.splitext(name)[1].lower()  # noqa: PTH122 - names, by the hundred thousand


def _check_layout(folder: Path, below: Path, split: str, written: str) -> None:
    """Raises `DataError` where the classes lie deeper, or a split to judge by has none."""
    loose, names = sum(1 for _ in _loose(below)), folders_in(below)
    if loose and split != "train" and not any(images_below(below / name).images for name in names):
        message = f"{below} holds {_images(loose)}, but no folders of classes, and `train` has such"
        help = (
            "give them folders of classes as in `train`; images without labels cannot be tested with: move the folder "
            "away, and give it to `cnnspec predict`"
        )
        raise DataError(message, help)
    if loose or len(names) != 1:
        return
    inner = below / names[0]
    while len(deeper := folders_in(inner)) == 1 and not any(_loose(inner)):
        inner = inner / deeper[0]
    if len(deeper) > 1 and not any(_loose(inner)) and images_below(inner).images:
        way = inner.relative_to(folder).as_posix()
        few = ", ".join(f"`{name}`" for name in deeper[:_SHOWN]) + ", …" * (len(deeper) > _SHOWN)
        message = f"{below} holds a single folder, `{names[0]}`, and {inner} holds the folders {few}"
        up = "move the folders of the classes up, so that each lies in the folder of its split"
        help = f"write `path: {written.rstrip('/')}/{way}`" if below == folder else up
        raise DataError(message, help)


def _check_classes(samples: Sequence[Sample], splits: Mapping[str, Path]) -> None:
    """Raises `DataError` where a split has no class that is trained on."""
    found: dict[str, Counter[str]] = {split: Counter() for split in splits}
    for sample in samples:
        found[sample.split][sample.label] += 1
    trained = found["train"]
    for split, counted in found.items():
        if not counted.keys() & trained.keys():
            listed = [", ".join(f"`{name}`" for name in list(one)[:_SHOWN]) for one in (counted, trained)]
            message = f"no class of {splits[split]} ({listed[0]}) is one of {splits['train']} ({listed[1]})"
            help = "give both the same folders of classes; images without labels are for `cnnspec predict`"
            raise DataError(message, help)


def _images(count: int) -> str:
    return f"{count:,} image{'s' * (count != 1)}"


def _loose(folder: Path) -> Iterator[Path]:
    """Images that lie in `folder` itself."""
    for entry in sorted(folder.iterdir()):
        if is_image(entry.name) and not ignored(entry.name):
            yield entry


def _table_in(folder: Path) -> str | None:
    """The name of a table that lies in a folder, where there is one."""
    found = sorted(entry.name for entry in folder.iterdir() if _ending(entry.name) in (".csv", ".tsv"))
    return found[0] if found and not ignored(found[0]) else None


def _no_images(folder: Path, written: str) -> None:
    loose = sum(1 for _ in _loose(folder))
    if loose:
        table = _table_in(folder)
        where = "labels.csv" if table is None else f"{written.rstrip('/')}/{table}"
        raise DataError(
            f"{folder} holds {_images(loose)}, but no folders of classes",
            f"put the images of each class into a folder of its name, or name a CSV: `labels: {where}`; "
            "an autoencoder (`targets: inputs`) and a GAN need no classes",
        )
    raise DataError(
        f"{folder} holds no images{_and_unread(folder)}",
        "it must hold a folder for each class, with the images of that class",
    )


def _and_unread(folder: Path) -> str:
    """Images of kinds that are not read, which a folder holds instead."""
    counted = Counter(_UNREAD.get(_ending(name), "") for name in images_below(folder).others)
    counted.pop("", None)
    if not counted:
        return ""
    kind, count = counted.most_common(1)[0]
    return f" that are read, but {count:,} of {kind}: convert them to JPEG or PNG (`magick mogrify -format png FILES`)"
