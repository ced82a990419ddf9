"""Checkpoints and models with flipped bits, cut, or with other bytes in them: each must be found out."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np

from cnnspec.training import checkpoints
from cnnspec.training.checkpoints import State
from cnnspec.training.folder_files import Folder
from cnnspec.training.saving import Position
from cnnspec.training.sealing import whole as is_whole
from cnnspec.training.state import generators


def _flipped(content: bytes, draw: random.Random) -> bytes:
    at = draw.randrange(len(content))
    return content[:at] + bytes([content[at] ^ 1 << draw.randrange(8)]) + content[at + 1 :]


def _cut(content: bytes, draw: random.Random) -> bytes:
    return content[: draw.randrange(len(content))]


def _without_its_end(content: bytes, draw: random.Random) -> bytes:
    return content[: len(content) - draw.randint(1, 200)]


def _emptied_in_part(content: bytes, draw: random.Random) -> bytes:
    """A block that the disk never got."""
    at = draw.randrange(0, len(content), 4096)
    block = content[at : at + 4096]
    return content[:at] + bytes(len(block)) + content[at + 4096 :] if any(block) else _flipped(content, draw)


def _longer(content: bytes, draw: random.Random) -> bytes:
    return content + draw.randbytes(draw.randint(1, 100))


def _swapped(content: bytes, draw: random.Random) -> bytes:
    one, other = draw.sample(range(0, len(content) - 512, 512), 2)
    out = bytearray(content)
    out[one : one + 512], out[other : other + 512] = content[other : other + 512], content[one : one + 512]
    return bytes(out) if bytes(out) != content else _flipped(content, draw)


DAMAGES: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    _flipped, _flipped, _flipped, _cut, _without_its_end, _emptied_in_part, _longer, _swapped,
)  # fmt: skip


def flips(folder: Path, count: int, seed: int = 1) -> tuple[Counter[str], list[str]]:
    """Damage the newest of two checkpoints, and a sealed model, `count` times each; what passed for whole."""
    draw, counts, wrong = random.Random(seed), Counter[str](), list[str]()
    folder.mkdir(parents=True, exist_ok=True)
    place = Folder.at(folder)
    for step in (40, 80):
        checkpoints.save(place, step, _state(step), keep=2)
    newest = folder / "checkpoints" / "000000080.npz"
    whole = newest.read_bytes()
    for number in range(count):
        damage = DAMAGES[number % len(DAMAGES)]
        newest.write_bytes(damage(whole, draw))
        said: list[str] = []
        found = checkpoints.newest(place, said.append)
        counts[damage.__name__.strip("_").replace("_", " ")] += 1
        with place.below("checkpoints").file(newest.name).opened() as stream:
            passed = is_whole(stream)
        if passed or found is None or found[0].name != "000000040.npz" or len(said) != 1:
            wrong.append(f"{damage.__name__} number {number}")
        elif not all(np.array_equal(array, found[1].arrays[name]) for name, array in _state(40).arrays.items()):
            wrong.append(f"{damage.__name__} number {number}: the one before is not what it was")
    newest.write_bytes(whole)
    assert checkpoints.newest(place, said.append)[0] == newest  # type: ignore[index]
    return counts, wrong


def _state(step: int) -> State:
    draw = np.random.default_rng(step)
    arrays = {f"model/{index:05}": draw.normal(size=(3, 3, 8, 4)).astype(np.float32) for index in range(6)}
    arrays["optimizer/00000"] = np.array(step, np.int64)
    facts = {
        "data": {}, "seed": 1, "environment": {}, "spec": "", "epochs": 1, "position": asdict(Position(steps=step)),
        "generators": generators(), "callbacks": [{"best": 0.5}] * 4,
    }  # fmt: skip
    return State(arrays, facts)
