"""Losses: what training makes small. Names, arguments and defaults are Keras's.

Labels come as the loss needs them: class numbers, or one-hot rows (or maps) made from them.
"""

from __future__ import annotations

from math import inf
from typing import ClassVar, Self

from cnnspec.language.entries import Vocabulary
from cnnspec.language.types import choice
from cnnspec.layers.base import KerasCall, Shape
from cnnspec.layers.bounds import OPEN, Bounds
from cnnspec.training.component import Component

SHARES: Bounds = (0.0, 1.0)
COUNTS: Bounds = (0.0, inf)

LOSSES = Vocabulary(
    "loss",
    {
        "cnnspec.training.entries.crossentropies": """
        categorical_crossentropy sparse_categorical_crossentropy binary_crossentropy
        binary_focal_crossentropy categorical_focal_crossentropy categorical_generalized_cross_entropy
        """,
        "cnnspec.training.entries.losses": """
        hinge squared_hinge categorical_hinge kl_divergence circle mean_squared_error mean_absolute_error
        mean_absolute_percentage_error mean_squared_logarithmic_error huber log_cosh poisson
        cosine_similarity dice tversky sum
        """,
    },
)


class Loss(Component):
    """The base of losses. `sparse` ones take class numbers; `classifies` marks those that tell classes apart,
    `over_classes` those that do it by comparing the classes with each other, and `of_probabilities` those that take
    nothing else from the network. `of_shares` compares distributions, `embeds` wants vectors rather than scores.
    `link` is the activation whose scores it is computed from, which is exact where probabilities are 0 or 1."""

    abstract: ClassVar[bool] = True
    vocabulary: ClassVar[Vocabulary] = LOSSES
    module: ClassVar[str] = "losses"
    sparse: ClassVar[bool] = False
    classifies: ClassVar[bool] = False
    of_probabilities: ClassVar[bool] = False
    over_classes: ClassVar[bool] = False
    of_shares: ClassVar[bool] = False
    embeds: ClassVar[bool] = False
    takes: ClassVar[Bounds] = OPEN
    """The numbers that it can take as targets: of others its least is not where the network gives them."""
    link: ClassVar[str] = ""

    reduction: choice("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight") = "sum_over_batch_size"  # type: ignore[valid-type]

    @property
    def parts(self) -> tuple[Loss, ...]:
        """The losses that it is the sum of: itself, for most."""
        return (self,)

    @property
    def ignored(self) -> int | None:
        """The class number that it leaves out."""
        found = (getattr(part, "ignore_class", None) for part in self.parts)
        return next((number for number in found if number is not None), None)

    @property
    def scores(self) -> bool:
        """Whether it takes scores rather than probabilities."""
        return any(getattr(part, "from_logits", False) or "hinge" in part.entry for part in self.parts)

    def call_behind(self, activation: str) -> KerasCall:
        """The call for an output that ends with `activation`.

        Keras on TensorFlow takes the scores before a softmax or a sigmoid, whichever it is: a binary cross-entropy
        behind a softmax would be of the sigmoid of its scores, which the network does not give, and which no other
        backend takes.
        """
        if self.link and activation in {"softmax", "sigmoid"} - {self.link}:
            return KerasCall("cnnspec.training.behind.OfOutputs", {"loss": self.call()})
        return self.call()

    def fitted(self, shape: Shape) -> Self:
        """The loss of an output of this shape, with the arguments filled that follow from it."""
        return self


class ClassLoss(Loss):
    """The base of losses that tell classes apart."""

    abstract: ClassVar[bool] = True
    classifies: ClassVar[bool] = True
