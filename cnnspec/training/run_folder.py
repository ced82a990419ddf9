"""The run folder: `runs/<name>/<number>/`, one for each start, locked while a run is in it."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from cnnspec.language.paths import is_file, is_folder, is_there
from cnnspec.training.errors import TrainingError
from cnnspec.training.sealing import PART, replacing

SPEC, ENVIRONMENT, HISTORY, BEST, CHECKPOINTS, RESULT, LOG, LOCK = (
    "spec.yaml", "environment.json", "history.csv", "best.keras", "checkpoints", "result.json", "log.txt", ".lock"
)  # fmt: skip

_LONGEST_NAME = 200  # bytes; file systems stop at 255


_FULL = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def writing(path: Path, help: str | None = None, size: int = 0) -> Iterator[None]:
    """Turns what the disk refuses into a `TrainingError` about `path`, which has about `size` bytes."""
    try:
        yield
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        room, more = _missing(path, size) if error.errno in _FULL else ("", None)
        raise TrainingError(f"cannot write to {path}: {reason.lower()}{room}", help or more) from None


def _missing(path: Path, size: int) -> tuple[str, str]:
    """How much room is missing, and what to do."""
    free = next(shutil.disk_usage(place).free for place in path.parents if is_folder(place))
    what = f"; {_megabytes(size)} are needed, {free / 1e6:,.2f} MB are free"
    short = f": {_megabytes(size - free)} are missing" if size > free else ""
    return (what + short if size else ""), "free some room; a run that had begun goes on with --resume"


def _megabytes(size: int) -> str:
    return f"{max(size / 1e6, 0.01):,.2f} MB"


@dataclass(frozen=True)
class RunFolder:
    """An open run folder. It stays locked until it is closed, or its process ends."""

    path: Path
    _lock: IO[str] = field(repr=False)

    @property
    def best(self) -> Path:
        """The best model so far."""
        return self.path / BEST

    @property
    def history(self) -> Path:
        """A row for each epoch."""
        return self.path / HISTORY

    @property
    def log(self) -> Path:
        """What was said."""
        return self.path / LOG

    def write(self, name: str, text: str) -> None:
        """Write a small file whole, or not at all."""
        content = text.encode()
        with writing(self.path / name, size=len(content)), replacing(self.path / name) as place:
            place.write_bytes(content)

    def remove(self, name: str) -> None:
        """Remove a file that no longer holds."""
        with writing(self.path / name):
            (self.path / name).unlink(missing_ok=True)

    def write_environment(self, values: Mapping[str, Any]) -> None:
        """Write `environment.json`."""
        self.write(ENVIRONMENT, json.dumps(values, indent=2, ensure_ascii=False) + "\n")

    def close(self) -> None:
        """Release the lock."""
        with suppress(OSError):  # the folder may be gone, or no longer be written to
            (self.path / LOCK).unlink(missing_ok=True)
        self._lock.close()

    def discard(self) -> None:
        """Remove the folder of a run that never began."""
        self._lock.close()
        shutil.rmtree(self.path, ignore_errors=True)


def create(root: Path, name: str) -> RunFolder:
    """The next free folder under `root/name`, locked. Raises `TrainingError` where it cannot be made."""
    parent = root / safe(name)
    with writing(parent, "name another folder with --runs"):
        parent.mkdir(parents=True, exist_ok=True)
        path = _next(parent)
        try:
            return RunFolder(path, _locked(path))
        except OSError:
            shutil.rmtree(path, ignore_errors=True)
            raise


@contextmanager
def rehearsed(root: Path, name: str) -> Iterator[RunFolder]:
    """A run folder as `create` makes it, which goes again with every folder that was made for it."""
    parent = root / safe(name)
    made = [folder for folder in (parent, *parent.parents) if not is_there(folder)]
    folder = create(root, name)
    try:
        yield folder
    finally:
        folder.discard()
        with suppress(OSError):  # another run is in one of them by now
            for empty in made:
                empty.rmdir()


def reopen(path: Path) -> RunFolder:
    """The folder of a run to go on with, locked, and without what was half written when its process was killed.
    Raises `TrainingError` where it is none, or a run is in it."""
    path = to_resume(path)
    with writing(path):
        try:
            lock = _locked(path)
        except BlockingIOError:
            raise TrainingError(f"a run is in {path} now", "wait for it, or stop it first") from None
        for half in (*path.glob(f"{PART}*"), *(path / CHECKPOINTS).glob(f"{PART}*")):
            half.unlink(missing_ok=True)
    return RunFolder(path, lock)


def numbered(path: Path) -> list[Path]:
    """The run folders in `path`, the newest first."""
    try:
        runs = [run for run in path.iterdir() if re.fullmatch(r"[0-9]{1,9}", run.name) and is_file(run / SPEC)]
    except OSError:
        return []
    return sorted(runs, key=lambda run: int(run.name), reverse=True)


def above_runs(path: Path) -> list[str]:
    """The folders in `path` that hold runs, as a person would name them."""
    return sorted(str(folder) for folder in path.iterdir() if is_folder(folder) and numbered(folder))


def to_resume(path: Path) -> Path:
    """The folder of the run that `path` names: itself, or the newest run in it. Raises `TrainingError` where there is
    none."""
    if is_file(path / SPEC):
        return path
    if runs := numbered(path):
        return runs[0]
    if not is_folder(path):
        raise TrainingError(f"{path} {'is no run folder' if is_there(path) else 'is not there'}", _NAMED)
    inside = above_runs(path)
    help = f"name one of {', '.join(inside[:8])}" if inside else _NAMED
    raise TrainingError(f"{path} is no folder of a run: it holds no {SPEC}", help)


_NAMED = "name the folder of a run, such as runs/digits/1"


def safe(name: str) -> str:
    """A name as a folder: letters, digits, `_`, `-` and `.` of any script; anything else becomes `_`, and a name that
    no file system takes is cut."""
    kept = re.sub(r"[^\w.-]", "_", name).strip(".").encode()[:_LONGEST_NAME]
    return kept.decode(errors="ignore") or "run"


def _next(parent: Path) -> Path:
    taken = (int(entry.name) for entry in parent.iterdir() if re.fullmatch(r"[0-9]{1,9}", entry.name))
    number = max(taken, default=0) + 1
    while True:
        path = parent / str(number)
        try:
            path.mkdir()
            return path
        except FileExistsError:  # another start took this number
            number += 1


def _locked(path: Path) -> IO[str]:
    file = (path / LOCK).open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not _is_at(file, path / LOCK):  # who held it took it away meanwhile
            file.close()
            return _locked(path)
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
    except OSError:
        with suppress(OSError):  # what is left to flush
            file.close()
        raise
    return file


def _is_at(file: IO[str], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def in_use(path: Path) -> bool:
    """Whether a run is in this folder now."""
    try:
        with (path / LOCK).open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return False
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
