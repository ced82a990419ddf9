"""Whether a machine can hold a run: its memory and its disk, asked before the first step. No framework is imported."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

from cnnspec.data.memory import Free
from cnnspec.layers.base import Shape
from cnnspec.training.device import Machine
from cnnspec.training.errors import TrainingError
from cnnspec.training.machine import free_disk, free_memory
from cnnspec.training.memory import Estimate, estimate, evaluation_batch, halves, spoken, state_bytes
from cnnspec.training.plan import Plan
from cnnspec.training.section import Training

if TYPE_CHECKING:
    from cnnspec.training.prepare import Part, Prepared

_NETWORK_TOO_LARGE = "use a smaller network, or an optimizer that keeps less for each weight, such as `sgd`"


def precision_of(plan: Plan, machine: Machine) -> str:
    """The precision that a plan computes in on a machine."""
    return machine.precision(plan.training.precision)


@dataclass(frozen=True, slots=True)
class Needs:
    """What a plan takes on a machine, at any batch size.

    `shapes` are those of the images as they enter the network, where its spec leaves sizes open, and `data` the bytes
    that are held of them beyond what is in memory already; both are only known when the data is loaded.
    """

    plan: Plan
    machine: Machine
    shapes: Mapping[str, Shape] | None = None
    data: int = 0

    def at(self, batch_size: int) -> Estimate:
        """The estimate for a batch size: that of the phase which takes most."""
        trainings = self.plan.training.model_copy(update={"batch_size": batch_size}).in_turn()
        return max((self._of(training) for training in trainings), key=lambda found: found.total)

    def _of(self, training: Training) -> Estimate:
        learners, size = self.plan.learners(training), training.batch_size
        judged = evaluation_batch(learners[-1].graph, size, self.shapes) if self.plan.labelled else size
        return estimate(
            learners, size, precision_of(self.plan, self.machine), shapes=self.shapes, evaluated=judged,
            data=0 if self.machine.gpu else self.data,
            on="gpu" if self.machine.gpu else self.machine.backend,
        )  # fmt: skip

    def fitting(self, free: int) -> int | None:
        """The largest power of two below the plan's batch size that fits into `free` bytes."""
        return next((size for size in halves(self.plan.training.batch_size) if self.at(size).total <= free), None)


def check_memory(
    plan: Plan, machine: Machine, say: Callable[[str], None] = lambda text: None, *,
    shapes: Mapping[str, Shape] | None = None, data: int = 0, free: Free | None = None,
) -> Estimate:  # fmt: skip
    """What training takes, where that fits into the memory that is free.

    Raises `TrainingError` where what it cannot do without (`Estimate.sure`) is more than that; where only the whole
    estimate is, `say` gets a warning. To be called before data is loaded, and again with its `shapes` and `data`.
    """
    needs = Needs(plan, machine, shapes, data)
    found = needs.at(plan.training.batch_size)
    free = free or free_memory(machine)
    if free is None or found.total <= free.bytes:
        return found
    fits = needs.fitting(free.bytes)
    what = f"training takes about {found.line()}; {spoken(free.bytes)} of {free.where} are free"
    if found.sure > free.bytes + free.swap:
        raise TrainingError(what, _way_out(found, fits))
    say(f"warning: {what}" + (f"; `batch_size: {fits}` would fit" if fits else ""))
    return found


def _way_out(found: Estimate, fits: int | None) -> str:
    if fits is not None:
        return f"write `batch_size: {fits}`, whose estimate fits"
    return f"no batch size helps: {_NETWORK_TOO_LARGE}"


def out_of_memory(plan: Plan, machine: Machine, shapes: Mapping[str, Shape] | None = None) -> TrainingError:
    """What to say where the memory ran out while training."""
    size = plan.training.batch_size
    found = Needs(plan, machine, shapes).at(size)
    half = next(iter(halves(size)), None)
    return TrainingError(
        f"the memory is full; training was estimated to take {found.line()}",
        f"try `batch_size: {half}`, or a smaller network" if half else _NETWORK_TOO_LARGE,
    )


def shapes_of(plan: Plan, part: Part) -> dict[str, Shape]:
    """The shapes of images as they enter the network."""
    found: dict[str, Shape] = {name: column.shape[1:] for name, column in part.x.items()}
    for name in part.raw:
        for layer, _ in plan.data.stages("preprocessing", name, plan.graph.inputs):
            found[name] = layer.output_shape(found[name])
    return found


def held_bytes(data: Prepared, machine: Machine) -> int:
    """What is held of the data a second time: TensorFlow keeps a copy of its own."""
    if machine.backend != "tensorflow":
        return 0
    parts = [part for part in (data.train, data.validation) if part is not None and part.in_memory]
    columns = (column for part in parts for column in (*part.x.values(), *part.y.values()))
    return sum(prod(column.shape) * column.dtype.itemsize for column in columns)


_OUT_OF_MEMORY = {"MemoryError", "ResourceExhaustedError", "OutOfMemoryError"}
_SAYING = ("RESOURCE_EXHAUSTED", "out of memory", "DefaultCPUAllocator", "failed to allocate memory")


def memory_ran_out(error: BaseException) -> bool:
    """Whether a framework says by this error that there is no memory left: by its class, or in its text."""
    named = any(cls.__name__ in _OUT_OF_MEMORY for cls in type(error).__mro__)
    return named or (isinstance(error, RuntimeError) and any(words in str(error) for words in _SAYING))


def disk_needed(plan: Plan) -> int:
    """Bytes that a run writes: its checkpoints and one more while it is written, the best model twice, pictures."""
    weights, slots = max(state_bytes(plan.learners(each)) for each in plan.training.in_turn())
    return (plan.training.checkpoint.keep + 1) * (weights + slots) + 2 * weights + plan.pictures


def check_disk(plan: Plan, path: Path, free: int | None = None) -> int:
    """Bytes that a run in `path` writes. Raises `TrainingError` where the disk has not so many free."""
    needed = disk_needed(plan)
    free = free_disk(path) if free is None else free
    if free is not None:  # what a run that goes on has written takes no more room
        free += sum(file.lstat().st_size for file in (*path.glob("checkpoints/*.npz"), *path.glob("*.keras")))
    if free is not None and needed > free:
        what = "checkpoints and the best model" if plan.labelled else "checkpoints, both networks and samples"
        raise TrainingError(
            f"the run writes about {spoken(needed)} ({what}), but {spoken(free)} are free at "
            f"{path}: {spoken(needed - free)} are missing",
            "free some room, or put the runs on another disk with --runs",
        )
    return needed
