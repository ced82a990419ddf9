"""A run can always be used again: its own spec holds, and is the same network with the same settings."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import cnnspec
from cnnspec import pipeline
from tests.training.specs import SMALL

ROOT = Path(__file__).parents[2]
SPECS = sorted(
    [
        *(ROOT / "specs").rglob("*.yaml"),
        *(ROOT / "cnnspec" / "templates").glob("*.yaml"),
        *(ROOT / "examples").glob("*.yaml"),
    ]
)
_BLOCK = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
SNIPPETS = [
    (f"{page.name}:{at}", match[1])
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    for at, match in enumerate(_BLOCK.finditer(page.read_text(encoding="utf-8")))
    if re.search(r"^(layers|extends|generator):", match[1], re.MULTILINE)
]  # fmt: skip


def same_again(report: pipeline.Report, name: str) -> None:
    text = report.resolved
    assert "!!" not in text
    again = pipeline.check_text(text, "spec.yaml", directory=report.directory)
    assert again.ok, f"{name}\n{again}"
    assert again.name == report.name
    for network, graph in report.graphs.items():
        other = again.graphs[network]
        assert [(node.name, node.layer, node.inputs, node.shape) for node in other.nodes] == [
            (node.name, node.layer, node.inputs, node.shape) for node in graph.nodes
        ]
        assert (other.inputs, other.outputs) == (graph.inputs, graph.outputs)
    assert again.training == report.training
    assert again.resolved == text


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_every_spec_of_the_project(path: Path) -> None:
    report = pipeline.check_file(path, allow_large=True)
    if report.ok and report.graphs:
        same_again(report, path.name)


@pytest.mark.parametrize(("name", "text"), SNIPPETS, ids=[name for name, _ in SNIPPETS])
def test_every_spec_of_the_docs(name: str, text: str) -> None:
    report = pipeline.check_text(text, directory=ROOT)
    assert report.ok
    same_again(report, name)


@pytest.mark.parametrize(
    "override",
    [
        "training.optimizer={adam: 1e-5}", "training.optimizer={adam: {epsilon: 1e-08, learning_rate: 3E-4}}",
        "training.optimizer={adam: {learning_rate: {cosine_decay: 1e-05}}}", "name='017'", "name='1e5'", "name='null'",
        "name='2024-01-31'", "name='a: b # c'", "name='é😀'", "data.preprocessing=[{rescaling: 1e-2}]",
        "layers=[flatten, {dense: {units: 10, activation: softmax, kernel_regularizer: {l2: 1e-6}}}]",
        "layers=[flatten, {dense: {units: 10, activation: softmax, name: 'yes'}}]",
        "layers=[flatten, {dense: {units: 10, activation: softmax, name: 2.50}}]",
        "training.phases=[{epochs: 1, optimizer: {sgd: 1e-7}}, {freeze: dense}]",
    ],
)  # fmt: skip
def test_settings(override: str) -> None:
    report = pipeline.check_text(SMALL, overrides=[override])
    assert report.ok, str(report)
    same_again(report, override)


@pytest.mark.slow
def test_a_run_with_tiny_numbers_is_used_again(tmp_path: Path) -> None:
    (tmp_path / "it.yaml").write_text(SMALL)
    layers = [{"flatten": {}}, {"dense": {"units": 10, "activation": "softmax", "kernel_regularizer": {"l2": 1e-6}}}]
    overrides = {"layers": layers, "training.optimizer": {"adam": {"learning_rate": 1e-5, "epsilon": 1e-8}}}
    run = cnnspec.train(tmp_path / "it.yaml", runs=tmp_path / "runs", quiet=True, **overrides)
    assert cnnspec.evaluate(run.folder).metrics["loss"] == pytest.approx(run.metrics["test"]["loss"], rel=1e-5)
    np.save(tmp_path / "x.npy", np.zeros((2, 8, 8, 1)))
    assert len([*cnnspec.predict(run.folder, tmp_path / "x.npy")]) == 2
    again = cnnspec.train(resume=run.folder, quiet=True, **{"training.epochs": 3})
    assert again.epochs == 3
    spec = run.folder / "spec.yaml"  # as version 0.1 wrote it
    spec.write_text(re.sub(r"\b1\.0e-05|\b1e-05", "!!float '1e-05'", spec.read_text()))
    assert "!!float" in spec.read_text()
    assert cnnspec.evaluate(run.folder).examples == 359
    assert cnnspec.train(resume=run.folder, quiet=True, **{"training.epochs": 4}).epochs == 4
