"""Entries → Keras objects, and the model that is trained. Imports Keras."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import keras

from cnnspec.data.preprocess import chain
from cnnspec.emit.keras import build, on_layer, resolve
from cnnspec.layers.base import KerasCall, Layer
from cnnspec.training.adversarial.plan import AdversarialPlan
from cnnspec.training.augmenting import augmenting
from cnnspec.training.device import Machine
from cnnspec.training.jit import allow_jit
from cnnspec.training.maps import leaving_out
from cnnspec.training.objective import Objective
from cnnspec.training.plan import Plan
from cnnspec.training.prepare import Part, alone
from cnnspec.training.ranges import Range, entering, fitted
from cnnspec.training.weighing import Weighing

_MULTIPLY_ADDS_A_CALL = 3e10


def make(call: KerasCall) -> Any:
    """The Keras object that a call makes."""
    return resolve(call.name)(**{name: _made(value) for name, value in call.kwargs.items()})


def _made(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(_made, value))
    return make(value) if isinstance(value, KerasCall) else value


def network(plan: Plan, precision: str) -> Any:
    """The network of `plan`, computed with `precision`; its outputs are float32 in any case."""
    keras.config.set_dtype_policy(precision)
    try:
        model = build(plan.graph)
    finally:
        keras.config.set_dtype_policy("float32")
    if precision != "float32":
        last = {on_layer(name) for name in plan.graph.outputs.values()}
        for layer in model.layers:
            if layer.name in last:
                layer.dtype_policy = "float32"  # a softmax in half precision loses the small ones
    return model


Stages: TypeAlias = Mapping[str, Sequence[Layer]]
"""Layers by the input that they stand before."""


class Trained(keras.Model):  # type: ignore[misc]
    """What `fit` trains: the network, each input behind its augmentation, and a single output without its name.

    Validation and test images are not augmented. Labels that augmentation changes come in with the images, and leave
    with what the network gives: a tuple stands for both. `preprocessing` is that of inputs whose images come as they
    were read. `held` is what else it keeps, by name: all of its state is there before it is first called.
    """

    def __init__(self, network: Any, preprocessing: Stages, augmentation: Stages, part: Part, **held: Any) -> None:
        super().__init__(name="training")
        self.network = network
        for name, kept in held.items():
            setattr(self, name, kept)
        entering = {name: keras.Input(column.shape[1:], dtype=column.dtype.name) for name, column in part.x.items()}
        self.preprocessing = {
            name: chain(layers, entering[name].shape[1:], f"preprocessing_{index}")
            for index, (name, layers) in enumerate(preprocessing.items())
            if layers
        }
        shapes = {
            name: self.preprocessing[name].output_shape[1:] if name in self.preprocessing else tensor.shape[1:]
            for name, tensor in entering.items()
        }
        self.augmentation = {
            name: augmenting(layers, shapes[name], part.followers(name), part.mixes_weights, f"augmentation_{index}")
            for index, (name, layers) in enumerate(augmentation.items())
            if layers
        }
        self._follows = dict(part.follows)
        self._weighing = Weighing(part.class_weights, part.forms)
        self._names = tuple(entering)
        self(alone(entering))

    def call(self, images: Any, training: bool | None = None) -> Any:
        taken = images if isinstance(images, tuple | list) else (images, {})
        images, labels, *weights = keras.tree.map_structure(keras.ops.convert_to_tensor, taken)
        named = dict(images) if isinstance(images, dict) else {self._names[0]: images}
        entering = {name: self._preprocessed(name, tensor) for name, tensor in named.items()}
        if training:
            for name in self.augmentation:
                entering[name], labels, weights = self._augmented(name, entering[name], labels, weights)
        outputs = self.network(alone(entering), training=training)
        told = alone(outputs) if isinstance(outputs, dict) else outputs
        return (told, labels, *weights) if training and labels else told

    def _prepared(self, name: str, images: Any, training: bool) -> Any:
        images = self._preprocessed(name, images)
        return self._augmented(name, images, {}, [])[0] if training and name in self.augmentation else images

    def _preprocessed(self, name: str, images: Any) -> Any:
        images = keras.ops.cast(images, "float32")
        return self.preprocessing[name](images, training=False) if name in self.preprocessing else images

    def _augmented(self, name: str, images: Any, labels: Any, weights: Any) -> tuple[Any, Any, Any]:
        """Images of an input behind their augmentation, all labels, and what the images weigh."""
        following = [output for output in labels if self._follows.get(output) == name]
        if not following:
            return self.augmentation[name]([images], training=True), labels, weights
        taken = [images, *(labels[output] for output in following), *weights]
        images, *changed = self.augmentation[name](taken, training=True)
        labels = {**labels, **dict(zip(following, changed, strict=False))}
        return images, labels, changed[len(following) :]

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """The loss; images and classes have their weights in training alone."""
        y, y_pred, sample_weight = _parted(y, y_pred, sample_weight)
        weights = self._weighing(y, sample_weight) if training else sample_weight
        return super().compute_loss(x, y, y_pred, weights, training=training)

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The metrics, which weigh all images alike. Of a mixture of labels they see the larger part."""
        mixed = isinstance(y_pred, tuple | list)
        y, y_pred, _ = _parted(y, y_pred, sample_weight)
        return super().compute_metrics(x, self._weighing.decided(y) if mixed else y, y_pred, None)


def _parted(y: Any, y_pred: Any, weights: Any) -> tuple[Any, Any, Any]:
    """Labels, what the network told, and what images weigh; a tuple brings the first and the last with it."""
    if not isinstance(y_pred, tuple | list):
        return y, y_pred, weights
    told, labels, *mixed = y_pred
    return alone(labels), told, mixed[0] if mixed else weights


def trained(network: Any, plan: Plan, part: Part) -> Trained:
    """The model that `fit` trains on columns such as those of `part`; of a GAN, `network` is the discriminator."""
    if isinstance(plan, AdversarialPlan):
        from cnnspec.training.adversarial.model import adversarial

        return adversarial(network, plan, part)

    def stages(key: str, names: Iterable[str]) -> Stages:
        return {name: [layer for layer, _ in plan.data.stages(key, name, plan.graph.inputs)] for name in names}

    raw = [name for name in plan.graph.inputs if name in part.raw]
    augmented = {name: augmentation(plan, name, part.ranges.get(name)) for name in plan.graph.inputs}
    return Trained(network, stages("preprocessing", raw), augmented, part)


def augmentation(plan: Plan, name: str, start: Range | None) -> list[Layer]:
    """The augmentation of an input, all told; `start` is the range of its pixels before preprocessing."""
    listed = plan.data.stages("augmentation", name, plan.graph.inputs)
    told = (
        fitted(layer, entering(plan.data, plan.graph, name, start, at).scale) for at, (layer, _) in enumerate(listed)
    )
    return [layer for layers in told for layer in layers]


def compile_model(model: Any, objectives: Mapping[str, Objective], plan: Plan, machine: Machine, steps: int) -> None:
    """Set the optimizer for `steps` batches an epoch, the losses and the metrics."""
    if isinstance(plan, AdversarialPlan):
        from cnnspec.training.adversarial.model import optimizer_of

        objective: dict[str, Any] = {"optimizer": optimizer_of(model, plan, steps)}
    else:
        optimizer = make(plan.training.optimizer.over(steps * plan.training.epochs))
        objective = {"optimizer": optimizer, **judged_by(objectives, plan)}
    on_tensorflow = machine.backend == "tensorflow"
    allow_jit(model)
    model.compile(
        **objective,
        jit_compile=False if on_tensorflow and not machine.gpu else "auto",
        steps_per_execution=steps_per_execution(plan, steps) if on_tensorflow else 1,
    )
    # Keras puts the moving average into the weights at the end of every `fit`, and a resumed run has two of them.
    model.optimizer.finalize_variable_values = lambda variables: None
    model.optimizer.build(model.trainable_variables)


def judged_by(objectives: Mapping[str, Objective], plan: Plan) -> dict[str, Any]:
    """The losses with their weights, and the metrics, as `compile` takes them."""
    losses = {name: make(aim.loss.call_behind(aim.activation)) for name, aim in objectives.items()}
    metrics = {
        name: [leaving_out(aim.ignored, make(call)) for call in aim.metric_calls()] for name, aim in objectives.items()
    }
    weights = plan.training.loss_weights
    return {
        "loss": alone(losses),
        "metrics": alone(metrics),
        "loss_weights": {name: weights.get(name, 1.0) for name in objectives} if weights else None,
    }


def steps_per_execution(plan: Plan, steps: int) -> int:
    """How many batches TensorFlow runs in a call: eight calls an epoch or more, and short ones for heavy networks."""
    work = 3 * plan.training.batch_size * plan.multiply_adds
    return int(max(1, min(64, steps // 8, _MULTIPLY_ADDS_A_CALL // max(work, 1))))
