"""Every row of the layer tables: what cnnspec builds of it, imported and built once more, is the same model."""

from __future__ import annotations

import random
from types import ModuleType
from typing import Any

import keras
import pytest

from cnnspec.language.entries import Invalid, read_entry
from cnnspec.language.write import write
from cnnspec.layers import LAYERS
from cnnspec.layers.base import Layer, ShapeError
from cnnspec.pipeline import check_text

from ..layers.rows import Row, attention, convolution, core, images, merging, normalization, pooling, resizing
from ..light import light
from .roundtrip import again, facts

FAMILIES = (attention, convolution, core, images, merging, normalization, pooling, resizing)
SHARE = 25
"""One row in so many is tried."""


def spec_of(name: str, arguments: dict[str, Any], *shapes: tuple[int | None, ...]) -> str | None:
    """The spec of one row; None where the rules refuse it, or where it has no parts that could be compared."""
    try:
        layer = read_entry({name: arguments}, LAYERS)
        assert isinstance(layer, Layer)
        layer.output_shape(*shapes)
    except (Invalid, ShapeError):
        return None
    if len(shapes) == 1:
        return write({"input": shapes[0], "layers": [{name: _plain(arguments)} if arguments else name]})
    inputs = {f"in{at}": list(shape) for at, shape in enumerate(shapes)}
    return write({"inputs": inputs, "layers": [{name: {"inputs": list(inputs), **_plain(arguments)}}]})


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(item) for item in value] if isinstance(value, tuple | list) else value


def sample(family: ModuleType) -> list[Row]:
    """Some rows of a family, always the same ones, every entry among them."""
    rows = family.rows()
    first = {row[0]: row for row in rows if spec_of(*row)}
    return [*first.values(), *random.Random(0).sample(rows, len(rows) // SHARE)]


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__.rpartition(".")[2])
@light()
def test_rows_come_back(family: ModuleType) -> None:
    from cnnspec.emit.keras import build

    keras.backend.clear_session()
    tried, wrong = 0, []
    for row in sample(family):
        text = spec_of(*row)
        if text is None or row[1].get("trainable") is False:  # a frozen layer alone has nothing to train
            continue
        report = check_text(text)
        if report.graph is None:
            continue
        tried += 1
        model = build(report.graph)
        try:
            if facts(model) != facts(again(model)):
                wrong.append(f"{row}: another model")
        except (ValueError, AssertionError) as error:
            wrong.append(f"{row}: {error}")
    assert tried >= 5
    assert not wrong, "\n".join(wrong[:20])
