"""What cnnspec builds from its own specs, imported and built once more, is the same model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import pytest

import cnnspec

from ..light import light
from ..zoo.applications import APPLICATIONS, ZOO
from .roundtrip import again, facts, largest_difference

OF_KERAS = {application.spec for application in APPLICATIONS}
SPECS = [
    *sorted(path for path in ZOO.parent.glob("*.yaml") if path.stem != "dcgan_fashion"),
    *sorted(path for path in ZOO.glob("*.yaml") if path.stem not in OF_KERAS),
]
"""The rest of the zoo are models of keras.applications, which `test_applications` imports; a GAN is two models."""

SIZES = {
    "alexnet": (64, 64, 3), "attention_unet": (32, 32, 1), "deeplabv3": (64, 64, 3), "fcn8s": (64, 64, 3),
    "googlenet": (64, 64, 3), "googlenet_auxiliary": (64, 64, 3), "resnext50": (64, 64, 3),
    "retinanet": (128, 128, 3), "segnet": (32, 32, 3), "srcnn": (16, 16, 1), "vit_conv_stem": (64, 64, 3),
}  # fmt: skip
"""Smaller inputs, where the spec's own takes long."""

LONG = {
    "alexnet", "attention_unet", "deeplabv3", "fcn8s", "googlenet", "googlenet_auxiliary", "resnet18", "resnet34",
    "resnext50", "segnet", "wide_resnet28_10",
}  # fmt: skip
_LARGEST = 5_000_000
"""Models of more parameters are compared, but not run."""


@pytest.mark.parametrize(
    "path",
    [pytest.param(path, marks=pytest.mark.slow if path.stem in LONG else (), id=path.stem) for path in SPECS],
)
@light()
def test_specs_come_back(path: Path) -> None:
    keras.backend.clear_session()
    model: Any = cnnspec.build(path, **({"input": SIZES[path.stem]} if path.stem in SIZES else {}))
    other = again(model)
    assert [tuple(weight.shape) for weight in model.weights] == [tuple(weight.shape) for weight in other.weights]
    assert facts(model) == facts(other)
    assert _keys(model.output) == _keys(other.output)
    assert _keys(model.input) == _keys(other.input)
    if model.count_params() < _LARGEST:
        assert largest_difference(model, other, 1) <= 1e-5


def _keys(struct: Any) -> list[str] | None:
    return sorted(struct) if isinstance(struct, dict) else None


def test_heads_that_are_shared_are_one_block() -> None:
    model = cnnspec.build(ZOO / "retinanet.yaml", input=(128, 128, 3))
    layers = cnnspec.import_model(model).split("\nlayers:\n", 1)[1]
    for head in ("class3", "box3"):
        assert layers.count(f"share: {{entry: {head}, ") == 4
