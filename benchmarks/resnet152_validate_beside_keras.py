"""How long `cnnspec validate` takes for ResNet-152 beside a script that imports Keras and builds it.

Whole processes, started in turn; prints the median of each and the ratio. Install cnnspec as users do: an editable
install, or one without compiled files, starts slower.

    python benchmarks/resnet152_validate_beside_keras.py [RUNS]
"""

from __future__ import annotations

import sys
from pathlib import Path

from processes import compare

SPEC = Path(__file__).parents[1] / "specs" / "zoo" / "resnet152.yaml"
COMMANDS = {
    "cnnspec validate": [str(Path(sys.executable).with_name("cnnspec")), "validate", str(SPEC)],
    "Keras": [sys.executable, "-c", "import keras; keras.applications.ResNet152(weights=None)"],
    "import keras": [sys.executable, "-c", "import keras"],
}

compare(COMMANDS, int(sys.argv[1]) if len(sys.argv) > 1 else 10)
