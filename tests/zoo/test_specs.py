"""The specs of the zoo validate in silence, are what the constructors are by default, and are short."""

from __future__ import annotations

from pathlib import Path

import pytest

import cnnspec
from tests.zoo.applications import APPLICATIONS, ZOO, Application

from .lines import of_yaml

SPECS = sorted(ZOO.glob("*.yaml"))
LIMITS = {
    "zoo/vgg16": 20,
    "zoo/resnet50": 40,
    "zoo/resnet101": 6,
    "zoo/resnet152": 6,
    "zoo/mobilenet_v2": 45,
    "zoo/efficientnet_b0": 60,
    "unet": 35,
    "zoo/unet": 35,
}
MODELINE = "# yaml-language-server: $schema=../../docs/cnnspec.schema.json"


def test_one_spec_for_each_constructor() -> None:
    assert len({application.constructor for application in APPLICATIONS}) == 40
    assert {application.path for application in APPLICATIONS} <= set(SPECS)


@pytest.mark.parametrize("application", APPLICATIONS, ids=lambda application: application.spec)
def test_is_the_constructor_by_default(application: Application) -> None:
    report = cnnspec.check(application.path)
    assert report.name == application.spec
    assert report.graph is not None
    assert list(report.graph.inputs.values()) == [(application.side, application.side, 3)]
    assert sum(node.parameters for node in report.graph.nodes) == application.parameters


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_validates_in_silence(path: Path) -> None:
    report = cnnspec.check(path)
    assert report.ok
    assert not report.diagnostics, str(report)


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_reads_well(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0] == MODELINE
    assert lines[1].startswith("# ")
    assert max(map(len, lines)) <= 120


@pytest.mark.parametrize(("spec", "limit"), LIMITS.items(), ids=LIMITS)
def test_short(spec: str, limit: int) -> None:
    assert of_yaml(ZOO.parent / f"{spec}.yaml") <= limit
