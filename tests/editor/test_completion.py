"""What is offered at a place, in text that reads and in text that does not."""

from __future__ import annotations

import pytest

from cnnspec.editor.completion import Completion, complete
from cnnspec.editor.declared import Source
from tests.editor.opened import FILE, TOP

UNIT = "blocks: {unit: {parameters: {filters: null, kernel: 3}, layers: [relu]}}\n"
NAMED = TOP + "  - conv2d: {filters: 3, kernel_size: 1, name: a}\n"


def at(text: str, **others: str) -> Completion:
    offset = text.index("|")
    return complete(Source(FILE, text.replace("|", "", 1)), offset, lambda file: others.get(file.split("/")[-1][:-5]))


@pytest.mark.parametrize(
    ("text", "wanted", "unwanted"),
    [
        pytest.param("|", {"input", "layers", "training"}, {"conv2d"}, id="an empty text"),
        pytest.param("la|", {"layers"}, set(), id="a first key"),
        pytest.param("input: [1]\n|\nlayers: []\n", {"data", "blocks"}, {"input", "layers"}, id="a further key"),
        pytest.param(TOP + "  - con|", {"conv2d", "residual", "squeeze_excite"}, {"filters"}, id="an entry"),
        pytest.param(TOP + "  - |\n  - relu\n", {"conv2d", "repeat"}, {"filters"}, id="an empty entry"),
        pytest.param(TOP + "  |", {"conv2d"}, set(), id="a list that is not begun"),
        pytest.param("layers: [|", {"conv2d", "relu"}, set(), id="a list in brackets"),
        pytest.param("layers: [{|", {"conv2d", "relu"}, set(), id="an entry in brackets"),
        pytest.param(UNIT + TOP + "  - |", {"unit", "conv2d"}, set(), id="own blocks"),
        pytest.param("blocks:\n  u:\n    layers:\n      - max|", {"max_pooling2d"}, set(), id="the layers of a block"),
        pytest.param(TOP + "  - residual:\n      layers:\n        - |", {"conv2d"}, set(), id="a nested list"),
        pytest.param(TOP + "  - branches: {paths: [[|", {"conv2d"}, set(), id="a path"),
        pytest.param(TOP + "  - conv2d: {fil|", {"filters", "name", "inputs"}, {"conv2d"}, id="an argument, unclosed"),
        pytest.param(TOP + "  - conv2d: {filters: 3, |}", {"strides"}, {"filters"}, id="an argument more"),
        pytest.param(TOP + "  - conv2d: {filters: 3, |\n  - relu\n", {"strides"}, {"filters"}, id="above an entry"),
        pytest.param(TOP + "  - conv2d:\n      |", {"filters"}, set(), id="a first argument below"),
        pytest.param(
            TOP + "  - conv2d:\n      filters: 3\n      |\n  - relu\n", {"strides"}, {"filters"}, id="one more below"
        ),
        pytest.param(
            TOP + "  - conv2d:\n      |\n      filters: 3\n", {"strides"}, {"filters"}, id="one above the others"
        ),
        pytest.param(UNIT + TOP + "  - unit: {|", {"filters", "kernel", "name"}, {"units"}, id="a block's parameters"),
        pytest.param(TOP + "  - residual: {|", {"layers", "shortcut"}, set(), id="the keys of a structure"),
        pytest.param(
            "blocks: {u: {parameters: {body: null}, layers: $body}}\n" + TOP + "  - u: {body: [|",
            {"conv2d"},
            set(),
            id="layers that a parameter holds",
        ),
        pytest.param(TOP + "  - conv2d: {padding: |", {"valid", "same"}, {"relu"}, id="words"),
        pytest.param(TOP + "  - conv2d: {activation: |}", {"relu", "gelu"}, set(), id="activations"),
        pytest.param(TOP + "  - conv2d:\n      activation: re|\n", {"relu"}, set(), id="activations below"),
        pytest.param(TOP + "  - conv2d: {use_bias: |}", {"true", "false"}, set(), id="truth"),
        pytest.param(TOP + "  - dense: {kernel_initializer: |", {"he_normal"}, set(), id="initializers"),
        pytest.param(TOP + "  - residual: {shortcut: |", {"identity", "projection"}, set(), id="a shortcut"),
        pytest.param(TOP + "  - branches: {merge: |", {"add", "concatenate"}, {"conv2d"}, id="merges"),
        pytest.param(NAMED + "  - add: |\n  - relu: {name: later}\n", {"a", "input"}, {"later"}, id="names"),
        pytest.param(NAMED + "  - concatenate: [a, |\n  - relu\n", {"a"}, set(), id="names in brackets"),
        pytest.param(NAMED + "  - relu: {inputs: |}", {"a"}, set(), id="names for inputs"),
        pytest.param(NAMED + "  - residual: {layers: [{add: |}]}", {"a"}, set(), id="names from around"),
        pytest.param(NAMED + "  - share: |", {"a"}, set(), id="names to share"),
        pytest.param(NAMED + "outputs: [|]", {"a"}, set(), id="names for outputs"),
        pytest.param("inputs: {l: [1], r: [1]}\nlayers:\n  - add: [|", {"l", "r"}, set(), id="inputs by name"),
        pytest.param("parameters: {n: 3}\n" + TOP + "  - dense: $|", {"n", "channels"}, set(), id="parameters"),
        pytest.param("parameters: {n: 3}\n" + TOP + "  - dense: $(2 * |)", {"n", "min"}, set(), id="an expression"),
        pytest.param(NAMED + "  - dense: $(a.|)", {"height", "channels"}, {"min", "input"}, id="the sizes of a name"),
        pytest.param(NAMED + "  - dense: $(s|)", {"sum", "a.channels"}, set(), id="a function, and a named tensor"),
        pytest.param("parameters: {n: 3}\n" + TOP + "  - dense: {units: |}", {"$n"}, set(), id="a parameter's value"),
        pytest.param(
            TOP + "  - repeat: {over: [1], as: k, layers: [{dense: $|}]}", {"k"}, set(), id="what a round is given"
        ),
        pytest.param(
            "blocks: {u: {parameters: {f: 1}, layers: [{dense: $|}]}}", {"f"}, set(), id="parameters of a block"
        ),
        pytest.param(TOP + "  - relu\ntraining:\n  |", {"epochs", "loss"}, {"source"}, id="the keys of a section"),
        pytest.param(TOP + "  - relu\ntraining: {loss: |", {"mean_squared_error"}, set(), id="losses"),
        pytest.param(TOP + "  - relu\ntraining: {metrics: [|", {"accuracy"}, set(), id="metrics"),
        pytest.param(TOP + "  - relu\ntraining:\n  optimizer: {|", {"adam", "sgd"}, set(), id="optimizers"),
        pytest.param(TOP + "  - relu\ntraining: {optimizer: {adam: {|", {"learning_rate"}, set(), id="of an optimizer"),
        pytest.param(
            TOP + "  - relu\ntraining:\n  callbacks:\n    - |", {"early_stopping"}, set(), id="callbacks"
        ),
        pytest.param(TOP + "  - relu\ndata: {source: |", {"mnist", "npz"}, set(), id="data sources"),
        pytest.param("data:\n  augmentation:\n    - random|\nlayers: []", {"random_flip"}, set(), id="augmentation"),
    ],
)  # fmt: skip
def test_what_is_offered(text: str, wanted: set[str], unwanted: set[str]) -> None:
    labels = {item.label for item in at(text).items}
    assert wanted <= labels
    assert not unwanted & labels


@pytest.mark.parametrize(
    "text",
    [
        "services: {web: 1}\n|",
        TOP + "  # con|",
        TOP + "  -|",
        TOP + "  - conv2d: {padding: same |}",
        "layers: [relu]\nname: |",
        "layers: [relu]\nunknown: {|}",
    ],
)
def test_where_nothing_is_offered(text: str) -> None:
    assert at(text).items == ()


@pytest.mark.parametrize(
    ("text", "label", "insert", "snippet"),
    [
        (TOP + "  - con|", "conv2d", "conv2d: ", "conv2d: {filters: $1, kernel_size: $2}"),
        (TOP + "  - |", "flatten", "flatten", ""),
        (TOP + "  - |", "dropout", "dropout: ", "dropout: $1"),
        (TOP + "  - |", "add", "add: ", "add: $1"),
        (TOP + "  - |", "repeat", "repeat: ", "repeat:\n    times: $1\n    layers:\n      - $2"),
        (TOP + "  |", "flatten", "- flatten", ""),
        ("layers: [|", "conv2d", "{conv2d: ", "{conv2d: {filters: $1, kernel_size: $2}}"),
        ("layers: [|", "residual", "{residual: ", "{residual: {layers: [$1]}}"),
        ("layers: [{|", "flatten", "flatten: ", "flatten: $1"),
        (UNIT + TOP + "  - |", "unit", "unit: ", "unit: $1"),
        (TOP + "  - conv2d: {|", "padding", "padding: ", "padding: ${1:valid}"),
        (TOP + "  - conv2d: {|", "filters", "filters: ", "filters: $1"),
        (TOP + "  - con|: {filters: 3}", "conv2d", "conv2d", ""),
        (TOP + "  - relu\ntraining: {optimizer: |", "sgd", "sgd", ""),
        (TOP + "  - relu\ndata: {source: |", "npz", "{npz: ", "{npz: $1}"),
    ],
)
def test_what_is_inserted(text: str, label: str, insert: str, snippet: str) -> None:
    found = next(item for item in at(text).items if item.label == label)
    assert (found.insert, found.snippet) == (insert, snippet)


def test_the_word_at_the_cursor_is_replaced() -> None:
    text = TOP + "  - con|v: {filters: 3}"
    found = at(text)
    assert text.replace("|", "")[found.range.start : found.range.end] == "conv"
    assert at(TOP + "  - dense: $(2 * n|)").range.end - at(TOP + "  - dense: $(2 * n|)").range.start == 1


def test_a_parameter_hides_a_size_of_the_running_tensor() -> None:
    items = at("parameters: {width: 3}\n" + TOP + "  - dense: $(|)").items
    assert [item.detail for item in items if item.label == "width"] == ["= 3"]


def test_arguments_come_before_the_values_that_may_stand_in_their_place() -> None:
    items = at(TOP + "  - relu\ntraining:\n  optimizer:\n    adam:\n      |").items
    assert [item.label for item in items][:2] == ["learning_rate", "weight_decay"]


def test_imported_blocks_are_offered() -> None:
    text = "imports: [parts.yaml]\n" + TOP + "  - |"
    assert "part" in {item.label for item in at(text, parts="blocks: {part: {layers: [relu]}}").items}


def test_what_is_needed_comes_first_with_its_text() -> None:
    items = at(TOP + "  - conv2d: {|").items
    assert [item.label for item in items if item.first] == ["filters", "kernel_size"]
    assert all(item.text for item in items)
