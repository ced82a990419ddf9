"""Elaboration: flow, names, structures, blocks and parameters, each seen in the graph that comes out."""

from __future__ import annotations

from typing import Any

import pytest

from cnnspec.pipeline import Report, check_text


def checked(text: str, *overrides: str) -> Report:
    return check_text(text, overrides=overrides)


def shapes(text: str, *overrides: str) -> dict[str, tuple[int | None, ...]]:
    report = checked(text, *overrides)
    assert report.graph is not None, str(report)
    return {node.name: node.shape for node in report.graph.nodes}


def codes(text: str, *overrides: str) -> list[str]:
    return [found.code for found in checked(text, *overrides).diagnostics]


def last(text: str, *overrides: str) -> tuple[int | None, ...]:
    return list(shapes(text, *overrides).values())[-1]


HEAD = "input: [8, 8, 4]\nlayers:\n"


def test_each_entry_takes_the_output_above_it() -> None:
    text = HEAD + "  - conv2d: {filters: 6, kernel_size: 3}\n  - max_pooling2d: 2\n  - flatten\n  - dense: 5\n"
    assert shapes(text) == {"conv2d": (6, 6, 6), "max_pooling2d": (3, 3, 6), "flatten": (54,), "dense": (5,)}


def test_inputs_takes_another_output_instead() -> None:
    text = HEAD + (
        "  - conv2d: {filters: 6, kernel_size: 1, name: a}\n  - flatten: {name: b}\n"
        "  - conv2d: {filters: 2, kernel_size: 1, inputs: a, name: c}\n  - concatenate: [a, c]\n"
    )
    report = checked(text)
    assert report.graph is not None
    assert report.graph["concatenate"].inputs == ("a", "c")
    assert report.graph["concatenate"].shape == (8, 8, 8)
    assert [found.code for found in report.diagnostics] == ["unused-output"]


def test_a_merge_with_one_name_puts_the_running_tensor_first() -> None:
    text = HEAD + "  - conv2d: {filters: 6, kernel_size: 1, name: a}\n  - relu: {name: b}\n  - concatenate: a\n"
    report = checked(text)
    assert report.graph is not None
    assert report.graph["concatenate"].inputs == ("b", "a")


def test_merge_arguments_beside_inputs() -> None:
    text = HEAD + "  - relu: {name: a}\n  - relu: {name: b}\n  - concatenate: {inputs: [a, b], axis: 1, name: c}\n"
    assert shapes(text)["c"] == (16, 8, 4)


def test_a_name_may_look_like_a_number() -> None:
    assert last(HEAD + "  - relu: {name: 1}\n  - add: 1\n") == (8, 8, 4)


def test_a_nested_list_sees_outer_names_and_may_hide_them() -> None:
    text = HEAD + (
        "  - conv2d: {filters: 4, kernel_size: 1, name: a}\n"
        "  - residual: {layers: [{relu: {name: a}}, {multiply: a}]}\n  - add: a\n"
    )
    report = checked(text)
    assert report.graph is not None
    assert report.graph["multiply"].inputs == ("a_1", "a_1")
    assert report.graph["add_1"].inputs == ("add", "a")


def test_the_same_name_in_each_round_of_a_repetition_is_no_duplicate() -> None:
    text = HEAD + "  - repeat: {times: 2, layers: [{relu: {name: r}}, {add: r}]}\n"
    assert list(shapes(text)) == ["r", "add", "r_1", "add_1"]


def test_structures_may_be_named() -> None:
    text = HEAD + "  - residual: {layers: [relu], name: block}\n  - relu\n  - add: block\n"
    report = checked(text)
    assert report.graph is not None
    assert [node.name for node in report.graph.nodes] == ["block.relu", "block.add", "relu", "add"]
    assert report.graph["add"].inputs == ("relu", "block.add")


@pytest.mark.parametrize(
    ("filters", "strides", "out"),
    [(4, 1, (8, 8, 4)), (16, 1, (8, 8, 16)), (4, 2, (4, 4, 4)), (16, 2, (4, 4, 16)), (16, 3, (3, 3, 16))],
)
def test_a_projection_finds_filters_and_strides(filters: int, strides: int, out: tuple[int, ...]) -> None:
    text = HEAD + (
        f"  - residual:\n      layers: [{{conv2d: {{filters: {filters}, kernel_size: 3, strides: {strides}, padding: same}}}}]\n"
        "      shortcut: projection\n      activation: relu\n"
    )
    report = checked(text)
    assert report.graph is not None
    projection = report.graph["projection"]
    assert projection.shape == out
    assert projection.layer.changed()["use_bias"] is False
    assert report.graph["projection_normalization"].layer.entry == "batch_normalization"
    assert report.graph["activation"].shape == out


def test_a_projection_of_open_sizes_takes_the_strides_of_the_body() -> None:
    text = "input: [null, null, 4]\nlayers:\n  - residual:\n      layers:\n" + (
        "        - conv2d: {filters: 8, kernel_size: 3, strides: 2, padding: same}\n"
        "        - max_pooling2d: {pool_size: 2, padding: same}\n      shortcut: projection\n"
    )
    report = checked(text)
    assert report.graph is not None
    assert report.graph["projection"].layer.changed()["strides"] == (4, 4)
    assert report.graph["add"].shape == (None, None, 8)


def test_a_projection_of_vectors_and_sequences() -> None:
    vector = "input: [10]\nlayers:\n  - residual: {layers: [{dense: 6}], shortcut: projection}\n"
    assert shapes(vector)["projection"] == (6,)
    steps = "input: [20, 3]\nlayers:\n  - residual:\n      layers: [{conv1d: {filters: 6, kernel_size: 3, strides: 2, padding: same}}]\n"
    assert shapes(steps + "      shortcut: projection\n")["projection"] == (10, 6)


def test_an_explicit_shortcut() -> None:
    text = HEAD + (
        "  - residual:\n      layers: [{conv2d: {filters: 4, kernel_size: 2, strides: 2}}]\n"
        "      shortcut: [{average_pooling2d: 2}]\n"
    )
    assert last(text) == (4, 4, 4)


def test_branches_start_from_the_running_tensor() -> None:
    text = HEAD + (
        "  - branches:\n      paths:\n        - [{conv2d: {filters: 6, kernel_size: 1}}]\n        - []\n"
        "        - [{conv2d: {filters: 2, kernel_size: 3, padding: same}}]\n"
    )
    report = checked(text)
    assert report.graph is not None
    assert report.graph["concatenate"].shape == (8, 8, 12)
    assert report.graph["concatenate"].inputs == ("conv2d", "input", "conv2d_1")


def test_branches_merge_with_any_merge() -> None:
    text = HEAD + "  - branches: {merge: {concatenate: {axis: 2}}, paths: [[relu], []]}\n"
    assert last(text) == (8, 16, 4)


def test_repeat_over_values_binds_them() -> None:
    text = HEAD + (
        "  - repeat: {over: [[8, 1], [16, 2]], as: [filters, strides], layers: "
        "[{conv2d: {filters: $filters, strides: $strides, kernel_size: 3, padding: same}}]}\n"
        "  - repeat: {over: [3, 5], as: n, layers: [{dense: $(n * channels)}]}\n  - repeat: {times: 0, layers: [relu]}\n"
    )
    assert list(shapes(text).values()) == [(8, 8, 8), (4, 4, 16), (4, 4, 48), (4, 4, 240)]


@pytest.mark.parametrize(
    ("condition", "out"), [("$(channels > 3)", (8, 8, 2)), ("$(channels > 4)", (8, 8, 3)), ("true", (8, 8, 2))]
)
def test_when(condition: str, out: tuple[int, ...]) -> None:
    text = HEAD + f"  - when: {{condition: {condition}, layers: [{{dense: 2}}], otherwise: [{{dense: 3}}]}}\n"
    assert last(text) == out


def test_sizes_of_the_running_tensor() -> None:
    text = (
        HEAD
        + "  - conv2d: {filters: $(channels * 2), kernel_size: $(height // 4)}\n  - resizing: {height: $(width * 2), width: 3}\n"
    )
    assert list(shapes(text).values()) == [(7, 7, 8), (14, 3, 8)]


def test_an_entrys_inputs_are_its_running_tensor() -> None:
    text = HEAD + "  - dense: {units: 10, name: a}\n  - dense: 3\n  - dense: {units: $(channels * 2), inputs: a}\n"
    assert last(text) == (8, 8, 20)


BLOCKS = """
parameters: {width: 2}
blocks:
  unit:
    parameters: {filters: null, strides: 1, times: $(strides + 1)}
    layers:
      - repeat:
          times: $times
          layers: [{conv2d: {filters: $(filters * wide), kernel_size: 1, strides: $strides}}]
  twice: {parameters: {body: null}, layers: [{repeat: {times: 2, layers: $body}}]}
  given: {parameters: {filters: $channels}, layers: [{dense: $filters}]}
"""


def test_blocks_see_their_parameters_then_those_of_the_file() -> None:
    text = BLOCKS.replace("width: 2", "wide: 2") + HEAD + "  - unit: {filters: 3, strides: 2, name: u}\n  - unit: 5\n"
    assert shapes(text) == {
        "u.conv2d": (4, 4, 6), "u.conv2d_1": (2, 2, 6), "u.conv2d_2": (1, 1, 6), "unit.conv2d": (1, 1, 10), "unit.conv2d_1": (1, 1, 10),
    }  # fmt: skip


def test_a_block_takes_a_list_of_layers_in_the_scope_of_its_caller() -> None:
    text = BLOCKS.replace("width: 2", "wide: 2, more: 3") + HEAD + "  - twice: {body: [{dense: $(channels + more)}]}\n"
    assert list(shapes(text).values()) == [(8, 8, 7), (8, 8, 10)]


def test_a_default_may_use_the_running_tensor() -> None:
    text = BLOCKS.replace("width: 2", "wide: 2") + HEAD + "  - dense: 7\n  - given\n"
    assert last(text) == (8, 8, 7)


def test_a_block_does_not_see_the_names_of_its_caller() -> None:
    text = "blocks:\n  sees: {layers: [{add: a}]}\n" + HEAD + "  - relu: {name: a}\n  - sees\n"
    assert codes(text) == ["unknown-input"]


def test_a_mistake_in_a_block_shows_both_places_once() -> None:
    text = (
        "blocks:\n  unit: {layers: [{conv2d: {filters: 4, kernel_size: 5}}]}\n"
        + HEAD
        + "  - unit\n  - unit\n  - unit\n"
    )
    report = checked(text)
    (found,) = report.diagnostics
    assert found.code == "shape-window"
    assert (found.span.line, [related.span.line for related in found.related]) == (2, [5, 6])


def test_symbolic_sizes_flow_through() -> None:
    text = "input: [null, 32, 3]\nlayers:\n  - conv2d: {filters: 8, kernel_size: 3, strides: 2, padding: 1}\n  - global_average_pooling2d\n"
    assert shapes(text) == {"conv2d": (None, 16, 8), "global_average_pooling2d": (8,)}


def test_one_mistake_silences_what_follows_from_it_and_nothing_else() -> None:
    text = HEAD + (
        "  - conv2d: {filters: 4, kernel_size: 9, name: a}\n  - conv2d: {filters: $(channels // 8), kernel_size: 99}\n"
        "  - add: a\n  - residual: {layers: [relu]}\n  - cnv2d\n  - dense: {units: 3, unit: 4}\n"
    )
    assert codes(text) == ["shape-window", "unknown-layer", "unknown-argument"]


def test_after_a_remedy_checking_goes_on() -> None:
    text = HEAD + (
        "  - residual: {layers: [{conv2d: {filters: 8, kernel_size: 3}}]}\n"
        "  - residual: {layers: [{conv2d: {filters: 16, kernel_size: 3}}]}\n  - conv2d: {filters: 4, kernel_size: 9}\n"
    )
    assert codes(text) == ["shape-residual"] * 4 + ["shape-window"]


@pytest.mark.parametrize(
    ("setting", "out"),
    [
        ("parameters.n=7", (7,)), ("layers.1.dense=9", (9,)), ("layers.1.dense.units=6", None), ("layers.1={dense: {units: 4}}", (4,)),
        ("layers.0.flatten={}", (5,)), ("parameters.n='8'", None), ("layers.7=relu", None), ("name=x", (5,)),
    ],
)  # fmt: skip
def test_set(setting: str, out: tuple[int, ...] | None) -> None:
    text = "parameters: {n: 5}\n" + HEAD + "  - flatten\n  - dense: $n\n"
    if out is None:
        assert not checked(text, setting).ok
    else:
        assert last(text, setting) == out


def test_a_mistake_in_an_override_is_shown_in_it() -> None:
    report = checked("parameters: {n: 5}\n" + HEAD + "  - dense: {units: 3}\n", "layers.0.dense.units=many")
    (found,) = report.diagnostics
    assert (found.code, found.span.file, found.span.column) == ("wrong-type", "--set layers.0.dense.units=many", 22)
    assert "layers.0.dense.units=many" in str(report)


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("input: [1]\nlayers:\n  - repeat: {times: 10001, layers: [relu]}\n", True),
        ("input: [20000, 4, 1]\nlayers: [relu]\n", True),
        ("input: [4]\nlayers: [{dense: 1048577}]\n", True),
        ("input: [100000]\nlayers: [{dense: 100000}]\n", True),
        ("input: [1]\nlayers:\n  - repeat: {times: 10000000000, layers: []}\n", False),
    ],
)
def test_limits_and_how_to_lift_them(text: str, allowed: bool) -> None:
    (found,) = checked(text).diagnostics
    assert found.code.startswith("limit-")
    assert check_text(text, allow_large=True).ok == allowed


def test_receptive_fields() -> None:
    text = "input: [64, 64, 1]\nlayers:\n" + (
        "  - conv2d: {filters: 1, kernel_size: 3, strides: 2}\n  - conv2d: {filters: 1, kernel_size: 3, dilation_rate: 2}\n"
        "  - max_pooling2d: 2\n  - conv2d: {filters: 1, kernel_size: 3}\n  - up_sampling2d: 2\n  - flatten\n"
    )
    report = checked(text)
    assert report.graph is not None
    seen: list[Any] = [node.field.size for node in report.graph.nodes]
    assert seen == [(3, 3), (11, 11), (13, 13), (21, 21), (21, 21), None]
