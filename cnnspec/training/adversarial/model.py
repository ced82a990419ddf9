"""A generator and a discriminator as one Keras model that `fit` trains, on every backend. Imports Keras.

Both learn in one step from one sum of losses: made images reach the discriminator's own loss without their gradient,
and the generator's loss is computed with the discriminator's weights held fast. So each network gets the gradient of
its own loss and of no other, and Keras's training step, its state and its checkpoints are those of any other model.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import keras
from keras import ops

from cnnspec.training.adversarial.optimizer import Both
from cnnspec.training.adversarial.plan import AdversarialPlan
from cnnspec.training.compiling import Stages, Trained, augmentation, make, network
from cnnspec.training.losses import LOSSES, Loss
from cnnspec.training.objective import final_activation
from cnnspec.training.prepare import Part

REPORTED = ("discriminator_loss", "generator_loss", "real_accuracy", "fake_accuracy")


class Adversarial(Trained):
    """Real images, behind preprocessing and augmentation, go into the discriminator, and so do made ones, in batches of
    their own: its batch normalization sees one kind at a time. Evaluated, it is the discriminator."""

    def __init__(
        self,
        generator: Any,
        discriminator: Any,
        stages: tuple[Stages, Stages],
        part: Part,
        loss: Loss,
        smoothing: float,
    ) -> None:
        seeds, means = keras.random.SeedGenerator(), [keras.metrics.Mean(name) for name in REPORTED]
        super().__init__(discriminator, *stages, part, generator=generator, seeds=seeds, means=means)
        self._told, self._smoothing = make(loss.call()), smoothing
        self._border = 0.0 if getattr(loss, "from_logits", False) else 0.5

    def call(self, images: Any, training: bool | None = None) -> Any:
        if not training:
            return super().call(images, training=False)
        real = self._prepared(self._names[0], images, True)
        made = self.generator(self.noise(ops.shape(real)[0]), training=True)
        return {
            "real": self.network(real, training=True),
            "made": self.network(ops.stop_gradient(made), training=True),
            "judged": self._judged(made),
        }

    def noise(self, count: Any) -> Any:
        """So many inputs of the generator, drawn anew."""
        shape = (count, *self.generator.input_shape[1:])
        return keras.random.normal(shape, dtype="float32", seed=self.seeds)

    def seen(self, images: Any) -> Any:
        """Real images as the discriminator sees them, but for augmentation."""
        return self._preprocessed(self._names[0], images)

    def _judged(self, images: Any) -> Any:
        """What the discriminator says of images that the generator learns from; its weights and statistics stay."""
        judge = self.network
        weights = [ops.stop_gradient(weight.value) for weight in judge.trainable_variables]
        scores, _ = judge.stateless_call(
            weights, [variable.value for variable in judge.non_trainable_variables], images, training=True
        )
        return scores

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """The discriminator's loss and the generator's, and what layers add."""
        discriminator, generator = self._losses_of(y_pred)
        return sum(map(self._aggregate_additional_loss, self.losses), discriminator + generator)

    def _losses_of(self, scores: Any) -> tuple[Any, Any]:
        real, made, judged = (ops.cast(scores[name], "float32") for name in ("real", "made", "judged"))
        ones = ops.ones_like(real)
        told = self._told(ones - self._smoothing, real) + self._told(ops.zeros_like(made), made)
        return told, self._told(ones, judged)

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        """Both losses, and how often the discriminator is right of real images and of made ones."""
        right = (y_pred["real"] > self._border, y_pred["made"] <= self._border)
        values = (*self._losses_of(y_pred), *(ops.cast(each, "float32") for each in right))
        count = ops.shape(y_pred["real"])[0]
        for mean, value in zip(self.means, values, strict=True):
            mean.update_state(value, sample_weight=None if len(value.shape) else count)
        return self.get_metrics_result()

    def get_metrics_result(self) -> dict[str, Any]:
        """What is reported: the sum of both losses says nothing."""
        return {mean.name: mean.result() for mean in self.means}


def adversarial(discriminator: Any, plan: AdversarialPlan, part: Part) -> Adversarial:
    """The model that `fit` trains on columns such as those of `part`."""
    _fuse_nothing()
    generator = network(replace(plan, graph=plan.generator), discriminator.dtype_policy.name)

    preprocessing = [layer for layer, _ in plan.data.stages("preprocessing", "input", plan.graph.inputs)]
    stages = (
        {"input": preprocessing} if part.raw else {},
        {"input": augmentation(plan, "input", part.ranges.get("input"))},
    )
    return Adversarial(generator, discriminator, stages, part, _loss(plan), plan.adversarial.label_smoothing)


def _fuse_nothing() -> None:
    """TensorFlow fails to fuse a bias with a leaky ReLU where a network is called several times, leaves the whole graph
    as it was, and complains on stderr."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.optimizer.set_experimental_options({"remapping": False})


def _loss(plan: AdversarialPlan) -> Loss:
    """The loss, from scores or from probabilities as the discriminator gives them where the spec does not say."""
    given = plan.adversarial.loss_of("output")
    activation = final_activation(plan.graph, next(iter(plan.graph.outputs)))
    found = given or LOSSES["binary_crossentropy"].read({"from_logits": activation != "sigmoid"})
    assert isinstance(found, Loss)
    return found


def optimizer_of(model: Adversarial, plan: AdversarialPlan, steps: int) -> Both:
    """An optimizer for each network, for `steps` batches an epoch."""
    both = {"generator": model.generator, "discriminator": model.network}
    total = steps * plan.training.epochs
    return Both({net: make(plan.adversarial.optimizer_of(name).over(total)) for name, net in both.items()})
