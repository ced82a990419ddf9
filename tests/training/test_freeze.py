"""Frozen layers: the graph, the summary, Keras and training agree on what is trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cnnspec
from cnnspec.graph.costs import totals
from cnnspec.training.fit import train
from cnnspec.training.freeze import frozen, matches
from tests.training.specs import plan, report

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)

NET = """
name: frozen
input: [8, 8, 1]
blocks:
  stage: {parameters: {filters: 4}, layers: [{conv2d: {filters: $filters, kernel_size: 3}}, batch_normalization, relu]}
layers:
  - stage: {name: stage1}
  - stage: {filters: 6, name: stage10}
  - multi_head_attention: {num_heads: 2, key_dim: 2, name: attention}
  - flatten
  - dense: {units: 10, name: first}
  - share: {entry: first, inputs: flatten, name: again}
  - add: first
  - dense: {units: 10, activation: softmax, name: head}
data: {source: digits, preprocessing: [{rescaling: $(1/16)}]}
training: {epochs: 1, batch_size: 256, seed: 7, freeze: []}
""".replace("  - flatten\n", "  - flatten: {name: flatten}\n")

CASES = [
    (["head"], {"head"}),
    (["stage1"], {"stage1.conv2d", "stage1.batch_normalization"}),
    (["stage1*"], {"stage1.conv2d", "stage1.batch_normalization", "stage10.conv2d", "stage10.batch_normalization"}),
    (["stage1.conv*", "first"], {"stage1.conv2d", "first"}),
    (["again*"], {"first"}),
    (["attention"], {"attention"}),
    (["*", "!head", "!stage10"], {"stage1.conv2d", "stage1.batch_normalization", "attention", "first"}),
]


def override(patterns: list[str]) -> str:
    return "training.freeze=[" + ", ".join(f'"{pattern}"' for pattern in patterns) + "]"


@pytest.mark.parametrize(("patterns", "expected"), CASES, ids=lambda value: " ".join(sorted(value)))
def test_what_is_frozen(patterns: list[str], expected: set[str]) -> None:
    plain = report(NET).graph
    checked = report(NET, override(patterns))
    assert checked.ok, str(checked)
    assert plain is not None
    assert checked.graph is not None
    assert {node.name for node in checked.graph.nodes if not node.layer.trainable and node.weights} == expected
    kept = sum(weight.size for name in expected for weight in plain[name].weights if weight.trainable)
    assert totals(checked.graph).trainable == totals(plain).trainable - kept
    assert totals(checked.graph).parameters == totals(plain).parameters
    assert all(plain[node.name].layer.trainable for node in plain.nodes)
    assert frozen(plain, ()) is plain


@pytest.mark.parametrize(("patterns", "expected"), CASES, ids=lambda value: " ".join(sorted(value)))
def test_keras_agrees(patterns: list[str], expected: set[str]) -> None:
    from cnnspec.emit.deep import differences

    graph = report(NET, override(patterns)).graph
    assert graph is not None
    assert differences(graph) == []
    model = cnnspec.build(NET, **{"training.freeze": patterns})
    trained = {variable.path for variable in model.trainable_variables}
    assert {name for name in expected if any(path.startswith(f"{name}/") for path in trained)} == set()
    assert sum(int(np.prod(variable.shape)) for variable in model.trainable_variables) == totals(graph).trainable


def test_names_and_groups() -> None:
    assert matches("a.b.c", ["a"])
    assert matches("a.b.c", ["a.b"])
    assert matches("a.b.c", ["*.c"])
    assert not matches("ab.c", ["a"])
    assert not matches("a.b.c", ["b"])
    assert not matches("a.b.c", ["a", "!a.b"])


def values(model: Any) -> dict[str, Any]:
    return {variable.path: np.asarray(variable) for variable in model.weights}


def test_what_is_frozen_stays_to_the_bit_and_the_rest_learns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import keras

    from cnnspec.training import compiling, runner

    before: dict[str, Any] = {}
    genuine = compiling.compile_model

    def noted(model: Any, *arguments: Any) -> None:
        genuine(model, *arguments)
        before.update(values(model.network))
        assert {variable.path for variable in model.trainable_variables} == {"head/kernel", "head/bias"} | {
            path for path in before if path.startswith("stage10.")
            if "moving" not in path
        }  # fmt: skip

    monkeypatch.setattr(runner, "compile_model", noted)
    done = train(plan(tmp_path, NET, override(["*", "!head", "!stage10"])), quiet=True)
    after = values(keras.models.load_model(done.folder / "best.keras"))
    assert len(after) == len(before) > 10
    for path, value in before.items():
        changes = path.startswith(("head/", "stage10."))
        assert np.array_equal(after[path], value) != changes, path
