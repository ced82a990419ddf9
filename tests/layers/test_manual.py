"""Every layer's manual: its example is a spec that holds, uses the layer, and is what Keras builds."""

import inspect
from textwrap import dedent

import keras
import pytest

from cnnspec.emit.keras import build
from cnnspec.layers import LAYERS
from cnnspec.layers.families import FAMILIES
from cnnspec.pipeline import check_text
from tests.light import light


def example(entry: str) -> str:
    """The spec after the line `Example:` of a layer's docstring."""
    manual, _, spec = inspect.cleandoc(LAYERS[entry].__doc__ or "").partition("\nExample:\n")
    assert manual
    return dedent(spec) + "\n"


@pytest.mark.parametrize("entry", LAYERS)
def test_the_example_holds(entry: str) -> None:
    report = check_text(example(entry))
    assert report.graph is not None, str(report)
    assert entry in [node.layer.entry for node in report.graph.nodes]


@pytest.mark.parametrize("family", FAMILIES)
@light()
def test_the_examples_build_as_promised(family: str) -> None:
    keras.backend.clear_session()
    for entry in FAMILIES[family].split():
        graph = check_text(example(entry)).graph
        assert graph is not None
        model = build(graph)
        assert model.output_shape[1:] == graph.shape_of(graph.output), entry
        assert model.count_params() == sum(node.parameters for node in graph.nodes), entry
        assert {node.name for node in graph.nodes} <= {layer.name for layer in model.layers}, entry
