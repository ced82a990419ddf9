"""Random Keras models of the kinds that people write: an import of one is right, its file loads right, or it is refused."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops

import cnnspec
from cnnspec.emit.keras import build
from cnnspec.importing.keras_graph import layers_in_order, variables
from cnnspec.importing.keras_model import read_model
from cnnspec.importing.spec import as_spec, prepared
from cnnspec.training.errors import WeightsError
from cnnspec.training.weights import load_weights

from .roundtrip import randomise

NAMES = ["input", "x", "layers", "dense", "conv2d", "conv2d_1", "tower", "a b", "head", "outputs", "null"]


class Drawn:
    """A random model, made of a random generator."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self.left = NAMES[:]
        self.kept: list[Any] = []

    def name(self) -> str | None:
        """A name that layers are seldom given, or none."""
        if self.draw.random() < 0.8 or not self.left:
            return None
        return self.left.pop(self.draw.randrange(len(self.left)))

    def layer(self) -> Any:
        """A layer that keeps 6×6×4."""
        kinds = [
            lambda name: layers.Conv2D(4, self.draw.choice([1, 3]), padding="same", name=name),
            lambda name: layers.Conv2D(4, 3, padding="same", activation="relu", name=name),
            lambda name: layers.DepthwiseConv2D(3, padding="same", name=name),
            lambda name: layers.BatchNormalization(name=name),
            lambda name: layers.Dense(4, name=name),
            lambda name: layers.LeakyReLU(0.2, name=name),
            lambda name: layers.Dropout(0.3, name=name),
            lambda name: layers.MaxPooling2D(3, 1, padding="same", name=name),
        ]
        made = self.draw.choice(kinds)(self.name())
        if self.draw.random() < 0.15:
            made.trainable = False
        self.kept.append(made)
        return made

    def model(self, depth: int) -> Any:
        """A model of 6×6×4, to be called in another one."""
        start = keras.Input((6, 6, 4))
        if self.draw.random() < 0.4:
            parts = [self.layer() for _ in range(self.draw.randint(1, 3))]
            made = keras.Sequential([start, *parts])
        else:
            made = keras.Model(start, self.step([start], depth - 1))
        made.trainable = self.draw.random() < 0.8
        self.kept.append(made)
        return made

    def step(self, tensors: list[Any], depth: int) -> Any:
        """One tensor made of others."""
        pick = self.draw.choice
        x, y = pick(tensors), pick(tensors)
        kinds = [
            lambda: self.layer()(x),
            lambda: self.layer()(x),
            lambda: pick([layers.Add, layers.Multiply, layers.Subtract, layers.Maximum, layers.Average])()([x, y]),
            lambda: self.layer()(layers.Concatenate()([x, y, self.layer()(x)])),
            lambda: pick(
                [lambda: x + y, lambda: x * 0.5, lambda: 1.0 - x, lambda: x - y, lambda: x * y, lambda: x / 4]
            )(),
            lambda: x * layers.GlobalAveragePooling2D(keepdims=True)(y),
            lambda: (
                x * layers.GlobalAveragePooling2D()(layers.Permute((3, 1, 2))(y)) if self.draw.random() < 0.1 else x
            ),
            lambda: ops.relu(x) if pick([True, False]) else ops.max(x, axis=(1, 2), keepdims=True) + y,
            lambda: (
                layers.Multiply()([x, layers.GlobalMaxPooling2D()(y)]) if self.draw.random() < 0.1 else self.layer()(x)
            ),
            lambda: pick(self.kept)(x) if self.kept else x,
            lambda: self.model(depth)(x) if depth else self.layer()(x),
            lambda: self.model(depth)(x) + self.model(depth)(y) if depth else x,
        ]
        return pick(kinds)()

    def whole(self) -> Any:
        """The model."""
        inputs = [keras.Input((6, 6, 4), name=self.name()) for _ in range(self.draw.choice([1, 1, 2]))]
        tensors = list(inputs)
        for _ in range(self.draw.randint(2, 7)):
            made = self.step(tensors, 2)
            if tuple(made.shape) == (None, 6, 6, 4):
                tensors.append(made)
        outputs = [tensors[-1], *self.draw.sample(tensors, self.draw.choice([0, 0, 0, 1]))]
        if self.draw.random() < 0.3:
            outputs.append(layers.Dense(3)(layers.Flatten()(tensors[-1])))
        model = keras.Model(inputs if len(inputs) > 1 else inputs[0], outputs if len(outputs) > 1 else outputs[0])
        model.trainable = self.draw.random() < 0.9
        return model


def outputs(model: Any, given: dict[str, Any], named: bool) -> list[Any]:
    """What a model gives."""
    several = given if named else [*given.values()]
    found = model(several if len(given) > 1 else next(iter(given.values())), training=False)
    return [*found.values()] if isinstance(found, dict) else [*found] if isinstance(found, list | tuple) else [found]


def apart(ones: list[Any], others: list[Any]) -> float:
    """The largest difference, beside the largest number."""
    pairs = [
        (keras.ops.convert_to_numpy(one), keras.ops.convert_to_numpy(other))
        for one, other in zip(ones, others, strict=True)
    ]
    assert [one.shape for one, _ in pairs] == [other.shape for _, other in pairs]
    return max(float(np.max(np.abs(one - other)) / max(np.max(np.abs(one)), 1e-9)) for one, other in pairs)


def judged(seed: int, folder: Path) -> str:
    """What becomes of one random model: `right`, or why it is refused."""
    try:
        model = Drawn(seed).whole()
    except ValueError:
        return "no model"
    randomise(model, seed)
    network = prepared(read_model(model))
    if network.gaps:
        return "refused"
    text = as_spec(network, "a test")
    report = cnnspec.check(text)
    assert report.graph is not None, f"{report}\n{text}"
    built = build(report.graph)
    numbers = np.random.default_rng(seed)
    given = {name: numbers.normal(size=(2, 6, 6, 4)).astype("float32") for name in network.inputs}
    wanted = outputs(model, given, False)
    theirs = variables(layers_in_order(model))
    built.set_weights([keras.ops.convert_to_numpy(weight) for weight in theirs])
    places = [outputs(built, given, True)]
    found = dict(zip(report.graph.outputs, places[0], strict=True)) if len(places[0]) > 1 else {}
    ours = [found[name] for name in network.outputs] if found else places[0]
    assert apart(wanted, ours) <= 1e-5, f"{seed}\n{text}"
    if not theirs:
        return "right"
    path = folder / "model.keras"
    model.save(path)
    try:
        load_weights(built, path)
    except WeightsError:
        return "file refused"
    again = outputs(built, given, True)
    found = dict(zip(report.graph.outputs, again, strict=True)) if len(again) > 1 else {}
    assert apart(wanted, [found[name] for name in network.outputs] if found else again) <= 1e-5, f"{seed}\n{text}"
    return "right"


def several(seeds: range, folder: Path) -> dict[str, int]:
    """How often each thing becomes of random models."""
    told: dict[str, int] = {}
    for seed in seeds:
        what = judged(seed, folder)
        told[what] = told.get(what, 0) + 1
        keras.backend.clear_session()
    return told


def test_random_models_are_right_or_refused(tmp_path: Path) -> None:
    told = several(range(12), tmp_path)
    assert told["right"] >= 6, told


@pytest.mark.slow
def test_many_random_models_are_right_or_refused(tmp_path: Path) -> None:
    told = several(range(100, 130), tmp_path)
    assert told["right"] >= 15, told
