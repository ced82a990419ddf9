"""The groups of layers that lints speak of, by their names: whole families, so that a layer more is no edit here."""

from __future__ import annotations

from cnnspec.layers.families import FAMILIES


def _families(*names: str) -> tuple[str, ...]:
    return tuple(entry for name in names for entry in FAMILIES[name].split())


CONVOLUTIONS = _families("convolution", "depthwise")
"""Convolutions that leave their map as it is, or smaller."""
TRANSPOSED = _families("transposed")
"""Convolutions that enlarge their map."""
POOLINGS = _families("pooling")
BIASED = (*CONVOLUTIONS, *TRANSPOSED, "dense")
"""Layers whose last step but the activation adds a bias."""
ACTIVATED = (*BIASED, *_families("einsum"))
"""Layers with an activation of their own."""
ACTIVATIONS = _families("activation")
"""Layers that are an activation."""
DROPOUTS = tuple(entry for entry in _families("regularization") if "dropout" in entry)
PASSING = (*_families("regularization"), "identity", "activity_regularization")
"""Layers that hand on what they get, but while training."""
POINTWISE = frozenset((*ACTIVATIONS, *_families("normalization"), *PASSING, "dense"))
"""Layers that act on each value, or on the channels of each pixel."""
REARRANGING = frozenset((*_families("attention", "einsum"), "reshape", "permute", "repeat_vector", "dot"))
"""Layers behind which a pixel may be no pixel of the image."""
