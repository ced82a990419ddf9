"""The long run: `python -m tests.fuzz --mutations 500000 --random 200000 --jobs 2`."""

from __future__ import annotations

import argparse
import random
import sys
from pathlib import Path

from tests.fuzz.check import trouble
from tests.fuzz.harness import MAKERS, made, run, save


def main() -> int:
    """Run; 1 where anything went wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--mutations", type=int, default=0, help="how many mutations of specs")
    parser.add_argument("--random", type=int, default=0, help="how many random inputs")
    parser.add_argument("--jobs", type=int, default=1, help="how many processes")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30), help="makes the same inputs again")
    parser.add_argument(
        "--failures", type=Path, default=Path("fuzz-failures"), help="where inputs that go wrong are kept"
    )
    parser.add_argument("--show", nargs=2, metavar=("KIND", "NUMBER"), help="write one input to stdout, and stop")
    given = parser.parse_args()
    if given.show:
        sys.stdout.buffer.write(made(given.show[0], given.seed, int(given.show[1])))
        return 0
    counts = {kind: getattr(given, kind) for kind in MAKERS if getattr(given, kind)}
    result = run(counts, given.seed, given.jobs, say=lambda line: print(line, flush=True))
    for found in result.found.values():
        alive = not found.what.startswith(("hangs", "the process"))
        path = save(found, given.failures, trouble if alive else None)
        print(f"{found.what[:200]}\n  {path} ({found.kind} {found.number})")
    print(result.table())
    return 1 if result.found else 0


if __name__ == "__main__":
    sys.exit(main())
