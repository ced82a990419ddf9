"""The one grammar, as the schema has it: what may stand where."""

from __future__ import annotations

import pytest

from tests.schema.reading import problems

HEAD = "input: [8, 8, 1]\n"
OWN = HEAD + "blocks: {unit: {parameters: {n: null}, layers: [relu]}}\n"

RIGHT = {
    "a name": HEAD + "layers: [flatten]",
    "a value": HEAD + "layers: [{dense: 3}]",
    "arguments": HEAD + "layers: [{dense: {units: 3, name: d, inputs: a}}]",
    "nothing after a name": HEAD + "layers:\n  - max_pooling2d:\n  - flatten: {}",
    "a name that is a number": HEAD + "layers: [{relu: {name: 1}}, {add: 1}]",
    "a name in letters of another script": HEAD + "layers: [{relu: {name: größe}}, {add: größe}]",
    "a dotted reference": HEAD + "layers: [{add: [stage.0.skip, d1.skip]}]",
    "an expression for a value": HEAD + "layers: [{dense: $n}, {dense: {units: $(2 * n), use_bias: $b}}]",
    "an expression in a list": HEAD + 'layers: [{conv2d: {filters: 1, kernel_size: [$k, "$(max(1, k))"]}}]',
    "an expression for an entry": HEAD + "layers: [{dense: {units: 3, activation: $a, kernel_initializer: $i}}]",
    "an expression for sizes": "parameters: {s: 8}\ninput: [$s, $(s * 2), null]\nlayers: [flatten]",
    "layers in a parameter": HEAD + "layers: $body",
    "layers in a parameter among others": HEAD + "layers: [relu, $body]",
    "an own block": OWN + "layers: [unit, {unit: 3}, {unit: {n: 3, name: u, inputs: [a, b]}}]",
    "an own block in a residual": OWN + "layers: [{residual: [{unit: 3}]}]",
    "an own block for a standard one": HEAD + "blocks: {conv_bn: {parameters: {odd: null}, layers: [relu]}}\n"
    "layers: [{conv_bn: {odd: [1]}}]",
    "a block of an import": HEAD + "imports: [mine.yaml]\nlayers: [{unit: 3}]",
    "a standard block": HEAD + "layers: [{conv_bn: {filters: 8, name: c}}, {conv_bn: 8}]",
    "only what is different": "extends: parent.yaml\nname: child\nparameters: {depths: [3, 4]}",
    "layers of blocks of the parent": "extends: parent.yaml\nlayers: [{unit: 3}]",
    "a file to be imported": "blocks: {unit: {inputs: [x, previous], layers: [{add: [x, previous]}]}}",
    "several inputs": "inputs: {left: [8, 8, 1], right: [8, 8, null]}\nlayers: [{add: [left, right]}]",
    "outputs by name": HEAD + "outputs: {class: head}\nlayers: [{dense: {units: 3, name: head}}]",
    "outputs in a list": HEAD + "outputs: [head]\nlayers: [{dense: {units: 3, name: head}}]",
    "losses by output": HEAD + "layers: [flatten]\ntraining: {loss: {a: mean_squared_error, b: {huber: 2.0}}}",
    "metrics by output": HEAD + "layers: [flatten]\ntraining: {metrics: {a: [accuracy], b: null, c: accuracy}}",
    "a schedule": HEAD + "layers: [flatten]\ntraining: {optimizer: {adam: {learning_rate: {cosine_decay: 0.1}}}}",
    "empty sections": HEAD + "layers: [flatten]\ndata:\ntraining:\nparameters:\nblocks:",
    "a name for a round": HEAD + "layers: [{repeat: {times: 2, as: i, layers: [{dense: $(i + 1)}]}}]",
    "paths in a parameter": HEAD + "layers: [{branches: {paths: $paths}}]",
    "structures": HEAD + "layers: [{branches: [[], [relu]]}, {repeat: {times: $n, layers: []}},"
    " {repeat: {over: [1], as: n, layers: []}}, {when: {condition: true, layers: [relu]}}, {name: here}, {share: here}]",
}
WRONG = {
    "no layer": HEAD + "layers: [flaten]",
    "no layer with arguments": HEAD + "layers: [{con2d: {filters: 1}}]",
    "a block that cannot be": HEAD + "layers: [{unit: 3}]",
    "no layer in a residual": HEAD + "layers: [{residual: [flaten]}]",
    "no layer in a path": HEAD + "layers: [{branches: {paths: [[flaten]]}}]",
    "a layer that needs arguments": HEAD + "layers: [dense]",
    "the same among own blocks": OWN + "layers: [dense]",
    "nothing after a name that needs arguments": HEAD + "layers:\n  - conv2d:",
    "an unknown argument": HEAD + "layers: [{dense: {units: 3, unit: 3}}]",
    "the same among own blocks, in a residual": OWN + "layers: [{residual: [{dense: {units: 3, unit: 3}}]}]",
    "a text that is no expression": HEAD + 'layers: [{dense: "3"}]',
    "half an expression": HEAD + 'layers: [{dense: "$(3"}]',
    "two layers in one item": HEAD + "layers: [{relu: null, flatten: null}]",
    "a merge of nothing": HEAD + "layers: [add]",
    "a merge that merges nothing": HEAD + "layers: [{branches: {merge: relu, paths: [[]]}}]",
    "a list for an entry": HEAD + "layers: [[relu]]",
    "a mapping for the first argument": HEAD + "layers: [{activation: {leaky_relu: 0.1}}]",
    "a name with a space": HEAD + "layers: [{relu: {name: my layer}}]",
    "an unknown argument of a standard block": HEAD + "layers: [{conv_bn: {filters: 8, filter: 8}}]",
    "a standard block without what it needs": HEAD + "layers: [conv_bn]",
    "one image a layer takes by name": HEAD + "layers: [flatten]\ndata: {source: mnist, preprocessing: [{rescaling: {scale: 1.0, name: r}}]}",
    "no layers": HEAD,
    "no input": "layers: [flatten]",
    "input and inputs": HEAD + "inputs: {a: [1]}\nlayers: [flatten]",
    "a block named like a layer": HEAD + "blocks: {dense: {layers: [relu]}}\nlayers: [relu]",
    "a block named like a structure": HEAD + "blocks: {repeat: {layers: [relu]}}\nlayers: [relu]",
    "a block without layers": HEAD + "blocks: {unit: {parameters: {n: 1}}}\nlayers: [relu]",
    "a parameter that cannot be named": HEAD + "parameters: {3d: 1}\nlayers: [relu]",
    "a parameter with a reserved name": HEAD + "parameters: {inputs: 1}\nlayers: [relu]",
    "times and over": HEAD + "layers: [{repeat: {times: 2, over: [1], as: n, layers: []}}]",
    "two names for a round": HEAD + "layers: [{repeat: {times: 2, as: [i, j], layers: []}}]",
    "an expression for a structure": HEAD + "layers: [{branches: $paths}]",
    "over without as": HEAD + "layers: [{repeat: {over: [1], layers: []}}]",
    "a loss that there is not": HEAD + "layers: [flatten]\ntraining: {loss: {a: squared}}",
    "an optimizer with arguments of another": HEAD + "layers: [flatten]\ntraining: {optimizer: {adam: {momentum: 0.9}}}",
    "a rate of zero": HEAD + "layers: [flatten]\ntraining: {optimizer: {adam: 0}}",
    "three numbers for two axes": HEAD + "layers: [{conv2d: {filters: 1, kernel_size: [1, 2, 3]}}]",
    "an empty path of a file": "extends: ''",
    "two mappings under one source": HEAD + "layers: [flatten]\ndata: {source: {mnist: null, digits: null}}",
}  # fmt: skip


@pytest.mark.parametrize("text", RIGHT.values(), ids=RIGHT)
def test_right(text: str) -> None:
    assert problems(text) == []


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG)
def test_wrong(text: str) -> None:
    assert problems(text) != []
