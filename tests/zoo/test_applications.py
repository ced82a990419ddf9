"""The specs of the zoo are the architectures of keras.applications: the same weights give the same outputs."""

from __future__ import annotations

import pytest

from .applications import APPLICATIONS, VARIANTS, Application
from .comparison import CLOSE, compare


@pytest.mark.slow
@pytest.mark.parametrize("application", [*APPLICATIONS, *VARIANTS], ids=lambda application: application.label)
def test_equal_to_keras(application: Application) -> None:
    found = compare(application)
    assert found.weights
    assert found.parameters == found.theirs
    assert found.spread > 1e-3, "the outputs do not depend on the image"
    assert found.sensitivity > 1e-3, "the outputs do not depend on the weights"
    assert found.difference <= CLOSE
    assert found.probabilities <= CLOSE
