"""One run from its first step to its result: trained phase by phase, saved, and tested with its best weights.

Imports Keras.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import keras

from cnnspec.data.errors import Failure
from cnnspec.emit.keras import set_trainable
from cnnspec.training import checkpoints, run_folder, watch
from cnnspec.training.adversarial.plan import AdversarialPlan
from cnnspec.training.batches import Feed, Order
from cnnspec.training.callbacks import Callback, EarlyStopping, ModelCheckpoint, Monitoring, TensorBoard, Tracking
from cnnspec.training.checkpoints import State
from cnnspec.training.compiling import compile_model, make, network, trained
from cnnspec.training.device import Machine
from cnnspec.training.dry_run import Rehearsal, paces, peak_memory, saved
from cnnspec.training.environment import environment, seed_of
from cnnspec.training.errors import Interrupted, TrainingError
from cnnspec.training.fitting import fit
from cnnspec.training.freeze import frozen
from cnnspec.training.interrupts import Interrupts
from cnnspec.training.memory import evaluation_batch
from cnnspec.training.objective import direction
from cnnspec.training.plan import Plan, Run
from cnnspec.training.prepare import Part, prepare
from cnnspec.training.progress import Reporter, reported
from cnnspec.training.resources import (
    Needs,
    disk_needed,
    held_bytes,
    memory_ran_out,
    out_of_memory,
    precision_of,
    shapes_of,
)
from cnnspec.training.resume import Past, changed_data
from cnnspec.training.run_folder import RunFolder, writing
from cnnspec.training.saving import Position, Saving, position_of
from cnnspec.training.state import restore, unlike
from cnnspec.training.tag_thresholds import chosen, thresholds
from cnnspec.training.telling import goes_on, loaded, meanings, sizes
from cnnspec.training.tracking import tracked
from cnnspec.training.trial import fitted
from cnnspec.training.unsupported import unsupported
from cnnspec.training.watch import Averaged, History, KeepBest, Show, Shuffle, StopAtNaN, StopWhenAsked
from cnnspec.training.weights import load_weights


class Runner:
    """One run: prepared when it is made, trained and tested by `finish`."""

    def __init__(self, plan: Plan, machine: Machine, folder: RunFolder, told: Reporter, before: Past) -> None:
        self.machine, self.folder, self.told = machine, folder, told
        self.state = before.state
        self.seed = seed_of(plan, before)
        precision = precision_of(plan, machine)
        keras.utils.set_random_seed(self.seed)
        self.data = prepare(plan, self.seed)
        plan = self.data.plan or plan
        told.say(sizes(self.data))
        for line in meanings(self.data):
            told.say(line)
        for note in self.data.notes:
            told.say(f"note: {note}")
        if self.state is not None:
            changed_data(self.state.facts["data"], self.data.fingerprints)
        self.shapes = shapes_of(plan, self.data.train)
        self.plan = plan = fitted(plan, machine, self.data, self.seed, told.say)
        self.network = network(plan, precision)
        if plan.training.weights is not None and self.state is None:
            told.say(loaded(self.network, plan.training.weights))
        self.model = trained(self.network, plan, self.data.train)
        if self.state is not None and unlike(self.model, self.state):
            self.state = self._older(self.state)
        self.feeds: list[Feed] = []
        self.environment = dict(environment(plan, machine, self.seed, self.data))
        if again := before.environment.get("started"):
            self.environment |= {"started": again, "resumed": self.environment["started"]}
        if isinstance(plan, AdversarialPlan):
            from cnnspec.training.adversarial.keeping import brightness

            self.environment["range"] = brightness(self.model, plan, self.data.train.x["input"])
        folder.write_environment(self.environment)
        folder.write(run_folder.SPEC, plan.spec_text)

    def _older(self, first: State) -> State:
        """The newest checkpoint that is one of this network, where that of the `first` was made of another."""
        known = ("seed", "spec", "data")

        def fits(state: State) -> str:
            changed = [name for name in known if state.facts[name] != first.facts[name]]
            return unlike(self.model, state) or (f"has another {changed[0]} than newer ones" if changed else "")

        found = checkpoints.newest(self.folder.files, self.told.say, fits)
        assert found is not None
        return found[1]

    def finish(self, began: float) -> Run:
        """Train, then test the best weights."""
        monitor, mode = self._best_by()
        best = self._keeper(monitor, mode)
        best.set_model(self.model)
        history, show = History(self.folder.history), Show(self.told, best, len(self.data.train), began)
        interrupts = Interrupts()
        try:
            with interrupts, tracked(self.plan, self.folder, self.told) as trackers:
                self._train(interrupts, [best, history, show, *trackers])
                if best.epoch is None:
                    raise TrainingError(
                        f"`{monitor}` was no number in any epoch, so there is no best model",
                        "lower the learning rate, or bound the gradients with the optimizer's `clipnorm`",
                    )
                self._find_thresholds()
                tested = self._tested(interrupts)
                metrics = {"train": _split_of(best, ""), "validation": _split_of(best, "val_"), "test": tested}
                for tracker in trackers:
                    tracker.ends(best.epoch, metrics)
                run = Run(
                    self.folder.path, history.epochs, best.epoch, metrics, show.seconds, show.images_per_second,
                    self.machine.backend, self.machine.device,
                )  # fmt: skip
                self.folder.write(run_folder.RESULT, json.dumps(run.to_json(), indent=2, ensure_ascii=False) + "\n")
                return run
        except (KeyboardInterrupt, Exception) as error:
            failure = self._failure(error) if isinstance(error, Exception) else None
            if failure is not None:
                self.told.note(f"error: {failure.message}")
                raise failure from None
            if not interrupts.asked and isinstance(error, Exception):
                raise
            self.told.note("interrupted")
            raise Interrupted(self.folder.path, history.epochs, best.epoch, interrupts.terminated) from None

    def rehearse(self) -> Rehearsal:
        """The first steps of the first phase, and what follows from them for the run."""
        first, *_ = phases = self.plan.training.in_turn()
        plan = replace(self.plan, training=first)
        set_trainable(self.network, frozen(plan.graph, first.freeze))
        feed = self._feed_of(self.data.train, first.batch_size, self.seed)
        compile_model(self.model, self.data.objectives, plan, self.machine, feed.order.steps)
        try:
            found = paces(self.model, feed, self._held_out(first.batch_size))
            written = saved(self.model, self._keeper(*self._best_by()).files, self.folder.files)
        except Exception as error:
            raise self._failure(error) or error from None
        return Rehearsal(
            feed.order.length, first.batch_size, sum(phase.epochs for phase in phases), *found, written,
            disk_needed(self.plan), Needs(self.plan, self.machine, self.shapes, held_bytes(self.data, self.machine))
            .at(self.plan.training.batch_size), peak_memory(), self.machine.backend, self.machine.device,
        )  # fmt: skip

    def _keeper(self, monitor: str, mode: str) -> KeepBest:
        """What keeps the model: that of the best epoch, or of a GAN both of the last one."""
        if not isinstance(self.plan, AdversarialPlan):
            return KeepBest(self.network, self.folder.best, monitor, mode, self.told.say)
        from cnnspec.training.adversarial.keeping import KeepLast

        return KeepLast(self.model, self.plan, self.folder, self.seed, self.environment["range"])

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
        if doubt := training.optimizer.doubt(feed.order.steps * training.epochs):
            self.told.say(f"warning: {doubt}")
        asked = training.callbacks_for(self.data.validation is not None)
        callbacks = [Shuffle(feed.order), StopAtNaN(), Averaged(), *ours, *self._made(asked)]
        facts = {
            "data": dict(self.data.fingerprints), "seed": self.seed, "environment": self.environment,
            "spec": self.plan.spec_text, "epochs": training.epochs,
        }  # fmt: skip
        saving = Saving(self.folder.files, training.checkpoint, interrupts, callbacks, facts, at, self.state)
        last = at.first + training.epochs
        if at.step > feed.order.steps:
            raise TrainingError(
                f"the checkpoint is of step {at.step} of an epoch, which has {feed.order.steps}",
                "it is damaged; start anew: train without --resume",
            )
        if self.state is not None:
            restore(self.model, self.state.arrays, "model", "optimizer")
            self.told.say(goes_on(at, last))
        if at.ended(last):
            saving.recall()
        else:
            self.folder.remove(run_folder.RESULT)
            fit(self.model, feed, self._held_out(training.batch_size), last, [*callbacks, saving], at)
        best, history, *_ = ours
        best.ensure(history.epochs, history.last)
        if best.epoch and any(isinstance(one, EarlyStopping) and one.restore_best_weights for one in asked):
            self._load_best()
        return saving.at

    def _load_best(self) -> None:
        """Have the weights of the best epoch in the network, as they stand in the file."""
        with writing(self.folder.best.path), self.folder.best.opened() as stream:
            if self.network.weights:
                load_weights(self.network, self.folder.best.path, stream=stream)

    def _held_out(self, batch_size: int) -> Feed | None:
        """The validation images, in batches that take no more memory than those of training."""
        return self._evaluated(self.data.validation, batch_size) if self.data.validation else None

    def _evaluated(self, part: Part, batch_size: int) -> Feed:
        return self._feed_of(part, evaluation_batch(self.plan.graph, batch_size, self.shapes, len(part)))

    def _feed_of(self, part: Part, size: int, seed: int | None = None) -> Feed:
        feed = Feed(part, Order(len(part), size, seed))
        self.feeds.append(feed)
        return feed

    def _failure(self, error: Exception) -> Failure | None:
        """What went wrong as a `Failure`, where it is one: itself, or what it was before a framework buried it."""
        buried = next((feed.failure for feed in self.feeds if feed.failure is not None), None)
        if isinstance(buried or error, Failure):
            return buried or error  # type: ignore[return-value]
        if memory_ran_out(error):
            return out_of_memory(self.plan, self.machine, self.shapes)
        return unsupported(error, self.machine)

    def _tested(self, interrupts: Interrupts) -> dict[str, float]:
        """The metrics of the best weights on the test split, as they stand in the file."""
        test = self.data.test
        if test is None:
            return {}
        self._load_best()
        feed = self._evaluated(test, self.plan.training.batch_size)
        watching = [StopWhenAsked(interrupts)]
        return reported(self.model.evaluate(feed.batches(), verbose=0, return_dict=True, callbacks=watching))

    def _find_thresholds(self) -> None:
        """Keep with the run above which probability each tag is given, where that is to be found."""
        names = chosen(self.data.objectives)
        if not names:
            return
        held = self.data.validation
        if held is None:
            self.told.say("note: nothing is held out to choose thresholds of tags by: each is 0.5")
            return
        self._load_best()
        size = evaluation_batch(self.plan.graph, self.plan.training.batch_size, self.shapes, len(held))
        found = thresholds(self.model, held, self.data.objectives, size)
        self.environment["thresholds"] = found
        self.folder.write_environment(self.environment)

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
            if isinstance(callback, ModelCheckpoint | Tracking):
                continue
            more: dict[str, Any] = {}
            if isinstance(callback, TensorBoard):
                more["log_dir"] = str(self.folder.inner(callback.log_dir))
            elif isinstance(callback, Monitoring):
                more["mode"] = self._mode(callback.monitor, callback.mode)
            call = callback.call(**more)
            own = getattr(watch, type(callback).__name__, None)
            yield own(**call.kwargs) if own else make(call)


def _split_of(best: KeepBest, prefix: str) -> dict[str, float]:
    """What the best epoch reported of the training images, or (`val_`) of the validation images."""
    if prefix:
        return {name.removeprefix(prefix): value for name, value in best.logs.items() if name.startswith(prefix)}
    return {name: value for name, value in best.logs.items() if not name.startswith("val_")}
