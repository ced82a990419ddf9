"""Faults for real, with a table of what came of them: python -m tests.faults kills --count 200"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterable
from pathlib import Path


def main() -> int:
    """Run what is asked for; 1 where something was lost."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("what", choices=["kills", "signals", "disk", "flips", "seeds"])
    parser.add_argument("--count", type=int, default=0)
    parser.add_argument("--backend", default="tensorflow", choices=["tensorflow", "jax", "torch"])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="where the runs go, and stay")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        return _run(asked, asked.folder or Path(temporary))


def _run(asked: argparse.Namespace, folder: Path) -> int:
    if asked.what == "kills":
        from tests.faults.kills import kills

        killed = kills(folder, asked.count or 200, asked.backend, asked.seed)
        print(killed.table())
        return bool(killed.wrong)
    if asked.what == "signals":
        from tests.faults.signals import signals

        stopped = signals(folder, asked.count or 50, asked.backend, asked.seed)
        print(stopped.table())
        return bool(stopped.wrong)
    if asked.what == "disk":
        from tests.faults.disks import disk

        return _table(*disk(folder))
    if asked.what == "flips":
        from tests.faults.flips import flips

        counts, wrong = flips(folder, asked.count or 1000, asked.seed)
        return _table(sorted(counts.items()), wrong)
    from tests.faults.seeds import seeds

    found, wrong = seeds(folder, asked.backend)
    return _table(found.items(), wrong)


def _table(rows: Iterable[tuple[str, object]], wrong: list[str]) -> int:
    for name, value in (*rows, ("wrong", len(wrong))):
        print(f"{name:<40} {value}")
    print(*wrong, sep="\n")
    return bool(wrong)


if __name__ == "__main__":
    raise SystemExit(main())
