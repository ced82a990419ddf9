"""How long `cnnspec validate` takes beside a script that imports Keras and builds the same network.

Whole processes, started in turn; prints the median of each and the ratio.

    python benchmarks/validate_beside_keras.py [RUNS]
"""

from __future__ import annotations

import sys
from pathlib import Path

from processes import compare

HERE = Path(__file__).parent
SPEC = HERE.parent / "specs" / "resnet_small.yaml"
COMMANDS = {
    "cnnspec validate": [sys.executable, "-m", "cnnspec", "validate", str(SPEC)],
    "Keras by hand": [sys.executable, str(HERE / "resnet_small_by_hand.py")],
    "import keras": [sys.executable, "-c", "import keras"],
}

compare(COMMANDS, int(sys.argv[1]) if len(sys.argv) > 1 else 10)
