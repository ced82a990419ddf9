"""One run from its first step to its result: trained phase by phase, saved, and tested with its best weights.

Imports Keras.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import keras

from cnnspec.data.errors import Failure
from cnnspec.emit.keras import set_trainable
from cnnspec.training import run_folder, watch
from cnnspec.training.batches import Feed, Order
from cnnspec.training.callbacks import Callback, EarlyStopping, ModelCheckpoint, Monitoring, TensorBoard
from cnnspec.training.compiling import compile_model, make, network, trained
from cnnspec.training.device import Machine
from cnnspec.training.environment import environment, seed_of
from cnnspec.training.errors import Interrupted, TrainingError
from cnnspec.training.fitting import fit
from cnnspec.training.freeze import frozen
from cnnspec.training.interrupts import Interrupts, Terminated
from cnnspec.training.objective import direction
from cnnspec.training.plan import Plan, Run
from cnnspec.training.prepare import Part, prepare
from cnnspec.training.progress import Reporter, reported
from cnnspec.training.resume import Past, changed_data
from cnnspec.training.run_folder import RunFolder
from cnnspec.training.saving import Position, Saving, position_of
from cnnspec.training.state import restore
from cnnspec.training.telling import goes_on, loaded, sizes
from cnnspec.training.watch import Averaged, History, KeepBest, Show, Shuffle, StopAtNaN, StopWhenAsked


class Runner:
    """One run: prepared when it is made, trained and tested by `finish`."""

    def __init__(self, plan: Plan, machine: Machine, folder: RunFolder, told: Reporter, before: Past) -> None:
        self.plan, self.machine, self.folder, self.told = plan, machine, folder, told
        self.state = before.state
        self.seed = seed_of(plan, before)
        precision = plan.training.precision if plan.training.precision != "auto" else machine.fastest
        keras.utils.set_random_seed(self.seed)
        self.data = prepare(plan, self.seed)
        told.say(sizes(self.data))
        for note in self.data.notes:
            told.say(f"note: {note}")
        if self.state is not None:
            changed_data(self.state.facts["data"], self.data.fingerprints)
        self.network = network(plan, precision)
        if plan.training.weights is not None and self.state is None:
            told.say(loaded(self.network, plan.training.weights))
        self.model = trained(self.network, plan, self.data.train)
        self.feeds: list[Feed] = []
        folder.write(run_folder.SPEC, plan.spec_text)
        folder.write_environment(environment(machine, precision, self.seed, self.data))

    def finish(self, began: float) -> Run:
        """Train, then test the best weights."""
        monitor, mode = self._best_by()
        best = KeepBest(self.network, self.folder.best, monitor, mode)
        history, show = History(self.folder.history), Show(self.told, best, len(self.data.train))
        try:
            with Interrupts() as interrupts:
                self._train(interrupts, [best, history, show])
                if best.epoch is None:
                    raise TrainingError(
                        f"`{monitor}` was no number in any epoch, so there is no best model",
                        "lower the learning rate, or bound the gradients with the optimizer's `clipnorm`",
                    )
                tested = self._tested(interrupts)
        except KeyboardInterrupt as stop:
            self.told.note("interrupted")
            terminated = isinstance(stop, Terminated)
            raise Interrupted(self.folder.path, history.epochs, best.epoch, terminated) from None
        except Exception as error:
            failure = self._failure(error)
            if failure is None:
                raise
            self.told.note(f"error: {failure.message}")
            raise failure from None
        metrics = {"train": _split_of(best, ""), "validation": _split_of(best, "val_"), "test": tested}
        run = Run(
            self.folder.path, history.epochs, best.epoch, metrics, time.monotonic() - began, show.images_per_second,
            self.machine.backend, self.machine.device,
        )  # fmt: skip
        self.folder.write(run_folder.RESULT, json.dumps(run.to_json(), indent=2, ensure_ascii=False) + "\n")
        return run

    def _train(self, interrupts: Interrupts, ours: list[Any]) -> None:
        """Every phase that is not over yet."""
        at = position_of(self.state)
        plans = [replace(self.plan, training=training) for training in self.plan.training.in_turn()]
        for index, plan in enumerate(plans[at.phase :], start=at.phase):
            if index > at.phase:
                at = Position(index, at.epoch, at.epoch, 0, at.steps)
                self.state = None
            if len(plans) > 1:
                self.told.say(f"phase {index + 1} of {len(plans)}")
            at = self._phase(plan, at, interrupts, ours)

    def _phase(self, plan: Plan, at: Position, interrupts: Interrupts, ours: list[Any]) -> Position:
        """One phase from wherever it is to its end, where it then is."""
        training = plan.training
        set_trainable(self.network, frozen(plan.graph, training.freeze))
        feed = self._feed_of(self.data.train, training.batch_size, self.seed)
        compile_model(self.model, self.data.objectives, plan, self.machine, feed.order.steps)
        asked = training.callbacks_for(self.data.validation is not None)
        callbacks = [Shuffle(feed.order), StopAtNaN(), StopWhenAsked(interrupts), Averaged(), *ours,
                     *self._made(asked)]  # fmt: skip
        facts = {"data": dict(self.data.fingerprints), "seed": self.seed}
        saving = Saving(
            self.folder.path / run_folder.CHECKPOINTS, training.checkpoint, interrupts, callbacks, facts, at, self.state
        )
        last = at.first + training.epochs
        if self.state is not None:
            restore(self.model, self.state.arrays, "model", "optimizer")
            self.told.say(goes_on(at, last))
        if at.ended(last):
            saving.recall()
        else:
            held = self.data.validation
            size = max(training.batch_size, min(256, len(held))) if held else 0
            fit(self.model, feed, self._feed_of(held, size) if held else None, last, [*callbacks, saving], at)
        if any(isinstance(one, EarlyStopping) and one.restore_best_weights for one in asked):
            self.network.load_weights(self.folder.best)
        return saving.at

    def _feed_of(self, part: Part, size: int, seed: int | None = None) -> Feed:
        feed = Feed(part, Order(len(part), size, seed))
        self.feeds.append(feed)
        return feed

    def _failure(self, error: Exception) -> Failure | None:
        """What went wrong as a `Failure`, where it is one: itself, or what it was before a framework buried it."""
        buried = next((feed.failure for feed in self.feeds if feed.failure is not None), None)
        if isinstance(buried or error, Failure):
            return buried or error  # type: ignore[return-value]
        if isinstance(error, tuple(_out_of_memory(self.machine))):
            return TrainingError("the memory is full", "use a smaller `batch_size`, or a smaller network")
        return None

    def _tested(self, interrupts: Interrupts) -> dict[str, float]:
        """The metrics of the best weights on the test split, as they stand in the file."""
        test = self.data.test
        if test is None:
            return {}
        self.network.load_weights(self.folder.best)
        feed = self._feed_of(test, max(self.plan.training.batch_size, min(256, len(test))))
        watching = [StopWhenAsked(interrupts)]
        return reported(self.model.evaluate(feed.batches(), verbose=0, return_dict=True, callbacks=watching))

    def _best_by(self) -> tuple[str, str]:
        """What the best epoch is chosen by, and whether it shall be low or high."""
        asked = [one for training in self.plan.training.in_turn() for one in training.callbacks or ()]
        chosen: list[Monitoring] = [one for one in asked if isinstance(one, ModelCheckpoint)]
        chosen += [one for one in asked if isinstance(one, EarlyStopping) and one.restore_best_weights]
        monitor = chosen[0].monitor if chosen else "val_loss" if self.data.validation else "loss"
        return monitor, self._mode(monitor, chosen[0].mode if chosen else "auto")

    def _mode(self, monitor: str, mode: str) -> str:
        return mode if mode != "auto" else direction(monitor, self.data.objectives.values())

    def _made(self, asked: tuple[Callback, ...]) -> Iterator[Any]:
        """Callbacks of the spec as Keras objects."""
        for callback in asked:
            if isinstance(callback, ModelCheckpoint):
                continue
            more: dict[str, Any] = {}
            if isinstance(callback, TensorBoard):
                more["log_dir"] = str(self.folder.path / callback.log_dir)
            elif isinstance(callback, Monitoring):
                more["mode"] = self._mode(callback.monitor, callback.mode)
            call = callback.call(**more)
            own = getattr(watch, type(callback).__name__, None)
            yield own(**call.kwargs) if own else make(call)


def _out_of_memory(machine: Machine) -> Iterator[type[Exception]]:
    """What the backend raises where memory runs out."""
    yield MemoryError
    if machine.backend == "tensorflow":
        import tensorflow as tf

        yield tf.errors.ResourceExhaustedError
    elif machine.backend == "torch":
        import torch

        yield torch.OutOfMemoryError


def _split_of(best: KeepBest, prefix: str) -> dict[str, float]:
    """What the best epoch reported of the training images, or (`val_`) of the validation images."""
    if prefix:
        return {name.removeprefix(prefix): value for name, value in best.logs.items() if name.startswith(prefix)}
    return {name: value for name, value in best.logs.items() if not name.startswith("val_")}
