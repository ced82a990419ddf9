"""What is at a path that somebody wrote. Asking is never an error: nothing is at a path that no file system takes."""

from __future__ import annotations

from pathlib import Path


def is_there(path: Path) -> bool:
    """Whether there is anything at `path`."""
    try:
        return path.exists()
    except (OSError, ValueError):  # a name too long, or no permission on the way
        return False


def is_file(path: Path) -> bool:
    """Whether there is a file at `path`."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def is_folder(path: Path) -> bool:
    """Whether there is a folder at `path`."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False
