"""Entries → Keras objects, and the model that is trained. Imports Keras."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras

from cnnspec.data.preprocess import chain
from cnnspec.emit.keras import build, on_layer, resolve
from cnnspec.layers.base import KerasCall, Layer, Shape
from cnnspec.training.device import Machine
from cnnspec.training.objective import Objective
from cnnspec.training.plan import Plan
from cnnspec.training.prepare import Part

_MULTIPLY_ADDS_A_CALL = 3e10


def make(call: KerasCall) -> Any:
    """The Keras object that a call makes."""
    arguments = {name: make(value) if isinstance(value, KerasCall) else value for name, value in call.kwargs.items()}
    return resolve(call.name)(**arguments)


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


class Trained(keras.Model):  # type: ignore[misc]
    """What `fit` trains: the network, each input behind its augmentation, and a single output without its name.

    Validation and test images go straight into the network.
    """

    def __init__(self, network: Any, augmentation: Mapping[str, Sequence[Layer]], shapes: Mapping[str, Shape]) -> None:
        super().__init__(name="training")
        self.network = network
        self.augmentation = {
            name: chain(layers, shapes[name], f"augmentation_{index}")
            for index, (name, layers) in enumerate(augmentation.items())
            if layers
        }
        inputs = {name: keras.Input(shape) for name, shape in shapes.items()}
        self(next(iter(inputs.values())) if len(inputs) == 1 else inputs)

    def call(self, images: Any, training: bool | None = None) -> Any:
        if training and self.augmentation:
            images = self._augmented(images)
        outputs = self.network(images, training=training)
        return next(iter(outputs.values())) if isinstance(outputs, dict) and len(outputs) == 1 else outputs

    def _augmented(self, images: Any) -> Any:
        if not isinstance(images, dict):
            return next(iter(self.augmentation.values()))(images, training=True)
        steps = self.augmentation
        return {name: steps[name](x, training=True) if name in steps else x for name, x in images.items()}


def trained(network: Any, plan: Plan, part: Part) -> Trained:
    """The model that `fit` trains on arrays such as those of `part`."""
    inputs = plan.graph.inputs
    augmentation = {name: [layer for layer, _ in plan.data.stages("augmentation", name, inputs)] for name in inputs}
    return Trained(network, augmentation, {name: array.shape[1:] for name, array in part.x.items()})


def compile_model(model: Any, objectives: Mapping[str, Objective], plan: Plan, machine: Machine, steps: int) -> None:
    """Set the optimizer for `steps` batches an epoch, the losses and the metrics."""
    losses = {name: make(aim.loss.call()) for name, aim in objectives.items()}
    metrics = {name: [make(call) for call in aim.metric_calls()] for name, aim in objectives.items()}
    alone = len(objectives) == 1
    weights = plan.training.loss_weights
    on_tensorflow = machine.backend == "tensorflow"
    model.compile(
        optimizer=make(plan.training.optimizer.over(steps * plan.training.epochs)),
        loss=next(iter(losses.values())) if alone else losses,
        metrics=next(iter(metrics.values())) if alone else metrics,
        loss_weights={name: weights.get(name, 1.0) for name in objectives} if weights else None,
        jit_compile=False if on_tensorflow and not machine.gpu else "auto",
        steps_per_execution=steps_per_execution(plan, steps) if on_tensorflow else 1,
    )


def steps_per_execution(plan: Plan, steps: int) -> int:
    """How many batches TensorFlow runs in a call: eight calls an epoch or more, and short ones for heavy networks."""
    work = 3 * plan.training.batch_size * sum(node.multiply_adds or 0 for node in plan.graph.nodes)
    return int(max(1, min(64, steps // 8, _MULTIPLY_ADDS_A_CALL // max(work, 1))))
