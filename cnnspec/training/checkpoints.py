"""Checkpoints: all that a run is at one moment, in one file that is whole or is not taken.

`checkpoints/000001200.npz` is the state after 1,200 steps: arrays as NumPy saves them, and `facts`, JSON as bytes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cnnspec.data.columns import Array
from cnnspec.training.errors import TrainingError
from cnnspec.training.run_folder import writing
from cnnspec.training.sealing import intact, sealed

_FACTS = "facts"
_FORMAT = 1
"""Goes up when what a checkpoint holds is no longer what it was."""
_PLAIN = "biufc"
_NAME = re.compile(r"([0-9]{9,})\.npz")


@dataclass(frozen=True, slots=True)
class State:
    """The arrays of a run (weights, the optimizer's, seeds, metrics), and everything else as JSON has it."""

    arrays: Mapping[str, Array]
    facts: Mapping[str, Any]


def save(folder: Path, step: int, state: State, keep: int) -> Path:
    """Write the state after `step` steps into `folder`, then remove all but the `keep` newest, and those of later
    steps, which this run has not come to. Raises `TrainingError`, and leaves those before as they are, where the disk
    does not take it."""
    path = folder / f"{step:09}.npz"
    members = _members(state)
    size = sum(array.nbytes + _HEADER for array in members.values())
    before = "; the checkpoint before is whole" if _found(folder) else ""
    with writing(path, f"free some room, then go on with --resume{before}", size):
        folder.mkdir(exist_ok=True)
        with sealed(path) as place, place.open("wb") as file:
            np.savez(file, **members)  # type: ignore[arg-type]
    found = _found(folder)
    for other in {*found} - {*found[found.index(path) :][:keep]}:
        other.unlink(missing_ok=True)
    return path


_HEADER = 400
"""Bytes that the file has for each array beside its numbers."""


def newest(folder: Path, say: Callable[[str], None]) -> tuple[Path, State] | None:
    """The newest checkpoint that is whole; None where there is none at all. What is damaged is told with `say`, and
    passed over. Raises `TrainingError` where all are damaged."""
    bad: list[str] = []
    for path in _found(folder):
        try:
            if intact(path):
                state = load(path)
                for problem in bad:
                    say(f"warning: {problem}; {path.name} is taken instead")
                return path, state
            bad.append(f"{path.name} is damaged")
        except OSError as error:
            bad.append(f"{path.name} cannot be read ({(error.strerror or str(error)).lower()})")
    if bad:
        raise TrainingError(
            f"no checkpoint in {folder} is whole: {', '.join(bad)}",
            "start a new run; it may begin with the best weights: `weights: RUN/best.keras`",
        )
    return None


def load(path: Path) -> State:
    """A checkpoint that is known to be whole. Raises `TrainingError` where another version wrote it."""
    with np.load(path, allow_pickle=False) as held:
        facts = json.loads(held[_FACTS].tobytes())
        if facts.pop("format", None) != _FORMAT:
            raise TrainingError(f"{path} is of another version of cnnspec", "go on with that version, or start anew")
        types = facts.pop("types")
        arrays = {name: held[name].view(_type(types[name])) if name in types else held[name] for name in held.files}
    del arrays[_FACTS]
    return State(arrays, facts)


def _members(state: State) -> dict[str, Array]:
    """What the file holds: types that NumPy has no name for (bfloat16) go as bytes."""
    types = {name: array.dtype.name for name, array in state.arrays.items() if array.dtype.kind not in _PLAIN}
    arrays = {
        name: array.view(f"u{array.dtype.itemsize}") if name in types else array for name, array in state.arrays.items()
    }
    text = json.dumps({**state.facts, "types": types, "format": _FORMAT}, ensure_ascii=False)
    return {**arrays, _FACTS: np.frombuffer(text.encode(), np.uint8)}


def _type(name: str) -> Any:
    import ml_dtypes

    return getattr(ml_dtypes, name)


def _found(folder: Path) -> list[Path]:
    """Checkpoints, the newest first."""
    if not folder.is_dir():
        return []
    steps = {path: int(match[1]) for path in folder.iterdir() if (match := _NAME.fullmatch(path.name))}
    return sorted(steps, key=steps.__getitem__, reverse=True)
