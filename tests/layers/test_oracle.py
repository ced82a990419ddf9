"""Every layer against real Keras: output shape, weights, parameter counts, and what is refused."""

from types import ModuleType

import keras
import pytest

from tests.light import light

from . import oracle
from .deliberate import STRICTER, Stricter
from .oracle import difference
from .rows import attention, convolution, core, images, merging, normalization, pooling, resizing

FAMILIES = (attention, convolution, core, images, merging, normalization, pooling, resizing)
CHUNK = 100

CHUNKS = [
    pytest.param(family, start, id=f"{family.__name__.rpartition('.')[2]}-{start}")
    for family in FAMILIES
    for start in range(0, len(family.rows()), CHUNK)
]


@pytest.mark.parametrize(("family", "start"), CHUNKS)
@light()
def test_rules_equal_keras(family: ModuleType, start: int) -> None:
    keras.backend.clear_session()
    rows = family.rows()[start : start + CHUNK]
    found = [(row, difference(*row)) for row in rows]
    wrong = [f"{row}: {what}" for row, what in found if what]
    assert not wrong, "\n".join(wrong)


def test_enough_rows() -> None:
    assert sum(len(family.rows()) for family in FAMILIES) >= 3500


@pytest.mark.parametrize("stricter", STRICTER, ids=lambda stricter: f"{stricter.code}-{stricter.entries[0]}")
def test_deliberate_refusals_are_real(stricter: Stricter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oracle, "STRICTER", ())
    what = difference(*stricter.example)
    assert what is not None
    assert what.startswith(f"we refuse with {stricter.code}")
