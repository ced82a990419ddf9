"""Folders of images and of the images that a network shall make of them, paired by name, as a data set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cnnspec.data.errors import DataError
from cnnspec.data.images.checking import Faults, checked, tried
from cnnspec.data.images.column import holds, size
from cnnspec.data.images.fitting import Form
from cnnspec.data.images.opening import Header, header
from cnnspec.data.images.pairing import Naming, Pairs, paired
from cnnspec.data.images.readers import ImageReader, TargetReader
from cnnspec.data.images.turning import turns, turns_notes
from cnnspec.data.scale import Scale
from cnnspec.data.splits import ALL, Dataset, Split
from cnnspec.layers.base import Shape


@dataclass(frozen=True, slots=True)
class Wanted:
    """What targets are brought into: `given` is the shape that the network gives (sides that it leaves open are None),
    `size` and `channels` what the spec says, `range` what black and white become, `scale` what they are in files."""

    given: Shape
    size: tuple[int, int] | None
    channels: int | None
    range: tuple[float, float]
    scale: Scale


@dataclass(frozen=True, slots=True)
class Ratio:
    """How many times as high and as wide targets are as their inputs, and who says so."""

    height: float
    width: float
    source: str

    def fits(self, input: tuple[int, int], target: tuple[int, int]) -> bool:
        """Whether a target of this width and height is that of an input, but for less than one pixel of the input."""
        ratios = (self.width, self.height)
        return all(
            abs(there - here * ratio) < max(ratio, 1) for here, there, ratio in zip(input, target, ratios, strict=True)
        )

    def __str__(self) -> str:
        if self.height == self.width:
            return f"{self.height:.4g} times"
        return f"{self.height:.4g} times as high and {self.width:.4g} times as wide"


def read_image_pairs(
    inputs: Path, targets: Path, reader: ImageReader, wanted: Wanted, skip: bool, naming: Naming
) -> Dataset:
    """The images in one folder with their targets in another. Raises `DataError`; with `skip`, goes on without pairs
    of which one file is bad."""
    faults = Faults(f"{inputs} and {targets}")
    pairs, notes = paired(inputs, targets, naming, faults)
    total = len(pairs.images) + len(faults.lines)
    whole = checked(pairs.images, reader, faults)
    seen = tried(lambda number: header(pairs.others[number].path), pairs.others, range(len(pairs.others)), faults)
    headers = {int(number): found for number, found in zip(whole.numbers, whole.headers, strict=True)}
    both = [number for number in headers if number in seen]
    if not both:
        faults.told(skip=False, total=total)
    turned = turns(headers, seen, pairs.others)
    sizes = {number: _as_seen(seen[number], pairs.others[number].path, turned.by_path) for number in both}
    form, ratio = _form({number: (headers[number].size, sizes[number]) for number in both}, reader.form, wanted, pairs)
    good = _sound(pairs, both, headers, sizes, ratio, faults)
    target_reader = TargetReader(form, wanted.range, turned.by_path)
    target_items = checked(pairs.others, target_reader, faults, good)
    kept_all = [int(number) for number in target_items.numbers]
    left_out = faults.told(skip, total)
    held = holds(size(len(kept_all), whole.reader) + size(len(kept_all), target_reader))

    def part(split: str) -> Split | None:
        kept = np.array([number for number in kept_all if pairs.splits[number] == split], np.int64)
        if not len(kept):
            return None
        x = whole.column(pairs.images, kept, held)
        return Split({ALL: x}, {ALL: target_items.column(pairs.others, kept, held)})

    train, validation, test = map(part, ("train", "validation", "test"))
    if train is None:
        raise DataError(f"{inputs}: no image with a target is left to train on")
    low, high = wanted.range
    scaled = f"targets are {form.height}×{form.width}×{form.channels}; black is {low:g} in them, white {high:g}"
    depths = (f"targets: {note}" for note in target_items.notes)
    told = (*left_out, *whole.notes, scaled, *depths, *turns_notes(turned, "target"), *notes)
    return Dataset(train, test, {ALL: None}, validation, None, told, {ALL: "value_maps"})


def _as_seen(found: Header, path: Path, turned: Mapping[Path, int]) -> tuple[int, int]:
    return found.size[::-1] if turned.get(path, 1) >= 5 else found.size


def _form(
    sizes: Mapping[int, tuple[tuple[int, int], tuple[int, int]]], entering: Form, wanted: Wanted, pairs: Pairs
) -> tuple[Form, Ratio | None]:
    """The form of targets; and how many times the size of their inputs they have, where the spec does not say their
    size. Raises `DataError` where the files contradict the network."""
    height, width, channels = wanted.given if len(wanted.given) == 3 else (None, None, None)
    channels = wanted.channels or (channels if channels in (1, 3, 4) else entering.channels)
    if wanted.size is not None:
        return Form(*wanted.size, channels, entering.resize, wanted.scale), None
    usual = _usual(sizes)
    if height is None or width is None:
        form = Form(round(entering.height * usual.height), round(entering.width * usual.width), channels,
                    entering.resize, wanted.scale)  # fmt: skip
        return form, usual
    ratio = Ratio(height / entering.height, width / entering.width, "the network gives")
    if not any(ratio.fits(*each) for each in sizes.values()):
        number, (own, theirs) = next(iter(sizes.items()))
        example = f"{_size(theirs)} for {_size(own)}, {pairs.others[number]}"
        gives = f"{height}×{width} for {entering.height}×{entering.width}"
        raise DataError(
            f"targets have {usual} the size of their inputs ({example}), the network gives {ratio} that ({gives})",
            f"let the network give {usual} the size, or write `target_size: [{height}, {width}]` to resize the targets",
        )
    return Form(height, width, channels, entering.resize, wanted.scale), ratio


def _usual(sizes: Mapping[int, tuple[tuple[int, int], tuple[int, int]]]) -> Ratio:
    """The ratio that most pairs have."""

    def near(here: int, there: int) -> float:
        return float(round(there / here)) if there >= here else 1 / round(here / there)

    found = Counter((near(own[1], theirs[1]), near(own[0], theirs[0])) for own, theirs in sizes.values())
    (height, width), _ = found.most_common(1)[0]
    return Ratio(height, width, "most targets have")


def _sound(
    pairs: Pairs, both: list[int], headers: Mapping[int, Header], sizes: Mapping[int, tuple[int, int]],
    ratio: Ratio | None, faults: Faults,
) -> list[int]:  # fmt: skip
    good = []
    for number in both:
        own, theirs = headers[number].size, sizes[number]
        if ratio is None or ratio.fits(own, theirs):
            good.append(number)
        else:
            faults.add(
                pairs.others[number],
                f"is {_size(theirs)} pixels, its image {_size(own)}, and {ratio.source} {ratio} the size",
            )
    return good


def _size(size: tuple[int, int]) -> str:
    return f"{size[0]:,}×{size[1]:,}"
