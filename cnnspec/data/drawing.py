"""Pictures of plane shapes on a noisy background: each is a function of a seed, a split and its number alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from math import cos, pi, sin
from typing import TypeAlias

import numpy as np

from cnnspec.data.columns import Array

Distance: TypeAlias = Callable[[Array, Array], Array]

_MOST = 4  # shapes in a picture of several
_TRIES = 8  # places drawn for a shape; it takes the first that is free
_CONTRAST = 80  # the least by which every channel of a shape differs from the ground
_WAVES, _WAVE, _NOISE = 2, 12.0, 24.0
_RADII = {1: (0.16, 0.34), _MOST: (0.12, 0.21)}  # of the shorter side
_LEAST_RADIUS = 3.0
_NUMBERS_AT_ONCE = 1 << 19


@dataclass(frozen=True, slots=True)
class Kind:
    """A shape with its farthest points one from its centre: how far a point is outside it (inside: less than 0), and
    the corners of its hull (none: it is round)."""

    distance: Distance
    corners: Array


def _corners(count: int, radius: float = 1.0, turn: float = 0.0) -> Array:
    angles = turn + 2 * pi * np.arange(count) / count
    return radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)


def _polygon(count: int) -> Distance:
    """The distance from a regular polygon, as the farthest of the half-planes of its sides."""
    normals = [(2 * side + 1) * pi / count for side in range(count)]
    return lambda u, v: np.max([u * cos(a) + v * sin(a) for a in normals], axis=0) - cos(pi / count)


def _cross(u: Array, v: Array) -> Array:
    long, narrow = 0.95, 0.31  # a corner is 1 from the centre
    u, v = np.abs(u), np.abs(v)
    return np.minimum(np.maximum(u - long, v - narrow), np.maximum(u - narrow, v - long))


def _star(u: Array, v: Array) -> Array:
    """Five points: by its symmetry a single side, from a tip (1, 0) to the dent beside it."""
    sector = 2 * pi / 5
    radius, angle = np.hypot(u, v), np.arctan2(v, u)
    angle = np.abs(angle - sector * np.round(angle / sector))
    dent = 0.42
    x, y = dent * cos(pi / 5), dent * sin(pi / 5)
    length = float(np.hypot(x - 1, y))
    return ((radius * np.cos(angle) - 1) * y - radius * np.sin(angle) * (x - 1)) / length


_CROSS_CORNERS = np.array([(a * x, b * y) for x, y in ((0.95, 0.31), (0.31, 0.95)) for a in (-1, 1) for b in (-1, 1)])

KINDS: Mapping[str, Kind] = {
    "circle": Kind(lambda u, v: np.hypot(u, v) - 1, np.empty((0, 2))),
    "square": Kind(_polygon(4), _corners(4)),
    "triangle": Kind(_polygon(3), _corners(3)),
    "cross": Kind(_cross, _CROSS_CORNERS),
    "star": Kind(_star, _corners(5)),
}


@dataclass(frozen=True, slots=True)
class Scenes:
    """What N pictures show: arrays with a row each, and within it one value for each of S shapes (drawn or not)."""

    present: Array
    kind: Array
    x: Array
    y: Array
    radius: Array
    angle: Array
    colour: Array
    ground: Array
    waves: Array

    def __len__(self) -> int:
        return len(self.kind)

    def __getitem__(self, index: slice) -> Scenes:
        return Scenes(*(getattr(self, field.name)[index] for field in fields(self)))


@dataclass(frozen=True, slots=True)
class Pictures:
    """How pictures are drawn: of what size, what may be in them, one shape or several, and from which seed."""

    size: tuple[int, int]
    channels: int
    kinds: tuple[str, ...]
    several: bool
    seed: int
    split: int

    def images(self, indices: Array) -> Array:
        """Pictures by their numbers: N×H×W×C, uint8."""
        result = np.empty((len(indices), *self.size, self.channels), np.uint8)
        for part, scenes in self._parts(indices):
            ground = self._ground(scenes, indices[part])
            for shape, outside in self._outside(scenes):
                cover = np.clip(0.5 - outside, 0, 1)[..., np.newaxis]
                ground += cover * (scenes.colour[:, shape, np.newaxis, np.newaxis] - ground)
            ground += self._noise(indices[part])
            result[part] = np.clip(np.rint(ground), 0, 255)
        return result

    def masks(self, indices: Array) -> Array:
        """The class of each pixel by its centre, N×H×W: 0 on the background, else the number of the kind from 1."""
        result = np.zeros((len(indices), *self.size), np.uint8)
        for part, scenes in self._parts(indices):
            for shape, outside in self._outside(scenes):
                kind = (scenes.kind[:, shape] + 1).astype(np.uint8)[:, np.newaxis, np.newaxis]
                result[part] = np.where(outside < 0, kind, result[part])
        return result

    def classes(self, indices: Array) -> Array:
        """The kind of the first shape."""
        kinds: Array = self._scenes(indices).kind[:, 0].astype(np.int32)
        return kinds

    def boxes(self, indices: Array) -> Array:
        """The first shape's left, top, right and bottom, N×4, as shares of width and height."""
        scenes = self._scenes(indices)
        reach = np.empty((len(indices), 4))
        for number, name in enumerate(self.kinds):
            rows = scenes.kind[:, 0] == number
            reach[rows] = _reach(KINDS[name].corners, scenes.angle[rows, 0])
        centre = np.stack([scenes.x[:, 0], scenes.y[:, 0]] * 2, axis=1)
        height, width = self.size
        corners = centre + reach * scenes.radius[:, :1]
        shares: Array = (corners / np.array([width, height] * 2)).astype(np.float32)
        return shares

    def _parts(self, indices: Array) -> list[tuple[slice, Scenes]]:
        step = max(1, _NUMBERS_AT_ONCE // (self.size[0] * self.size[1] * self.channels))
        scenes = self._scenes(indices)
        parts = [slice(start, start + step) for start in range(0, len(indices), step)]
        return [(part, scenes[part]) for part in parts]

    def _generator(self, index: int, stream: int) -> np.random.Generator:
        return np.random.default_rng((self.seed, self.split, int(index), stream))

    def _scenes(self, indices: Array) -> Scenes:
        """What the pictures show. Every picture draws as many numbers, in this order."""
        shapes, channels = _MOST if self.several else 1, self.channels
        height, width = self.size
        each = 3 + 2 * _TRIES + channels
        drawn = np.array([self._generator(i, 0).random(1 + shapes * each + channels + 3 * _WAVES) for i in indices])
        drawn = drawn.reshape(len(indices), -1)
        count = 1 + np.floor(drawn[:, 0] * shapes)
        own = drawn[:, 1 : 1 + shapes * each].reshape(-1, shapes, each)
        rest = drawn[:, 1 + shapes * each :]
        low, high = _RADII[shapes]
        radius = np.maximum((low + (high - low) * own[..., 0]) * min(height, width), _LEAST_RADIUS)
        room = np.stack([width - 2 * radius, height - 2 * radius], axis=-1)[:, :, np.newaxis]
        tries = own[..., 3 : 3 + 2 * _TRIES].reshape(-1, shapes, _TRIES, 2) * room + radius[..., np.newaxis, np.newaxis]
        present, place = _placed(tries, radius, np.arange(shapes) < count[:, np.newaxis])
        ground = 255 * rest[:, :channels]
        apart = _CONTRAST + (256 - 2 * _CONTRAST) * own[..., 3 + 2 * _TRIES :]
        return Scenes(
            present=present,
            kind=np.floor(own[..., 1] * len(self.kinds)).astype(np.int64),
            x=place[..., 0],
            y=place[..., 1],
            radius=radius,
            angle=2 * pi * own[..., 2],
            colour=((ground[:, np.newaxis] + apart) % 256).astype(np.float32),
            ground=ground.astype(np.float32),
            waves=rest[:, channels:].reshape(-1, _WAVES, 3),
        )

    def _outside(self, scenes: Scenes) -> list[tuple[int, Array]]:
        """For each shape in turn, how many pixels each pixel's centre is outside it."""
        height, width = self.size
        rows, columns = (np.arange(size, dtype=np.float32) + 0.5 for size in (height, width))
        found = []
        for shape in range(scenes.kind.shape[1]):
            outside = np.full((len(scenes), height, width), np.inf, np.float32)
            for number, name in enumerate(self.kinds):
                chosen = np.flatnonzero(scenes.present[:, shape] & (scenes.kind[:, shape] == number))
                x, y, radius, angle = (
                    values[chosen, shape, np.newaxis, np.newaxis].astype(np.float32)
                    for values in (scenes.x, scenes.y, scenes.radius, scenes.angle)
                )
                right, down = (columns - x) / radius, (rows[:, np.newaxis] - y) / radius
                u, v = right * np.cos(angle) + down * np.sin(angle), down * np.cos(angle) - right * np.sin(angle)
                outside[chosen] = KINDS[name].distance(u, v) * radius
            found.append((shape, outside))
        return found

    def _ground(self, scenes: Scenes, indices: Array) -> Array:
        """A colour with waves of light across it."""
        height, width = self.size
        rows, columns = (np.arange(size, dtype=np.float32) / min(self.size) for size in (height, width))
        light = np.zeros((len(scenes), height, width), np.float32)
        for direction, frequency, phase in np.moveaxis(scenes.waves, (1, 2), (0, 1)).astype(np.float32):
            turns = (1 + 4 * frequency) * np.array([np.cos(2 * pi * direction), np.sin(2 * pi * direction)])
            across = turns[0][:, np.newaxis] * columns
            along = turns[1][:, np.newaxis] * rows + phase[:, np.newaxis]
            light += _WAVE * np.sin(2 * pi * (along[..., np.newaxis] + across[:, np.newaxis])).astype(np.float32)
        return scenes.ground[:, np.newaxis, np.newaxis] + light[..., np.newaxis]

    def _noise(self, indices: Array) -> Array:
        shape = (*self.size, self.channels)
        drawn = [self._generator(index, 1).integers(0, 256, shape, np.uint8) for index in indices]
        return (np.stack(drawn).astype(np.float32) / 255 - 0.5) * (2 * _NOISE)


def _placed(tries: Array, radius: Array, wanted: Array) -> tuple[Array, Array]:
    """Which shapes are drawn, and where: each at the first place that keeps it clear of those before it."""
    count = tries.shape[1]
    present, place = wanted.copy(), tries[:, :, 0].copy()
    for shape in range(1, count):
        gaps = [
            np.linalg.norm(tries[:, shape] - place[:, before, np.newaxis], axis=-1)
            - (radius[:, shape] + radius[:, before])[:, np.newaxis]
            + np.where(present[:, before], 0, np.inf)[:, np.newaxis]
            for before in range(shape)
        ]
        free = np.min(gaps, axis=0) > 1
        present[:, shape] &= free.any(axis=1)
        place[:, shape] = np.take_along_axis(tries[:, shape], free.argmax(axis=1)[:, None, None], axis=1)[:, 0]
    return present, place


def _reach(corners: Array, angle: Array) -> Array:
    """How far a shape of radius 1 reaches left, up, right and down of its centre when it is turned by `angle`."""
    if not len(corners):
        return np.tile([-1.0, -1.0, 1.0, 1.0], (len(angle), 1))
    across = corners[:, 0] * np.cos(angle)[:, np.newaxis] - corners[:, 1] * np.sin(angle)[:, np.newaxis]
    down = corners[:, 0] * np.sin(angle)[:, np.newaxis] + corners[:, 1] * np.cos(angle)[:, np.newaxis]
    return np.stack([across.min(axis=1), down.min(axis=1), across.max(axis=1), down.max(axis=1)], axis=1)
