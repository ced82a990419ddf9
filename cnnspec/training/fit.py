"""Training a plan, from an empty folder to a finished run. Keras is imported on the way, not with this module."""

from __future__ import annotations

import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from cnnspec.data.errors import DataError
from cnnspec.training import device as devices
from cnnspec.training import run_folder
from cnnspec.training.adapting import adapted_before
from cnnspec.training.batch_size import chosen_before, settled
from cnnspec.training.errors import TrainingError
from cnnspec.training.plan import Plan, Run
from cnnspec.training.progress import Reporter, reporter
from cnnspec.training.resources import check_disk, check_memory
from cnnspec.training.resume import Past, epochs_left, past, same_schedule
from cnnspec.training.run_folder import RunFolder

if TYPE_CHECKING:
    from cnnspec.training.dry_run import Rehearsal
    from cnnspec.training.runner import Runner


def train(
    plan: Plan, *, backend: str | None = None, device: str | None = None, quiet: bool = False,
    stream: TextIO | None = None, resume: Path | None = None, accept_changes: bool = False,
) -> Run:  # fmt: skip
    """Train `plan` in a new run folder, and evaluate its best weights on the test split.

    `backend` is tensorflow, jax or torch; `device` cpu, gpu or gpu:N. Progress goes to `stream` (stderr). `resume` is
    the folder of a run of this plan to go on with;
    `accept_changes` goes on where its files contradict each other, as its checkpoint says.
    Raises `DataError`, `WeightsError` or `TrainingError`, and `Interrupted` where Ctrl-C comes after
    training has begun.
    """
    began = time.monotonic()
    _check_installed(plan)
    folder = run_folder.reopen(resume) if resume else run_folder.create(plan.run_root, plan.name)
    told = reporter(quiet, folder.log, stream)
    try:
        run = _begun(plan, folder, told, backend, device, bool(resume), accept_changes)
        return run.finish(began)
    finally:
        told.close()
        folder.close()


def rehearse(
    plan: Plan, *, backend: str | None = None, device: str | None = None, quiet: bool = False,
    stream: TextIO | None = None,
) -> Rehearsal:  # fmt: skip
    """Begin a run of `plan` for real, take a few steps, save once, and leave nothing behind.

    Raises what `train` raises before its first step, and in it.
    """
    _check_installed(plan)
    with run_folder.rehearsed(plan.run_root, plan.name) as folder:
        told = reporter(quiet, folder.log, stream)
        try:
            return _begun(plan, folder, told, backend, device, again=False).rehearse()
        finally:
            told.close()


def _begun(
    plan: Plan, folder: RunFolder, told: Reporter, backend: str | None, device: str | None, again: bool,
    accept_changes: bool = False,
) -> Runner:  # fmt: skip
    """Everything up to the first step; where that fails, a new run leaves nothing behind."""
    try:
        plan = chosen_before(plan, folder.files) if again and plan.training.auto_batch_size else plan
        plan = adapted_before(plan, folder.files) if again else plan
        before = past(folder, plan.spec_text, backend, told.say, accept_changes) if again else Past()
        if before.state is not None:
            same_schedule(plan.training.in_turn(), before.state)
            epochs_left(plan.training.in_turn(), before.state)
        plan.data.source.look(plan.directory)
        if plan.training.weights is not None and before.state is None:
            plan.training.weights.look()
        machine = devices.start(before.environment.get("backend") or backend, device)
        told.say(f"device: {machine}")
        if lacking := machine.lacks(plan.training.precision):
            told.say(f"warning: {lacking}")
        check_disk(plan, folder.path)
        check_memory(settled(plan, 1) if plan.training.auto_batch_size else plan, machine)
        from cnnspec.training.runner import Runner

        return Runner(plan, machine, folder, told, before)
    except BaseException as error:
        if not again:
            folder.discard()
        if isinstance(error, MemoryError):
            raise DataError("the memory is too small for the data", "use fewer images, or smaller ones") from None
        raise


def _check_installed(plan: Plan) -> None:
    """Raises `TrainingError` where a callback needs what is not installed."""
    for callback in (callback for one in plan.training.in_turn() for callback in one.callbacks or ()):
        for package, name in callback.needs.items():
            if find_spec(package) is None:
                raise TrainingError(
                    f"the callback `{callback.entry}` needs {name}, which is not installed",
                    f"install it: pip install {package}",
                )
