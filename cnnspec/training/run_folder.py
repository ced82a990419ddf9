"""The run folder: `runs/<name>/<number>/`, one for each start, locked while a run is in it."""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from shutil import rmtree
from typing import IO, Any

from cnnspec.training.errors import TrainingError

SPEC, ENVIRONMENT, HISTORY, BEST, CHECKPOINTS, RESULT, LOG, LOCK = (
    "spec.yaml", "environment.json", "history.csv", "best.keras", "checkpoints", "result.json", "log.txt", ".lock"
)  # fmt: skip

_LONGEST_NAME = 200  # bytes; file systems stop at 255


@contextmanager
def writing(path: Path, help: str | None = None) -> Iterator[None]:
    """Turns what the disk refuses into a `TrainingError` about `path`."""
    try:
        yield
    except OSError as error:
        raise TrainingError(f"cannot write to {path}: {(error.strerror or str(error)).lower()}", help) from None


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
        temporary = self.path / f".{name}.part"
        try:
            with writing(self.path / name):
                with temporary.open("w", encoding="utf-8") as file:
                    file.write(text)
                    file.flush()
                    os.fsync(file.fileno())
                temporary.replace(self.path / name)
        finally:
            temporary.unlink(missing_ok=True)

    def write_environment(self, values: Mapping[str, Any]) -> None:
        """Write `environment.json`."""
        self.write(ENVIRONMENT, json.dumps(values, indent=2, ensure_ascii=False) + "\n")

    def close(self) -> None:
        """Release the lock."""
        (self.path / LOCK).unlink(missing_ok=True)
        self._lock.close()

    def discard(self) -> None:
        """Remove the folder of a run that never began."""
        self._lock.close()
        rmtree(self.path, ignore_errors=True)


def create(root: Path, name: str) -> RunFolder:
    """The next free folder under `root/name`, locked. Raises `TrainingError` where it cannot be made."""
    parent = root / safe(name)
    with writing(parent, "name another folder with --runs"):
        parent.mkdir(parents=True, exist_ok=True)
        path = _next(parent)
        try:
            return RunFolder(path, _locked(path))
        except OSError:
            rmtree(path, ignore_errors=True)
            raise


@contextmanager
def rehearsed(root: Path, name: str) -> Iterator[RunFolder]:
    """A run folder as `create` makes it, which goes again with every folder that was made for it."""
    parent = root / safe(name)
    made = [folder for folder in (parent, *parent.parents) if not folder.exists()]
    folder = create(root, name)
    try:
        yield folder
    finally:
        folder.discard()
        with suppress(OSError):  # another run is in one of them by now
            for empty in made:
                empty.rmdir()


def reopen(path: Path) -> RunFolder:
    """The folder of a run to go on with, locked. Raises `TrainingError` where it is none, or a run is in it."""
    if not (path / SPEC).is_file():
        raise TrainingError(f"{path} is no folder of a run: it holds no {SPEC}", "give runs/NAME/NUMBER")
    try:
        return RunFolder(path, _locked(path))
    except BlockingIOError:
        raise TrainingError(f"a run is in {path} now", "wait for it, or stop it first") from None
    except OSError as error:
        raise TrainingError(f"cannot write to {path}: {(error.strerror or str(error)).lower()}") from None


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
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
    except OSError:
        with suppress(OSError):  # what is left to flush
            file.close()
        raise
    return file


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
