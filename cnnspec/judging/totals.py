"""The loss and the metrics of a spec over batches, as Keras's `evaluate` has them. Imports Keras."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from cnnspec.training.jit import allow_jit
from cnnspec.training.progress import reported


class Totals:
    """Runs a model over batches: `evaluate` alone would give no outputs, `predict` no loss.

    Each batch is run twice. A loss of outputs that have left the model is another number: Keras takes the scores before
    a softmax where it can see them, and cuts probabilities off at 1e-7 where it cannot.
    `judged_by` are the losses and metrics as `compile` takes them.
    """

    def __init__(self, model: Any, judged_by: Mapping[str, Any]) -> None:
        allow_jit(model)
        # For a single pass, XLA takes longer to compile than it saves; JAX has nothing else.
        model.compile(**judged_by, jit_compile=keras.backend.backend() == "jax")
        model.reset_metrics()
        model.reset_metrics = lambda: None  # `test_on_batch` forgets the batches before
        self._model = model

    def add(self, x: Any, y: Any, weights: Any = None) -> Any:
        """Take a batch; what the network gave, as arrays."""
        outputs = self._model.predict_on_batch(x)
        self._model.test_on_batch(x, y, sample_weight=weights)
        return outputs

    def result(self) -> dict[str, float]:
        """The loss and the metrics by name."""
        return reported(self._model.get_metrics_result())
