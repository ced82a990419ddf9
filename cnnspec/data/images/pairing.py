"""Files of two folders that belong together: by one name, or by names of two patterns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from cnnspec.data.errors import DataError
from cnnspec.data.images.checking import Faults, Named, listed
from cnnspec.data.images.class_folders import unread
from cnnspec.data.images.listing import SPLITS, distinct, folders_in, images_below, is_image, notes_of
from cnnspec.data.names import STEM
from cnnspec.language.paths import is_folder, is_there

_TRIED = 20


@dataclass(frozen=True, slots=True)
class Naming:
    """How the files of a pair are named: `{stem}` stands for what both share; and what messages call the second
    (`mask`), and the arguments."""

    image: str = STEM
    other: str = STEM
    what: str = "mask"
    image_option: str = "image_name"
    option: str = "mask_name"


@dataclass(frozen=True, slots=True)
class Pairs:
    """Images and what belongs to each (masks, targets), by the same numbers, with the split of each."""

    images: list[Named]
    others: list[Named]
    splits: list[str]


@dataclass(frozen=True, slots=True)
class _Files:
    """Files by what their names share, what is no image, and images that are named otherwise."""

    files: Mapping[str, Path]
    rest: list[str]
    otherwise: list[str]


def paired(images: Path, others: Path, naming: Naming, faults: Faults) -> tuple[Pairs, tuple[str, ...]]:
    """The pairs in two folders (or one), with notes. Raises `DataError` where there is none; files that lack their
    other half go to `faults`."""
    folders, theirs = _splits(images), _splits(others)
    if folders.keys() != theirs.keys():
        one, other = (images, others) if len(folders) > len(theirs) else (others, images)
        lacking = min(split for split in folders.keys() ^ theirs.keys() if split)
        raise DataError(f"{one} has a folder for `{lacking}`, {other} has none", "give both the same splits")
    pairs, rest, otherwise = Pairs([], [], []), [], []
    unpaired: list[str] = []
    for split, folder in folders.items():
        seen, hidden = _both(folder, theirs[split], naming, faults)
        rest += [*seen.rest, *hidden.rest]
        otherwise += [*seen.otherwise, *hidden.otherwise]
        for shared in sorted(seen.files.keys() | hidden.files.keys()):
            if shared in seen.files and shared in hidden.files:
                pairs.images.append(Named(str(seen.files[shared]), seen.files[shared]))
                pairs.others.append(Named(str(hidden.files[shared]), hidden.files[shared]))
                pairs.splits.append(split or "train")
            elif shared in seen.files:
                unpaired.append(f"{seen.files[shared]} has no {naming.what}{_wanted(shared, naming.other)}")
            else:
                unpaired.append(f"{hidden.files[shared]} has no image{_wanted(shared, naming.image)}")
    unread_files, rest = _unread(rest)
    unpaired = [*unread_files, *(line for line in unpaired if not _explained(line, unread_files))]
    if not pairs.images:
        raise _none(images, others, naming, folders, theirs, unpaired)
    faults.lines += unpaired
    notes = list(notes_of(sorted(rest)))
    if otherwise:
        shown = ", ".join(sorted(otherwise)[:5]) + ", …" * (len(otherwise) > 5)
        many = f"{len(otherwise):,} image{'s' * (len(otherwise) != 1)}"
        notes.append(f"{many} named otherwise than `{naming.image}` or `{naming.other}` left out: {shown}")
    return pairs, tuple(notes)


def _wanted(shared: str, pattern: str) -> str:
    """The name that is looked for, where a pattern says it."""
    return "" if pattern == STEM else f" {_with(shared, pattern)}"


def _with(shared: str, pattern: str) -> str:
    place = PurePosixPath(shared)
    return str(place.parent / pattern.replace(STEM, place.name))


def _unread(rest: Iterable[str]) -> tuple[list[str], list[str]]:
    """Of files without the ending of an image, those that are images all the same, with why they are not read."""
    found: list[str] = []
    others: list[str] = []
    for name in rest:
        reason = unread(name)
        (others if reason is None else found).append(name if reason is None else f"{name} is {reason}")
    return found, others


def _explained(line: str, unread_files: Iterable[str]) -> bool:
    """Whether a file lacks its other half only because that is of a format that is not read."""
    name = PurePosixPath(line.split(" has no ")[0]).stem
    return any(PurePosixPath(each.split(" is ")[0]).stem == name for each in unread_files)


def _both(folder: Path, other: Path, naming: Naming, faults: Faults) -> tuple[_Files, _Files]:
    """The files of both halves; they may lie in one folder, or one folder in the other."""
    if _same(folder, other):
        if naming.image == naming.other:
            help = _help(_suggested_within(_names(folder)), naming)
            raise DataError(f"{folder} is given for images and for {naming.what}s, which have names of one kind", help)
        return _of_one(folder, naming, faults)
    within = _below(folder, other)
    without = _below(other, folder)
    return _files(folder, naming.image, faults, within), _files(other, naming.other, faults, without)


def _of_one(folder: Path, naming: Naming, faults: Faults) -> tuple[_Files, _Files]:
    """Both halves in one folder: what is named as the second, and has a first, is one; the rest are images."""
    masks = _files(folder, naming.other, Faults(""), "")
    taken = {str(path) for path in masks.files.values()}
    if naming.image != STEM:
        images = _files(folder, naming.image, faults, "")
        otherwise = [name for name in images.otherwise if name not in taken]
        return _Files(images.files, images.rest, otherwise), _Files(masks.files, [], [])
    images = _files(folder, STEM, Faults(""), "", leave=taken)
    return _Files(images.files, images.rest, []), _Files(masks.files, [], [])


def _same(one: Path, other: Path) -> bool:
    return one.resolve() == other.resolve()


def _below(folder: Path, other: Path) -> str:
    """The path of `other` inside `folder`; empty where it lies elsewhere."""
    try:
        return other.resolve().relative_to(folder.resolve()).as_posix() + "/"
    except ValueError:
        return ""


def _files(folder: Path, pattern: str, faults: Faults, leave_out: str, leave: Iterable[str] = ()) -> _Files:
    listing = images_below(folder)
    for name, reason in listing.faults:
        faults.add(folder / name, reason)
    left = frozenset(leave)
    files: dict[str, Path] = {}
    otherwise: list[str] = []
    for name in listing.images:
        if (leave_out and name.startswith(leave_out)) or str(folder / name) in left:
            continue
        shared = _shared(name, pattern)
        if shared is None:
            otherwise.append(str(folder / name))
        elif shared in files:
            faults.add(folder / name, f"has the name of {files[shared].name}, but for the ending")
        else:
            files[shared] = folder / name
    rest = [str(folder / name) for name in listing.others if not (leave_out and name.startswith(leave_out))]
    return _Files(files, rest, otherwise)


def _shared(name: str, pattern: str) -> str | None:
    """What stands for `{stem}` in a name, behind its folder; None where it does not fit the pattern."""
    place = PurePosixPath(name)
    before, after = pattern.split(STEM)
    own = place.name if is_image(pattern) else place.stem
    if not own.startswith(before) or not own.endswith(after) or len(own) <= len(before) + len(after):
        return None
    return str(place.parent / own[len(before) : len(own) - len(after)])


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


def _none(
    images: Path,
    others: Path,
    naming: Naming,
    folders: Mapping[str, Path],
    theirs: Mapping[str, Path],
    unpaired: list[str],
) -> DataError:
    """The error that nothing goes together, with the pattern that would make it."""
    seen = [name for folder in folders.values() for name in _names(folder)]
    hidden = [name for folder in theirs.values() for name in _names(folder)]
    if not seen or not hidden:
        unread_files = [line for line in unpaired if " has no " not in line]
        message = f"{others if seen else images} holds no images"
        help = f"give the folder of the {naming.what}s" if seen else "give the folder of the images"
        return DataError(listed(message, unread_files), help)
    message = f"no image in {images} has a {naming.what} of its name in {others}"
    if naming.other != STEM:
        message = f"no image in {images} has a {naming.what} named `{naming.other}` in {others}"
    return DataError(listed(message, unpaired), _help(_suggested(seen, hidden), naming))


def _names(folder: Path) -> list[str]:
    return images_below(folder).images


def _help(found: tuple[str, str] | None, naming: Naming) -> str:
    if found is None:
        return (
            f"name each {naming.what} as its image, but for the ending; or say how they are named: "
            f'`{naming.option}: "{STEM}_{naming.what}"`'
        )
    image, other = found
    first = f'`{naming.image_option}: "{image}"` and ' if image != STEM else ""
    return f'write {first}`{naming.option}: "{other}"`'


def _suggested(images: list[str], others: list[str]) -> tuple[str, str] | None:
    """The patterns of both names by which every image has its other half; None where there are none so simple."""
    own = [PurePosixPath(name) for name in images]
    theirs = {(str(path.parent), path.stem) for path in map(PurePosixPath, others)}
    places = [(str(path.parent), path.stem) for path in own]
    if (other := _around(places, theirs)) is not None:
        return STEM, other
    before, after = _common([stem for _, stem in places])
    if not before and not after:
        return None
    cores = [(parent, stem[len(before) : len(stem) - len(after)]) for parent, stem in places]
    if not all(core for _, core in cores):
        return None
    other = _around(cores, theirs)
    return None if other is None else (f"{before}{STEM}{after}", other)


def _around(places: list[tuple[str, str]], theirs: set[tuple[str, str]]) -> str | None:
    """A beginning and an end that make all names of `places` ones of `theirs`."""
    parent, stem = min(places, key=lambda place: (-len(place[1]), place))
    for folder, name in sorted(theirs):
        for at in _places_of(stem, name) if folder == parent else ():
            before, after = name[:at], name[at + len(stem) :]
            if all((place, before + own + after) in theirs for place, own in places):
                return f"{before}{STEM}{after}"
    return None


def _places_of(part: str, whole: str) -> Iterator[int]:
    at = whole.find(part)
    while at >= 0:
        yield at
        at = whole.find(part, at + 1)


def _common(stems: list[str]) -> tuple[str, str]:
    """What all stems begin and end with, up to the last sign that is neither a letter nor a digit, or is the first
    digit: `left_0001`, `left_0002` → `left_`."""
    before = stems[0]
    after = stems[0]
    for stem in stems:
        while not stem.startswith(before):
            before = before[:-1]
        while after and not stem.endswith(after):
            after = after[1:]
    before = before.rstrip("0123456789")
    after = after.lstrip("0123456789")
    if len(before) + len(after) >= min(map(len, stems)):
        return "", ""
    return before, after


def _suggested_within(names: list[str]) -> tuple[str, str] | None:
    """The pattern by which one half of the names in a folder belongs to the other half."""
    paths = [PurePosixPath(name) for name in names]
    twice = Counter((path.parent, path.stem) for path in paths)
    endings = Counter(path.suffix for path in paths)
    if len(endings) == 2 and set(twice.values()) == {2} and len(set(endings.values())) == 1:
        lossless = next((each for each in sorted(endings) if each.lower() in (".png", ".gif", ".bmp")), None)
        return None if lossless is None else (STEM, f"{STEM}{lossless}")
    stems = {(str(path.parent), path.stem) for path in paths}
    for parent, stem in sorted(stems, key=lambda place: (len(place[1]), place))[:_TRIED]:
        for folder, name in sorted(stems):
            if folder != parent or name == stem:
                continue
            for at in _places_of(stem, name):
                before, after = name[:at], name[at + len(stem) :]
                halves = [(place, own) for place, own in stems if (place, before + own + after) in stems]
                if 2 * len(halves) == len(stems):
                    return STEM, f"{before}{STEM}{after}"
    return None
