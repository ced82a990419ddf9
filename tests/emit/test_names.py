"""Source builds whatever things are called: names × what bears them, with names of Python's and of the source's own."""

from __future__ import annotations

import pytest

from cnnspec.emit.source import code
from cnnspec.pipeline import check_text
from tests.emit.source.recorder import assert_called

NAMES = (
    "head", "x", "x2", "x_in", "inputs", "outputs", "input", "model", "build_model", "apply_all", "keras", "layers",
    "ops", "math", "conv2d", "dense", "relu", "add", "Sequential", "Model", "Input", "activations", "shortcut", "skip",
    "for", "class", "lambda", "def", "None", "True", "match", "print", "list", "range", "self", "_", "__name__", "1x",
    "a-b", "i", "round",
)  # fmt: skip
BLOCK = "blocks: {NAME: {layers: [{conv2d: {filters: 3, kernel_size: 3, padding: same}}, relu]}}\n"
BEARERS = {
    "a block": "input: [8, 8, 3]\n" + BLOCK + "layers:\n  - NAME\n  - NAME\n  - flatten\n",
    "a block and a later layer": "input: [8, 8, 3]\n" + BLOCK
    + "layers:\n  - NAME\n  - NAME\n  - dense: {units: 3, name: NAME}\n",
    "a block and an earlier layer": "input: [8, 8, 3]\n" + BLOCK
    + "layers:\n  - dense: {units: 3, name: NAME}\n  - NAME\n  - NAME\n  - add: NAME\n",
    "a block and its call": "input: [8, 8, 3]\n" + BLOCK + "layers:\n  - NAME\n  - NAME: {name: NAME}\n  - add: NAME\n",
    "a block and an input": "inputs: {NAME: [8, 8, 3], other: [8, 8, 3]}\n" + BLOCK
    + "layers:\n  - NAME: {inputs: NAME}\n  - name: first\n  - NAME: {inputs: other}\n  - add: first\n",
    "a block and its input": "input: [8, 8, 3]\nblocks: {NAME: {inputs: [NAME, z], layers: [{add: [NAME, z]}, relu]}}\n"
    "layers:\n  - relu: {name: r}\n  - elu\n  - NAME: {inputs: r}\n  - NAME: {inputs: r}\n",
    "a block and a parameter": "input: [8, 8, 3]\nparameters: {NAME: 3}\n"
    "blocks: {NAME: {parameters: {NAME: 3}, layers: [{conv2d: {filters: $NAME, kernel_size: 3}}, relu]}}\n"
    "layers:\n  - NAME\n  - NAME: {NAME: 6}\n  - dense: $NAME\n",
    "blocks in a block": "input: [8, 8, 3]\nblocks:\n  NAME: {layers: [relu, elu]}\n"
    "  outer: {layers: [NAME, {relu: {name: NAME}}, {conv2d: {filters: 3, kernel_size: 1}}, {add: NAME}]}\n"
    "layers:\n  - outer\n  - outer\n  - NAME\n",
    "a block in rounds": "input: [8, 8, 3]\n" + BLOCK
    + "layers:\n  - repeat: {times: 2, layers: [NAME, {relu: {name: NAME_2}}]}\n  - NAME: {name: NAME}\n",
    "rounds": "input: [8, 8, 3]\n" + BLOCK
    + "layers:\n  - repeat: {over: [3, 4], as: NAME, layers: [{conv2d: {filters: $NAME, kernel_size: 3}}]}\n"
    "  - dense: 3\n  - NAME\n  - NAME\n",
    "an input": "inputs: {NAME: [8, 8, 3], other: [8, 8, 3]}\nlayers:\n  - add: {inputs: [NAME, other]}\n  - dense: 4\n",
    "a layer": "input: [8, 8, 3]\nlayers:\n  - dense: {units: 3, name: NAME}\n  - relu\n  - add: NAME\n",
    "an output": "input: [8, 8, 3]\nlayers:\n  - dense: {units: 3, name: NAME}\n  - relu: {name: zz}\n"
    "outputs: [NAME, zz]\n",
}  # fmt: skip


@pytest.mark.parametrize("bearer", BEARERS)
def test_any_name(bearer: str) -> None:
    taken = 0
    for name in NAMES:
        report = check_text(BEARERS[bearer].replace("NAME", name))
        if report.graph is not None:
            taken += 1
            assert_called(report.graph, code(report.graph))
    assert taken > len(NAMES) // 2
