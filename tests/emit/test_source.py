"""Keras source: what it builds is what the spec builds, whatever the spec."""

from __future__ import annotations

import inspect
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest

import cnnspec
from cnnspec.emit.source import code
from cnnspec.emit.source.layout import lines, literal
from cnnspec.layers import LAYERS
from cnnspec.layers.base import KerasCall
from cnnspec.pipeline import Report, check_file, check_text
from tests.emit.source import golden
from tests.emit.source.equal import assert_same, built, names
from tests.emit.source.random_specs import random_spec
from tests.emit.source.recorder import assert_called
from tests.graph.test_right_specs import RIGHT
from tests.test_docs import EXAMPLES

ROOT = Path(__file__).parents[2]
SPECS = sorted((ROOT / "specs").glob("*.yaml"))
ZOO = sorted((ROOT / "specs" / "zoo").rglob("*.yaml"))
_RANDOM = ("random_", "rand_", "auto_", "aug_", "mix_", "cut_")


def same(report: Report, *, run: bool = True) -> str:
    assert report.graphs, str(report)
    text = ""
    for graph in report.graphs.values():
        drawn = any(node.layer.entry.startswith(_RANDOM) for node in graph.nodes)
        text = assert_same(graph, run=run and not drawn)
    return text


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_every_spec_in_keras(path: Path) -> None:
    same(check_file(path))


@pytest.mark.parametrize("path", ZOO, ids=lambda path: path.stem)
def test_the_calls_of_the_zoo(path: Path) -> None:
    graph = check_file(path).graph
    assert graph is not None
    source = code(graph)
    assert_called(graph, source)
    assert source == code(graph)


@pytest.mark.parametrize(
    "name",
    [
        "ssd_small",
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in ("siamese", "resnet50", "mobilenet_v3_small", "unet_plus_plus")
        ),
    ],
)
def test_the_zoo_in_keras(name: str) -> None:
    same(check_file(ROOT / "specs" / "zoo" / f"{name}.yaml"), run=name == "ssd_small")


@pytest.mark.parametrize("name", golden.SPECS)
def test_the_text(name: str) -> None:
    text = golden.text(name).read_text(encoding="utf-8")
    assert golden.written(name) == text, "`python -m tests.emit.source.golden` writes the texts anew"
    assert golden.written(name) == text


def test_the_calls_of_random_specs() -> None:
    held = 0
    for seed in range(80):
        graph = check_text(random_spec(seed)).graph
        if graph is not None:
            held += 1
            assert_called(graph, code(graph))
    assert held > 60


def test_the_page_shows_what_comes() -> None:
    page = (ROOT / "docs" / "code.md").read_text(encoding="utf-8")
    assert golden.SPECS["resnet_small"].read_text(encoding="utf-8").partition("data:")[0].strip() in page
    assert golden.written("resnet_small").strip() in page


def test_saved_weights_go_from_one_to_the_other(tmp_path: Path) -> None:
    model = cnnspec.build(golden.SPECS["resnet_small"])
    model.save_weights(tmp_path / "model.weights.h5")
    other = built(golden.written("resnet_small"))
    other.load_weights(tmp_path / "model.weights.h5")
    for mine, theirs in zip(other.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("seed", [0, 4, 34, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(100, 120))])
def test_random_specs(seed: int) -> None:
    report = check_text(random_spec(seed))
    if report.graph is not None and len(report.graph.nodes) < 150:
        same(report)


def test_a_wrong_call_is_noticed() -> None:
    """The check of calls is a check."""
    graph = check_file(ROOT / "specs" / "unet.yaml").graph
    assert graph is not None
    source = code(graph)
    wrong = ("down3])", "down2])"), ("range(2)", "range(3)"), ("strides=2", "strides=1"), ('"same"', '"valid"')
    for old, new in wrong:
        assert old in source
        with pytest.raises(AssertionError):
            assert_called(graph, source.replace(old, new, 1))


@pytest.mark.parametrize("title", RIGHT)
def test_each_promise_of_the_language(title: str) -> None:
    start, layers, _ = RIGHT[title]
    graph = check_text(f"{start}\nlayers:{layers}").graph
    assert graph is not None
    assert_called(graph, code(graph))


def test_the_examples_of_the_docs() -> None:
    for page, line, text in EXAMPLES:
        graph = check_text(text, f"{page}:{line}", directory=ROOT).graph
        if graph is not None:
            assert_called(graph, code(graph))


def example(entry: str) -> Report:
    manual = inspect.cleandoc(LAYERS[entry].__doc__ or "")
    return check_text(dedent(manual.partition("\nExample:\n")[2]) + "\n")


def test_the_example_of_every_layer() -> None:
    for entry in LAYERS:
        graph = example(entry).graph
        assert graph is not None
        assert_called(graph, code(graph))


@pytest.mark.slow
def test_the_example_of_every_third_layer_in_keras() -> None:
    for entry in list(LAYERS)[::3]:
        same(example(entry), run=False)


def test_what_is_hostile_to_python() -> None:
    report = check_file(golden.SPECS["hostile"])
    model = built(same(report))
    assert {"class", "input", "a-b", "1.st", "lambda", "outputs"} <= names(model)
    assert list(model.output) == ["def", "2nd"]


def test_a_layer_is_made_once_where_it_is_shared() -> None:
    text = """
input: [8, 8, 4]
layers:
  - conv2d: {filters: 4, kernel_size: 3, padding: same, name: step}
  - repeat: {times: 3, layers: [relu, {share: step}]}
"""
    source = same(check_text(text))
    assert source.count("Conv2D(") == 1
    assert "for _ in range(3):" in source


def test_a_layer_shared_from_inside_a_block() -> None:
    text = """
input: [8, 8, 4]
blocks:
  pair:
    layers: [{conv2d: {filters: 4, kernel_size: 1, name: first}}, {conv2d: {filters: 4, kernel_size: 1, name: again}}]
layers:
  - pair: {name: a}
  - repeat: {times: 2, layers: [{pair: {name: b}}], name: r}
  - share: a.again
  - share: r.0.b.first
"""
    assert same(check_text(text)).count("Conv2D(") >= 4


def test_what_a_round_hands_to_the_next_stays_in_the_loop() -> None:
    text = """
input: [8, 8, 4]
layers:
  - relu: {name: all}
  - repeat: {times: 4, layers: [{conv2d: {filters: 2, kernel_size: 1}}, {concatenate: {inputs: all, name: all}}]}
"""
    assert same(check_text(text)).count("Conv2D(") == 1


def test_rounds_that_differ_are_written_out() -> None:
    text = """
input: [8, 8, 4]
layers:
  - repeat:
      over: [1, 2, 3, 4]
      as: n
      layers:
        - conv2d: {filters: $n, kernel_size: 1, name: map}
      name: maps
  - concatenate: [maps.0.map, maps.3.map]
"""
    assert "for " not in same(check_text(text))


def test_overrides_and_errors() -> None:
    spec = ROOT / "specs" / "unet.yaml"
    assert "keras.Input((64, 64, 3))" in cnnspec.code(spec, input=[64, 64, 3])
    with pytest.raises(cnnspec.SpecError):
        cnnspec.code("input: [4]\nlayers: [conv2d]\n")


def command(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cnnspec", "code", *map(str, arguments)], capture_output=True, text=True, check=False
    )


def test_the_command(tmp_path: Path) -> None:
    spec, file = ROOT / "specs" / "digits.yaml", tmp_path / "digits.py"
    assert command(spec, "-o", file).returncode == 0
    printed = command(spec)
    assert printed.stdout == file.read_text(encoding="utf-8") == cnnspec.code(spec)
    assert command(spec, "-o", tmp_path / "none" / "x.py").returncode == 2
    bad = command(ROOT / "tests" / "bad" / "groups.yaml")
    assert (bad.returncode, bad.stdout) == (1, "")
    assert "error[" in bad.stderr


@pytest.mark.skipif(shutil.which("ruff") is None, reason="ruff is not at hand")
@pytest.mark.parametrize("name", golden.SPECS)
def test_ruff_finds_nothing(name: str, tmp_path: Path) -> None:
    file = tmp_path / "source.py"
    file.write_text(golden.written(name), encoding="utf-8")
    for order in (["format", "--diff"], ["check", "--select", "E4,E7,E9,F,I,B"]):
        done = subprocess.run(["ruff", order[0], "--isolated", *order[1:], file], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


def test_constants() -> None:
    value = (1, -0.5, float("-inf"), None, True, 'a "b"', KerasCall("initializers.Constant", {"value": 2}), (3,))
    (line,) = lines(("x = ", *literal(value[:6])))
    assert line == 'x = (1, -0.5, float("-inf"), None, True, \'a "b"\')'
    assert lines(literal(value[6:])) == ["(keras.initializers.Constant(value=2), (3,))"]
