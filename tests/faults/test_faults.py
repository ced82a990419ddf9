"""Short forms of what `python -m tests.faults` does at length."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.faults.disks import SHORT, can_mount, disk
from tests.faults.flips import flips
from tests.faults.kills import kills
from tests.faults.signals import signals

# A machine that is busy with other tests takes its time to start a framework, and to end.
PATIENCE = 60.0

BACKENDS = ["tensorflow", "jax", "torch"]


def need(backend: str) -> None:
    if find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed (pip install 'cnnspec[{backend}]')")


@pytest.mark.slow
@pytest.mark.parametrize("backend", BACKENDS)
def test_killed_and_gone_on_with(backend: str, tmp_path: Path) -> None:
    need(backend)
    found = kills(tmp_path, 2, backend, seed=4, say=lambda text: None, text=SHORT)
    assert found.wrong == []
    assert found.counts["saving"] + found.counts["elsewhere"] == found.counts["resumed"] == 2


@pytest.mark.slow
@pytest.mark.parametrize("backend", BACKENDS)
def test_stopped_and_gone_on_with(backend: str, tmp_path: Path) -> None:
    need(backend)
    found = signals(tmp_path, 2, backend, seed=3, say=lambda text: None, text=SHORT, longest=PATIENCE)
    assert found.wrong == []
    assert len(found.seconds) == 2


@pytest.mark.slow
@pytest.mark.skipif(os.environ.get("KERAS_BACKEND", "tensorflow") != "tensorflow", reason="one backend is enough")
@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning")
def test_a_disk_that_gets_full(tmp_path: Path) -> None:
    if reason := can_mount(tmp_path):
        pytest.skip(reason)
    told, wrong = disk(tmp_path, (("spec.yaml", 1), ("000000016.npz", 1), ("best.keras", 2)))
    assert wrong == []
    assert [said for _, said in told if "no space left on device" not in said] == []


def test_damage_is_always_found_out(tmp_path: Path) -> None:
    counts, wrong = flips(tmp_path, 400)
    assert wrong == []
    assert counts.total() == 400
