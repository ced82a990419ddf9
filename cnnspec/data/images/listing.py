"""What a folder holds: images by class and by split, and what there is beside them."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cnnspec.data.errors import DataError
from cnnspec.data.images.opening import ENDINGS

SPLITS = {
    "train": "train", "training": "train",
    "validation": "validation", "valid": "validation", "val": "validation",
    "test": "test", "testing": "test",
}  # fmt: skip
"""What splits are called, in folders and in tables."""

_NOTHING = {"thumbs.db", "desktop.ini", "__macosx"}


@dataclass(frozen=True, slots=True)
class Listed:
    """The images below a folder, by their paths relative to it; what else lies there; and what cannot be listed."""

    images: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    faults: list[tuple[str, str]] = field(default_factory=list)


def natural(name: str) -> tuple[object, ...]:
    """A key that sorts numbers in names as numbers: `2` before `10`, `class_2` before `class_10`."""
    parts = re.split(r"(\d+)", name)
    return tuple((int(part), "") if part.isdecimal() else (0, part) for part in parts), name


def plain(name: str) -> str:
    """A name as it is compared: two ways to encode one accent are one."""
    return unicodedata.normalize("NFC", name)


def images_below(folder: Path) -> Listed:
    """Every image below `folder`, sorted. Links are followed, but not in circles. Hidden files are left out."""
    found = Listed()
    _walk(folder, "", (), found)
    found.images.sort()
    found.others.sort()
    return found


def _walk(folder: Path, prefix: str, above: tuple[tuple[int, int], ...], found: Listed) -> None:
    try:
        status = folder.stat()
        with os.scandir(folder) as listing:
            entries = sorted((entry for entry in listing if not ignored(entry.name)), key=lambda entry: entry.name)
    except OSError as error:
        found.faults.append((prefix.rstrip("/") or str(folder), f"cannot be listed: {(error.strerror or '').lower()}"))
        return
    own = (status.st_dev, status.st_ino)
    if own in above:
        found.faults.append((prefix.rstrip("/"), "is a link to a folder that holds it"))
        return
    for entry in entries:
        name = prefix + entry.name
        if is_image(entry.name):
            found.images.append(name)
        elif entry.is_dir():
            _walk(folder / entry.name, name + "/", (*above, own), found)
        else:
            found.others.append(name)


def is_image(name: str) -> bool:
    """Whether a file is taken for an image, by its ending."""
    return os.path.splitext(name)[1].lower() in ENDINGS  # noqa: PTH122 - names, by the hundred thousand


def ignored(name: str) -> bool:
    """Whether a name is one that the system, or an editor, leaves behind."""
    return name.startswith(".") or name.lower() in _NOTHING


def folders_in(folder: Path) -> list[str]:
    """The names of the folders in `folder`, in natural order; those that are named like an image are none."""
    with os.scandir(folder) as listing:
        names = [entry.name for entry in listing if entry.is_dir() and not ignored(entry.name)]
    return sorted((name for name in names if not is_image(name)), key=natural)


def splits_in(folder: Path, flat: bool = False) -> dict[str, Path]:
    """The folders of given splits; empty where the folders are classes. Raises `DataError` where both would do.

    There are splits where a folder `train` holds further folders and no images itself; with `flat`, for images
    without classes, also where all folders are called like splits.
    """
    names = folders_in(folder)
    given = {name: SPLITS[name.lower()] for name in names if name.lower() in SPLITS}
    training = [name for name, split in given.items() if split == "train"]
    if not training:
        if len(given) > 1 and len(given) == len(names):
            raise DataError(f"{folder} has {_and(names)}, but no folder `train`", "name it so")
        return {}
    if flat and len(given) == len(names):
        return distinct(folder, given, names)
    if any(is_image(entry.name) for entry in (folder / training[0]).iterdir()) or not folders_in(folder / training[0]):
        return {}
    return distinct(folder, given, names)


def distinct(folder: Path, given: dict[str, str], names: Sequence[str]) -> dict[str, Path]:
    """The folder of each split, where `given` says which split is meant by some of `names`. Raises `DataError` where
    two mean one, or others beside them hold images."""
    splits: dict[str, Path] = {}
    for name, split in given.items():
        if split in splits:
            raise DataError(f"{folder} has two folders for one split: `{splits[split].name}` and `{name}`", "keep one")
        splits[split] = folder / name
    others = [name for name in names if name not in given and images_below(folder / name).images]
    if others:
        raise DataError(
            f"{folder} has `{next(iter(given))}`, a split, beside {_and(others)} with images of {_its(others)} own",
            "keep classes and splits in folders of their own",
        )
    return splits


def _its(names: Sequence[str]) -> str:
    return "its" if len(names) == 1 else "their"


def _and(names: Sequence[str]) -> str:
    shown = [f"`{name}`" for name in names[:5]] + ["…"] * (len(names) > 5)
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else shown[0]


def notes_of(others: Sequence[str]) -> Iterator[str]:
    """A note of what lies among the images and is none."""
    if others:
        shown = ", ".join(others[:5]) + ", …" * (len(others) > 5)
        yield f"{len(others):,} file{'s' * (len(others) != 1)} without the ending of an image left out: {shown}"
