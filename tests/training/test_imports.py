"""Checking a spec must not import a framework."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {"keras", "tensorflow", "numpy", "sklearn", "rich", "PIL"}
PURE = [
    "cnnspec.data.errors", "cnnspec.data.entries.folders", "cnnspec.data.section", "cnnspec.data.sources", "cnnspec.training.optimizers",
    "cnnspec.training.schedules", "cnnspec.training.losses", "cnnspec.training.metrics", "cnnspec.training.callbacks",
    "cnnspec.training.section", "cnnspec.training.objective", "cnnspec.training.checks", "cnnspec.training.plan",
    "cnnspec.training.run_folder", "cnnspec.training.progress", "cnnspec.training.device", "cnnspec.training.fit",
    "cnnspec.training.run", "cnnspec.cli.train",
]  # fmt: skip


@pytest.mark.parametrize("statement", ["import " + ", ".join(PURE), (
    "from cnnspec import pipeline; report = pipeline.check_text('''\n"
    "input: [8, 8, 1]\nlayers: [flatten, {dense: {units: 10, activation: softmax}}]\ndata: {source: digits}\n"
    "training: {metrics: [accuracy]}\n'''); assert report.ok and report.data, report"
)], ids=["modules", "a whole check"])  # fmt: skip
def test_no_framework_is_imported(statement: str) -> None:
    asked = f"{statement}\nimport sys; print(*sorted({HEAVY} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=False)
    assert found.stderr == ""
    assert found.stdout.strip() == ""
