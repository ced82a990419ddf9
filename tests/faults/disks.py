"""A disk that gets full at any write of a run: a small one of its own, in memory, filled when the write begins."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from cnnspec.data.errors import Failure
from cnnspec.training import run_folder
from cnnspec.training.fit import train
from cnnspec.training.run_folder import reopen
from tests.faults.runs import SPEC, Left, lay_out, left
from tests.training.specs import plan

SHORT = SPEC.replace("epochs: 12", "epochs: 3").replace("val_accuracy", "loss")

WRITES = (
    ("environment.json", 1), ("spec.yaml", 1), ("000000004.npz", 1), ("000000016.npz", 1), ("best.keras", 1),
    ("best.keras", 2), ("history.csv", 1), ("000000039.npz", 1), ("result.json", 2),
)  # fmt: skip
"""Files that a run writes, and which of the writes to each shall find the disk full (the first one to `result.json` takes
away what no longer holds)."""


@contextmanager
def small_disk(place: Path, size: str = "24m") -> Iterator[Path]:
    """A disk of `size` at `place`. Raises `PermissionError` where none can be mounted."""
    place.mkdir(parents=True)
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", place], capture_output=True, text=True
    )
    if made.returncode:
        raise PermissionError(f"no tmpfs can be mounted here: {made.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=True)


def can_mount(folder: Path) -> str | None:
    """Why no small disk can be had; None where one can."""
    try:
        with small_disk(folder / "probe", "1m"):
            return None
    except (OSError, PermissionError) as error:
        return str(error)


def fill(place: Path, leave: int) -> None:
    """Leave `leave` bytes of the disk at `place`."""
    free = os.statvfs(place).f_bavail * os.statvfs(place).f_frsize
    with (place / "filler").open("wb", buffering=0) as file, contextlib.suppress(OSError):
        file.write(bytes(max(0, free - leave)))


@contextmanager
def full_at(place: Path, name: str, number: int, share: float) -> Iterator[None]:
    """Fill the disk when a file is written for the `number`th time, with room for a share of what it needs."""
    seen, genuine = [0], run_folder.writing

    @contextmanager
    def writing(path: Path, help: str | None = None, size: int = 0) -> Iterator[None]:
        if path.name == name:
            seen[0] += 1
            if seen[0] == number:
                fill(place, int(size * share) // 4096 * 4096)
        with genuine(path, help, size):
            yield

    with ExitStack() as stack:
        for module in ("run_folder", "checkpoints", "saving_models", "watch"):
            stack.enter_context(patch(f"cnnspec.training.{module}.writing", writing))
        yield


def filled(folder: Path, disk: Path, whole: Left, name: str, number: int, share: float) -> tuple[str, list[str]]:
    """What a run said whose disk got full, and what was wrong with it, or when it went on with room again."""
    asked = plan(disk / "runs", SHORT, directory=folder)
    before = sorted((disk / "runs" / "net").glob("*")) if (disk / "runs" / "net").exists() else []
    said, wrong = "", []
    with full_at(disk, name, number, share):
        try:
            train(asked, quiet=True)
        except Failure as failure:
            said = f"{failure.message} (help: {failure.help})"
    (disk / "filler").unlink(missing_ok=True)
    if not said:
        return "the disk was large enough", wrong
    if f"{name}: no space left" not in said or "MB" not in said:
        wrong.append(f"{name} {number}: {said}")
    new = [path for path in sorted((disk / "runs" / "net").glob("*")) if path not in before]
    if name in ("environment.json", "spec.yaml"):
        return said, [*wrong, *(f"{name}: {path} was left behind" for path in new)]
    (run,) = new
    wrong += [f"{name} {number}: {path.name} was left behind" for path in run.rglob(".part-*")]
    reopen(run).close()
    train(asked, quiet=True, resume=run)
    wrong += [f"{name} {number}: not equal: {what}" for what in whole.differences(left(run))]
    shutil.rmtree(run)  # the disk is small
    return said, wrong


def disk(folder: Path, writes: tuple[tuple[str, int], ...] = WRITES) -> tuple[list[tuple[str, str]], list[str]]:
    """Fill the disk at each of `writes`, wholly and half; what was said, and what was wrong."""
    lay_out(folder, SHORT)
    told: list[tuple[str, str]] = []
    wrong: list[str] = []
    with small_disk(folder / "disk") as place:
        whole = left(train(plan(folder / "whole", SHORT, directory=folder), quiet=True).folder)
        for name, number in writes:
            for share in (0.0, 0.5):
                found: Any = filled(folder, place, whole, name, number, share)
                told.append((f"{name} {number}, room for {share:.0%}", found[0].replace(str(place), "DISK")))
                wrong += found[1]
    return told, wrong
