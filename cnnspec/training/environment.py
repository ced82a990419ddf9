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

    return {
        "cnnspec": __version__, "python": sys.version.split()[0], "platform": platform.platform(),
        "keras": keras.__version__, "numpy": numpy.__version__, "backend": machine.backend,
        "backend_version": machine.version, "device": machine.device, "precision": precision_of(plan, machine),
        "seed": seed, "batch_size": plan.training.batch_size,
        "started": datetime.now(UTC).isoformat(timespec="seconds"), "classes": data.classes, "class_names": data.names,
        "data": dict(data.fingerprints),
    }  # fmt: skip


def seed_of(plan: Plan, before: Past) -> int:
    """The seed of the run: its own from before, that of the spec, or one that is drawn."""
    wanted: int | None = before.environment.get("seed", plan.training.seed)
    return wanted if wanted is not None else random.SystemRandom().randint(0, LARGEST_SEED)
