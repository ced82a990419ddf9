"""How long `cnnspec validate` takes beside a script that imports Keras and builds the same network.

Whole processes, started in turn; prints the median of each and the ratio.

    python benchmarks/validate_beside_keras.py [RUNS]
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
SPEC = HERE.parent / "specs" / "resnet_small.yaml"
RUNS = int(sys.argv[1]) if len(sys.argv) > 1 else 10
COMMANDS = {
    "cnnspec validate": [sys.executable, "-m", "cnnspec", "validate", str(SPEC)],
    "Keras by hand": [sys.executable, str(HERE / "resnet_small_by_hand.py")],
    "import keras": [sys.executable, "-c", "import keras"],
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
    print(f"{name:18} median {medians[name]:.3f} s  (min {min(values):.3f}, max {max(values):.3f}, {RUNS} runs)")
print(f"ratio Keras by hand / validate: {medians['Keras by hand'] / medians['cnnspec validate']:.1f}")
