"""What each output is trained to tell: its loss, its metrics, and the form that its labels take. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from cnnspec.data.section import Data
from cnnspec.graph.graph import Graph
from cnnspec.layers.base import KerasCall, Shape, known
from cnnspec.training.component import Facing
from cnnspec.training.component import Form as Form
from cnnspec.training.losses import LOSSES, Loss
from cnnspec.training.metrics import METRICS, Metric
from cnnspec.training.section import Training

Truth: TypeAlias = Literal["numbers", "values", "inputs"]
"""What the data gives to learn from: class numbers, values as they are, or the images themselves."""

RANGES = {"tanh": (-1.0, 1.0), "sigmoid": (0.0, 1.0)}
"""The least and the most that an activation gives, where it has both."""

_TRANSPARENT = {
    "flatten", "reshape", "permute", "identity", "dropout", "activity_regularization",
    "global_average_pooling1d", "global_average_pooling2d", "global_average_pooling3d",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Objective:
    """The loss and metrics of one output, with the form of its labels."""

    output: str
    shape: Shape
    activation: str
    loss: Loss
    metrics: tuple[Metric, ...]
    form: Form

    @property
    def ignored(self) -> int | None:
        """The class number that the loss leaves out."""
        return self.loss.ignored

    def metric_calls(self) -> list[KerasCall]:
        """The metrics as Keras calls, each made to fit the labels and the loss."""
        binary = self.form == "column" or any(part.entry.startswith("binary") for part in self.loss.parts)
        facing = Facing(self.shape, self.form, self.loss.scores, binary)
        return [metric.call_for(facing) for metric in self.metrics]


def mixed(graph: Graph, data: Data, output: str) -> bool:
    """Whether augmentation makes mixtures of the labels of an output."""
    return data.mixing(maps=len(graph.output_shapes[output]) == 3) is not None


def truth(data: Data, classes: int | None) -> Truth:
    """What there is to learn from; `classes` is None where labels are values."""
    if data.targets == "inputs":
        return "inputs"
    return "values" if classes is None else "numbers"


def objective(
    graph: Graph, output: str, training: Training, given: Truth, classes: int | None, mixed: bool = False
) -> Objective | None:
    """The objective of one output; None where its loss is neither given nor to be inferred. `mixed` says that labels
    are mixtures of classes in training."""
    shape = graph.output_shapes[output]
    activation = final_activation(graph, output)
    metrics = training.metrics_of(output)
    loss = training.loss_of(output) or inferred_loss(shape, activation, given, classes, metrics or (), mixed)
    if loss is None:
        return None
    if metrics is None:
        metrics = _usual_metrics(loss, given)
    return Objective(output, shape, activation, loss.fitted(shape), metrics, form_of(loss, shape, given))


def inferred_loss(
    shape: Shape, activation: str, given: Truth, classes: int | None, metrics: tuple[Metric, ...], mixed: bool = False
) -> Loss | None:
    """The usual loss for an output of this shape and activation; None where several would do."""
    if given == "inputs" or given == "values":
        return _loss("mean_squared_error")
    units = shape[-1]
    if activation == "softmax":
        wanted = {metric.labels for metric in metrics} - {"any"}
        one_hot = mixed or wanted == {"one_hot"}
        return _loss("categorical_crossentropy" if one_hot else "sparse_categorical_crossentropy")
    if activation == "sigmoid":
        return _loss("binary_crossentropy")
    if activation != "linear":
        return None
    if units == 1:
        return _loss("binary_crossentropy", from_logits=True) if classes == 2 else None
    name = "categorical_crossentropy" if mixed else "sparse_categorical_crossentropy"
    return _loss(name, from_logits=True) if units == classes else None


def form_of(loss: Loss, shape: Shape, given: Truth) -> Form:
    """How labels are handed to `loss` for an output of this shape."""
    if given != "numbers":
        return "as_is"
    if loss.sparse:
        return "numbers"
    return "column" if shape[-1] == 1 else "one_hot"


def final_activation(graph: Graph, output: str) -> str:
    """The activation that shapes an output: its name, `linear`, or nothing where the last layer has none of its own."""
    name = graph.outputs[output]
    while name not in graph.inputs:
        node = graph[name]
        if node.layer.entry in _TRANSPARENT:
            name = node.inputs[0]
            continue
        if "activation" in type(node.layer).model_fields:
            activation = getattr(node.layer, "activation", None)
            return "linear" if activation is None else getattr(activation, "entry", str(activation))
        return node.layer.entry if node.layer.entry in ("softmax", "sigmoid", "relu") else ""
    return "linear"


def tells_classes(shape: Shape) -> bool:
    """Whether an output is one row of scores."""
    return len(shape) == 1 and known(shape) is not None


def direction(monitor: str, objectives: Iterable[Objective]) -> str:
    """`max` for a metric that shall be high, `min` for losses and errors."""
    name = monitor.removeprefix("val_")
    for aim in objectives:
        for metric in aim.metrics:
            if name in (metric.column, f"{aim.output}_{metric.column}"):
                return "max" if metric.rises else "min"
    return "min"


def _usual_metrics(loss: Loss, given: Truth) -> tuple[Metric, ...]:
    accuracy = METRICS["accuracy"].read({})
    return (accuracy,) if given == "numbers" and loss.classifies and isinstance(accuracy, Metric) else ()


def _loss(name: str, **arguments: bool) -> Loss:
    loss = LOSSES[name].read(arguments)
    assert isinstance(loss, Loss)
    return loss
