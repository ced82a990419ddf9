"""What a run ran on: versions, device, precision, seed."""

from __future__ import annotations

import platform
import random
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cnnspec import __version__
from cnnspec.training.device import Machine
from cnnspec.training.objective import Objective
from cnnspec.training.plan import Plan
from cnnspec.training.resources import precision_of
from cnnspec.training.resume import Past
from cnnspec.training.section import LARGEST_SEED

if TYPE_CHECKING:
    from cnnspec.training.prepare import Prepared


def environment(plan: Plan, machine: Machine, seed: int, data: Prepared) -> Mapping[str, Any]:
    """What `environment.json` holds."""
    import keras
    import numpy

    from cnnspec.training.pixel_ranges import target_ranges

    return {
        "cnnspec": __version__, "python": sys.version.split()[0], "platform": platform.platform(),
        "keras": keras.__version__, "numpy": numpy.__version__, "backend": machine.backend,
        "backend_version": machine.version, "device": machine.device, "precision": precision_of(plan, machine),
        "seed": seed, "batch_size": plan.training.batch_size,
        "started": datetime.now(UTC).isoformat(timespec="seconds"), "classes": classes_of(data),
        "class_names": data.names, "labels": {name: _label(aim) for name, aim in data.objectives.items()},
        "ranges": {name: list(span) for name, span in data.train.ranges.items()},
        "target_ranges": {
            name: list(span) for name, span in target_ranges(data.train.y, data.objectives).items()
        },
        "data": dict(data.fingerprints),
    }  # fmt: skip


def _label(aim: Objective) -> dict[str, Any]:
    """The meaning of the labels of an output, and what it gives, as the run keeps it."""
    return {**aim.target.to_json(), "loss": aim.loss.entry, "form": aim.form, "reads": aim.reads}


def classes_of(data: Prepared) -> dict[str, int | None]:
    """How many classes the labels of each output tell apart; None where they are numbers to learn."""
    return {name: target.classes for name, target in data.targets.items()}


def seed_of(plan: Plan, before: Past) -> int:
    """The seed of the run: its own from before, that of the spec, or one that is drawn."""
    wanted: int | None = before.environment.get("seed", plan.training.seed)
    return wanted if wanted is not None else random.SystemRandom().randint(0, LARGEST_SEED)
