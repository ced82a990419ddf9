"""What a run says on a terminal, elsewhere, and in its log."""

from __future__ import annotations

import errno
import io
import re
from pathlib import Path

import pytest

from cnnspec.training.folder_files import Folder
from cnnspec.training.progress import Bar, Lines, epoch_line, reported, reporter


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_line_of_an_epoch() -> None:
    logs = {"accuracy": 0.98414, "loss": 0.05119, "val_loss": 1e-5, "learning_rate": 0.1}
    assert epoch_line(3, 12, logs, 12.34, 4391.2, True) == (
        "epoch  3/12  loss 0.0512  accuracy 0.9841  val_loss 1.000e-05  12.3 s  4,391 images/s  best"
    )


def test_losses_come_first_and_validation_last() -> None:
    logs = {"val_a_loss": 1, "a_accuracy": 2, "val_loss": 3, "loss": 4, "a_loss": 5, "val_a_accuracy": 6}
    assert list(reported(logs)) == ["loss", "a_loss", "a_accuracy", "val_loss", "val_a_loss", "val_a_accuracy"]


def test_a_terminal_gets_a_bar_and_keeps_the_lines(tmp_path: Path) -> None:
    stream = Terminal()
    told = reporter(log=Folder.at(tmp_path).file("log.txt"), stream=stream)
    assert isinstance(told, Bar)
    for epoch in (1, 2):
        told.epoch_begins(epoch, 2, 10)
        told.step_ends(5, {"loss": 0.5})
        told.epoch_ends(epoch, 2, {"loss": 0.25}, 1.0, 100.0, False)
    told.close()
    assert "\x1b[" in stream.getvalue()
    lines = [f"epoch {epoch}/2  loss 0.2500  1.0 s  100 images/s" for epoch in (1, 2)]
    assert all(line in stream.getvalue() for line in lines)
    assert [re.sub(r"^[\d-]+ [\d:]+ ", "", line) for line in (tmp_path / "log.txt").read_text().splitlines()] == lines


@pytest.mark.parametrize("columns", [80, 40])
def test_the_bar_gives_way_to_the_text(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    stream = Terminal()
    told = Bar(stream)
    told.epoch_begins(2, 12, 41)
    told.step_ends(41, {"loss": 0.5, "accuracy": 0.25, "[odd]": 0.75})
    told.close()
    last = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", stream.getvalue()).split("\r")[-2].strip()
    text = "epoch  2/12  41/41  0:00:00  loss 0.5000  accuracy 0.2500  [odd] 0.7500"
    assert len(last) <= columns
    assert last.strip("━╸ ").removesuffix("…") in text
    assert last.strip("━╸ ").startswith("epoch  2/12  41/41")
    assert ("━" in last) == (columns == 80)


class Broken(io.StringIO):
    def __init__(self, terminal: bool) -> None:
        super().__init__()
        self.isatty = lambda: terminal  # type: ignore[method-assign]

    def write(self, text: str) -> int:
        raise OSError(errno.EIO, "the terminal is gone")


@pytest.mark.parametrize("terminal", [False, True])
def test_a_stream_that_breaks_stops_nothing(terminal: bool, tmp_path: Path) -> None:
    told = reporter(log=Folder.at(tmp_path).file("log.txt"), stream=Broken(terminal))
    told.say("device: CPU")
    told.epoch_begins(1, 1, 1)
    told.step_ends(1, {"loss": 0.5})
    told.epoch_ends(1, 1, {"loss": 0.25}, 1.0, 100.0, False)
    told.close()
    assert [line.split()[2] for line in (tmp_path / "log.txt").read_text().splitlines()] == ["device:", "epoch"]


def test_a_log_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    stream = io.StringIO()
    nowhere = tmp_path / "nowhere"
    nowhere.mkdir()
    log = Folder.at(nowhere).file("log.txt")
    nowhere.rmdir()
    reporter(log=log, stream=stream).say("device: CPU")
    assert stream.getvalue() == "device: CPU\n"


def test_quiet_is_quiet_but_logs(tmp_path: Path) -> None:
    stream = Terminal()
    told = reporter(quiet=True, log=Folder.at(tmp_path).file("log.txt"), stream=stream)
    assert type(told) is Lines
    told.say("device: CPU")
    assert stream.getvalue() == ""
    assert (tmp_path / "log.txt").read_text().endswith("device: CPU\n")
