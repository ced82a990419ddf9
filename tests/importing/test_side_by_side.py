"""Models beside and behind each other in a model: its file, loaded into the imported spec, fills the right layers."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import pytest
from keras import layers

import cnnspec
from cnnspec.importing.keras_graph import layers_in_order
from cnnspec.importing.keras_model import read_model
from cnnspec.importing.keras_proof import TOLERANCE, prove
from cnnspec.importing.spec import prepared
from cnnspec.training.weights_order import order_told


def conv(name: str | None = None) -> Any:
    return layers.Conv2D(4, 3, padding="same", name=name)


def tower(name: str, depth: int) -> Any:
    parts = [conv() for _ in range(depth)]
    return keras.Sequential([keras.Input((8, 8, 4)), *parts, layers.GlobalAveragePooling2D()], name=name)


def side_by_side(first: int, second: int) -> Any:
    u, v = keras.Input((8, 8, 4)), keras.Input((8, 8, 4))
    return keras.Model([u, v], layers.Concatenate()([tower("A", first)(u), tower("B", second)(v)]))


def head_first(order: int) -> Any:
    head = keras.Sequential([keras.Input((4,)), layers.Dense(4), layers.Dense(4)], name="head")
    i, j = keras.Input((8, 8, 4)), keras.Input((4,))
    return keras.Model([i, j], [head(j), head(tower("body", 2)(i))][::order])


def nested() -> Any:
    i = keras.Input((8, 8, 4))
    inner = keras.Sequential([keras.Input((8, 8, 4)), conv("c"), tower("X", 3)], name="outer")
    twice = tower("Y", 2)
    return keras.Model(i, layers.Add()([inner(i), twice(conv("c2")(i)), twice(i)]))


def with_operations() -> Any:
    i = keras.Input((8, 8, 4))
    return keras.Model(i, layers.Dense(2)(tower("A", 1)(2 * conv()(i)) + tower("B", 2)(i)))


def in_each_other() -> Any:
    i, x = keras.Input((8, 8, 4)), keras.Input((8, 8, 4))
    inner = keras.Model(x, layers.Add()([layers.ReLU()(conv()(x)), conv()(x)]))
    around = keras.Model(y := keras.Input((8, 8, 4)), inner(y))
    return keras.Model(i, layers.Add()([conv()(i), layers.ReLU()(around(i))]))


MODELS: dict[str, Callable[[], Any]] = {
    "alike": lambda: side_by_side(2, 2), "short and long": lambda: side_by_side(1, 3),
    "long and short": lambda: side_by_side(3, 1), "head first": lambda: head_first(1),
    "head last": lambda: head_first(-1), "nested": nested, "operations": with_operations,
    "in each other": in_each_other,
}  # fmt: skip


@pytest.mark.parametrize("kind", MODELS)
def test_the_original_file_fills_the_right_layers(kind: str, tmp_path: Path) -> None:
    model, path = MODELS[kind](), tmp_path / "model.keras"
    model.save(path)
    network = prepared(read_model(model))
    graph = cnnspec.check(cnnspec.import_model(model, verify=False)).graph
    assert graph is not None
    proof = prove(model, graph, network, path)
    assert proof.unread is None
    assert proof.loaded is not None
    assert max(proof.copied, proof.loaded) <= TOLERANCE
    with zipfile.ZipFile(path) as file:
        told = order_told(json.loads(file.read("config.json")))
    weighted = [layer.name for layer in layers_in_order(model) if layer.weights]
    assert [path[-1] for path in told if path[-1] in weighted] == weighted


def test_a_description_that_does_not_hold_tells_nothing() -> None:
    for config in ({}, None, {"class_name": "Functional", "config": {"layers": [{"a": 1}]}}, {"config": []}):
        assert order_told(config) == []
