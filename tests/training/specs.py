"""Specs for the tests of training, written as text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cnnspec import pipeline
from cnnspec.training.plan import Plan
from cnnspec.training.run import plan_of

SMALL = """
name: small
input: [8, 8, 1]
layers:
  - conv2d: {filters: 8, kernel_size: 3, strides: 2, activation: relu}
  - flatten
  - dropout: 0.2
  - dense: {units: 10, activation: softmax}
data: {source: digits, preprocessing: [{rescaling: $(1/16)}]}
training: {epochs: 2, batch_size: 64, seed: 7}
"""

AUTOENCODER = """
name: autoencoder
input: [8, 8, 1]
layers:
  - flatten
  - dense: {units: 16, activation: relu}
  - dense: {units: 64, activation: sigmoid}
  - reshape: [8, 8, 1]
data: {source: digits, targets: inputs, preprocessing: [{rescaling: $(1/16)}]}
training: {epochs: 2, batch_size: 64, seed: 7}
"""


def report(text: str = SMALL, *overrides: str, directory: Path | None = None) -> pipeline.Report:
    """Check a spec, with overrides as `--set` takes them."""
    return pipeline.check_text(text, overrides=overrides, directory=directory)


def plan(runs: Path, text: str = SMALL, *overrides: str, directory: Path | None = None) -> Plan:
    """The plan of a spec that must hold."""
    checked = report(text, *overrides, directory=directory)
    assert checked.ok, str(checked)
    return plan_of(checked, runs)


def codes(checked: Any) -> list[tuple[str, str]]:
    """Severity and code of every diagnostic."""
    return [(found.severity, found.code) for found in checked.diagnostics]
