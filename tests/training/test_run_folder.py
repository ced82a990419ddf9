"""Run folders: numbered, locked, and refused where nothing can be written."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from cnnspec.training.errors import TrainingError
from cnnspec.training.run_folder import create, in_use, reopen, safe
from tests.faults.disks import can_mount, small_disk


def opened(root: Path, name: str) -> Path:
    folder = create(root, name)
    folder.close()
    return folder.path


def test_numbers_count_up_past_the_largest(tmp_path: Path) -> None:
    assert opened(tmp_path, "net") == tmp_path / "net" / "1"
    (tmp_path / "net" / "7").mkdir()
    (tmp_path / "net" / "notes").mkdir()
    assert opened(tmp_path, "net").name == "8"
    assert opened(tmp_path, "other").name == "1"


def test_starts_at_the_same_time_never_share_a_folder(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        folders = list(pool.map(lambda _: opened(tmp_path, "net"), range(40)))
    assert len(set(folders)) == 40


def test_a_folder_is_locked_while_a_run_is_in_it(tmp_path: Path) -> None:
    folder = create(tmp_path, "net")
    asked = [
        sys.executable,
        "-c",
        f"from pathlib import *; from cnnspec.training.run_folder import *; print(in_use(Path({str(folder.path)!r})))",
    ]
    assert subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip() == "True"
    folder.close()
    assert not in_use(folder.path)
    assert list(folder.path.iterdir()) == []


def test_files_are_written_whole(tmp_path: Path) -> None:
    folder = create(tmp_path, "net")
    folder.write_environment({"seed": 7, "device": "CPU (2 cores)"})
    assert json.loads((folder.path / "environment.json").read_text())["seed"] == 7
    assert sorted(path.name for path in folder.path.iterdir()) == [".lock", "environment.json"]
    folder.close()


def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    folder = create(tmp_path, "net")
    monkeypatch.setattr("cnnspec.training.run_folder.os.fsync", full)
    with pytest.raises(TrainingError, match=r"cannot write to .*spec\.yaml: no space left on device"):
        folder.write("spec.yaml", "name: net")
    folder.close()
    monkeypatch.setattr("cnnspec.training.run_folder.fcntl.flock", full)
    with pytest.raises(TrainingError, match="no space left on device"):
        create(tmp_path, "net")
    assert [path.name for path in (tmp_path / "net").rglob("*")] == ["1"]


def test_a_place_that_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TrainingError) as caught:
        create(tmp_path / "file", "net")
    assert caught.value.message == f"cannot write to {tmp_path / 'file' / 'net'}: not a directory"
    assert caught.value.help == "name another folder with --runs"


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("mnist-cnn", "mnist-cnn"),
        ("../../etc", "_.._etc"),
        ("a b/c", "a_b_c"),
        ("..", "run"),
        ("größe", "größe"),
        ("x" * 300, "x" * 200),
        ("日" * 100, "日" * 66),
    ],
)
def test_names_stay_in_their_folder(name: str, folder: str) -> None:
    assert safe(name) == folder


def test_a_disk_that_takes_no_writes(tmp_path: Path) -> None:
    if reason := can_mount(tmp_path):
        pytest.skip(reason)
    with small_disk(tmp_path / "disk", "1m") as place:
        path = opened(place, "net")
        (path / "spec.yaml").write_text("")
        subprocess.run(["mount", "-o", "remount,ro", place], check=True)
        for attempt in (lambda: reopen(path), lambda: create(place, "net")):
            with pytest.raises(TrainingError, match=r"cannot write to .*: read-only file system"):
                attempt()


def test_what_was_half_written_goes_when_a_run_goes_on(tmp_path: Path) -> None:
    path = opened(tmp_path, "net")
    (path / "checkpoints").mkdir()
    for name in ("spec.yaml", ".part-best.keras", ".part-result.json", "checkpoints/.part-000000012.npz"):
        (path / name).write_text("")
    reopen(path).close()
    assert sorted(entry.name for entry in path.rglob("*")) == ["checkpoints", "spec.yaml"]


def test_a_lock_that_is_taken_away_is_taken_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who held it removed it between our opening it and our locking it."""
    path, genuine, calls = opened(tmp_path, "net"), fcntl.flock, [0]
    (path / "spec.yaml").write_text("")

    def late(*arguments: Any) -> None:
        calls[0] += 1
        if calls[0] == 1:
            (path / ".lock").unlink()
        genuine(*arguments)

    monkeypatch.setattr("cnnspec.training.run_folder.fcntl.flock", late)
    folder = reopen(path)
    assert calls == [2]
    assert in_use(path)
    folder.close()
