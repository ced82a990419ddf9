"""Short forms of what `python -m tests.faults` does at length."""

from __future__ import annotations

from pathlib import Path

from tests.faults.flips import flips


def test_damage_is_always_found_out(tmp_path: Path) -> None:
    counts, wrong = flips(tmp_path, 400)
    assert wrong == []
    assert counts.total() == 400
