"""kill -9 at random moments, half of them while a file is being written, and on from there.

A chain is one run: started, killed, resumed, killed again, … until it ends by itself. Then it is compared, to the bit,
with the run that nobody killed.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen

from cnnspec.training.folder_files import PART
from tests.faults.runs import Left, lay_out, left, said, start

_LONGEST = 600.0


@dataclass
class Kills:
    """What came of the kills."""

    counts: Counter[str] = field(default_factory=Counter)
    chains: list[int] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def table(self) -> str:
        """For a person."""
        killed = self.counts["saving"] + self.counts["elsewhere"]
        rows = {
            "kills of a run": killed, "while a file was written": self.counts["saving"],
            "resumed": self.counts["resumed"], "and before there was a run": self.counts["unborn"],
            "runs that were killed and ended": len(self.chains), "kills of each": " ".join(map(str, self.chains)),
            "wrong": len(self.wrong), "seconds": round(self.seconds),
        }  # fmt: skip
        return "\n".join([*(f"{name:<34} {value}" for name, value in rows.items()), *self.wrong])


def kills(
    folder: Path, count: int, backend: str = "tensorflow", seed: int = 1, say: Callable[[str], None] = print,
    text: str | None = None,
) -> Kills:  # fmt: skip
    """Kill processes until `count` of them had a run to resume, and let every run come to its end."""
    began, draw, found = time.monotonic(), random.Random(seed), Kills()
    lay_out(folder, *([text] if text else []))
    whole, life = whole_run(folder, backend)
    say(f"the run that nobody killed took {life:.1f} s")
    number, left_to_kill = 1, count
    while left_to_kill > 0:
        chain, run = 0, folder / "runs" / "net" / str(number + 1)
        while True:
            resuming = (run / "spec.yaml").exists()
            born = time.monotonic()
            process = start(folder, *(["--resume", str(run)] if resuming else ["net.yaml"]), backend=backend)
            found.counts["resumed"] += resuming
            if left_to_kill > 0:
                saving = found.counts["saving"] * 2 < found.counts["saving"] + found.counts["elsewhere"] + 1
                (_in_a_save if saving else _at_any_time)(process, run, draw, life)
            code = process.wait(_LONGEST)
            if "damaged" in said(folder):
                found.wrong.append(f"{run}: {said(folder)}")
            if code != -9:
                life = life if resuming else time.monotonic() - born  # the machine may be busier now, or less
                break
            if not (run / "spec.yaml").exists():
                found.counts["unborn"] += 1
                number += run.exists()
                run = folder / "runs" / "net" / str(number + 1)
                continue
            left_to_kill, chain = left_to_kill - 1, chain + 1
            found.counts["saving" if parts(run) else "elsewhere"] += 1
        number += 1
        found.chains.append(chain)
        found.wrong += judged(folder, run, code, whole)
        found.seconds = time.monotonic() - began
        say(
            f"{count - left_to_kill} kills, {found.seconds:.0f} s: {run.name} ended after {chain}, {found.wrong or 'equal'}"
        )
    return found


def parts(run: Path) -> list[str]:
    """Files that are being written, or were when their writer died."""
    found: list[str] = []
    for place in (run, run / "checkpoints"):
        with suppress(FileNotFoundError):
            found += [entry.name for entry in os.scandir(place) if entry.name.startswith(PART)]
    return found


def whole_run(folder: Path, backend: str) -> tuple[Left, float]:
    """A run that nobody stops, and its seconds."""
    began = time.monotonic()
    process = start(folder, "net.yaml", backend=backend)
    assert process.wait(_LONGEST) == 0, said(folder)
    return left(folder / "runs" / "net" / "1"), time.monotonic() - began


def judged(folder: Path, run: Path, code: int, whole: Left) -> list[str]:
    """What is wrong with a run that ended with this exit code."""
    if code:
        return [f"{run}: exit code {code}: {said(folder)[-2000:]}"]
    return [f"{run}: not equal: {name}" for name in whole.differences(left(run))]


def _at_any_time(process: Popen[str], run: Path, draw: random.Random, life: float) -> None:
    until = time.monotonic() + draw.uniform(0, life)
    while process.poll() is None and time.monotonic() < until:
        time.sleep(0.002)
    process.kill()


def _in_a_save(process: Popen[str], run: Path, draw: random.Random, life: float) -> None:
    """At the nth save, or a little later."""
    passing, writing = draw.randint(0, 6), False
    while process.poll() is None:
        time.sleep(0.001)  # a save takes some thousandths of a second
        was, writing = writing, bool(parts(run))
        if writing and not was:
            if not passing:
                time.sleep(draw.choice((0.0, 0.0, 0.001)))
                break
            passing -= 1
    process.kill()
