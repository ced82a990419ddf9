"""At the end of elaboration: what does not fit is explained, within bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnspec.graph.cases import Network
from cnnspec.graph.causes import explained
from cnnspec.graph.growing import TooLarge
from cnnspec.graph.replay import Effort
from cnnspec.graph.sizes import Shapes, Trial
from cnnspec.language.diagnostics import Diagnostics, TooMany

if TYPE_CHECKING:
    from cnnspec.graph.elaborate import Elaborator

_EFFORT = 60_000
"""Layers to play again for all mistakes together: about a fifth of a second."""
_ENTRY = 10
"""How many of them one entry costs that is expanded again."""
_OF_SIZE = {"shape-merge", "shape-window", "shape-crop", "shape-residual", "shape-reshape", "limit-pixels"}


def explain(grown: Elaborator) -> None:
    """Say more of what does not fit in `grown`."""
    network = _Grown(grown)
    for case in grown.cases:
        grown.diagnostics.replace(case.found, explained(case, network))


class _Grown(Network):
    """The network of an elaborator, which can be expanded again from other inputs."""

    def __init__(self, grown: Elaborator) -> None:
        super().__init__(grown.by_name, grown.sources, Effort(_EFFORT))
        self.grown = grown
        self.mistakes = frozenset((found.code, found.place) for found in grown.diagnostics)

    def attempt(self, shapes: Shapes) -> Trial | None:
        grown, spec = self.grown, self.grown.spec
        if not self.effort.spend(_ENTRY * grown.expansions):
            return None
        inputs = {
            name: given._replace(shape=shapes.get(source, given.shape))
            for (name, given), source in zip(spec.inputs.items(), grown.sources, strict=True)
        }
        trial = type(grown)(spec._replace(inputs=inputs), Diagnostics(grown.diagnostics.most), grown.allow_large)
        trial.entries = 2 * grown.expansions + 100
        with grown.diagnostics.kept():
            try:
                trial.run()
            except (TooLarge, TooMany):
                return None
        ends = {(case.found.code, case.found.place): case.end for case in trial.cases}
        found = [(found.code, found.place) for found in trial.diagnostics if found.code in _OF_SIZE | {"limit-layers"}]
        return Trial(trial.by_name, {mistake: ends.get(mistake) for mistake in found})
