"""Checkpoints: all that a run is at one moment, in one file that is whole or is not taken.

`checkpoints/000001200.npz` is the state after 1,200 steps: arrays as NumPy saves them, and `facts`, JSON as bytes.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from cnnspec.data.columns import Array
from cnnspec.training.errors import TrainingError
from cnnspec.training.folder_files import File, Folder, Unsafe
from cnnspec.training.kept_facts import Damaged, Facts, Written, read
from cnnspec.training.run_folder import CHECKPOINTS, writing
from cnnspec.training.sealing import sealed, whole

_FACTS = "facts"
_FORMAT = 1
"""Goes up when what a checkpoint holds is no longer what it was."""
_PLAIN = "biufc"
_NAME = re.compile(r"[0-9]{9,15}\.npz")


@dataclass(frozen=True, slots=True)
class State:
    """The arrays of a run (weights, the optimizer's, seeds, metrics), and everything else as JSON has it."""

    arrays: Mapping[str, Array]
    facts: Mapping[str, Any]


def save(run: Folder, step: int, state: State, keep: int) -> int:
    """Write the state after `step` steps below the folder `run`, then remove all but the `keep` newest, and those of
    later steps, which this run has not come to; how many bytes it has. Raises `TrainingError`, and leaves those before
    as they are, where the disk does not take it."""
    name = f"{step:09}.npz"
    members = _members(state)
    size = sum(array.nbytes + _HEADER for array in members.values())
    before = "; the checkpoint before is whole" if _found(run) else ""
    with (
        writing(run.path / CHECKPOINTS / name, f"free some room, then go on with --resume{before}", size),
        run.below(CHECKPOINTS, make=True) as folder,
    ):
        with sealed(folder.file(name)) as file:
            np.savez(file, **members)  # type: ignore[arg-type]
        found = [other for other in _found(run) if folder.file(other).plain]
        for other in {*found} - {*found[found.index(name) :][:keep]}:
            folder.file(other).unlink()
        return folder.file(name).size or 0


_HEADER = 400
"""Bytes that the file has for each array beside its numbers."""


def newest(
    run: Folder, say: Callable[[str], None], fits: Callable[[State], str] = lambda state: ""
) -> tuple[Path, State] | None:
    """The newest checkpoint below the folder `run` that is whole and fits; None where there is none at all.

    `fits` tells why one does not, where that is so. What is damaged or does not fit is told with `say`, and passed
    over. Raises `TrainingError` where that is so of all.
    """
    bad: list[str] = []
    with ExitStack() as stack:
        names = _found(run)
        folder = stack.enter_context(run.below(CHECKPOINTS)) if names else run
        for name in names:
            try:
                state = _read(folder.file(name))
                if not (why := fits(state)):
                    for problem in bad:
                        say(f"warning: {problem}; {name} is taken instead")
                    return folder.path / name, state
                bad.append(f"{name} {why}")
            except Unsafe as error:
                bad.append(f"{name} {error.reason}")
            except Damaged as error:
                bad.append(f"{name} is damaged{f' ({error})' if str(error) else ''}")
            except OSError as error:
                bad.append(f"{name} cannot be read ({(error.strerror or str(error)).lower()})")
    if bad:
        raise TrainingError(
            f"no checkpoint in {folder.path} is whole: {', '.join(bad)}",
            "start a new run; it may begin with the best weights: `weights: RUN/best.keras`",
        )
    return None


def seed_of(run: Folder) -> int | None:
    """The seed in the newest checkpoint that reads, without its arrays; None where there is none."""
    for name in _found(run):
        try:
            with (
                run.below(CHECKPOINTS) as folder, folder.file(name).opened() as stream,
                zipfile.ZipFile(stream) as archive,
            ):  # fmt: skip
                facts = _array(archive, _FACTS, archive.getinfo(f"{_FACTS}.npy")).tobytes()
            seed: int = read(facts, Facts)["seed"]
            return seed
        except (OSError, *_DAMAGE):
            continue
    return None


_DAMAGE = (zipfile.BadZipFile, ValueError, KeyError, NotImplementedError, EOFError, RuntimeError)
"""What unpacking raises on files that are no archives of arrays."""


def _read(file: File) -> State:
    """A checkpoint. Raises `Damaged` where it is not whole, `TrainingError` where another version wrote it."""
    with file.opened() as stream:
        if not whole(stream):
            raise Damaged
        try:
            with zipfile.ZipFile(stream) as archive:
                return _state(archive, file)
        except _DAMAGE as error:
            if isinstance(error, Damaged):
                raise
            raise Damaged("it does not unpack") from None


def _state(archive: zipfile.ZipFile, file: File) -> State:
    infos = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
    if _FACTS not in infos:
        raise Damaged(f"it has no `{_FACTS}`")
    arrays = {name: _array(archive, name, info) for name, info in infos.items()}
    content = arrays.pop(_FACTS).tobytes()
    written = read(content, Written)
    if written["format"] != _FORMAT:
        raise TrainingError(f"{file.path} is of another version of cnnspec", "go on with that version, or start anew")
    facts = read(content, Facts)
    if facts["position"]["steps"] != int(file.name.removesuffix(".npz")):
        raise Damaged(f"it is of step {facts['position']['steps']}")
    for name, kind in written["types"].items():
        if name not in arrays or arrays[name].dtype.name not in _BYTES_OF.get(kind, ""):
            raise Damaged(f"there is no array `{name}` of {kind}")
        arrays[name] = arrays[name].view(_type(kind))
    return State(arrays, facts)


def _array(archive: zipfile.ZipFile, name: str, info: zipfile.ZipInfo) -> Array:
    """One array, whose size is looked at before there is memory for it. Raises `Damaged` where it holds no numbers."""
    if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size:
        raise Damaged(f"`{name}` is packed")
    with archive.open(info) as member:
        version = np.lib.format.read_magic(member)
        if version != (1, 0):
            raise Damaged(f"`{name}` is of another version of NumPy")
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(member)
        count = prod(shape)
        if dtype.kind not in _PLAIN or min(shape, default=0) < 0:
            raise Damaged(f"`{name}` holds {dtype}, no numbers")
        if count * dtype.itemsize != info.file_size - member.tell():
            raise Damaged(f"`{name}` has not the size of {shape}")
        found = np.frombuffer(member.read(), dtype)
    return found.reshape(shape, order="F" if fortran else "C")


def _members(state: State) -> dict[str, Array]:
    """What the file holds: types that NumPy has no name for (bfloat16) go as bytes."""
    types = {name: array.dtype.name for name, array in state.arrays.items() if array.dtype.kind not in _PLAIN}
    arrays = {
        name: array.view(f"u{array.dtype.itemsize}") if name in types else array for name, array in state.arrays.items()
    }
    text = json.dumps({**state.facts, "types": types, "format": _FORMAT}, ensure_ascii=False)
    return {**arrays, _FACTS: np.frombuffer(text.encode(), np.uint8)}


_BYTES_OF = {"bfloat16": "uint16"}
"""Types that NumPy has no name for, and what they are written as."""


def _type(name: str) -> Any:
    import ml_dtypes

    return getattr(ml_dtypes, name)


def _found(run: Folder) -> list[str]:
    """The names of checkpoints, the newest first."""
    try:
        with run.below(CHECKPOINTS) as folder:
            return sorted((name for name in folder.names() if _NAME.fullmatch(name)), key=lambda name: -int(name[:-4]))
    except FileNotFoundError:
        return []
