"""keras.applications come back: every weight in its place, the same outputs, in a spec that a person reads."""

from __future__ import annotations

import keras
import pytest

import cnnspec
from cnnspec.importing.keras_files import application, applications

from ..light import light
from .applications import KINDS, QUICK, SIZES, SMALL
from .roundtrip import again, largest_difference

MOST_LINES = {"ResNet50": 50, "MobileNetV2": 50, "Xception": 70}


def test_all_of_them_are_known() -> None:
    assert set(SIZES) == set(applications())


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in SMALL]
)
@light()
def test_small_applications_come_back(name: str) -> None:
    keras.backend.clear_session()
    model = application(name, (SIZES[name], SIZES[name], 3))
    text = cnnspec.import_model(model)
    assert text.count("\n") <= MOST_LINES.get(name, 120)
    assert largest_difference(model, again(model, text), 1) <= 1e-5


@pytest.mark.slow
@light()
def test_depth_costs_no_lines() -> None:
    keras.backend.clear_session()
    short, long = (cnnspec.import_model(application(name, (32, 32, 3))) for name in ("ResNet50", "ResNet101"))
    assert long.count("\n") == short.count("\n")


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
@light()
def test_the_weights_are_the_same(name: str) -> None:
    """By the rules alone, one model of each kind; `benchmarks/import_applications.py` compares the outputs of all 40."""
    keras.backend.clear_session()
    model = application(name, (SIZES[name], SIZES[name], 3))
    report = cnnspec.check(cnnspec.import_model(model))
    assert report.graph is not None, report
    weights = [tuple(weight.shape) for weight in model.weights]
    ours = [weight.shape for node in report.graph.nodes for weight in node.weights]
    assert sorted(ours) == sorted(weights)
    assert model.count_params() == sum(node.parameters for node in report.graph.nodes)
