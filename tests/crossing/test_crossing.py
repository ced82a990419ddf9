"""Labels of every kind × networks' ends × losses × metrics: each number is that of its formula, or it is refused.

A part of the cross product, so that it is quick; `python -m tests.crossing` takes the whole.
"""

from __future__ import annotations

import zlib

import pytest

from tests.crossing import cases
from tests.crossing.crossing import Counts, cross, quietly

pytestmark = pytest.mark.slow
PART = 1500
"""One of so many combinations is taken, of each kind of labels others."""


def sample(name: str) -> list[tuple[cases.End, cases.Entry, str, bool]]:
    """Combinations for labels of a kind, the same ones in every run."""
    whole = [
        (end, loss, precision, two)
        for end in cases.ENDS
        for loss in cases.LOSSES
        for precision in ("float32", "mixed_bfloat16")
        for two in (False, True)
    ]
    return [each for each in whole if zlib.crc32(repr((name, each)).encode()) % PART == 0]


@pytest.mark.parametrize("name", cases.LABELS)
def test_every_number_is_that_of_its_formula(name: str) -> None:
    counts = Counts()
    with quietly():
        for end, loss, precision, two in sample(name):
            cross(name, end, loss, precision, two, counts)
    assert counts.wrong == []
    assert counts.combinations == counts.agreed + counts.refused
    for message in counts.messages:
        fact, _, help = message.partition(" → ")
        assert "`" in fact or "labels" in fact or "classes" in fact, message
        assert help not in ("", "None"), message


def test_the_whole_is_large() -> None:
    """Every loss and every metric of the vocabularies is crossed."""
    from cnnspec.training.losses import LOSSES
    from cnnspec.training.metrics import METRICS

    assert {name for name, _ in cases.LOSSES} == set(LOSSES)
    assert {name for name, _ in cases.METRICS} == set(METRICS)
