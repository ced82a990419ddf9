"""How long the compiler takes for the worst inputs that are known, and how much memory.

Each is checked in a process of its own, and what was found is written in every format. Prints processor time and the
process's largest resident set, the slowest first.

    python benchmarks/worst_cases.py [NAME...]
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.fuzz import worst  # noqa: E402
from tests.fuzz.check import checked, peak_megabytes  # noqa: E402


def one(name: str) -> None:
    """Check one input; print the seconds, the megabytes before and after, and the diagnostics found."""
    data = worst.everything()[name]()
    checked(b"input: [8, 8, 3]\nlayers: [flatten, {dense: 2}]", ROOT)
    before, start = peak_megabytes(), time.process_time()
    report, _ = checked(data, ROOT)
    print(time.process_time() - start, before, peak_megabytes(), len(report.diagnostics))


def main(names: list[str]) -> None:
    """Check every input, each in a process."""
    rows = []
    for name in names or worst.everything():
        ran = subprocess.run([sys.executable, __file__, "--one", name], capture_output=True, text=True, timeout=600)
        if ran.returncode:
            sys.exit(f"{name}: exit code {ran.returncode}\n{ran.stderr}")
        seconds, before, after, found = map(float, ran.stdout.split())
        rows.append((seconds, after, before, int(found), name))
    print(f"{'ms':>7}{'MB':>6}{'found':>7}  input (a process that has checked two layers holds {rows[0][2]:.0f} MB)")
    for seconds, after, _, found, name in sorted(rows, reverse=True):
        print(f"{1000 * seconds:7.0f}{after:6.0f}{found:7}  {name}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        one(sys.argv[2])
    else:
        main(sys.argv[1:])
