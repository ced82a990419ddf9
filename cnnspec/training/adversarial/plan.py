"""The plan of a GAN: that of its discriminator, with a generator beside it."""

from __future__ import annotations

from dataclasses import dataclass

from cnnspec.graph.graph import Graph
from cnnspec.layers.base import volume
from cnnspec.training.adversarial.section import AdversarialTraining
from cnnspec.training.plan import Learner, Plan
from cnnspec.training.section import Training

SHOWN = 64
"""How many images the sample of an epoch shows."""


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
    def pictures(self) -> int:
        """The samples of every epoch, as if PNG saved nothing."""
        return self.training.epochs * SHOWN * (volume(self.generator.shape_of(self.generator.output)) or 0)

    def learners(self, training: Training) -> tuple[Learner, ...]:
        """The discriminator sees a real image, and a made one twice: once to learn, once to teach the generator."""
        own = self.adversarial.optimizer_of
        return Learner(self.generator, own("generator")), Learner(self.graph, own("discriminator"), times=3)
