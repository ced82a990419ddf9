"""Names across blocks and rounds, several inputs and outputs, and weights that are shared."""

from __future__ import annotations

import numpy as np
import pytest

import cnnspec
from cnnspec.emit.deep import differences
from cnnspec.emit.table import as_json, as_text
from cnnspec.graph.graph import Graph
from cnnspec.pipeline import check_text


def graph_of(text: str) -> Graph:
    report = check_text(text)
    assert report.graph is not None, str(report)
    assert not report.diagnostics, str(report)
    return report.graph


DOWN = """
input: [32, 32, 3]
blocks:
  down:
    parameters: {filters: null}
    layers:
      - repeat: {times: 2, layers: [{conv2d: {filters: $filters, kernel_size: 3, padding: same, name: conv}}]}
      - name: skip
      - max_pooling2d: 2
layers:
  - down: {filters: 4, name: d1}
  - repeat: {over: [6, 8], as: f, layers: [{down: {filters: $f, name: d}}], name: stage}
  - up_sampling2d: 2
"""


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("stage.d.skip", "stage.d_1.conv_1"), ("stage.1.d.skip", "stage.d_1.conv_1"), ("stage.1.d.conv", "stage.d_1.conv_1"),
    ],
)  # fmt: skip
def test_a_dot_leads_into_a_named_block_or_round(name: str, source: str) -> None:
    graph = graph_of(f"{DOWN}  - concatenate: {name}\n")
    assert graph.nodes[-1].inputs[1] == source


def test_every_round_can_be_reached() -> None:
    graph = graph_of(
        DOWN + "  - up_sampling2d: 2\n  - concatenate: stage.0.d.skip\n  - up_sampling2d: 2\n  - concatenate: d1.skip\n"
    )
    assert [node.inputs[1] for node in graph.nodes if node.layer.entry == "concatenate"] == [
        "stage.d.conv_1",
        "d1.conv_1",
    ]


def test_names_of_one_round_hold_in_the_next() -> None:
    text = """
    input: [8, 8, 4]
    layers:
      - name: before
      - conv2d: {filters: 4, kernel_size: 1}
      - repeat:
          times: 3
          layers:
            - add: {inputs: before, name: before}
            - conv2d: {filters: 4, kernel_size: 1}
    """
    graph = graph_of(text)
    assert [node.inputs[1] for node in graph.nodes if node.layer.entry == "add"] == ["input", "before", "before_1"]


def test_a_block_takes_several_inputs() -> None:
    text = """
    input: [8, 8, 4]
    blocks:
      cell:
        inputs: [x, previous]
        parameters: {filters: $(x.channels + previous.channels)}
        layers:
          - concatenate: [previous, x]
          - conv2d: {filters: $filters, kernel_size: 1}
    layers:
      - conv2d: {filters: 2, kernel_size: 1, name: a}
      - conv2d: {filters: 6, kernel_size: 1, name: b}
      - cell: {inputs: [a, b]}
      - cell: {inputs: input}
    """
    graph = graph_of(text)
    merges = [node for node in graph.nodes if node.layer.entry == "concatenate"]
    assert [node.inputs for node in merges] == [("b", "a"), ("input", "cell.conv2d")]
    assert [node.shape[-1] for node in graph.nodes] == [2, 6, 8, 8, 12, 12]


def test_the_number_of_the_round_and_paths_as_a_parameter() -> None:
    text = """
    input: [8, 8, 4]
    blocks:
      many:
        parameters: {paths: null}
        layers: [{branches: {paths: $paths}}]
    layers:
      - repeat: {times: 3, as: i, layers: [{conv2d: {filters: $(4 + i), kernel_size: 1}}]}
      - many: {paths: [[{conv2d: {filters: $(channels * 2), kernel_size: 1}}], []]}
    """
    assert [node.shape[-1] for node in graph_of(text).nodes] == [4, 5, 6, 12, 18]


SIAMESE = """
inputs: {left: [16, 16, 3], right: [16, 16, 3]}
outputs: {same: distance, seen: towers}
layers:
  - repeat:
      name: tower
      inputs: left
      times: 2
      layers:
        - residual: {layers: [{conv2d: {filters: 4, kernel_size: 3, strides: 2, padding: 1}}], shortcut: projection, activation: relu}
        - batch_normalization: {name: norm}
  - global_average_pooling2d: {name: one}
  - share: {entry: tower, inputs: right, name: again}
  - share: {entry: one, name: other}
  - dot: {inputs: [one, other], axes: 1, normalize: true, name: distance}
  - concatenate: {inputs: [one, other], name: towers}
"""


def test_shared_weights_are_counted_and_made_once() -> None:
    graph = graph_of(SIAMESE)
    once = graph_of(
        SIAMESE.partition("  - share")[0]
        .replace("{same: distance, seen: towers}", "[one]")
        .replace(", right: [16, 16, 3]", "")
    )
    assert sum(node.parameters for node in graph.nodes) == sum(node.parameters for node in once.nodes)
    assert differences(graph) == []
    model = cnnspec.build(SIAMESE)
    assert model.count_params() == sum(node.parameters for node in once.nodes)
    image = np.random.default_rng(0).normal(size=(3, 16, 16, 3)).astype("float32")
    result = model({"left": image, "right": image})
    assert list(result) == ["same", "seen"]
    np.testing.assert_allclose(result["same"], 1, rtol=1e-5)
    np.testing.assert_array_equal(result["seen"][:, :4], result["seen"][:, 4:])


def test_a_share_can_be_shared() -> None:
    text = """
    input: [8]
    layers:
      - dense: {units: 8, name: a}
      - share: {entry: a, name: b}
      - share: {entry: b, name: c}
      - add: [a, b, c]
    """
    graph = graph_of(text)
    assert [node.shares for node in graph.nodes] == [None, "a", "a", None]
    assert cnnspec.build(text).count_params() == 72


def test_a_single_named_output_is_a_mapping_too() -> None:
    model = cnnspec.build(
        "input: [4]\noutputs: [head]\nlayers: [{dense: {units: 3, name: head}}, {dense: 2}]".replace(", {dense: 2}", "")
    )
    assert list(model(np.zeros((1, 4), "float32"))) == ["head"]


SHARED = """
input: [8, 8, 3]
blocks:
  part:
    layers:
      - conv2d: {filters: 3, kernel_size: 1, name: first}
      - repeat: {times: 2, name: steps, layers: [{conv2d: {filters: 3, kernel_size: 1, name: step}}, relu]}
layers:
  - part: {name: one}
  - share: {entry: one, name: two}
  - share: {entry: two.steps, name: three}
  - concatenate: [one.first, two.first, two.steps.0.step, two.steps.step, three.1.step, three.0.step, three]
"""


def test_a_dot_leads_into_what_is_shared() -> None:
    graph = graph_of(SHARED)
    taken = graph.nodes[-1].inputs[:-1]
    roots = [next(node.shares or node.name for node in graph.nodes if node.name == name) for name in taken]
    step, last = "one.steps.step", "one.steps.step_1"
    assert roots == ["one.first", "one.first", step, last, last, step]
    assert len(set(taken)) == 6
    assert [name.partition(".")[0] for name in taken] == ["one", "two", "two", "two", "three", "three"]


def test_weights_are_kept_where_nothing_uses_the_entry_that_made_them() -> None:
    text = """
    inputs: {left: [8], right: [8]}
    layers:
      - dense: {units: 8, inputs: left, name: one}
      - share: {entry: one, inputs: right, name: two}
      - share: {entry: one, name: three}
    """
    graph = check_text(text).graph
    assert graph is not None
    assert [(node.shares, node.parameters) for node in graph.nodes] == [(None, 72), ("two.one", 0)]
    assert cnnspec.build(text).count_params() == 72


def test_one_tensor_taken_twice_stays_one_where_it_is_shared() -> None:
    text = """
    inputs: {left: [8], right: [8]}
    layers:
      - add: {inputs: [left, left], name: twice}
      - share: {entry: twice, inputs: [right, %s], name: other}
      - add: [twice, other]
    """
    assert len(graph_of(text % "right").nodes) == 3
    assert [found.code for found in check_text(text % "left").diagnostics] == ["input-count"]


def test_an_input_that_nothing_uses_is_doubtful() -> None:
    report = check_text("inputs: {left: [8], right: [8]}\nlayers: [{dense: {units: 2, inputs: right}}]")
    assert [(found.code, found.span.column) for found in report.diagnostics] == [("unused-input", 16)]


def test_the_summary_says_whose_weights_are_shared_and_what_each_input_shows() -> None:
    text = """
    inputs: {image: [16, 16, 3], row: [5]}
    layers:
      - dense: {units: 4, inputs: row, name: a}
      - dense: {units: 5, name: b}
      - share: {entry: a, name: c}
      - conv2d: {filters: 4, kernel_size: 3, inputs: image}
      - global_average_pooling2d: {name: d}
      - concatenate: [c, d]
    """
    shown = as_text(graph_of(text)).splitlines()
    row = next(line for line in shown if line.startswith("c.a"))
    assert "(weights of a)" in row
    sees = {layer["name"]: layer["receptive_field"] for layer in as_json(graph_of(text))["layers"]}
    assert (sees["a"], sees["conv2d"], sees["d"], sees["concatenate"]) == ([], [3, 3], [16, 16], None)


@pytest.mark.parametrize(
    "entry",
    [
        "tower: {name: d}",
        "block: {name: d, inputs: nope}",
        "block: {name: d, width: 3}",
        "repeat: {tims: 2, name: d, layers: [{block: {name: inner}}]}",
        "repeat: {times: $nope, name: d, layers: [{block: {name: inner}}]}",
        "when: {condition: $(nope > 1), name: d, layers: [{block: {name: inner}}]}",
        "share: {entry: nope, name: d}",
    ],
)
@pytest.mark.parametrize("after", ["{add: d.inner}", "{dense: $(d.inner.channels)}", "{share: d.1.inner}"])
def test_nothing_is_said_of_names_within_what_failed(entry: str, after: str) -> None:
    blocks = "blocks: {block: {layers: [{dense: {units: 8, name: inner}}]}}"
    text = f"input: [8]\noutputs: {{a: d.inner}}\n{blocks}\nlayers:\n  - {entry}\n  - {after}\n"
    assert len(check_text(text).diagnostics) == 1
