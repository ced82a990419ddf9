"""Starting Keras on what a run was trained with. Keras is imported on the way, not with this module."""

from __future__ import annotations

import sys
from importlib.util import find_spec

from cnnspec.training import device as devices
from cnnspec.training.device import BACKENDS, Machine


def start(trained_with: str | None, backend: str | None, device: str | None) -> Machine:
    """Start on `backend`, else on what Keras runs on already, else on what the run was trained with, if it is here.

    Raises `TrainingError` where `backend` or `device` is not to be had.
    """
    if backend is None and "keras" in sys.modules:
        backend = sys.modules["keras"].backend.backend()
    elif backend is None and trained_with in BACKENDS and find_spec(trained_with or "") is not None:
        backend = trained_with
    return devices.start(backend, device)
