"""What the machine has left to train with: memory, of the host or of a GPU, and disk. No framework is imported."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from cnnspec.data.memory import Free, host_memory
from cnnspec.training.device import Machine


def free_memory(machine: Machine | None = None) -> Free | None:
    """What training on `machine` may take: the memory of its GPU, else that of the host. None where a GPU does not
    tell."""
    return gpu_memory(machine) if machine is not None and machine.gpu else host_memory()


def free_disk(path: Path) -> int | None:
    """Bytes that may be written where `path` is, or where its first folder that exists is; None where the system does
    not tell. A quota of the user is not known."""
    while not path.exists() and path != path.parent:
        path = path.parent
    try:
        return shutil.disk_usage(path).free
    except OSError:
        return None


def gpu_memory(machine: Machine) -> Free | None:
    """What the GPU in use has left, as its framework or driver tells; None where neither does."""
    with suppress(Exception):  # a question of convenience: whatever goes wrong, nobody is stopped by it
        left = {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}[machine.backend]()
        return None if left is None else Free(left, "GPU memory")
    return None


def _torch() -> int:
    torch: Any = sys.modules["torch"]
    kept = torch.cuda.memory_reserved() - torch.cuda.memory_allocated()
    return int(torch.cuda.mem_get_info()[0] + kept)


def _jax() -> int | None:
    jax: Any = sys.modules["jax"]
    told = (jax.config.jax_default_device or jax.devices()[0]).memory_stats()
    return int(told["bytes_limit"] - told["bytes_in_use"]) if told else None


def _tensorflow() -> int | None:
    """TensorFlow tells what it holds, not what is left: the driver does."""
    tf: Any = sys.modules["tensorflow"]
    at = int(tf.config.get_visible_devices("GPU")[0].name.rsplit(":", 1)[1])
    listed = os.environ.get("CUDA_VISIBLE_DEVICES", "")
    card = listed.split(",")[at].strip() if listed else str(at)
    asked = ["nvidia-smi", "--query-gpu=memory.free", "--format=csv,noheader,nounits", "-i", card]
    told = subprocess.run(asked, capture_output=True, text=True, timeout=10, check=True).stdout
    return int(told.split()[0]) << 20
