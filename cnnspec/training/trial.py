"""The batch size that a run trains with: checked against the memory, or chosen, on a GPU with a step for real.

Imports Keras.
"""

from __future__ import annotations

import gc
from collections.abc import Callable

import keras
import numpy as np

from cnnspec.training.batch_size import choose, settled
from cnnspec.training.compiling import compile_model, network, trained
from cnnspec.training.device import Machine
from cnnspec.training.plan import Plan
from cnnspec.training.prepare import Prepared
from cnnspec.training.resources import Needs, check_memory, held_bytes, memory_ran_out, precision_of, shapes_of


def fitted(plan: Plan, machine: Machine, data: Prepared, seed: int, say: Callable[[str], None]) -> Plan:
    """The plan, with the batch size that fits where it shall be chosen. Raises `TrainingError` where none can."""
    shapes, held = shapes_of(plan, data.train), held_bytes(data, machine)
    if plan.training.auto_batch_size:
        needs = Needs(plan, machine, shapes, held)

        def tried(size: int) -> bool:
            return not machine.gpu or works(needs.plan, machine, data, size)

        plan = choose(needs, len(data.train), say, works=tried)
        keras.utils.set_random_seed(seed)
    check_memory(plan, machine, say, shapes=shapes, data=held)
    return plan


def works(plan: Plan, machine: Machine, data: Prepared, batch_size: int) -> bool:
    """Whether a training step of `batch_size` images finds memory enough, on a network that is thrown away."""
    try:
        _step(settled(plan, batch_size), machine, data)
    except Exception as error:
        if not memory_ran_out(error):
            raise
        return False
    finally:
        keras.utils.clear_session()
        gc.collect()
    return True


def _step(plan: Plan, machine: Machine, data: Prepared) -> None:
    model = trained(network(plan, precision_of(plan, machine)), plan, data.train)
    compile_model(model, data.objectives, plan, machine, 1)
    model.train_on_batch(*data.train.batch(np.arange(plan.training.batch_size) % len(data.train)))
