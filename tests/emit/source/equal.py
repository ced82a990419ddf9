"""Whether the source of a graph builds the model of that graph."""

from __future__ import annotations

import re
from typing import Any

import keras
import numpy as np

from cnnspec.emit.keras import build
from cnnspec.emit.source import code
from cnnspec.graph.graph import Graph
from tests.importing.roundtrip import randomise
from tests.light import light


def assert_same(graph: Graph, *, run: bool = False) -> str:
    """Build both; compare layers, settings, connections and weights, and with `run` the outputs, bit by bit."""
    source = code(graph)
    assert "cnnspec" not in source
    assert [line for line in source.splitlines() if len(line) > 110] == []
    keras.backend.clear_session()
    with light():
        wanted, found = build(graph), built(source)
    assert found.name == wanted.name
    assert structure(found) == structure(wanted), source
    assert shapes(found) == shapes(wanted), source
    if run:
        found.set_weights(randomise(wanted))
        generator = np.random.default_rng(0)
        given = {
            name: generator.normal(size=(2, *(size or 12 for size in shape))).astype("float32")
            for name, shape in graph.inputs.items()
        }
        images = given if len(given) > 1 else next(iter(given.values()))
        keras.tree.map_structure(np.testing.assert_array_equal, found(images), wanted(images))
    return source


def built(source: str) -> Any:
    """The model that a source's `build_model()` returns."""
    space: dict[str, Any] = {"__name__": "source"}
    exec(compile(source, "<source>", "exec"), space)
    return space["build_model"]()


def shapes(model: Any) -> list[tuple[int, ...]]:
    """The shapes of the weights, in order."""
    return [tuple(weight.shape) for weight in model.weights]


def structure(model: Any) -> Any:
    """The model's configuration, with layers by number rather than by name, and without seeds that Keras draws."""
    config = model.get_config()
    numbers = {layer["name"]: at for at, layer in enumerate(config["layers"])}

    def connected(value: Any) -> Any:
        if isinstance(value, list | tuple):
            if len(value) == 3 and isinstance(value[0], str) and value[0] in numbers:
                return ["layer", numbers[value[0]], *value[1:]]
            return [connected(item) for item in value]
        return {key: connected(item) for key, item in value.items()} if isinstance(value, dict) else value

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                key: connected(item) if key in ("keras_history", "input_layers", "output_layers") else plain(item)
                for key, item in value.items()
                if key != "name" and not (key == "seed" and isinstance(item, int) and item > 99_999)
            }
        return [plain(item) for item in value] if isinstance(value, list | tuple) else value

    return plain(config)


def names(model: Any) -> set[str]:
    """The names that layers were given, as far as Keras would not give them itself."""
    return {layer.name for layer in model.layers if not re.fullmatch(r"input_layer(_\d+)?", layer.name)}
