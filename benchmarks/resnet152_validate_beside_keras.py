"""How long `cnnspec validate` takes for ResNet-152 beside a script that imports Keras and builds it.

Whole processes, started in turn; prints the median of each and the ratio. Install cnnspec as users do: an editable
install, or one without compiled files, starts slower.

    python benchmarks/resnet152_validate_beside_keras.py [RUNS]
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

SPEC = Path(__file__).parents[1] / "specs" / "zoo" / "resnet152.yaml"
RUNS = int(sys.argv[1]) if len(sys.argv) > 1 else 10
COMMAND = Path(sys.executable).with_name("cnnspec")
COMMANDS = {
    "cnnspec validate": [str(COMMAND), "validate", str(SPEC)],
    "Keras": [sys.executable, "-c", "import keras; keras.applications.ResNet152(weights=None)"],
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
print(f"ratio Keras / validate: {medians['Keras'] / medians['cnnspec validate']:.1f}")
