"""`auto_batch_size`: the largest batch size that the free memory holds, chosen once a run. No framework is imported."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from cnnspec.data.memory import Free
from cnnspec.language.diagnostics import Diagnostics
from cnnspec.language.nodes import plain
from cnnspec.language.reader import read
from cnnspec.language.write import write
from cnnspec.training.folder_files import Folder
from cnnspec.training.kept_facts import LARGEST as LARGEST_FILE
from cnnspec.training.kept_facts import Damaged, Environment
from cnnspec.training.kept_facts import read as read_facts
from cnnspec.training.machine import free_memory
from cnnspec.training.memory import Estimate, halves, spoken
from cnnspec.training.plan import Plan
from cnnspec.training.resources import Needs
from cnnspec.training.run_folder import ENVIRONMENT, SPEC

LARGEST = 1024
"""The largest batch size that is chosen where the spec gives none."""

_SHARE = 8
"""A batch is at most this part of the training images, so that an epoch has steps to learn by."""

_USED = 0.8
"""How much of the free memory an estimate may take: it is one."""

_UNKNOWN = 32
"""The batch size where a GPU does not tell how much memory it has left."""


def choose(
    needs: Needs, images: int, say: Callable[[str], None], *,
    works: Callable[[int], bool] = lambda size: True, free: Free | None = None,
) -> Plan:  # fmt: skip
    """The plan with the largest batch size that fits: a power of two, or the `batch_size` of the spec, which bounds it.

    `images` is how many there are to train on; `works` tries a batch size for real, from the estimated one downwards.
    """
    plan = needs.plan
    if free is None:
        free = free_memory(needs.machine)
    sizes = list(candidates(plan, images))
    fitting = [size for size in sizes if _fits(needs.at(size), free)]
    size = next((size for size in fitting or sizes[-1:] if works(size)), sizes[-1])
    room = f"; {spoken(free.bytes)} of {free.where} are free" if free is not None else ""
    say(f"batch size: {size} (estimate {spoken(needs.at(size).total)}{room})")
    return settled(plan, size)


def candidates(plan: Plan, images: int) -> Iterator[int]:
    """Batch sizes from the largest to 1: that of the spec where one is given, and powers of two."""
    training = plan.training
    bound = training.batch_size if "batch_size" in training.model_fields_set else LARGEST
    most = max(1, images // _SHARE)
    if bound <= most:
        yield bound
    yield from halves(min(bound, most + 1))


def _fits(estimate: Estimate, free: Free | None) -> bool:
    if free is None or estimate.activations is None:
        return estimate.batch_size <= _UNKNOWN
    return estimate.total <= _USED * free.bytes


def settled(plan: Plan, size: int) -> Plan:
    """The plan with a batch size chosen, as if its spec had said so."""
    training = plan.training.model_copy(update={"batch_size": size, "auto_batch_size": False})
    node = read(plan.spec_text, SPEC, Diagnostics())
    assert node is not None
    values = plain(node, spelled=True)
    kept = {key: value for key, value in values["training"].items() if key != "auto_batch_size"}
    text = write({**values, "training": {**kept, "batch_size": size}})
    return replace(plan, training=training, spec_text=text)


def chosen_before(plan: Plan, folder: Folder) -> Plan:
    """The plan with the batch size that the run in `folder` chose, where it chose one."""
    try:
        size = read_facts(folder.file(ENVIRONMENT).read(LARGEST_FILE), Environment).get("batch_size")
    except (OSError, Damaged):
        return plan  # whoever reads the folder next says so
    return settled(plan, size) if size is not None else plan
