"""Training a plan, from an empty folder to a finished run. Keras is imported on the way, not with this module."""

from __future__ import annotations

import json
import platform
import random
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from cnnspec import __version__
from cnnspec.data.errors import DataError, Failure
from cnnspec.training import device as devices
from cnnspec.training import run_folder
from cnnspec.training.callbacks import EarlyStopping, ModelCheckpoint, Monitoring, TensorBoard
from cnnspec.training.device import Machine
from cnnspec.training.errors import Interrupted, TrainingError
from cnnspec.training.interrupts import Interrupts, Terminated
from cnnspec.training.objective import direction
from cnnspec.training.plan import Plan, Run
from cnnspec.training.progress import Reporter, reported, reporter
from cnnspec.training.resume import Past, changed_data, past
from cnnspec.training.run_folder import RunFolder
from cnnspec.training.section import LARGEST_SEED
from cnnspec.training.weights_section import Weights

if TYPE_CHECKING:
    from cnnspec.training.batches import Feed
    from cnnspec.training.prepare import Part, Prepared
    from cnnspec.training.saving import Position
    from cnnspec.training.watch import KeepBest


def train(
    plan: Plan, *, backend: str | None = None, device: str | None = None, quiet: bool = False,
    stream: TextIO | None = None, resume: Path | None = None,
) -> Run:  # fmt: skip
    """Train `plan` in a new run folder, and evaluate its best weights on the test split.

    `backend` is tensorflow, jax or torch; `device` cpu, gpu or gpu:N. Progress goes to `stream` (stderr). `resume` is
    the folder of a run of this plan to go on with.
    Raises `DataError`, `WeightsError` or `TrainingError`, and `Interrupted` where Ctrl-C comes after
    training has begun.
    """
    began = time.monotonic()
    folder = run_folder.reopen(resume) if resume else run_folder.create(plan.run_root, plan.name)
    told = reporter(quiet, folder.log, stream)
    try:
        run = _begun(plan, folder, told, backend, device, bool(resume))
        return run.finish(began)
    finally:
        told.close()
        folder.close()


def _begun(plan: Plan, folder: RunFolder, told: Reporter, backend: str | None, device: str | None, again: bool) -> _Run:
    """Everything up to the first step; where that fails, a new run leaves nothing behind."""
    try:
        before = past(folder, plan.spec_text, backend, told.say) if again else Past()
        _check_installed(plan)
        plan.data.source.look(plan.directory)
        if plan.training.weights is not None and before.state is None:
            plan.training.weights.look()
        machine = devices.start(before.environment.get("backend") or backend, device)
        told.say(f"device: {machine}")
        return _Run(plan, machine, folder, told, before)
    except BaseException as error:
        if not again:
            folder.discard()
        if isinstance(error, MemoryError):
            raise DataError("the memory is too small for the data", "use fewer images, or smaller ones") from None
        raise


def _check_installed(plan: Plan) -> None:
    if not any(isinstance(callback, TensorBoard) for callback in plan.training.callbacks or ()):
        return
    for package, name in (("tensorboard", "TensorBoard"), ("tensorflow", "TensorFlow")):  # Keras writes with both
        if find_spec(package) is None:
            raise TrainingError(
                f"the callback `tensorboard` needs {name}, which is not installed",
                f"install it: pip install {package}",
            )


class _Run:
    """One run: prepared when it is made, trained and evaluated by `finish`."""

    def __init__(self, plan: Plan, machine: Machine, folder: RunFolder, told: Reporter, before: Past) -> None:
        import keras

        from cnnspec.training.batches import Feed, Order
        from cnnspec.training.compiling import compile_model, network, trained
        from cnnspec.training.prepare import prepare
        from cnnspec.training.state import restore

        self.plan, self.machine, self.folder, self.told = plan, machine, folder, told
        self.state = before.state
        self.seed = _seed(plan, before)
        precision = plan.training.precision if plan.training.precision != "auto" else machine.fastest
        keras.utils.set_random_seed(self.seed)
        self.data = prepare(plan, self.seed)
        told.say(_sizes(self.data))
        if self.state is not None:
            changed_data(self.state.facts["data"], self.data.fingerprints)
        self.network = network(plan, precision)
        if plan.training.weights is not None and self.state is None:
            told.say(_loaded(self.network, plan.training.weights))
        self.model = trained(self.network, plan, self.data.train)
        self.feeds: list[Feed] = []
        self.feed = Feed(self.data.train, Order(len(self.data.train), plan.training.batch_size, self.seed))
        self.feeds.append(self.feed)
        compile_model(self.model, self.data.objectives, plan, machine, self.feed.order.steps)
        if self.state is not None:
            restore(self.model, self.state.arrays, "model", "optimizer")
        folder.write(run_folder.SPEC, plan.spec_text)
        folder.write_environment(_environment(machine, precision, self.seed, self.data))

    def finish(self, began: float) -> Run:
        """Train, then evaluate the best weights."""
        from cnnspec.training.watch import History, KeepBest, Show

        monitor, mode = self._best_by()
        best = KeepBest(self.network, self.folder.best, monitor, mode)
        history, show = History(self.folder.history), Show(self.told, best, len(self.data.train))
        failures: tuple[type[Exception], ...] = (Failure, *self._out_of_memory())
        try:
            with Interrupts() as interrupts:
                self._fit(interrupts, [best, history, show])
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
            failure = self._failure(error, failures)
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

    def _failure(self, error: Exception, failures: tuple[type[Exception], ...]) -> Failure | None:
        """What went wrong as a `Failure`, where it is one: itself, or what it was before a framework buried it."""
        buried = next((feed.failure for feed in self.feeds if feed.failure is not None), None)
        if isinstance(buried or error, Failure):
            return buried or error  # type: ignore[return-value]
        if isinstance(error, failures):
            return TrainingError("the memory is full", "use a smaller `batch_size`, or a smaller network")
        return None

    def _fit(self, interrupts: Interrupts, ours: list[Any]) -> None:
        from cnnspec.training.fitting import fit
        from cnnspec.training.saving import Saving, position_of
        from cnnspec.training.watch import Averaged, Shuffle, StopAtNaN, StopWhenAsked

        start = position_of(self.state)
        callbacks = [Shuffle(self.feed.order), StopAtNaN(), StopWhenAsked(interrupts), Averaged(), *ours,
                     *self._asked_for()]  # fmt: skip
        saving = Saving(
            self.folder.path / run_folder.CHECKPOINTS, self.plan.training.checkpoint, interrupts, callbacks,
            {"data": dict(self.data.fingerprints), "seed": self.seed}, self.state,
        )  # fmt: skip
        if self.state is not None:
            self.told.say(_goes_on(start, self.plan.training.epochs))
        if start.over and (start.stopped or start.epoch >= self.plan.training.epochs):
            saving.recall()
            return
        fit(self.model, self.feed, self._feed_of(self.data.validation), self.plan.training.epochs,
            [*callbacks, saving], start)  # fmt: skip

    def _feed_of(self, part: Part | None) -> Feed | None:
        """The batches of a part to evaluate, in its own order."""
        from cnnspec.training.batches import Feed, Order

        if part is None:
            return None
        feed = Feed(part, Order(len(part), max(self.plan.training.batch_size, min(256, len(part)))))
        self.feeds.append(feed)
        return feed

    def _out_of_memory(self) -> tuple[type[Exception], ...]:
        """What the backend raises where memory runs out."""
        if self.machine.backend == "tensorflow":
            import tensorflow as tf

            return MemoryError, tf.errors.ResourceExhaustedError
        if self.machine.backend == "torch":
            import torch

            return MemoryError, torch.OutOfMemoryError
        return (MemoryError,)

    def _tested(self, interrupts: Interrupts) -> dict[str, float]:
        """The metrics of the best weights on the test split, as they stand in the file."""
        from cnnspec.training.watch import StopWhenAsked

        test = self._feed_of(self.data.test)
        if test is None:
            return {}
        self.network.load_weights(self.folder.best)
        watch = [StopWhenAsked(interrupts)]
        return reported(self.model.evaluate(test.batches(), verbose=0, return_dict=True, callbacks=watch))

    def _best_by(self) -> tuple[str, str]:
        """What the best epoch is chosen by, and whether it shall be low or high."""
        asked = self.plan.training.callbacks or ()
        chosen: list[Monitoring] = [one for one in asked if isinstance(one, ModelCheckpoint)]
        chosen += [one for one in asked if isinstance(one, EarlyStopping) and one.restore_best_weights]
        monitor = chosen[0].monitor if chosen else "val_loss" if self.data.validation else "loss"
        return monitor, self._mode(monitor, chosen[0].mode if chosen else "auto")

    def _mode(self, monitor: str, mode: str) -> str:
        return mode if mode != "auto" else direction(monitor, self.data.objectives.values())

    def _asked_for(self) -> Iterator[Any]:
        """The callbacks of the spec as Keras objects."""
        from cnnspec.training import watch
        from cnnspec.training.compiling import make

        for callback in self.plan.training.callbacks_for(self.data.validation is not None):
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


def _seed(plan: Plan, before: Past) -> int:
    """The seed of the run: its own from before, that of the spec, or one that is drawn."""
    wanted: int | None = before.environment.get("seed", plan.training.seed)
    return wanted if wanted is not None else random.SystemRandom().randint(0, LARGEST_SEED)


def _goes_on(start: Position, epochs: int) -> str:
    if start.over and (start.stopped or start.epoch >= epochs):
        return f"training ended in epoch {start.epoch}; nothing is left to train"
    step = f", step {start.step + 1}" if start.step else ""
    return f"resumed in epoch {start.epoch + 1}{step}"


def _sizes(data: Prepared) -> str:
    parts = {"training": data.train, "validation": data.validation, "test": data.test}
    return "images: " + ", ".join(f"{len(part):,} {name}" for name, part in parts.items() if part is not None)


def _loaded(model: Any, weights: Weights) -> str:
    """Fill the model, and say what with."""
    from cnnspec.training.weights import load_weights

    path = Path(weights.path)
    loaded = load_weights(model, path, weights.skip)
    kept = f", new ones for {', '.join(loaded.kept)}" if loaded.kept else ""
    layers = f"{loaded.layers:,} layer{'s' * (loaded.layers != 1)}"
    return f"weights: {layers} from {path.name}{kept}"


def _split_of(best: KeepBest, prefix: str) -> dict[str, float]:
    """What the best epoch reported of the training images, or (`val_`) of the validation images."""
    if prefix:
        return {name.removeprefix(prefix): value for name, value in best.logs.items() if name.startswith(prefix)}
    return {name: value for name, value in best.logs.items() if not name.startswith("val_")}


def _environment(machine: Machine, precision: str, seed: int, data: Prepared) -> Mapping[str, Any]:
    import keras
    import numpy

    return {
        "cnnspec": __version__, "python": sys.version.split()[0], "platform": platform.platform(),
        "keras": keras.__version__, "numpy": numpy.__version__, "backend": machine.backend,
        "backend_version": machine.version, "device": machine.device, "precision": precision, "seed": seed,
        "started": datetime.now(UTC).isoformat(timespec="seconds"), "classes": data.classes, "class_names": data.names,
    }  # fmt: skip
