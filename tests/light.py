"""Networks whose random weights are not drawn, for tests that give them all others or look at none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras
import pytest

_RANDOM = ("VarianceScaling", "RandomNormal", "RandomUniform", "TruncatedNormal", "Orthogonal")


@contextmanager
def light() -> Iterator[None]:
    """Let random initializers give zeros: drawing is half the time that it takes to build a large network."""

    def zeros(self: Any, shape: Any, dtype: Any = None, **_: Any) -> Any:
        return keras.ops.zeros(shape, dtype)

    with pytest.MonkeyPatch.context() as patch:
        for name in _RANDOM:
            patch.setattr(getattr(keras.initializers, name), "__call__", zeros)
        yield
