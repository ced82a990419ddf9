"""Images that EXIF data turns, and masks or targets that have none: turned alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cnnspec.data.images.checking import Named
from cnnspec.data.images.opening import Header


@dataclass(frozen=True, slots=True)
class Turned:
    """How files without EXIF data are turned, as their images are; and the names of those that are as upright as their
    images already, by their sizes."""

    by_path: Mapping[Path, int]
    upright: Sequence[str] = ()


def turns(images: Mapping[int, Header], others: Mapping[int, Header], files: Sequence[Named]) -> Turned:
    """How the files of `others` are turned with their images.

    A file that lacks the EXIF data of its image was made of the pixels as they are stored, and is turned alike, unless
    it is high where these are wide: then it was made of the image as it is seen.
    """
    found: dict[Path, int] = {}
    upright = []
    for number, own in others.items():
        image = images.get(number)
        if image is None or image.orientation == 1 or own.orientation != 1:
            continue
        seen_wide, own_wide = image.size[0] - image.size[1], own.size[0] - own.size[1]
        if image.orientation >= 5 and seen_wide * own_wide > 0:
            upright.append(files[number].name)
        else:
            found[files[number].path] = image.orientation
    return Turned(found, upright)


def turns_notes(turned: Turned, what: str) -> Iterator[str]:
    """What was turned, and why."""
    if turned.by_path:
        yield _told(
            [str(path) for path in turned.by_path],
            what,
            f"turned with {'their images, whose' if len(turned.by_path) > 1 else 'its image, whose'} EXIF data",
            "lack" if len(turned.by_path) > 1 else "lacks",
        )
    if turned.upright:
        many = len(turned.upright) > 1
        yield (
            f"{len(turned.upright):,} image{'s are' if many else ' is'} turned by EXIF data, and "
            f"{'their' if many else 'its'} {what}{'s are' if many else ' is'} upright already, by "
            f"{'their sizes' if many else 'its size'}: {_few(turned.upright)}"
        )


def _told(names: Sequence[str], what: str, why: str, lack: str) -> str:
    many = len(names) > 1
    start = f"{len(names):,} {what}{'s are' if many else ' is'} {why} {'they' if many else 'it'} {lack}"
    return f"{start}: {_few(names)}"


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + ", …" * (len(names) > 3)
