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

from cnnspec.language.paths import is_folder, is_there
from cnnspec.training.errors import TrainingError
from cnnspec.training.folder_files import PART, File, Folder, Unsafe

SPEC, ENVIRONMENT, HISTORY, BEST, CHECKPOINTS, RESULT, LOG, LOCK = (
    "spec.yaml", "environment.json", "history.csv", "best.keras", "checkpoints", "result.json", "log.txt", ".lock"
)  # fmt: skip
DISCRIMINATOR, SAMPLES, TRACKING, WANDB = "discriminator.keras", "samples", "tracking.json", "wandb"
_FILES = (SPEC, ENVIRONMENT, HISTORY, BEST, RESULT, LOG, LOCK, DISCRIMINATOR, TRACKING)
_FOLDERS = (CHECKPOINTS, SAMPLES)
OWN = frozenset((*_FILES, *_FOLDERS, WANDB))
"""The names of all that a run writes, which nothing else may have in its folder."""

_LONGEST_NAME = 200  # bytes; file systems stop at 255


_FULL = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def writing(path: Path, help: str | None = None, size: int = 0) -> Iterator[None]:
    """Turns what the disk refuses into a `TrainingError` about `path`, which has about `size` bytes."""
    try:
        yield
    except Unsafe as error:
        raise TrainingError(error.told, STRANGE) from None
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        room, more = _missing(path, size) if error.errno in _FULL else ("", None)
        raise TrainingError(f"cannot write to {path}: {reason.lower()}{room}", help or more) from None


STRANGE = "take it away; the files of a run lie in its folder, and belong to the user"


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

    files: Folder = field(repr=False)
    _lock: IO[bytes] = field(repr=False)

    @property
    def path(self) -> Path:
        """Where it is."""
        return self.files.path

    @property
    def best(self) -> File:
        """The best model so far."""
        return self.files.file(BEST)

    @property
    def history(self) -> File:
        """A row for each epoch."""
        return self.files.file(HISTORY)

    @property
    def log(self) -> File:
        """What was said."""
        return self.files.file(LOG)

    def write(self, name: str, text: str) -> None:
        """Write a small file whole, or not at all."""
        content = text.encode()
        with writing(self.path / name, size=len(content)):
            self.files.file(name).write(content)

    def remove(self, name: str) -> None:
        """Remove a file that no longer holds."""
        with writing(self.path / name):
            self.files.file(name).unlink()

    def inner(self, name: str, deep: bool = True) -> Path:
        """A folder in it that others write to by its path, such as `logs/day1`: made, and without a link in it."""
        with writing(self.path / name), self.files.below(*Path(name).parts, make=True) as folder:
            folder.check_tree(deep)
            return folder.path

    def write_environment(self, values: Mapping[str, Any]) -> None:
        """Write `environment.json`."""
        self.write(ENVIRONMENT, json.dumps(values, indent=2, ensure_ascii=False) + "\n")

    def close(self) -> None:
        """Release the lock."""
        with suppress(OSError):  # the folder may be gone, or no longer be written to
            self.files.file(LOCK).unlink()
        self._lock.close()
        self.files.close()

    def discard(self) -> None:
        """Remove the folder of a run that never began."""
        self._lock.close()
        self.files.close()
        shutil.rmtree(self.path, ignore_errors=True)


def create(root: Path, name: str) -> RunFolder:
    """The next free folder under `root/name`, locked. Raises `TrainingError` where it cannot be made."""
    parent = root / safe(name)
    with writing(parent, "name another folder with --runs"):
        parent.mkdir(parents=True, exist_ok=True)
        path = _next(parent)
        try:
            files = Folder.at(path)
            return RunFolder(files, _locked(files))
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
        files = checked(path)
        try:
            lock = _locked(files)
        except BlockingIOError:
            raise TrainingError(f"a run is in {path} now", "wait for it, or stop it first") from None
        _remove_halves(files)
        with suppress(FileNotFoundError), files.below(CHECKPOINTS) as inner:
            _remove_halves(inner)
    return RunFolder(files, lock)


def checked(path: Path) -> Folder:
    """The folder of a run, open. Raises `Unsafe` where one of its files is a link, or no file at all."""
    files = Folder.at(path)
    for name in _FILES:
        _ = files.file(name).size
    for name in _FOLDERS:
        with suppress(FileNotFoundError):
            files.below(name).close()
    return files


def _remove_halves(folder: Folder) -> None:
    for name in folder.names():
        if name.startswith(PART) and folder.file(name).plain:
            folder.file(name).unlink()


def numbered(path: Path) -> list[Path]:
    """The run folders in `path`, the newest first."""
    try:
        runs = [run for run in path.iterdir() if re.fullmatch(r"[0-9]{1,9}", run.name) and is_run(run)]
    except OSError:
        return []
    return sorted(runs, key=lambda run: int(run.name), reverse=True)


def is_run(path: Path) -> bool:
    """Whether this is the folder of a run: there is something called `spec.yaml` in it."""
    return is_there(path / SPEC) or (path / SPEC).is_symlink()


def above_runs(path: Path) -> list[str]:
    """The folders in `path` that hold runs, as a person would name them."""
    return sorted(str(folder) for folder in path.iterdir() if is_folder(folder) and numbered(folder))


def to_resume(path: Path) -> Path:
    """The folder of the run that `path` names: itself, or the newest run in it. Raises `TrainingError` where there is
    none."""
    if is_run(path):
        with writing(path / SPEC), Folder.at(path) as files:
            _ = files.file(SPEC).size
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


def _locked(files: Folder) -> IO[bytes]:
    file = files.file(LOCK).opened(os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not files.file(LOCK).is_this(file):  # who held it took it away meanwhile
            file.close()
            return _locked(files)
        file.truncate(0)
        file.write(f"{os.getpid()}\n".encode())
    except OSError:
        with suppress(OSError):  # what is left to flush
            file.close()
        raise
    return file


def in_use(path: Path) -> bool:
    """Whether a run is in this folder now."""
    try:
        with Folder.at(path) as files, files.file(LOCK).opened() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return False
    except (FileNotFoundError, Unsafe):
        return False
    except BlockingIOError:
        return True
