"""What a machine has left, read from a tree of files such as Linux shows."""

from __future__ import annotations

import resource
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from cnnspec.data.memory import Free, container_memory, host_memory
from cnnspec.training import machine
from cnnspec.training.device import Machine
from cnnspec.training.machine import free_disk, free_memory

V2 = "31 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"
V1 = "36 31 0:32 {root} /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
OTHER = "35 31 0:31 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n"
NO_LIMIT = "9223372036854771712"


def tree(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_no_group_is_no_limit(tmp_path: Path) -> None:
    assert list(container_memory(tmp_path)) == []
    tree(tmp_path, {"proc/self/cgroup": "garbage\n0::\n", "proc/self/mountinfo": "1 2\n\n - \n" + OTHER})
    assert list(container_memory(tmp_path)) == []


def test_version_2_with_every_group_around(tmp_path: Path) -> None:
    groups = "sys/fs/cgroup"
    tree(tmp_path, {
        "proc/self/cgroup": "0::/user.slice/job\n", "proc/self/mountinfo": OTHER + V2,
        f"{groups}/user.slice/job/memory.max": "max\n", f"{groups}/user.slice/job/memory.current": "700\n",
        f"{groups}/user.slice/memory.max": "1000\n", f"{groups}/user.slice/memory.current": "900\n",
        f"{groups}/user.slice/memory.stat": "anon 600\nactive_file 100\ninactive_file 150\nfile 300\n",
    })  # fmt: skip
    assert list(container_memory(tmp_path)) == [350]
    tree(tmp_path, {f"{groups}/user.slice/job/memory.max": "600\n"})
    assert list(container_memory(tmp_path)) == [0, 350]


def test_version_1_where_the_mount_is_the_group_itself(tmp_path: Path) -> None:
    groups = "sys/fs/cgroup/memory"
    tree(tmp_path, {
        "proc/self/cgroup": "9:name=systemd:/\n4:cpu,memory:/docker/abc\n",
        "proc/self/mountinfo": V1.format(root="/docker/abc"),
        f"{groups}/memory.limit_in_bytes": "5000\n", f"{groups}/memory.usage_in_bytes": "2000\n",
        f"{groups}/memory.stat": "inactive_file 1\ntotal_inactive_file 500\ntotal_active_file 100\n",
    })  # fmt: skip
    assert list(container_memory(tmp_path)) == [3600]


@pytest.mark.parametrize("path", ["/../outside", "/elsewhere"])
def test_a_group_outside_the_mount_counts_as_the_mount(tmp_path: Path, path: str) -> None:
    groups = "sys/fs/cgroup/memory"
    tree(tmp_path, {
        "proc/self/cgroup": f"4:memory:{path}\n", "proc/self/mountinfo": V1.format(root="/docker/abc"),
        f"{groups}/memory.limit_in_bytes": "100\n", f"{groups}/memory.usage_in_bytes": "10\n",
    })  # fmt: skip
    assert list(container_memory(tmp_path)) == [90]


def test_the_least_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=8000))
    monkeypatch.setattr(psutil, "swap_memory", lambda: SimpleNamespace(free=50))
    monkeypatch.setattr(resource, "getrlimit", lambda which: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert host_memory(tmp_path) == Free(8000, "memory", 50)
    groups = "sys/fs/cgroup/memory"
    tree(tmp_path, {
        "proc/self/cgroup": "4:memory:/\n", "proc/self/mountinfo": V1.format(root="/"),
        f"{groups}/memory.limit_in_bytes": NO_LIMIT, f"{groups}/memory.usage_in_bytes": "10\n",
    })  # fmt: skip
    assert host_memory(tmp_path) == Free(8000, "memory", 50)
    (tmp_path / groups / "memory.limit_in_bytes").write_text("510")
    assert host_memory(tmp_path) == Free(500, "the container's memory", 50)
    used = psutil.Process().memory_info().vms
    monkeypatch.setattr(resource, "getrlimit", lambda which: (used + 100, used + 100))
    assert host_memory(tmp_path).where == "address space (ulimit -v)"


def test_this_machine() -> None:
    free = free_memory(Machine("tensorflow", "2", "CPU"))
    assert free is not None
    assert 0 < free.bytes <= psutil.virtual_memory().total
    assert free == free_memory() or free.bytes > 0


def test_a_gpu_whose_framework_tells_nothing_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    told = SimpleNamespace(
        cuda=SimpleNamespace(memory_reserved=lambda: 30, memory_allocated=lambda: 10, mem_get_info=lambda: (100, 400))
    )
    monkeypatch.setitem(machine.sys.modules, "torch", told)
    assert free_memory(Machine("torch", "2", "GPU 0", gpu=True)) == Free(120, "GPU memory")
    monkeypatch.setitem(machine.sys.modules, "jax", SimpleNamespace())
    assert free_memory(Machine("jax", "0", "GPU 0", gpu=True)) is None


def test_the_driver_is_asked_for_tensorflow(monkeypatch: pytest.MonkeyPatch) -> None:
    device = SimpleNamespace(name="/physical_device:GPU:1")
    framework = SimpleNamespace(config=SimpleNamespace(get_visible_devices=lambda kind: [device]))
    monkeypatch.setitem(machine.sys.modules, "tensorflow", framework)
    asked: list[list[str]] = []

    def run(command: list[str], **options: object) -> SimpleNamespace:
        asked.append(command)
        return SimpleNamespace(stdout="2048\n")

    monkeypatch.setattr(machine.subprocess, "run", run)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3, GPU-7")
    assert free_memory(Machine("tensorflow", "2", "GPU 1", gpu=True)) == Free(2048 << 20, "GPU memory")
    assert asked[0][-1] == "GPU-7"


def test_the_disk_of_the_first_folder_that_exists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free = free_disk(tmp_path / "not" / "there")
    assert free is not None
    assert free > 0

    def refuse(path: Path) -> None:
        raise OSError

    monkeypatch.setattr(machine.shutil, "disk_usage", refuse)
    assert free_disk(tmp_path) is None
