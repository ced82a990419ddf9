"""`validate --watch` for real: a process, and saves as editors make them."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cli.test_validate_and_summary import GOOD

TYPO = GOOD.replace("flatten", "flaten")


def _hear() -> None:
    """Hear Ctrl-C, also where the tests run in the background and hand on that it is ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Watch:
    """A process whose output is read check by check."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "cnnspec", "validate", "--watch", "--format", "concise", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
            preexec_fn=_hear,
        )
        self.lines: queue.Queue[str] = queue.Queue()
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))

    def until(self, end: str) -> str:
        """What is printed up to a line that holds `end`."""
        seen = []
        while not seen or end not in seen[-1]:
            seen.append(self.lines.get(timeout=20))
        return "\n".join(seen)

    def nothing(self) -> bool:
        """Whether it keeps quiet for a while."""
        try:
            self.lines.get(timeout=0.6)
        except queue.Empty:
            return True
        return False


@contextmanager
def watching(folder: Path, *arguments: str) -> Iterator[Watch]:
    watch = Watch(folder, *arguments)
    try:
        yield watch
    finally:
        watch.process.kill()
        watch.process.wait(timeout=20)
        watch.reader.join(timeout=20)
        assert watch.process.stdout is not None
        watch.process.stdout.close()


def replaced(path: Path, text: str) -> None:
    """A save as most editors do it: a new file takes the place of the old one."""
    new = path.with_name("new~")
    new.write_text(text)
    new.replace(path)


def test_every_kind_of_save(tmp_path: Path) -> None:
    spec, base, parts = tmp_path / "net.yaml", tmp_path / "base.yaml", tmp_path / "parts.yaml"
    base.write_text(GOOD)
    spec.write_text("extends: base.yaml\nimports: [parts.yaml]\n")
    with watching(tmp_path, "net.yaml") as watch:
        assert "file-missing" in watch.until("parts.yaml is not there")
        parts.write_text("blocks:\n  mine: {layers: [relu]}\n")  # a file appears
        assert watch.until("checked").endswith(" checked after a change of parts.yaml")
        replaced(base, TYPO)  # the parent, by renaming
        assert "base.yaml:4:5: error[unknown-layer]" in watch.until("flaten")
        base.write_text(GOOD)  # in place
        assert watch.until("checked").endswith("base.yaml")
        spec.unlink()  # gone
        assert "cannot read net.yaml: it does not exist" in watch.until("cannot read")
        spec.write_text(TYPO)  # and back, with a mistake
        assert "net.yaml:4:5: error[unknown-layer]" in watch.until("flaten")
        assert watch.nothing()
        base.write_text(TYPO)  # has no say any more, but had one
        watch.process.send_signal(signal.SIGINT)
        assert watch.process.wait(timeout=20) == 130
        assert "interrupted" in watch.until("interrupted")


def test_a_new_spec_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "a.yaml").write_text(GOOD)
    with watching(tmp_path, "specs") as watch:
        watch.until("checked")
        (tmp_path / "specs" / "b.yaml").write_text(TYPO)
        assert "specs/b.yaml:4:5: error[unknown-layer]" in watch.until("flaten")
