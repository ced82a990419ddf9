"""Every spec of the zoo beside its constructor in keras.applications.

With the same random weights and images: parameters, whether the weights are the same in order, the largest difference
of the outputs before the last activation (of the largest output), whether they are equal to the bit, and the lines of
the spec (with those that it extends) beside the code lines of Keras's module.

    python benchmarks/zoo.py [--side 64 | --side default] [CONSTRUCTOR...]
"""

from __future__ import annotations

import argparse
import inspect
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).parents[1]))

import keras

from tests.zoo.applications import APPLICATIONS, VARIANTS, Application
from tests.zoo.comparison import compare
from tests.zoo.lines import of_python, of_yaml


def lines_of_keras(application: Application) -> int:
    """The code lines of the module that a constructor is defined in, and of what it builds upon."""
    module = Path(inspect.getfile(getattr(keras.applications, application.constructor)))
    modules = {module, module.with_name("resnet.py")} if module.stem == "resnet_v2" else {module}
    return sum(map(of_python, modules))


def lines_of_spec(application: Application) -> str:
    """The lines of a spec, and those of the spec that it extends."""
    own = of_yaml(application.path)
    parent = application.extends
    return f"{own} + {of_yaml(parent)}" if parent else str(own)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="The zoo beside keras.applications.")
    parser.add_argument("--side", default="64", help="height and width of the images, or `default`")
    parser.add_argument("--variants", action="store_true", help="constructors with arguments, too")
    parser.add_argument("constructors", nargs="*")
    options = parser.parse_args()
    rows = [
        row
        for row in (*APPLICATIONS, *(VARIANTS if options.variants else ()))
        if not options.constructors or row.constructor in options.constructors
    ]
    print(f"{'':32} {'parameters':>11} {'Keras':>11} weights difference bits  spec (lines)  Keras (lines)")
    good = equal = 0
    for row in rows:
        side = row.side if options.side == "default" else max(int(options.side), row.smallest)
        found = compare(row, side)
        good += found.good
        equal += found.bit_equal
        print(
            f"{row.label:32} {found.parameters:11,} {found.theirs:11,} {'same' if found.weights else 'OTHER':7} "
            f"{found.difference:10.1e} {'same' if found.bit_equal else 'other':5} "
            f"{lines_of_spec(row):>12} {lines_of_keras(row):14}",
            flush=True,
        )
    print(f"{good} of {len(rows)} equal to within 1e-5 of the largest output, {equal} of them to the bit")
    sys.exit(good < len(rows))


if __name__ == "__main__":
    main()
