"""Choosing backend and device, and keeping start-up noise apart from what matters."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cnnspec.training.device import Machine, _chosen, _half, _mixed, _mixed_on_cpu, _parts, quiet_start, start
from cnnspec.training.errors import TrainingError


def test_the_cpu_of_this_machine() -> None:
    machine = start("tensorflow", "cpu")
    assert (machine.backend, machine.gpu, machine.fastest) == ("tensorflow", False, "float32")
    cores = len(os.sched_getaffinity(0))
    assert str(machine) == f"CPU ({cores} core{'s' * (cores != 1)}), tensorflow {machine.version}"


@pytest.mark.parametrize(
    ("backend", "device", "message"),
    [
        ("theano", None, "there is no backend `theano`"),
        ("tensorflow", "tpu", "there is no device `tpu`"),
        ("tensorflow", "gpu:x", "there is no device `gpu:x`"),
        ("tensorflow", "cpu:1", "there is no device `cpu:1`"),
        ("tensorflow", "", "there is no device ``"),
    ],
)
def test_what_there_is_not(backend: str, device: str, message: str) -> None:
    with pytest.raises(TrainingError) as caught:
        start(backend, device)
    assert caught.value.message == message
    assert caught.value.help


def test_which_gpu() -> None:
    assert _parts("gpu:3") == ("gpu", 3)
    assert _chosen(0, None, None) is _chosen(2, "cpu", None) is None
    assert _chosen(2, None, None) == _chosen(2, "gpu", None) == 0
    assert _chosen(2, "gpu", 1) == 1
    with pytest.raises(TrainingError, match="no GPU was found"):
        _chosen(0, "gpu", 0)
    with pytest.raises(TrainingError, match="there is no gpu:2") as caught:
        _chosen(2, "gpu", 2)
    assert caught.value.help == "found: gpu:0, gpu:1"
    assert [_half(capability) for capability in (6, 7, 8, 9)] == [
        "float32",
        "mixed_float16",
        "mixed_bfloat16",
        "mixed_bfloat16",
    ]


@pytest.mark.parametrize(
    ("capability", "mixed"), [(6, ()), (7, ("mixed_float16",)), (9, ("mixed_float16", "mixed_bfloat16")),
                              (0, ("mixed_float16", "mixed_bfloat16"))],
)  # fmt: skip
def test_mixed_precisions_of_gpus(capability: int, mixed: tuple[str, ...]) -> None:
    assert _mixed(capability) == mixed


@pytest.mark.parametrize(
    ("flags", "mixed"), [("avx2 avx512f avx512_bf16", ("mixed_bfloat16",)), ("amx_bf16 amx_tile", ("mixed_bfloat16",)),
                         ("avx2 avx512f", ())],
)  # fmt: skip
def test_processors_with_bfloat16_say_so(flags: str, mixed: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text(f"processor\t: 0\nflags\t\t: fpu {flags}\n")
    assert _mixed_on_cpu(tmp_path / "cpuinfo") == mixed
    assert _mixed_on_cpu(tmp_path / "nothing") == ()


def test_a_precision_that_the_device_lacks_is_said_and_not_taken() -> None:
    old, new = (Machine("tensorflow", "2", "CPU (2 cores)", mixed=mixed) for mixed in ((), ("mixed_bfloat16",)))
    gpu = Machine("torch", "2", "GPU 0 (V100)", True, "mixed_float16", ("mixed_float16",))
    assert new.precision("mixed_bfloat16") == "mixed_bfloat16"
    assert [one.precision("auto") for one in (old, new, gpu)] == ["float32", "float32", "mixed_float16"]
    assert new.lacks("mixed_bfloat16") is new.lacks("float32") is gpu.lacks("auto") is None
    assert old.precision("mixed_bfloat16") == new.precision("mixed_float16") == "float32"
    assert old.lacks("mixed_bfloat16") == (
        "CPU (2 cores) does not compute in bfloat16 (its processor has neither avx512_bf16 nor amx_bf16): "
        "training in float32"
    )
    assert new.lacks("mixed_float16") == (
        "CPU (2 cores) does not compute in float16: training in float32; `mixed_bfloat16` is there"
    )
    assert gpu.lacks("mixed_bfloat16") == (
        "GPU 0 (V100) does not compute in bfloat16: training in float32; `mixed_float16` is there"
    )


def test_another_backend_needs_another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib.util import find_spec

    if not find_spec("jax"):
        monkeypatch.setattr("cnnspec.training.device.find_spec", lambda name: object())
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    with pytest.raises(TrainingError, match="Keras runs on tensorflow already; jax needs a new process"):
        start("jax")


def test_a_backend_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cnnspec.training.device.find_spec", lambda name: None)
    with pytest.raises(TrainingError, match="torch is not installed"):
        start("torch")


def test_noise_is_dropped_and_everything_else_replayed(capfd: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        with quiet_start():
            os.write(2, b"I0000 00:00:1.2 3 port.cc:153] oneDNN custom operations are on.\n")
            os.write(2, b"E0000 something real\nand more\n")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert capfd.readouterr().err == "E0000 something real\nand more\n"


def test_a_real_start_is_silent() -> None:
    asked = (
        "from cnnspec.training.device import start; print(start().backend); import sys; print('sklearn' in sys.modules)"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("TF_", "KERAS_"))}
    found = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True, env=environment)
    assert found.stderr == ""
    assert found.stdout.split() == ["tensorflow", "False"]
