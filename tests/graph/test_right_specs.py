"""Specs that hold, one for each thing that the language promises, with the shape that comes out."""

from __future__ import annotations

import pytest

from cnnspec import pipeline

RIGHT = {
    "a name in a nested list hides the outer one": (
        "input: [8, 8, 3]",
        """
  - conv2d: {filters: 4, kernel_size: 1, name: a}
  - residual:
      layers:
        - conv2d: {filters: 4, kernel_size: 3, padding: same, name: a}
        - add: a
      name: res
  - add: [a, res]
""",
        (8, 8, 4),
    ),
    "an outer name is visible in paths, and `inputs` is the running tensor of expressions": (
        "input: [8, 8, 3]",
        """
  - conv2d: {filters: 6, kernel_size: 1, name: outer}
  - branches:
      paths:
        - []
        - [{conv2d: {filters: $channels, kernel_size: 1, inputs: outer}}]
      name: mix
  - conv2d: {filters: $(channels // 4), kernel_size: 1, inputs: mix}
""",
        (8, 8, 3),
    ),
    "no rounds are nothing": (
        "input: [8, 8, 3]",
        """
  - repeat: {times: 0, layers: [{dense: 3}]}
  - repeat: {over: [], as: f, layers: [{dense: $f}]}
  - relu
""",
        (8, 8, 3),
    ),
    "one name over lists": (
        "input: [8, 8, 3]",
        """
  - repeat: {over: [[1, 3], [2, 1]], as: p, layers: [{conv2d: {filters: "$(p[0])", kernel_size: "$(p[1])", padding: same}}]}
""",
        (8, 8, 2),
    ),
    "names are what is written": (
        "input: [8, 8, 3]",
        """
  - identity: {name: 007}
  - identity: {name: 2.50}
  - identity: {name: true}
  - identity: {name: größe}
  - identity: {name: _x}
  - identity: {name: -a}
  - concatenate: [007, 2.50, true, größe, _x, -a]
""",
        (8, 8, 18),
    ),
    "a list of layers through two blocks": (
        """input: [8, 8, 3]
blocks:
  apply:
    parameters: {body: null, times: 2}
    layers:
      - repeat: {times: $times, layers: $body}
  outer:
    parameters: {inner: null, filters: 5}
    layers:
      - apply: {body: $inner}
      - conv2d: {filters: $filters, kernel_size: 1}""",
        """
  - outer: {inner: [{conv2d: {filters: $channels, kernel_size: 3, padding: same}}, relu]}
  - outer: {inner: [], filters: 4}
  - apply: [relu]
""",
        (8, 8, 4),
    ),
    "a block whose layers are its parameter": (
        """input: [8, 8, 3]
blocks:
  twice: {parameters: {body: null}, layers: $body}""",
        """
  - twice: [{conv2d: {filters: 2, kernel_size: 1}}]
""",
        (8, 8, 2),
    ),
    "when in a block": (
        """input: [8, 8, 3]
blocks:
  down:
    parameters: {strides: 1}
    layers:
      - when: {condition: $(strides > 1), layers: [{max_pooling2d: $strides}], otherwise: [relu]}""",
        """
  - down
  - down: 2
""",
        (4, 4, 3),
    ),
    "YAML 1.2 scalars and aliases": (
        "input: [8, 8, 3]",
        """
  - conv2d: &c {filters: 017, kernel_size: 0x3, padding: same}
  - conv2d: *c
  - relu: {name: no}
  - add: no
""",
        (8, 8, 17),
    ),
    "a vector": (
        "input: [10]",
        """
  - residual: {layers: [{dense: 10}]}
  - residual: {layers: [{dense: 4}], shortcut: projection, activation: relu}
""",
        (4,),
    ),
    "a volume": (
        "input: [8, 8, 8, 2]",
        """
  - residual: {layers: [{conv3d: {filters: 4, kernel_size: 3, strides: 2, padding: 1}}], shortcut: projection}
  - conv3d_transpose: {filters: 2, kernel_size: 4, strides: 2, padding: 1}
""",
        (8, 8, 8, 2),
    ),
    "open sizes that fit again": (
        "input: [null, null, 3]",
        """
  - residual: {layers: [{conv2d: {filters: 3, kernel_size: 3}}, {conv2d_transpose: {filters: 3, kernel_size: 3}}]}
  - residual: {layers: [{conv2d: {filters: 6, kernel_size: 3, strides: 2, padding: 1}}], shortcut: projection}
""",
        (None, None, 6),
    ),
}


@pytest.mark.parametrize("name", RIGHT)
def test_what_the_language_promises(name: str) -> None:
    head, layers, shape = RIGHT[name]
    report = pipeline.check_text(f"{head}\nlayers:{layers}")
    assert report.graph is not None, str(report)
    assert report.diagnostics == ()
    assert report.graph.output_shapes["output"] == shape
