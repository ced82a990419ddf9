"""How long `cnnspec validate` takes beside a script that imports Keras and builds the same network.

Whole processes, started in turn; prints the median of both and their ratio.

    python benchmarks/validate_beside_keras.py [SPEC] [RUNS]
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time

SPEC = sys.argv[1] if len(sys.argv) > 1 else "specs/resnet_small.yaml"
RUNS = int(sys.argv[2]) if len(sys.argv) > 2 else 10
BUILD = f"import cnnspec; cnnspec.build({SPEC!r})"  # imports Keras, then builds the layers one by one
COMMANDS = {
    "validate": [sys.executable, "-m", "cnnspec", "validate", SPEC],
    "keras": [sys.executable, "-c", BUILD],
    "import keras alone": [sys.executable, "-c", "import keras"],
}


def seconds(command: list[str]) -> float:
    """The wall time of one process."""
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"})
    return time.perf_counter() - start


for command in COMMANDS.values():
    seconds(command)
times: dict[str, list[float]] = {name: [] for name in COMMANDS}
for _ in range(RUNS):
    for name, command in COMMANDS.items():
        times[name].append(seconds(command))
medians = {name: statistics.median(values) for name, values in times.items()}
for name, values in times.items():
    print(f"{name:20} median {medians[name]:.3f} s  (min {min(values):.3f}, max {max(values):.3f}, {RUNS} runs)")
print(f"ratio keras / validate: {medians['keras'] / medians['validate']:.1f}")
