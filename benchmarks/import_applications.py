"""Import every model of keras.applications and compare: `python benchmarks/import_applications.py [NAME...]`.

One row a model: lines and blocks of its spec, layers, parameters, whether the weights of the rebuilt model have the
same shapes in the same order, and by how much its outputs differ for shared random weights (biases, statistics and
scales, too), beside the largest one. The last activation is left out: a softmax would hide differences.
Exits 1 where one differs by more than 1e-5.
"""

from __future__ import annotations

import gc
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import keras

import cnnspec
from tests.importing.applications import SIZES
from tests.importing.roundtrip import again, largest_difference


def main(names: list[str]) -> int:
    """Print the table."""
    print("model               lines blocks layers   parameters  weights  difference  seconds", flush=True)
    worst = 0.0
    for name in names or SIZES:
        keras.backend.clear_session()
        make = getattr(keras.applications, name)
        model = make(weights=None, input_shape=(SIZES[name], SIZES[name], 3), classifier_activation=None)
        start = time.perf_counter()
        text = cnnspec.import_model(model)
        seconds = time.perf_counter() - start
        other = again(model, text)
        same = [tuple(weight.shape) for weight in model.weights] == [tuple(weight.shape) for weight in other.weights]
        difference = largest_difference(model, other, 1) if same else float("inf")
        worst = max(worst, difference)
        blocks = text.count("    layers:\n", 0, text.index("\nlayers:")) if "\nblocks:" in text else 0
        print(
            f"{name:20}{text.count(chr(10)):6}{blocks:7}{len(model.layers):7}{model.count_params():13,}"
            f"{'equal' if same else 'differ':>9}{difference:12.1e}{seconds:9.1f}",
            flush=True,
        )
        del model, other
        gc.collect()
    return int(worst > 1e-5)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
