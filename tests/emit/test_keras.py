"""Graphs as Keras models: names, save and load, networks of a thousand layers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import cnnspec
from cnnspec.emit.deep import differences
from cnnspec.pipeline import check_file, check_text

ROOT = Path(__file__).parents[2]

# Functions in a layer's calls (`pad`, `divide`, `leaky_relu`, ...) must not take a name of the spec's.
NAMES = """
input: [9, 7, 2]
layers:
  - conv2d: {filters: 2, kernel_size: 3, padding: same, activation: {leaky_relu: 0.1}}
  - leaky_relu
  - max_pooling2d: {pool_size: 3, strides: 2, padding: 1, name: pad}
  - relu: {name: ones_like}
  - relu: {name: divide}
  - average_pooling2d: {pool_size: 3, strides: 2, padding: 1}
  - relu: {name: _under.score-1}
  - relu: {name: "größe 1"}
"""


def test_names_of_the_spec_and_of_functions_do_not_meet(tmp_path: Path) -> None:
    import keras

    model = cnnspec.build(NAMES.replace('"größe 1"', "größe"))
    names = [operation.name for operation in model.operations]
    assert len(set(names)) == len(names)
    assert {"conv2d", "leaky_relu", "pad", "ones_like", "divide", "average_pooling2d"} <= set(names)
    image = np.random.default_rng(0).normal(size=(2, 9, 7, 2)).astype("float32")
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(image), model(image))


def test_a_name_with_a_space_is_refused() -> None:
    assert [found.code for found in check_text(NAMES).diagnostics] == ["name-invalid"]


@pytest.mark.parametrize("path", sorted((ROOT / "specs").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_spec_agrees_with_keras(path: Path) -> None:
    graphs = check_file(path).graphs
    assert graphs
    assert [found for graph in graphs.values() for found in differences(graph)] == []


def test_deep_finds_a_rule_that_is_wrong() -> None:
    from dataclasses import replace

    graph = check_file(ROOT / "specs" / "digits.yaml").graph
    assert graph is not None
    first = replace(graph.nodes[0], shape=(8, 8, 33))
    ((node, message),) = differences(replace(graph, nodes=(first, *graph.nodes[1:])))
    assert node is first
    assert "(8, 8, 32)" in message


@pytest.mark.slow
def test_a_network_of_1500_layers(tmp_path: Path) -> None:
    import keras

    model = cnnspec.build("input: [4]\nlayers:\n  - repeat: {times: 1500, layers: [relu]}\n")
    assert len(model.layers) == 1501
    image = np.array([[-1.0, 0.0, 1.0, 2.0]], "float32")
    np.testing.assert_array_equal(model(image), [[0, 0, 1, 2]])
    assert isinstance(model, keras.Model)
