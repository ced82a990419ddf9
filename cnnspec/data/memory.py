"""How much memory is free, so that data is held where it fits."""

from __future__ import annotations

import os
from pathlib import Path

_UNKNOWN = 1 << 30
_GROUP = Path("/sys/fs/cgroup")


def free_memory() -> int:
    """Bytes that this process may still take: what the machine has left, or its control group if that is less.

    Where no system tells, 1 GiB.
    """
    return max(0, min((bytes for bytes in (_of_machine(), _of_group()) if bytes is not None), default=_UNKNOWN))


def _of_machine() -> int | None:
    for line in _text(Path("/proc/meminfo")).splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None


def _of_group() -> int | None:
    limit, used = _text(_GROUP / "memory.max").strip(), _text(_GROUP / "memory.current").strip()
    if not (limit.isdigit() and used.isdigit()):
        return None
    kept = [line.split()[1] for line in _text(_GROUP / "memory.stat").splitlines() if line.startswith("inactive_file ")]
    return int(limit) - int(used) + sum(map(int, kept))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return ""
