"""What the learning rate is at each step, against the formulas."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cnnspec.language.entries import read_entry
from cnnspec.training.optimizers import OPTIMIZERS
from cnnspec.training.schedules import SCHEDULES


def made(value: Any, steps: int) -> Any:
    from cnnspec.training.compiling import make

    entry: Any = read_entry(value, SCHEDULES)
    return make(entry.over(steps))


def rates(value: Any, steps: int, at: Any) -> Any:
    schedule = made(value, steps)
    return np.array([float(schedule(step)) for step in at])


WARM = {"initial_learning_rate": 0.01, "warmup_target": 0.1, "warmup_steps": 20}
PIECES = {"boundaries": (0.5, 0.75), "values": (1.0, 0.1, 0.01)}


@pytest.mark.parametrize(
    ("value", "steps", "at", "expected"),
    [
        ({"cosine_decay": 0.1}, 200, 100, 0.05),
        ({"cosine_decay": 0.1}, 200, 200, 0.0),
        ({"polynomial_decay": {"initial_learning_rate": 1.0, "end_learning_rate": 0.5}}, 80, 40, 0.75),
        ({"cosine_decay": {"initial_learning_rate": 0.1, "decay_steps": 50}}, 200, 50, 0.0),
        ({"cosine_decay": {"initial_learning_rate": 0.1, "decay_steps": 0.25}}, 200, 25, 0.05),
        ({"cosine_decay": WARM}, 120, 10, 0.055),
        ({"cosine_decay": WARM}, 120, 20, 0.1),
        ({"cosine_decay": WARM}, 120, 70, 0.05),
        ({"cosine_decay": WARM}, 120, 120, 0.0),
        ({"cosine_decay": {**WARM, "warmup_steps": 0.1}}, 1000, 100, 0.1),
        ({"cosine_decay": {**WARM, "warmup_steps": 0.1}}, 1000, 550, 0.05),
        ({"cosine_decay": {**WARM, "warmup_steps": 0.1}}, 1000, 1000, 0.0),
        ({"cosine_decay_restarts": {"initial_learning_rate": 0.1, "first_decay_steps": 0.5}}, 200, 99, 2.4672e-5),
        ({"exponential_decay": {"initial_learning_rate": 0.1, "decay_rate": 0.01}}, 100, 50, 0.01),
        ({"piecewise_constant_decay": PIECES}, 100, 50, 1.0),
        ({"piecewise_constant_decay": PIECES}, 100, 51, 0.1),
        ({"piecewise_constant_decay": PIECES}, 100, 76, 0.01),
        ({"linear_warmup": 0.1}, 100, 2, 0.04),
        ({"linear_warmup": 0.1}, 100, 99, 0.1),
        ({"linear_warmup": {"learning_rate": {"polynomial_decay": {"initial_learning_rate": 0.1,
          "end_learning_rate": 0.0}}, "warmup_steps": 0.2}}, 100, 10, 0.05),
        ({"linear_warmup": {"learning_rate": {"polynomial_decay": {"initial_learning_rate": 0.1,
          "end_learning_rate": 0.0}}, "warmup_steps": 20}}, 100, 60, 0.05),
        ({"linear_warmup": {"learning_rate": {"cosine_decay": 0.1}, "initial_learning_rate": 0.02,
          "warmup_steps": 10}}, 110, 5, 0.06),
        ({"one_cycle": {"max_learning_rate": 1.0, "decay_steps": 50}}, 100, 90, 4e-6),
    ],
)  # fmt: skip
def test_the_rate_at_a_step(value: Any, steps: int, at: int, expected: float) -> None:
    assert rates(value, steps, [at])[0] == pytest.approx(expected, rel=1e-4, abs=1e-8)


@pytest.mark.parametrize(("steps", "share", "up", "down"), [(100, 0.3, 25.0, 1e4), (37, 0.5, 10.0, 100.0)])
def test_one_cycle_is_two_half_cosines(steps: int, share: float, up: float, down: float) -> None:
    arguments = {"max_learning_rate": 0.5, "warmup_steps": share, "initial_division": up, "final_division": down}
    found = rates({"one_cycle": arguments}, steps, range(steps + 5))
    top, start, end = round(share * steps), 0.5 / up, 0.5 / up / down
    at = np.arange(steps + 5)
    climbing = start + (0.5 - start) * (1 - np.cos(np.pi * at / top)) / 2
    falling = end + (0.5 - end) * (1 + np.cos(np.pi * np.minimum((at - top) / (steps - top), 1))) / 2
    assert found == pytest.approx(np.where(at < top, climbing, falling), rel=1e-4, abs=1e-7)
    assert found.argmax() == top
    assert found[0] == pytest.approx(start)


@pytest.mark.parametrize(
    "value",
    [{"one_cycle": 0.1}, {"linear_warmup": {"learning_rate": {"cosine_decay": 0.1}}}, {"linear_warmup": 0.1}],
    ids=["one_cycle", "warmed", "constant"],
)
def test_a_schedule_of_ours_is_kept_by_keras(value: Any) -> None:
    import keras

    schedule = made(value, 50)
    again = keras.optimizers.schedules.deserialize(keras.optimizers.schedules.serialize(schedule))
    assert [float(again(step)) for step in (0, 7, 30)] == [float(schedule(step)) for step in (0, 7, 30)]


@pytest.mark.parametrize(
    ("value", "steps", "doubtful"),
    [
        ({"cosine_decay": WARM}, 20, True),
        ({"cosine_decay": WARM}, 21, False),
        ({"cosine_decay": {**WARM, "warmup_steps": 0.99}}, 100, False),
        ({"linear_warmup": {"learning_rate": 0.1, "warmup_steps": 500}}, 200, True),
        ({"one_cycle": {"max_learning_rate": 0.1, "warmup_steps": 500}}, 200, True),
        ({"exponential_decay": {"initial_learning_rate": 0.1, "decay_rate": 0.5}}, 1, False),
    ],
)
def test_a_warm_up_that_is_longer_than_the_run_is_told(value: Any, steps: int, doubtful: bool) -> None:
    entry: Any = read_entry(value, SCHEDULES)
    assert (entry.doubt(steps) is not None) == doubtful
    assert np.isfinite(rates(value, steps, [0, steps - 1, steps])).all()


@pytest.mark.parametrize("batches", [1, 2, 5])
def test_a_schedule_ends_with_the_run_where_gradients_are_summed(batches: int) -> None:
    import keras

    from cnnspec.training.compiling import make

    settings: dict[str, Any] = {"learning_rate": {"cosine_decay": 0.1}}
    if batches > 1:
        settings["gradient_accumulation_steps"] = batches
    entry: Any = read_entry({"sgd": settings}, OPTIMIZERS)
    optimizer, weights = make(entry.over(40)), keras.Variable([1.0])
    told = []
    for _ in range(40):
        told.append(float(optimizer.learning_rate))
        optimizer.apply([keras.ops.ones(1)], [weights])
    assert told[20] == pytest.approx(0.05, rel=1e-3)
    assert float(optimizer.learning_rate) == pytest.approx(0, abs=1e-9)
