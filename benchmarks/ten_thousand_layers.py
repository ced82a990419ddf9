"""How long `cnnspec validate` takes for a network of 10,000 layers, and how much memory.

Whole processes; prints the median time and the largest resident set, for layers under `repeat`, for the same written
out, and for layers that each have a name and a size of their own.

    python benchmarks/ten_thousand_layers.py [RUNS]
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LAYERS = 10_000
RUNS = int(sys.argv[1]) if len(sys.argv) > 1 else 5
COMMAND = Path(sys.executable).with_name("cnnspec")
BLOCK = (
    "conv2d: {filters: 16, kernel_size: 3, padding: same, use_bias: false}",
    "batch_normalization",
    "relu",
    "dropout: 0.1",
)
ROUNDS = LAYERS // len(BLOCK)
HEAD = "cnnspec: 1\nname: deep\ninput: [32, 32, 16]\nlayers:\n"
SPECS = {
    "repeat": HEAD
    + f"  - repeat:\n      times: {ROUNDS}\n      layers:\n"
    + "".join(f"        - {entry}\n" for entry in BLOCK),
    "written out": HEAD + "".join(f"  - {entry}\n" for entry in BLOCK) * ROUNDS,
    "with names": HEAD + "".join(f"  - dense: {{units: {16 + at % 16}, name: layer_{at}}}\n" for at in range(LAYERS)),
}


def run(path: Path) -> tuple[float, float]:
    """The wall time of one process, in seconds, and the memory that it held at most, in MB."""
    start = time.perf_counter()
    process = subprocess.Popen([COMMAND, "validate", path], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"validate ended with {process.returncode}")
    return seconds, usage.ru_maxrss * 1024 / 1e6


with tempfile.TemporaryDirectory() as folder:
    for name, text in SPECS.items():
        path = Path(folder) / "deep.yaml"
        path.write_text(text, encoding="utf-8")
        runs = [run(path) for _ in range(RUNS + 1)][1:]
        seconds, memory = [seconds for seconds, _ in runs], [memory for _, memory in runs]
        print(
            f"{name:12} {LAYERS:,} layers: median {statistics.median(seconds):.2f} s "
            f"(min {min(seconds):.2f}, max {max(seconds):.2f}, {RUNS} runs), {max(memory):.0f} MB at most"
        )
