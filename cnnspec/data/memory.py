"""How much memory the host has left, its containers' limits included. No framework is imported."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import psutil


@dataclass(frozen=True, slots=True)
class Free:
    """Bytes that may still be taken, `swap` beyond them at the price of speed. `where` says in words what bounds them:
    `memory`, `the container's memory`, `address space (ulimit -v)` or `GPU memory`."""

    bytes: int
    where: str = "memory"
    swap: int = 0


def host_memory(root: Path = Path("/")) -> Free:
    """The least of what the system has available, what the container's limits leave and what `ulimit -v` leaves.

    `root` is where `/proc` and `/sys` are looked for.
    """
    swap = psutil.swap_memory().free
    found = [Free(psutil.virtual_memory().available, swap=swap)]
    found += [Free(left, "the container's memory", swap) for left in container_memory(root)]
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    if soft != resource.RLIM_INFINITY:
        found.append(Free(max(0, soft - psutil.Process().memory_info().vms), "address space (ulimit -v)"))
    return min(found, key=lambda free: free.bytes)


def container_memory(root: Path = Path("/")) -> Iterator[int]:
    """What each limit on this process's control groups leaves, version 1 and 2, the outer groups included.

    Pages of files that the kernel can drop count as free.
    """
    for group, top, names in _groups(root):
        for level in (group, *group.parents):
            if level == top.parent:
                break
            limit, used = (_number(level / name) for name in names[:2])
            if limit is not None and used is not None:
                yield max(0, limit - used + _droppable(level / "memory.stat", names[2]))


def _groups(root: Path) -> Iterator[tuple[Path, Path, tuple[str, str, str]]]:
    """The folder of each memory group of this process, the topmost folder above it, and the names of its files."""
    own = dict(_lines_of(root / "proc/self/cgroup"))
    for mount in _read(root / "proc/self/mountinfo").splitlines():
        left, _, right = mount.partition(" - ")
        fields, told = left.split(), right.split()
        if len(fields) < 5 or len(told) < 3:
            continue
        kind, options = told[0], told[2]
        if kind == "cgroup2" and "" in own:
            path, names = own[""], ("memory.max", "memory.current", "")
        elif kind == "cgroup" and "memory" in options.split(",") and "memory" in own:
            path, names = own["memory"], ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_")
        else:
            continue
        top = root / fields[4].lstrip("/")
        inner = PurePosixPath(path)
        seen = inner.is_relative_to(fields[3]) and ".." not in inner.parts
        yield (top / inner.relative_to(fields[3]) if seen else top), top, names


def _lines_of(path: Path) -> Iterator[tuple[str, str]]:
    """The kinds and the folders of `/proc/self/cgroup`; a kind is empty for version 2."""
    for line in _read(path).splitlines():
        _, kinds, folder = [*line.split(":", 2), "", ""][:3]
        for kind in kinds.split(","):
            yield kind, folder


def _droppable(path: Path, prefix: str) -> int:
    wanted = (f"{prefix}active_file", f"{prefix}inactive_file")
    pairs = (line.split() for line in _read(path).splitlines())
    return sum(int(pair[1]) for pair in pairs if len(pair) == 2 and pair[0] in wanted and pair[1].isdigit())


def _number(path: Path) -> int | None:
    """The number in a file; None where it says `max` (or the number that version 1 says for it), or is not there."""
    text = _read(path).strip()
    return int(text) if text.isdigit() and int(text) < 1 << 60 else None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
