"""The plan of a GAN: that of its discriminator, with a generator beside it."""

from __future__ import annotations

from dataclasses import dataclass

from cnnspec.graph.graph import Graph
from cnnspec.training.adversarial.section import AdversarialTraining
from cnnspec.training.plan import Plan


@dataclass(frozen=True)
class AdversarialPlan(Plan):
    """A generator and a discriminator. `graph` is the discriminator, which the images enter, and `training` what it
    shares with a network that is trained by itself."""

    generator: Graph
    adversarial: AdversarialTraining

    @property
    def labelled(self) -> bool:
        return False

    @property
    def multiply_adds(self) -> int:
        """The discriminator sees a real image, and a made one twice."""
        return 3 * super().multiply_adds + sum(node.multiply_adds or 0 for node in self.generator.nodes)
