"""Times whole processes that take turns, for the benchmarks beside this file."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence


def seconds(command: Sequence[str]) -> float:
    """The wall time of one process."""
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"})
    return time.perf_counter() - start


def compare(commands: Mapping[str, Sequence[str]], runs: int) -> None:
    """Print the median time of each command, and how many times that of the first one the second one takes.

    Each runs once beforehand, so that files are in the cache.
    """
    for command in commands.values():
        seconds(command)
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            times[name].append(seconds(command))
    medians = {name: statistics.median(values) for name, values in times.items()}
    for name, values in times.items():
        print(f"{name:18} median {medians[name]:.3f} s  (min {min(values):.3f}, max {max(values):.3f}, {runs} runs)")
    first, second, *_ = commands
    print(f"ratio {second} / {first}: {medians[second] / medians[first]:.1f}")
