"""What each output is trained to tell: the loss, the metrics, and the form that its labels take. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cnnspec.data.section import Data
from cnnspec.graph.graph import Graph
from cnnspec.layers.base import KerasCall, Shape
from cnnspec.training.component import Facing, Reading
from cnnspec.training.component import Form as Form
from cnnspec.training.losses import LOSSES, Loss
from cnnspec.training.metrics import METRICS, Metric
from cnnspec.training.section import Training
from cnnspec.training.target import Target
from cnnspec.training.targets import End

RANGES = {"tanh": (-1.0, 1.0), "sigmoid": (0.0, 1.0)}
"""Black and white in images that end in an activation made for them."""

_PROBABLE = ("softmax", "sigmoid", "hard_sigmoid")
"""Activations that give probabilities."""

_TRANSPARENT = {
    "flatten", "reshape", "permute", "identity", "dropout", "activity_regularization",
    "global_average_pooling1d", "global_average_pooling2d", "global_average_pooling3d",
}  # fmt: skip

_PLAIN_ENDS = ("softmax", "sigmoid", "relu", "unit_normalization")


@dataclass(frozen=True, slots=True)
class Objective:
    """The meaning of the labels of one output, its loss and metrics, the form of its labels, and what it gives."""

    output: str
    shape: Shape
    activation: str
    loss: Loss
    metrics: tuple[Metric, ...]
    form: Form
    target: Target
    reads: Reading

    @property
    def ignored(self) -> int | None:
        """The class number that the loss leaves out."""
        return self.loss.ignored

    @property
    def facing(self) -> Facing:
        """What its metrics look at."""
        by_values = not any(part.classifies or part.sparse for part in self.loss.parts)
        return Facing(
            self.shape, self.target.kind, self.form, self.reads, self.target.classes, by_values, self.activation,
            self.target.soft,
        )  # fmt: skip

    def metric_calls(self) -> list[KerasCall]:
        """The metrics as Keras calls, each made to fit the labels and the loss."""
        return [metric.call_for(self.facing) for metric in self.metrics]


def end_of(graph: Graph, output: str) -> End:
    """The network's end at an output."""
    return End(graph.output_shapes[output], final_activation(graph, output))


def boxed(training: Training, output: str) -> bool:
    """Whether a metric takes the labels of an output for boxes."""
    return any(metric.entry == "box_iou" for metric in training.metrics_of(output) or ())


def mixed(graph: Graph, data: Data, output: str) -> bool:
    """Whether augmentation makes mixtures of the labels of an output."""
    return data.mixing(maps=len(graph.output_shapes[output]) == 3) is not None


def objective(graph: Graph, output: str, training: Training, target: Target, mixed: bool = False) -> Objective | None:
    """The objective of one output; None where its loss is neither given nor to be inferred. `mixed` says that labels
    are mixtures of classes in training."""
    end = end_of(graph, output)
    metrics = training.metrics_of(output)
    loss = training.loss_of(output) or inferred_loss(end, target, metrics or (), mixed)
    if loss is None:
        return None
    reads = _reads(end, target, loss)
    if metrics is None:
        metrics = _usual_metrics(loss, target, reads)
    form = form_of(loss, end.shape, target)
    return Objective(output, end.shape, end.activation, loss.fitted(end.shape), metrics, form, target, reads)


def inferred_loss(end: End, target: Target, metrics: tuple[Metric, ...], mixed: bool = False) -> Loss | None:
    """The usual loss for labels of this meaning and this end; None where several would do."""
    units, activation = end.shape[-1], end.activation
    if target.numbers:
        return _loss("mean_squared_error")
    if target.kind == "tags":
        scores = {"sigmoid": False, "hard_sigmoid": False, "linear": True}.get(activation)
        return None if scores is None else _loss("binary_crossentropy", **({"from_logits": True} if scores else {}))
    wanted = {metric.labels for metric in metrics} - {"any"}
    rows = mixed or target.soft or wanted == {"one_hot"}
    if activation == "softmax":
        return _loss("categorical_crossentropy" if rows else "sparse_categorical_crossentropy")
    if activation == "sigmoid":
        return _loss("binary_crossentropy")
    if activation != "linear":
        return None
    if units == 1:
        return _loss("binary_crossentropy", from_logits=True) if target.classes == 2 else None
    name = "categorical_crossentropy" if mixed or target.soft else "sparse_categorical_crossentropy"
    return _loss(name, from_logits=True) if units == target.classes else None


def form_of(loss: Loss, shape: Shape, target: Target) -> Form:
    """How labels are handed to `loss` for an output of this shape."""
    if target.numbers:
        return "as_is"
    if target.kind == "tags":
        return "tags"
    if loss.sparse:
        return "numbers"
    return "column" if shape[-1] == 1 else "one_hot"


def _reads(end: End, target: Target, loss: Loss) -> Reading:
    """What an output gives that is trained so."""
    if target.numbers:
        return "numbers"
    if any("hinge" in part.entry for part in loss.parts):
        return "margins"
    each = target.kind == "tags" or end.shape[-1] == 1 or any(part.entry.startswith("binary") for part in loss.parts)
    if loss.scores and not _seen_through(loss, end.activation):
        return "sigmoid" if each else "softmax"
    if any(part.embeds for part in loss.parts) or end.activation == "unit_normalization":
        return "vectors"
    if end.activation == "softmax" and end.shape[-1] == 1:
        return "scores"
    return "probabilities" if end.activation in _PROBABLE else "scores"


def _seen_through(loss: Loss, activation: str) -> bool:
    """Whether a loss with `from_logits` takes the scores before a last activation that gives probabilities: Keras
    hands them to the cross-entropies."""
    own = {"binary_crossentropy": "sigmoid", "categorical_crossentropy": "softmax"}
    return any(
        own.get(part.entry.removeprefix("sparse_")) == activation and part.ignored is None for part in loss.parts
    )


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
        return node.layer.entry if node.layer.entry in _PLAIN_ENDS else ""
    return "linear"


def direction(monitor: str, objectives: Iterable[Objective]) -> str:
    """`max` for a metric that shall be high, `min` for losses and errors."""
    name = monitor.removeprefix("val_")
    for aim in objectives:
        for metric in aim.metrics:
            if name in (metric.column, f"{aim.output}_{metric.column}"):
                return "max" if metric.rises else "min"
    return "min"


def _usual_metrics(loss: Loss, target: Target, reads: Reading) -> tuple[Metric, ...]:
    if reads == "vectors":
        return ()
    if target.kind == "tags":
        return _metrics("precision", "recall", "f1_score")
    if target.numbers or not loss.classifies:
        return ()
    return _metrics("accuracy")


def _metrics(*names: str) -> tuple[Metric, ...]:
    found = [METRICS[name].read({}) for name in names]
    return tuple(metric for metric in found if isinstance(metric, Metric))


def _loss(name: str, **arguments: bool) -> Loss:
    loss = LOSSES[name].read(arguments)
    assert isinstance(loss, Loss)
    return loss
