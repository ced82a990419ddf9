"""Settings that must stand before Keras is imported, and what makes the suite light."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import pytest

_BACKENDS = ("tensorflow", "jax", "torch")
os.environ.setdefault("KERAS_BACKEND", next((name for name in _BACKENDS if find_spec(name)), _BACKENDS[0]))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Networks here are small, and processes run side by side: threads would cost more than they bring.
for _threads in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
    os.environ.setdefault(_threads, "1")


def pytest_collection_finish() -> None:
    """Let no collection of garbage walk through the frameworks' modules again: `clear_session` asks for many."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True, scope="module")
def _swept() -> Iterator[None]:
    """Leave the next module a small heap: `clear_session` walks through all that lives, and thousands of tests add up."""
    yield
    if "keras" in sys.modules:
        sys.modules["keras"].utils.clear_session()
        gc.collect()
        gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Let a process that is through take over tests from the other: the long ones stand side by side, at the end."""
    from xdist.scheduler import WorkStealingScheduling

    return WorkStealingScheduling(config, log) if config.getoption("dist") == "load" else None
