"""The commands with a spec of two networks, and the same from Python."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import cnnspec
from tests.cli.test_validate_and_summary import run

GAN = """name: twins
task: gan
parameters: {filters: 4}
blocks:
  unit: {parameters: {units: $filters}, layers: [{dense: $units}, relu]}
generator: {input: [6], layers: [unit, {dense: {units: 16, activation: tanh}}, {reshape: [4, 4, 1]}]}
discriminator: {input: [4, 4, 1], layers: [flatten, {unit: 8}, {dense: 1}]}
"""


def test_validate() -> None:
    done = run("validate", "-", stdin=GAN)
    figures = "generator: 4 layers, 108 parameters, output 4×4×1; discriminator: 4 layers, 145 parameters, output (1)"
    assert (done.returncode, done.stdout) == (0, f"-: ok, {figures}\n")


@pytest.mark.slow
def test_validate_deep() -> None:
    assert run("validate", "--deep", "-", stdin=GAN).returncode == 0


def test_summary_has_a_table_for_each() -> None:
    done = run("summary", "-", stdin=GAN)
    assert done.stdout.startswith("twins (-)\n\ngenerator\n\nlayer ")
    assert done.stdout.count("\nparameters ") == 2
    assert "\n\ndiscriminator\n\nlayer " in done.stdout
    found = json.loads(run("summary", "--json", "-", stdin=GAN).stdout)
    assert (found["name"], [*found["networks"]]) == ("twins", ["generator", "discriminator"])
    assert found["networks"]["discriminator"]["totals"]["parameters"] == 145


def test_code_asks_which_network() -> None:
    asked = run("code", "-", stdin=GAN)
    assert (asked.returncode, asked.stdout) == (2, "")
    assert "choose `generator` or `discriminator`" in asked.stderr
    assert run("code", "--network", "critic", "-", stdin=GAN).returncode == 2
    text = run("code", "--network", "discriminator", "-", stdin=GAN).stdout
    assert 'name="discriminator"' in text
    assert text == cnnspec.code(GAN, network="discriminator")


def test_a_network_of_a_report() -> None:
    report = cnnspec.check(GAN)
    assert report.ok
    assert report.graph is None
    assert [*report.graphs] == ["generator", "discriminator"]
    assert report.network("generator").output_shapes == {"output": (4, 4, 1)}
    with pytest.raises(ValueError, match="two networks"):
        report.network()
    one = cnnspec.check("input: [4]\nlayers: [{dense: 1}]\n")
    assert one.network() is one.graph
    with pytest.raises(ValueError, match="no network is called `generator`"):
        one.network("generator")


@pytest.mark.slow
def test_build_makes_one_of_them() -> None:
    assert cnnspec.build(GAN, network="generator").output_shape == (None, 4, 4, 1)
    with pytest.raises(ValueError, match="choose `generator` or `discriminator`"):
        cnnspec.build(GAN)


def test_a_spec_extends_one(tmp_path: Path) -> None:
    (tmp_path / "twins.yaml").write_text(GAN, encoding="utf-8")
    more = "extends: twins.yaml\nparameters: {filters: 5}\ngenerator: {input: [7]}\ntraining: {label_smoothing: 0.1}\n"
    (tmp_path / "more.yaml").write_text(more, encoding="utf-8")
    report = cnnspec.check(tmp_path / "more.yaml")
    assert report.ok, str(report)
    assert report.network("generator").inputs == {"input": (7,)}
    again = cnnspec.check(report.resolved).network("generator")
    assert [(node.name, node.shape) for node in again.nodes] == [
        (node.name, node.shape) for node in report.network("generator").nodes
    ]
    assert run("validate", str(tmp_path)).stdout.count(": ok, ") == 2


@pytest.mark.slow
def test_train_without_data() -> None:
    done = run("train", "-", stdin=GAN)
    assert done.returncode == 1
    assert "has no `data:`" in done.stderr
