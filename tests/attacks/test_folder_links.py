"""Links, FIFOs, devices and folders where the files of a run belong: told at once, and nothing outside is touched."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from cnnspec.cli.main import cli
from cnnspec.data.errors import Failure
from cnnspec.judging.runs import kept
from tests.attacks.runs import Example, trained

FILES = (
    "spec.yaml", "environment.json", "history.csv", "log.txt", ".lock", "best.keras", "result.json", "tracking.json",
    "discriminator.keras",
)  # fmt: skip


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Example:
    return trained(tmp_path_factory.mktemp("runs"))


def link(path: Path, outside: Path) -> None:
    path.symlink_to(outside / "victim")


def dangling(path: Path, outside: Path) -> None:
    path.symlink_to(outside / "new")


def fifo(path: Path, outside: Path) -> None:
    os.mkfifo(path)


def zeros(path: Path, outside: Path) -> None:
    path.symlink_to("/dev/zero")


def circle(path: Path, outside: Path) -> None:
    path.symlink_to(path.name)


def folder(path: Path, outside: Path) -> None:
    path.mkdir()


def listening(path: Path, outside: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # a socket's path is short
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


def strangers(path: Path, outside: Path) -> None:
    path.write_text("x")
    try:
        os.chown(path, 12345, 12345)
    except PermissionError:
        pytest.skip("only root gives files away")


KINDS: tuple[tuple[Callable[[Path, Path], None], str], ...] = (
    (link, "is a symbolic link"), (dangling, "is a symbolic link"), (fifo, "is a FIFO"), (zeros, "is a symbolic link"),
    (circle, "is a symbolic link"), (folder, "is a folder"), (listening, "is a socket"),
    (strangers, "belongs to another user"),
)  # fmt: skip


def outside_of(tmp_path: Path) -> Path:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "victim").write_text("mine\n")
    (outside / "000000002.npz").write_text("mine\n")
    return outside


def untouched(outside: Path) -> bool:
    found = {path.name: path.read_text() for path in outside.iterdir()}
    return found == {"victim": "mine\n", "000000002.npz": "mine\n"}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(("attack", "words"), KINDS, ids=lambda each: getattr(each, "__name__", ""))
def test_no_file_of_a_run_is_anything_else(
    name: str, attack: Callable[[Path, Path], None], words: str, example: Example, tmp_path: Path
) -> None:
    run, outside = example.copy(tmp_path), outside_of(tmp_path)
    (run / name).unlink(missing_ok=True)
    attack(run / name, outside)
    for use in (lambda: example.resume(run), lambda: kept(run)):
        with pytest.raises(Failure) as caught:
            use()
        told = caught.value.message
        assert str(run / name) in told or name == "best.keras", told
        assert words in told or (name == "best.keras" and "has no best.keras" in told), told
        assert "\n" not in told
    assert untouched(outside)


@pytest.mark.parametrize("name", ["spec.yaml", "environment.json", ".lock"])
@pytest.mark.parametrize("attack", [link, fifo, zeros], ids=lambda attack: attack.__name__)
@pytest.mark.parametrize(
    ("command", "code"), [(["train", "--resume"], 3), (["evaluate"], 2)], ids=["train", "evaluate"]
)
def test_commands_end_with_their_code(
    name: str, attack: Callable[[Path, Path], None], command: list[str], code: int, example: Example, tmp_path: Path
) -> None:
    run, outside = example.copy(tmp_path), outside_of(tmp_path)
    (run / name).unlink(missing_ok=True)
    attack(run / name, outside)
    done = CliRunner().invoke(cli, [*command, str(run)])
    assert done.exit_code == code, done.output
    assert f"error: {run / name} is a" in done.output
    assert "mine" not in done.output


@pytest.mark.parametrize("name", ["checkpoints", "samples"])
def test_no_folder_of_a_run_leads_elsewhere(name: str, example: Example, tmp_path: Path) -> None:
    run, outside = example.copy(tmp_path), outside_of(tmp_path)
    shutil.rmtree(run / name, ignore_errors=True)
    (run / name).symlink_to(outside)
    with pytest.raises(Failure, match=f"{name} is a symbolic link, where a folder belongs"):
        example.resume(run)
    assert untouched(outside)


def test_hard_links_are_not_written_to(example: Example, tmp_path: Path) -> None:
    run, outside = example.copy(tmp_path), outside_of(tmp_path)
    shutil.copy(run / "history.csv", outside / "victim")
    (run / "history.csv").unlink()
    os.link(outside / "victim", run / "history.csv")
    before = (outside / "victim").read_text()
    with pytest.raises(Failure, match="is a hard link"):
        example.resume(run)
    assert (outside / "victim").read_text() == before


def test_only_checkpoints_are_pruned(example: Example, tmp_path: Path) -> None:
    """What is called like one, and is none, stays where it is."""
    run, outside = example.copy(tmp_path), outside_of(tmp_path)
    checkpoints = run / "checkpoints"
    (checkpoints / "000000001.npz").unlink()
    (checkpoints / "000000001.npz").symlink_to(outside / "000000002.npz")
    (checkpoints / "000000099.npz").mkdir()
    (checkpoints / "000000098.npz").symlink_to(outside / "000000002.npz")
    (checkpoints / f"{10**30}.npz").write_text("x")
    (checkpoints / "notes.npz").write_text("x")
    done, said = example.resume(run)
    assert done.epochs == 2
    assert "000000099.npz is a folder, where a file belongs; " in said
    assert "000000098.npz is a symbolic link, where a file belongs; 000000003.npz is taken instead" in said
    assert untouched(outside)
    left = sorted(path.name for path in checkpoints.iterdir())
    assert left == sorted(
        ["000000001.npz", "000000004.npz", "000000005.npz", "000000006.npz", "000000098.npz", "000000099.npz",
         f"{10**30}.npz", "notes.npz"]
    )  # fmt: skip


@pytest.mark.parametrize("name", [".part-best.keras", ".part-history.csv", "checkpoints/.part-000000004.npz"])
def test_what_is_half_written_is_no_way_out(name: str, example: Example, tmp_path: Path) -> None:
    run, outside = example.copy(tmp_path), outside_of(tmp_path)
    (run / name).symlink_to(outside / "victim")
    assert example.resume(run)[0].epochs == 2
    assert untouched(outside)


@pytest.mark.parametrize("name", ["logs", "logs/train", "logs/train/events"])
def test_logs_of_tensorboard_stay_in_the_run(name: str, tmp_path: Path) -> None:
    from cnnspec.training.errors import TrainingError
    from cnnspec.training.run_folder import create

    outside, run = outside_of(tmp_path), create(tmp_path / "runs", "net")
    (run.path / name).parent.mkdir(parents=True, exist_ok=True)
    (run.path / name).symlink_to(outside)
    with pytest.raises(TrainingError, match=rf"{name} is a symbolic link"):
        run.inner("logs")
    run.close()
    assert untouched(outside)
