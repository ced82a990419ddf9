"""Memory and disk, checked before the first step; the batch size that fits."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnnspec.data.memory import Free
from cnnspec.pipeline import check_text
from cnnspec.training.batch_size import candidates, choose, chosen_before, settled
from cnnspec.training.device import Machine
from cnnspec.training.errors import TrainingError
from cnnspec.training.folder_files import Folder
from cnnspec.training.plan import Plan
from cnnspec.training.resources import Needs, check_disk, check_memory, disk_needed, memory_ran_out, out_of_memory
from tests.training.specs import plan

CPU = Machine("tensorflow", "2", "CPU")
LARGE = """
name: large
input: [64, 64, 1]
layers:
  - repeat: {times: 4, layers: [{conv2d: {filters: 64, kernel_size: 3, padding: same, activation: relu}}]}
  - global_average_pooling2d
  - dense: {units: 10, activation: softmax}
data: {source: digits, preprocessing: [{resizing: {height: 64, width: 64}}]}
training: {batch_size: 64, seed: 7}
"""
WIDE = """
name: wide
input: [8, 8, 1]
layers: [flatten, {dense: 8192}, {dense: 8192}, {dense: {units: 10, activation: softmax}}]
data: {source: digits}
"""
AUTO = "training.auto_batch_size=true"


def large(tmp_path: Path, *overrides: str, text: str = LARGE) -> Plan:
    return plan(tmp_path / "runs", text, *overrides)


def test_what_fits_is_not_spoken_of(tmp_path: Path) -> None:
    said: list[str] = []
    found = check_memory(large(tmp_path), CPU, said.append, free=Free(10**12))
    assert found.batch_size == 64
    assert said == []


def test_what_may_fit_is_warned_of(tmp_path: Path) -> None:
    said: list[str] = []
    needs = Needs(large(tmp_path), CPU)
    total = needs.at(64).total
    check_memory(needs.plan, CPU, said.append, free=Free(total - 1))
    assert said[0].startswith("warning: training takes about ")
    assert said[0].endswith("`batch_size: 32` would fit")


def test_what_cannot_fit_is_refused_with_a_batch_size_that_does(tmp_path: Path) -> None:
    needs = Needs(large(tmp_path), CPU)
    free = needs.at(8).total
    with pytest.raises(TrainingError) as refused:
        check_memory(needs.plan, CPU, free=Free(free))
    assert "activations of 64 images" in refused.value.message
    assert refused.value.message.endswith("of memory are free")
    assert refused.value.help == "write `batch_size: 8`, whose estimate fits"
    check_memory(needs.plan, CPU, free=Free(free, swap=needs.at(64).total))


def test_weights_that_are_too_much_alone_are_refused_before_any_data_is_read(tmp_path: Path) -> None:
    with pytest.raises(TrainingError) as refused:
        check_memory(large(tmp_path, text=WIDE), CPU, free=Free(10**8, "the container's memory"))
    assert "the container's memory" in refused.value.message
    assert refused.value.help is not None
    assert refused.value.help.startswith("no batch size helps: ")


def test_a_gpu_that_does_not_tell_is_let_be(tmp_path: Path) -> None:
    gpu = Machine("torch", "2", "GPU 0", gpu=True)
    assert check_memory(large(tmp_path), gpu).batch_size == 64


def test_the_precision_of_the_machine(tmp_path: Path) -> None:
    fast = Machine("tensorflow", "2", "GPU 0", gpu=True, fastest="mixed_bfloat16")
    auto = Needs(large(tmp_path, "training.precision=auto"), fast, data=10**9).at(64)
    assert auto.data == 0
    assert auto.activations is not None
    assert Needs(large(tmp_path), CPU).at(64).activations == 2 * auto.activations


def test_frameworks_have_their_habits(tmp_path: Path) -> None:
    here = large(tmp_path)
    totals = {
        backend: Needs(here, Machine(backend, "2", "CPU")).at(64).total for backend in ("tensorflow", "torch", "jax")
    }
    assert totals["tensorflow"] < totals["jax"] < totals["torch"]


def test_of_phases_the_one_that_takes_most_counts(tmp_path: Path) -> None:
    text = LARGE.replace(
        "{batch_size: 64, seed: 7}", "{phases: [{epochs: 1, freeze: ['*', '!dense']}, {epochs: 1, optimizer: sgd}]}"
    )
    both = Needs(large(tmp_path, text=text), CPU).at(64)
    assert both.kept == Needs(large(tmp_path), CPU).at(64).kept
    assert both.optimizer == 0


def test_the_disk(tmp_path: Path) -> None:
    checked = large(tmp_path)
    assert check_disk(checked, tmp_path) == disk_needed(checked) < 10**7
    more = large(tmp_path, "training.checkpoint={keep: 5}")
    assert disk_needed(more) > disk_needed(checked)
    with pytest.raises(TrainingError, match=r"4\.9 MB \(checkpoints and the best model\), but 1\.0 MB are free"):
        check_disk(checked, tmp_path, free=10**6)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (MemoryError(), True),
        (type("ResourceExhaustedError", (Exception,), {})("OOM"), True),
        (type("OutOfMemoryError", (RuntimeError,), {})("CUDA"), True),
        (type("XlaRuntimeError", (RuntimeError,), {})("RESOURCE_EXHAUSTED: 3 GiB"), True),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), True),
        (RuntimeError("something else"), False),
        (ValueError("out of memory of the past"), False),
    ],
)
def test_how_frameworks_say_that_memory_ran_out(error: Exception, told: bool) -> None:
    assert memory_ran_out(error) is told


def test_what_to_try_when_memory_ran_out(tmp_path: Path) -> None:
    failure = out_of_memory(large(tmp_path), CPU)
    assert failure.message.startswith("the memory is full; training was estimated to take ")
    assert failure.help == "try `batch_size: 32`, or a smaller network"
    smallest = out_of_memory(large(tmp_path, "training.batch_size=1"), CPU)
    assert smallest.help is not None
    assert "smaller network" in smallest.help


@pytest.mark.parametrize(
    ("overrides", "images", "sizes"),
    [
        ((), 100_000, [64, 32, 16, 8, 4, 2, 1]),
        (("training.batch_size=48",), 1000, [48, 32, 16, 8, 4, 2, 1]),
        (("training.batch_size=48",), 100, [8, 4, 2, 1]),
        (("training.batch_size=48",), 3, [1]),
    ],
)
def test_candidates(tmp_path: Path, overrides: tuple[str, ...], images: int, sizes: list[int]) -> None:
    assert list(candidates(large(tmp_path, AUTO, *overrides), images)) == sizes


def test_without_a_batch_size_the_bound_is_1024(tmp_path: Path) -> None:
    free = LARGE.replace("batch_size: 64", "auto_batch_size: true")
    assert next(candidates(large(tmp_path, text=free), 10**6)) == 1024
    assert next(candidates(large(tmp_path, text=free), 1000)) == 64


def test_the_largest_that_fits_is_chosen_and_recorded(tmp_path: Path) -> None:
    needs = Needs(large(tmp_path, AUTO, "training.epochs=3"), CPU)
    said: list[str] = []
    chosen = choose(needs, 10_000, said.append, free=Free(needs.at(16).total * 3 // 2))
    assert chosen.training.batch_size == 16
    assert said[0].startswith("batch size: 16 (estimate ")
    again = check_text(chosen.spec_text)
    assert again.training is not None
    assert again.training.batch_size == 16
    assert not again.training.auto_batch_size
    assert again.training.epochs == 3
    assert choose(needs, 10_000, said.append, free=Free(1)).training.batch_size == 1


def test_a_step_that_fails_for_real_halves_it(tmp_path: Path) -> None:
    tried: list[int] = []

    def works(size: int) -> bool:
        tried.append(size)
        return size <= 16

    needs = Needs(large(tmp_path, AUTO), Machine("torch", "2", "GPU 0", gpu=True))
    assert choose(needs, 10_000, lambda text: None, works=works, free=Free(10**12)).training.batch_size == 16
    assert tried == [64, 32, 16]
    assert choose(needs, 10_000, lambda text: None).training.batch_size == 32  # a GPU that does not tell


def test_a_resumed_run_keeps_its_size(tmp_path: Path) -> None:
    asked = large(tmp_path, AUTO)
    assert chosen_before(asked, Folder.at(tmp_path)) is asked
    (tmp_path / "environment.json").write_text('{"batch_size": 8}')
    assert chosen_before(asked, Folder.at(tmp_path)) == settled(asked, 8)
