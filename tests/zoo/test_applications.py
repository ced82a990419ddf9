"""The specs of the zoo are the architectures of keras.applications: the same weights give the same outputs."""

from __future__ import annotations

import json

import pytest

import cnnspec

from .applications import APPLICATIONS, VARIANTS, Application
from .comparison import CLOSE, compare
from .record import RECORDED, facts_of

FAMILIES = (
    "ResNet50",
    "ResNet50V2",
    "DenseNet121",
    "MobileNetV2",
    "Xception",
    "InceptionV3",
    "NASNetMobile",
    "ConvNeXtTiny",
    "EfficientNetB0",
    "EfficientNetV2B0",
    "MobileNetV3Small(minimalistic=True)",
)
"""One of each family, for its outputs; `benchmarks/zoo.py` compares those of all."""


@pytest.mark.parametrize("application", [*APPLICATIONS, *VARIANTS], ids=lambda application: application.label)
def test_the_weights_are_those_recorded_of_keras(application: Application) -> None:
    side = application.smallest
    report = cnnspec.check(application.path, input=[side, side, 3], **application.overrides)
    assert report.graph is not None
    assert facts_of(report.graph) == json.loads(RECORDED.read_text())[application.label]


@pytest.mark.slow
@pytest.mark.parametrize(
    "application", [row for row in (*APPLICATIONS, *VARIANTS) if row.label in FAMILIES], ids=lambda row: row.label
)
def test_equal_to_keras(application: Application) -> None:
    found = compare(application)
    assert found.weights
    assert found.parameters == found.theirs
    assert found.spread > 1e-3, "the outputs do not depend on the image"
    assert found.sensitivity > 1e-3, "the outputs do not depend on the weights"
    assert found.difference <= CLOSE
    assert found.probabilities <= CLOSE


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("blocks.norm_relu6.layers.0.batch_normalization.epsilon", 1e-4),
        ("blocks.norm_relu6.layers.1.relu.max_value", 5.5),
        ("blocks.separable.layers.0.depthwise_conv2d.padding", "same"),
    ],
)
def test_a_small_mistake_shows(path: str, value: float | str) -> None:
    application = next(row for row in APPLICATIONS if row.constructor == "MobileNet")
    found = compare(application._replace(overrides={path: value}), 36)
    assert found.weights
    assert found.difference > 10 * CLOSE
    assert not found.good
