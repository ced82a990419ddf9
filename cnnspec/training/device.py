"""Choosing where training runs. Keras reads its backend when it is imported, so this comes first."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import re
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from cnnspec.training.errors import TrainingError

BACKENDS = ("tensorflow", "jax", "torch")

_ON_CPU: dict[str, dict[str, str]] = {
    "tensorflow": {}, "jax": {"JAX_PLATFORMS": "cpu"}, "torch": {"KERAS_TORCH_DEVICE": "cpu"},
}  # fmt: skip

_NOISE = re.compile(
    r"port\.cc|cudart_stub|cpu_feature_guard|computation_placer|cuda_platform|cuda_diagnostics|cuda_fft|cuda_dnn|cuda_blas"
    r"|All log messages before absl|rebuild TensorFlow|TF-TRT Warning|NUMA node|Unable to register cu"
)


@dataclass(frozen=True, slots=True)
class Machine:
    """What training runs on: the backend with its version, the device in words, the precision it is fastest with, and
    the mixed precisions that its hardware computes in (others are emulated there, slowly)."""

    backend: str
    version: str
    device: str
    gpu: bool = False
    fastest: str = "float32"
    mixed: tuple[str, ...] = ()

    def precision(self, wanted: str) -> str:
        """The precision to compute in: what is wanted, if the hardware has it, else `float32`."""
        if wanted == "auto":
            return self.fastest
        return wanted if wanted in self.mixed else "float32"

    def lacks(self, wanted: str) -> str | None:
        """What to say where another precision is computed in than is wanted."""
        if wanted == "auto" or self.precision(wanted) == wanted:
            return None
        kind = wanted.removeprefix("mixed_")
        why = " (its processor has neither avx512_bf16 nor amx_bf16)" if kind == "bfloat16" and not self.gpu else ""
        there = f"; `{self.mixed[0]}` is there" if self.mixed else ""
        return f"{self.device} does not compute in {kind}{why}: training in float32{there}"

    def __str__(self) -> str:
        return f"{self.device}, {self.backend} {self.version}"


def start(backend: str | None = None, device: str | None = None) -> Machine:
    """Import Keras on a backend and a device (`cpu`, `gpu`, `gpu:N`; a GPU where there is one).

    Raises `TrainingError` where one of them is not to be had.
    """
    name = _backend(backend)
    kind, number = _parts(device)
    os.environ["KERAS_BACKEND"] = name
    if kind == "cpu":
        os.environ.update(_ON_CPU[name])
    with quiet_start():
        if "tensorflow" not in sys.modules and "sklearn" not in sys.modules:
            with _without("sklearn"):
                importlib.import_module("keras")
        keras = importlib.import_module("keras")
        if keras.backend.backend() != name:
            raise TrainingError(f"Keras runs on {keras.backend.backend()} already; {name} needs a new process")
        words, capability = {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}[name](kind, number)
    version = importlib.metadata.version(name)
    if capability is None:
        return Machine(name, version, words, mixed=_mixed_on_cpu())
    return Machine(name, version, words, True, _half(capability), _mixed(capability))


def _backend(wanted: str | None) -> str:
    name = wanted or os.environ.get("KERAS_BACKEND") or next((b for b in BACKENDS if find_spec(b)), BACKENDS[0])
    if name not in BACKENDS:
        raise TrainingError(f"there is no backend `{name}`", f"use {', '.join(BACKENDS[:-1])} or {BACKENDS[-1]}")
    if find_spec(name) is None:
        raise TrainingError(
            f"{name} is not installed",
            f"install it: pip install 'cnnspec[{name}]'"
            if name != "tensorflow"
            else "install it: pip install tensorflow",
        )
    return name


def _parts(device: str | None) -> tuple[str | None, int | None]:
    match = re.fullmatch(r"(cpu|gpu)(?::(\d+))?", device or "")
    if device is None:
        return None, None
    if match is None or (match[1] == "cpu" and match[2]):
        raise TrainingError(f"there is no device `{device}`", "use cpu, gpu or gpu:0, gpu:1, …")
    return match[1], int(match[2]) if match[2] else None


def _chosen(count: int, kind: str | None, number: int | None) -> int | None:
    """Which of `count` GPUs to use; None is the CPU."""
    if kind == "cpu" or (kind is None and not count):
        return None
    if not count:
        raise TrainingError("no GPU was found", "leave out --device, or write --device cpu")
    if (number or 0) >= count:
        raise TrainingError(f"there is no gpu:{number}", f"found: {', '.join(f'gpu:{at}' for at in range(count))}")
    return number or 0


def _cpu() -> str:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return f"CPU ({cores} core{'s' * (cores != 1)})"


def _half(capability: int) -> str:
    """The precision for a GPU of this compute capability: tensor cores take bfloat16 from 8 on, float16 from 7."""
    return "mixed_bfloat16" if capability >= 8 else "mixed_float16" if capability == 7 else "float32"


def _mixed(capability: int) -> tuple[str, ...]:
    """The mixed precisions of a GPU; one that tells no capability (0) is taken at its word."""
    return ("mixed_float16", "mixed_bfloat16") if capability >= 8 or not capability else _OLDER.get(capability, ())


_OLDER: dict[int, tuple[str, ...]] = {7: ("mixed_float16",)}


def _mixed_on_cpu(path: Path = Path("/proc/cpuinfo")) -> tuple[str, ...]:
    """bfloat16, where the processor has instructions for it: float16 is emulated on all of them."""
    try:
        words = set(path.read_text(encoding="ascii", errors="replace").split())
    except OSError:
        return ()
    return ("mixed_bfloat16",) if words & {"avx512_bf16", "amx_bf16", "bf16"} else ()


def _tensorflow(kind: str | None, number: int | None) -> tuple[str, int | None]:
    """The device in words, and a GPU's compute capability (0: not known); none for the CPU."""
    tf: Any = importlib.import_module("tensorflow")
    gpus = tf.config.list_physical_devices("GPU")
    at = _chosen(len(gpus), kind, number)
    with suppress(RuntimeError):  # the devices are in use already, as they are
        tf.config.set_visible_devices([] if at is None else [gpus[at]], "GPU")
        if at is not None:
            tf.config.experimental.set_memory_growth(gpus[at], True)
    tf.config.list_logical_devices()
    if at is None:
        return _cpu(), None
    details = tf.config.experimental.get_device_details(gpus[at])
    return f"GPU {at} ({details.get('device_name', 'GPU')})", details.get("compute_capability", (0, 0))[0]


def _jax(kind: str | None, number: int | None) -> tuple[str, int | None]:
    jax: Any = importlib.import_module("jax")
    # Keras asks for int64 to count in, as in `mean_iou`, and JAX says at each place that it takes int32 instead.
    warnings.filterwarnings("ignore", "Explicitly requested dtype u?int64", UserWarning)
    gpus: list[Any] = []
    with suppress(RuntimeError):  # JAX was built without them
        gpus = jax.devices("gpu")
    at = _chosen(len(gpus), kind, number)
    if at is None:
        return _cpu(), None
    jax.config.update("jax_default_device", gpus[at])
    capability = str(getattr(gpus[at], "compute_capability", "0"))
    return f"GPU {at} ({gpus[at].device_kind})", int(float(capability)) if capability[:1].isdigit() else 0


def _torch(kind: str | None, number: int | None) -> tuple[str, int | None]:
    torch: Any = importlib.import_module("torch")
    at = _chosen(torch.cuda.device_count(), kind, number)
    if at is None:
        return _cpu(), None
    torch.cuda.set_device(at)
    return f"GPU {at} ({torch.cuda.get_device_name(at)})", torch.cuda.get_device_capability(at)[0]


@contextmanager
def _without(module: str) -> Iterator[None]:
    """Keep an optional import of Keras out, which takes long and is not needed."""
    sys.modules[module] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[module]


@contextmanager
def quiet_start() -> Iterator[None]:
    """Keep TensorFlow's start-up noise off stderr. Lines that are not known as noise are shown afterwards.

    They are written by C++ code before any setting takes effect, so the file descriptor itself is diverted.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as diverted:
        os.dup2(diverted.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
            diverted.seek(0)
            said = [line for line in diverted if not _NOISE.search(line.decode("utf-8", "replace"))]
            if any(line.strip() for line in said):
                os.write(2, b"".join(said))
