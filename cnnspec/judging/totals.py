"""The loss and the metrics of a spec over batches, as Keras's `evaluate` has them. Imports Keras."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import keras

from cnnspec.graph.graph import Graph
from cnnspec.training.jit import allow_jit
from cnnspec.training.progress import reported


class Totals:
    """Runs a model over batches, once each: `evaluate` alone would give no outputs, `predict` no loss.

    `judged_by` are the losses and metrics as `compile` takes them.
    """

    def __init__(self, model: Any, graph: Graph, judged_by: Mapping[str, Any]) -> None:
        allow_jit(model)
        # For a single pass, XLA takes longer to compile than it saves; JAX has nothing else.
        model.compile(**judged_by, jit_compile=keras.backend.backend() == "jax")
        self._model = model
        self._penalised = any(map(_penalised, (node.layer for node in graph.nodes)))
        self._loss = keras.metrics.Mean()

    def add(self, x: Any, y: Any, weights: Any = None) -> Any:
        """Take a batch; what the network gave, as arrays."""
        model = self._model
        outputs = model.predict_on_batch(x)
        if self._penalised:
            model.test_on_batch(x, y, sample_weight=weights)
            return outputs
        with _without_gradients():
            loss = model.compute_loss(x, y, outputs, weights, training=False)
            self._loss.update_state(loss, sample_weight=len(keras.tree.flatten(x)[0]))
            model.compute_metrics(x, y, outputs, weights)
        return outputs

    def result(self) -> dict[str, float]:
        """The loss and the metrics by name."""
        found = self._model.get_metrics_result()
        return reported(found if self._penalised else {**found, "loss": self._loss.result()})


def _penalised(layer: Any) -> bool:
    """Whether what comes out of a layer adds to the loss, which only the step that computes it knows."""
    return layer.entry == "activity_regularization" or getattr(layer, "activity_regularizer", None) is not None


def _without_gradients() -> AbstractContextManager[Any]:
    if keras.backend.backend() == "torch":
        import torch

        return torch.no_grad()  # type: ignore[no-any-return]
    return nullcontext()
