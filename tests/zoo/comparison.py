"""One spec of the zoo against its constructor: weights in order, then the outputs that the same weights give."""

from __future__ import annotations

import re
from itertools import zip_longest
from math import nan, prod, sqrt
from typing import Any, NamedTuple

import keras
import numpy as np

import cnnspec
from tests.light import light

from .applications import Application

IMAGES = 4
UNNAMED = re.compile(r"variable(_\d+)?")
CLOSE = 1e-5
"""How much two outputs may differ, of the largest."""


class Comparison(NamedTuple):
    """What a spec and its constructor have in common; differences are relative to the largest output."""

    parameters: int
    theirs: int
    weights: bool
    """Whether the weights have the same names and shapes in the same order."""
    difference: float
    """The largest difference of the outputs before the last activation, of the largest output."""
    probabilities: float
    """The same behind it."""
    bit_equal: bool
    spread: float
    """How much the outputs for different images differ: they are not constant."""
    sensitivity: float
    """How much the outputs change where one weight in the middle is another."""

    @property
    def good(self) -> bool:
        """Whether the two are one architecture."""
        same = self.weights and self.parameters == self.theirs
        return same and max(self.difference, self.probabilities) <= CLOSE


def compare(application: Application, side: int | None = None) -> Comparison:
    """Build both, give both the same random weights, and compare what they make of the same random images."""
    side = side or application.smallest
    keras.utils.clear_session()
    constructor = getattr(keras.applications, application.constructor)
    with light():
        theirs = constructor(weights=None, input_shape=(side, side, 3), **application.arguments)
        ours = cnnspec.build(application.path, input=[side, side, 3], **application.overrides)
    same = alike(ours, theirs)
    counts = ours.count_params(), theirs.count_params()
    if not same:
        return Comparison(*counts, False, nan, nan, False, nan, nan)

    random = np.random.default_rng(7)
    images = random.uniform(0, 255, (IMAGES, side, side, 3)).astype("float32")
    for variable in theirs.weights:
        if variable.ndim:  # a count stays
            variable.assign(drawn(variable, random))
    see(theirs, images)
    for mine, other in zip(ours.weights, theirs.weights, strict=True):
        mine.assign(other)
    assert ours.layers[-1].activation is theirs.layers[-1].activation
    for model in (ours, theirs):
        model.layers[-1].activation = keras.activations.linear
    wanted, found = outputs(theirs, images), outputs(ours, images)

    kernels = [weight for weight in ours.weights if weight.ndim > 1]
    middle = kernels[len(kernels) // 2]
    kernel = keras.ops.convert_to_numpy(middle)
    middle.assign(kernel + np.abs(kernel).max() * random.uniform(-1, 1, kernel.shape))
    wrong = outputs(ours, images)
    return Comparison(
        *counts,
        same,
        apart(found, wanted),
        apart(softmax(found), softmax(wanted)),
        bool(np.array_equal(found, wanted)),
        apart(wanted[:1], wanted[1:2]),
        apart(wrong, found),
    )


def described(model: Any) -> list[tuple[tuple[int, ...], bool, str]]:
    """Every weight's shape, whether it is trained, and its name, in order."""
    return [(tuple(variable.shape), variable.trainable, variable.name) for variable in model.weights]


def alike(ours: Any, theirs: Any) -> bool:
    """Whether two models have the same weights in order; a weight that Keras leaves without a name may have any."""
    pairs = list(zip_longest(described(ours), described(theirs)))
    return all(
        mine == other or (mine and other and mine[:2] == other[:2] and UNNAMED.fullmatch(other[2]))
        for mine, other in pairs
    )


def drawn(variable: Any, random: np.random.Generator) -> np.ndarray:
    """Random values for a weight: kernels keep the size of what they are given, variances stay positive."""
    shape = tuple(variable.shape)
    if len(shape) != 1:
        limit = np.float32(sqrt(3 / prod(shape[:-1])))
        return (random.random(shape, "float32") - np.float32(0.5)) * (2 * limit)
    if "variance" in variable.name or "gamma" in variable.name:
        return random.uniform(0.5, 1.5, shape).astype("float32")
    return random.normal(0, 0.1, shape).astype("float32")


def see(model: Any, images: np.ndarray) -> None:
    """Give batch normalisations the statistics of these images, so that no signal dies or explodes on its way."""
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    usual = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
    model(images, training=True)
    for norm, momentum in zip(norms, usual, strict=True):
        norm.momentum = momentum


def outputs(model: Any, images: np.ndarray) -> np.ndarray:
    """What a model makes of images, layer by layer."""
    return np.asarray(model(images, training=False), "float64")


def softmax(logits: np.ndarray) -> np.ndarray:
    """Their probabilities."""
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    return np.asarray(powers / powers.sum(-1, keepdims=True))


def apart(found: np.ndarray, wanted: np.ndarray) -> float:
    """The largest difference, of the largest value."""
    return float(np.abs(found - wanted).max() / np.abs(wanted).max())
