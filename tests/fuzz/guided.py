"""Fuzzing guided by coverage: `python -m tests.fuzz.guided --seconds 300 [--corpus FOLDER]`; it needs `pip install atheris`.

The corpus starts with the small seeds, and keeps what reaches new code. A failure is written into the corpus folder's
`failures`, and ends the run. What is slow is not looked for: counting the branches slows everything.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.fuzz import randoms
from tests.fuzz.seeds import SEEDS

_LARGEST = 4096


class Failure(Exception):
    """What an input did that it must never do."""


def main() -> None:
    """Run for some seconds."""
    import atheris

    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.guided", description=__doc__)
    parser.add_argument("--seconds", type=int, default=300, help="how long")
    parser.add_argument("--corpus", type=Path, help="the folder of inputs that reach new code (a temporary one)")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    corpus = given.corpus or Path(tempfile.mkdtemp(prefix="cnnspec-corpus-"))
    files = Path(tempfile.mkdtemp(prefix="cnnspec-files-"))
    (corpus / "failures").mkdir(parents=True, exist_ok=True)
    for at, seed in enumerate(SEEDS):
        if len(seed) <= _LARGEST:
            (corpus / f"seed-{at}").write_bytes(seed)
    randoms.write_files(files)
    with atheris.instrument_imports(include=["cnnspec"]):
        from tests.fuzz.check import trouble

    def one(data: bytes) -> None:
        outcome: Any = trouble(data, files)
        if outcome.trouble is not None and not outcome.trouble.startswith("slow"):
            raise Failure(outcome.trouble)

    options = [
        f"-max_total_time={given.seconds}",
        f"-max_len={_LARGEST}",
        f"-seed={given.seed}",
        "-print_final_stats=1",
        "-timeout=20",
    ]
    atheris.Setup([sys.argv[0], *options, f"-artifact_prefix={corpus}/failures/", str(corpus)], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
