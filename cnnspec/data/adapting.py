"""`normalization: adapt` in `preprocessing`: the numbers are those of the training images, found once a run."""

from __future__ import annotations

from typing import Any

from cnnspec.layers.base import Layer
from cnnspec.layers.preprocessing import Normalization

ADAPT = "adapt"


class _Adapting(Normalization):
    """A `normalization` by channel whose numbers are not known before the training images are."""

    def _loaded(self) -> bool:
        return False


def is_adapting(layer: Layer) -> bool:
    """Whether a layer waits for its numbers."""
    return isinstance(layer, _Adapting)


def adapting(item: Any) -> Layer | None:
    """The layer that `normalization: adapt` stands for; None for any other entry."""
    return _Adapting.model_construct() if item == {"normalization": ADAPT} else None
