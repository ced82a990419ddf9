"""The Python API on one page: check a spec, build it, train it, and look at what came out.

python examples/python_api.py [EPOCHS]
"""

from __future__ import annotations

import sys
from pathlib import Path

import cnnspec

SPECS = Path(__file__).parents[1] / "specs"

# 1. Check. No framework is imported, and nothing is raised for a mistake: it is in the report.
report = cnnspec.check("input: [28, 28, 1]\nlayers:\n  - conv2d: {filters: 32, kernel_size: 33}\n")
print(f"ok: {report.ok}")
for found in report.diagnostics:
    print(f"line {found.span.line}: {found.message}; {found.help}")

# 2. The graph of a good spec: every tensor with its shape, every layer with its costs.
report = cnnspec.check(SPECS / "digits.yaml")
assert report.graph is not None
for node in report.graph.nodes:
    print(f"{node.name:16} {node.shape!s:14} {node.parameters:7,} parameters")

# 3. Build. What comes back is an ordinary Keras model; a wrong spec raises SpecError with its diagnostics.
model = cnnspec.build(SPECS / "digits.yaml")
print(f"Keras counts {model.count_params():,} parameters")
try:
    cnnspec.build(SPECS / "digits.yaml", **{"layers.0.conv2d.kernel_size": 0})
except cnnspec.SpecError as error:
    print(f"SpecError: {error.diagnostics[0].message}")

# 4. Train, with overrides as on the command line.
run = cnnspec.train(SPECS / "digits.yaml", **{"training.epochs": int(sys.argv[1]) if len(sys.argv) > 1 else 5})
accuracy = run.metrics["test"]["accuracy"]
print(f"test accuracy {accuracy:.3f} after {run.epochs} epochs; the model is {run.folder / 'best.keras'}")
