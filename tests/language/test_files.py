"""Specs of several files: what is inherited, what is imported, whose parameters count, and all of it in one file."""

from __future__ import annotations

from pathlib import Path

import pytest

import cnnspec
from cnnspec.emit.table import as_json
from cnnspec.pipeline import Report, check_file, check_text

BASE = """
name: base
parameters: {filters: 8, depth: 2}
input: [32, 32, 3]
layers:
  - repeat: {times: $depth, layers: [{conv2d: {filters: $filters, kernel_size: 3}}]}
  - flatten
  - dense: {units: 10, activation: softmax}
data: {source: {npz: {path: pictures.npz}}}
training:
  epochs: 3
  optimizer: {adam: {learning_rate: 0.1, beta_1: 0.8}}
"""
BLOCKS = """
parameters: {momentum: 0.9, filters: 5}
blocks:
  conv:
    parameters: {kernel_size: 3}
    layers: [{conv2d: {filters: $filters, kernel_size: $kernel_size}}]
  norm:
    layers: [conv, {batch_normalization: {momentum: $momentum}}]
"""


def folder_with(folder: Path, **texts: str) -> Path:
    for name, text in texts.items():
        path = folder / f"{name.replace('__', '/')}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def layers(report: Report) -> list[str]:
    assert report.graph is not None, str(report)
    return [node.layer.entry for node in report.graph.nodes]


def test_mappings_merge_and_all_else_replaces(tmp_path: Path) -> None:
    child = """
    extends: base/base.yaml
    parameters: {depth: 3}
    training: {optimizer: {adam: {learning_rate: 0.5}}}
    """
    report = check_file(folder_with(tmp_path, base__base=BASE, child=child) / "child.yaml")
    assert layers(report).count("conv2d") == 3
    assert report.name == "child"
    assert report.training is not None
    assert report.training.epochs == 3
    assert (report.training.optimizer.learning_rate, report.training.optimizer.beta_1) == (0.5, 0.8)
    assert report.directory == tmp_path / "base"  # where the source's path is written


def test_another_optimizer_replaces_the_one_inherited(tmp_path: Path) -> None:
    child = (
        "extends: base.yaml\ntraining: {optimizer: {sgd: {momentum: 0.9}}}\ndata: {source: digits}\ninput: [8, 8, 1]"
    )
    report = check_file(folder_with(tmp_path, base=BASE, child=child) / "child.yaml")
    assert report.training is not None
    assert report.training.optimizer.entry == "sgd"
    assert report.data is not None
    assert report.data.source.entry == "digits"


def test_null_takes_a_key_away_and_lists_replace(tmp_path: Path) -> None:
    child = "extends: base.yaml\ndata: null\nlayers: [flatten, {dense: 3}]\ninputs: {a: [4, 4, 1]}\n"
    report = check_file(folder_with(tmp_path, base=BASE, child=child) / "child.yaml")
    assert layers(report) == ["flatten", "dense"]
    assert report.data is None
    assert report.graph is not None
    assert dict(report.graph.inputs) == {"a": (4, 4, 1)}


def test_overrides_come_last(tmp_path: Path) -> None:
    path = folder_with(tmp_path, base=BASE, child="extends: base.yaml\nparameters: {depth: 3}") / "child.yaml"
    assert layers(check_file(path, overrides=["parameters.depth=5"])).count("conv2d") == 5


def test_a_grandparent_gives_as_well(tmp_path: Path) -> None:
    files = {"a": BASE, "deep__b": "extends: ../a.yaml\nparameters: {depth: 4}", "c": "extends: deep/b.yaml"}
    assert layers(check_file(folder_with(tmp_path, **files) / "c.yaml")).count("conv2d") == 4


def test_imported_blocks_see_the_parameters_and_blocks_of_their_own_file(tmp_path: Path) -> None:
    spec = """
    input: [32, 32, 3]
    imports: [lib/blocks.yaml]
    parameters: {filters: 7, momentum: 0.1}
    blocks:
      conv: {layers: [{conv2d: {filters: 9, kernel_size: 1}}]}
    layers: [conv, norm]
    """
    report = check_file(folder_with(tmp_path, lib__blocks=BLOCKS, spec=spec) / "spec.yaml")
    assert report.graph is not None, str(report)
    own, theirs, norm = (node.layer for node in report.graph.nodes)
    assert (own.filters, own.kernel_size, theirs.filters, theirs.kernel_size) == (9, (1, 1), 5, (3, 3))
    assert norm.momentum == 0.9


def test_imports_are_not_handed_on(tmp_path: Path) -> None:
    middle = "imports: [blocks.yaml]\nblocks: {twice: {layers: [norm, norm]}}"
    spec = "input: [32, 32, 3]\nimports: [middle.yaml]\nlayers: [{}]"
    folder = folder_with(tmp_path, blocks=BLOCKS, middle=middle, spec=spec.format("twice"), other=spec.format("norm"))
    assert layers(check_file(folder / "spec.yaml")) == ["conv2d", "batch_normalization"] * 2
    assert [found.code for found in check_file(folder / "other.yaml").diagnostics] == ["unknown-layer"]


def test_the_same_file_imported_on_two_ways_is_no_conflict(tmp_path: Path) -> None:
    spec = "input: [32, 32, 3]\nimports: [blocks.yaml, ./blocks.yaml]\nlayers: [norm]"
    assert layers(check_file(folder_with(tmp_path, blocks=BLOCKS, spec=spec) / "spec.yaml")) == [
        "conv2d", "batch_normalization",
    ]  # fmt: skip


@pytest.mark.parametrize("own", ["", "blocks: {conv: {layers: [{conv2d: {filters: 2, kernel_size: 1}}]}}"])
def test_resolved_is_one_file_that_says_the_same(tmp_path: Path, own: str) -> None:
    spec = (
        f"extends: base.yaml\nimports: [blocks.yaml, more.yaml]\n{own}\nlayers: [conv, norm, other, flatten, dense: 10]"
    )
    spec = spec.replace("dense: 10", "{dense: {units: 10, activation: softmax}}")
    more = "imports: [blocks.yaml]\nparameters: {rate: 0.25}\nblocks: {other: {layers: [norm, {dropout: $rate}]}}"
    folder = folder_with(tmp_path / "a", base=BASE, blocks=BLOCKS, more=more, spec=spec)
    report = check_file(folder / "spec.yaml")
    assert report.graph is not None, str(report)
    alone = check_text(report.resolved, "spec.yaml")
    assert "imports" not in report.resolved
    assert "extends" not in report.resolved
    assert alone.graph is not None, str(alone)
    strip = [{**layer, "line": 0} for layer in as_json(report.graph)["layers"]]
    assert [{**layer, "line": 0, "name": was["name"], "inputs": was["inputs"]}
            for layer, was in zip(as_json(alone.graph)["layers"], strip, strict=True)] == strip  # fmt: skip
    assert str(folder / "pictures.npz") in alone.resolved


def test_a_text_extends_files_of_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder_with(tmp_path, base=BASE))
    assert layers(cnnspec.check("extends: base.yaml\nparameters: {depth: 1}\n")) == ["conv2d", "flatten", "dense"]


def test_null_takes_away_what_stands_in_a_section(tmp_path: Path) -> None:
    child = """
    extends: base.yaml
    parameters: {depth: null, other: 3}
    layers: [{dense: 10}]
    training: {epochs: null, optimizer: null}
    data: {validation_split: null}
    """
    report = check_file(folder_with(tmp_path, base=BASE, child=child) / "child.yaml", overrides=["layers.1=flatten"])
    assert [found.code for found in report.diagnostics] == ["set-path"]
    report = check_file(tmp_path / "child.yaml", overrides=["layers=[flatten, {dense: {units: 10}}]"])
    assert report.training is not None
    assert (report.training.epochs, report.training.optimizer.entry) == (10, "adam")
    assert report.data is not None
    assert report.data.validation_split == 0
    assert "depth" not in report.resolved


def test_a_child_without_layers_is_told_so_itself(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, base=BLOCKS, child="extends: base.yaml\ninput: [8]")
    found = check_file(folder / "child.yaml").diagnostics
    assert [(each.code, Path(each.span.file).name) for each in found] == [("missing-key", "child.yaml")]


@pytest.mark.parametrize(
    ("spec", "blocks", "told"),
    [
        ("imports: [blocks.yaml]", "block: {conv: {layers: [relu]}}", "unknown-key"),
        ("imports: [blocks.yaml]", "import: [more.yaml]\nblocks: {other: {layers: [conv]}}", "unknown-key"),
        ("imports: [blocks.yaml]", "paramters: {n: 1}\nblocks: {conv: {layers: [dense: $n]}}", "unknown-key"),
        ("imports: [blocks.yaml]", "parameters: {n: null}\nblocks: {conv: {layers: [dense: $n]}}", "missing-parameter"),
        ("imports: [blocks.yaml]", "input: [8]", "import-empty"),
        ("imports: [blocks.yaml]", "blocks:", "import-empty"),
        ("imports: [blocks.yaml]", "blocks: [conv]", "wrong-type"),
        ("imports: [blocks.yaml]", "parameters: [n]\nblocks: {conv: {layers: [dense: $n]}}", "wrong-type"),
        ("imports: [blocks.yaml]", "imports:\nblocks: {conv: {layers: [more]}}", "wrong-type"),
        ("imports: blocks.yaml", "blocks: {conv: {layers: [relu]}}", "wrong-type"),
        ("import: [blocks.yaml]", "blocks: {conv: {layers: [relu]}}", "unknown-key"),
        ("blocks: [conv]", "", "wrong-type"),
    ],
)
def test_what_follows_from_a_mistake_in_bringing_blocks_in_is_not_said(
    tmp_path: Path, spec: str, blocks: str, told: str
) -> None:
    folder = folder_with(tmp_path, blocks=blocks, spec=f"{spec}\ninput: [8]\nlayers: [conv]\n")
    assert [found.code for found in check_file(folder / "spec.yaml").diagnostics] == [told]


@pytest.mark.parametrize("parameters", ["paramters: {n: 1}", "parameters: [n]", "parameters: {n: null}"])
def test_what_follows_from_parameters_that_do_not_read_is_not_said(parameters: str) -> None:
    assert len(check_text(f"{parameters}\ninput: [8]\nlayers: [dense: $n, dense: $(n * 2)]").diagnostics) == 1
    assert len(check_text(f"{parameters}\ninput: [8]\nlayers: $n").diagnostics) == 1


@pytest.mark.parametrize(("empty", "told"), [("parameters:", "unknown-parameter"), ("blocks:", "unknown-layer")])
def test_an_empty_section_holds_nothing(empty: str, told: str) -> None:
    found = check_text(f"{empty}\ninput: [8]\nlayers: [dense: $n, my_block]").diagnostics
    assert told in [each.code for each in found]


CORE = "core: {parameters: {n: 2}, layers: [{conv2d: {filters: $n, kernel_size: 1}}]}"
OWN_NORM = "conv_bn: {layers: [{conv2d: {filters: 2, kernel_size: 1}}]}"
TANGLED = {
    "a default that holds a list of layers": {
        "spec": "imports: [a.yaml]\nblocks: {core: {layers: [relu]}}\nlayers: [core, twice]",
        "a": f"blocks: {{{CORE}, twice: {{parameters: {{body: [core]}}, layers: [$body, $body]}}}}",
    },
    "a hidden standard block": {
        "spec": f"imports: [a.yaml]\nblocks: {{{OWN_NORM}}}\nlayers: [conv_bn, stem, {{double_conv: 4}}]",
        "a": "blocks: {stem: {layers: [{conv_bn: 5}, {unet_down: 8}]}}",
    },
    "a standard block hidden further down": {
        "spec": "imports: [a.yaml]\nlayers: [{conv_bn: 4}, stem]",
        "a": "imports: [b.yaml]\nblocks: {stem: {layers: [conv_bn]}}",
        "b": f"blocks: {{{OWN_NORM}}}",
    },
    "one name in three files": {
        "spec": "imports: [a.yaml, b.yaml]\nlayers: [core, left]",
        "a": "imports: [more/b.yaml]\nblocks: {left: {layers: [core]}}",
        "b": f"parameters: {{n: 7}}\nblocks: {{{CORE}}}",
        "more__b": "parameters: {n: 9}\nblocks: {core: {layers: [{conv2d: {filters: $n, kernel_size: 3}}]}}",
    },
    "a parameter called like a block": {
        "spec": "imports: [a.yaml]\nblocks: {core: {layers: [relu]}}\nlayers: [stem]",
        "a": "blocks: {core: {parameters: {core: 3}, layers: [{conv2d: {filters: $core, kernel_size: 1}}]}, "
        "stem: {layers: [{core: {core: 6}}]}}",
    },
    "parameters computed in the file": {
        "spec": "imports: [a.yaml]\nlayers: [stem]",
        "a": "parameters: {n: 2, wide: $(n * 2)}\n"
        "blocks: {stem: {parameters: {n: 5}, layers: [{conv2d: {filters: $wide, kernel_size: 1}}]}}",
    },
}  # fmt: skip


@pytest.mark.parametrize("name", TANGLED)
def test_resolved_keeps_what_names_mean(tmp_path: Path, name: str) -> None:
    texts = TANGLED[name]
    folder = folder_with(tmp_path, **{**texts, "spec": f"input: [8, 8, 3]\n{texts['spec']}"})
    report = check_file(folder / "spec.yaml")
    alone = check_text(report.resolved)
    assert layers(report), str(report)
    assert alone.graph is not None, str(alone)
    assert report.graph is not None
    seen = [[(node.layer, node.shape) for node in graph.nodes] for graph in (report.graph, alone.graph)]
    assert seen[0] == seen[1]
