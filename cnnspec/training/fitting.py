"""Keras's `fit`, from wherever a run is to its end. Imports Keras."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from cnnspec.training.batches import Feed
from cnnspec.training.saving import Position


def fit(
    model: Any, feed: Feed, validation: Feed | None, epochs: int, callbacks: Sequence[Any], start: Position
) -> None:
    """Train `model` from `start` to `epochs` epochs, unless a callback ends it earlier.

    An epoch that was left in the middle is trained in a `fit` of its own; the callbacks begin and end once.
    """
    steps, epoch = feed.order.steps, start.epoch
    shared = _Once(list(callbacks), model)
    held = validation.batches() if validation else None
    shared.set_params({"epochs": epochs, "steps": steps, "start": start.step, "verbose": 0})
    model.stop_training = False
    if start.logs:
        shared.on_train_begin()
        _close(model, epoch, dict(start.logs), held, shared)
    elif start.step:
        feed.order.turn_to(epoch)
        model._symbolic_build(data_batch=feed.part.batch(feed.order.of(0)))  # the metrics that are to go on
        batches = feed.batches(start.step)
        model.fit(
            batches, initial_epoch=epoch, epochs=epoch + 1, validation_data=held, callbacks=shared, verbose=0,
            shuffle=False,
        )  # fmt: skip
    epoch += bool(start.step)
    shared.set_params({"epochs": epochs, "steps": steps, "start": 0, "verbose": 0})
    if epoch < epochs and not model.stop_training:
        model.fit(
            feed.batches(), initial_epoch=epoch, epochs=epochs, validation_data=held, callbacks=shared, verbose=0,
            shuffle=False,
        )  # fmt: skip
    shared.end()


def _close(model: Any, epoch: int, logs: dict[str, float], validation: Any, callbacks: Any) -> None:
    """Validate an epoch whose batches are all trained."""
    callbacks.on_epoch_begin(epoch)
    if validation is not None:
        found = model.evaluate(validation, callbacks=callbacks, return_dict=True, verbose=0)
        logs |= {f"val_{name}": value for name, value in found.items()}
    callbacks.on_epoch_end(epoch, logs)


class _Once(keras.callbacks.CallbackList):  # type: ignore[misc]
    """Callbacks that begin once and end once, however often `fit` is called."""

    def __init__(self, callbacks: list[Any], model: Any) -> None:
        super().__init__(callbacks, add_history=True, model=model)
        self._begun = False

    def on_train_begin(self, logs: Any = None) -> None:
        if not self._begun:
            self._begun = True
            super().on_train_begin(logs)

    def on_train_end(self, logs: Any = None) -> None:
        pass

    def end(self) -> None:
        """Training is over."""
        super().on_train_end({})
