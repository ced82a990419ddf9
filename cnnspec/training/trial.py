"""A training step tried for real, on a network that is thrown away. Imports Keras."""

from __future__ import annotations

import gc

import keras
import numpy as np

from cnnspec.training.batch_size import settled
from cnnspec.training.compiling import compile_model, network, trained
from cnnspec.training.device import Machine
from cnnspec.training.plan import Plan
from cnnspec.training.prepare import Prepared
from cnnspec.training.resources import memory_ran_out, precision_of


def works(plan: Plan, machine: Machine, data: Prepared, batch_size: int) -> bool:
    """Whether a training step of `batch_size` images finds memory enough."""
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
