"""Ctrl-C and SIGTERM at random moments: an end within seconds, the right exit code, and nothing lost.

As with kills, a chain is one run that is stopped and resumed until it ends by itself, and is then compared, to the bit,
with the run that nobody stopped.
"""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import TimeoutExpired

from tests.faults.kills import judged, whole_run
from tests.faults.runs import lay_out, said, start

CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}
LONGEST = 10.0


@dataclass
class Stops:
    """What came of the signals; `seconds` from each to the end of its process."""

    counts: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    chains: list[int] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def table(self) -> str:
        """For a person."""
        times = sorted(self.seconds)
        rows = {
            **dict(sorted(self.counts.items())), "runs that were stopped and ended": len(self.chains),
            "stops of each": " ".join(map(str, self.chains)), "median seconds to the end": f"{times[len(times) // 2]:.1f}",
            "longest": f"{times[-1]:.1f}", "wrong": len(self.wrong),
        }  # fmt: skip
        return "\n".join([*(f"{name:<34} {value}" for name, value in rows.items()), *self.wrong])


def signals(
    folder: Path, count: int, backend: str = "tensorflow", seed: int = 1, say: Callable[[str], None] = print,
    text: str | None = None, longest: float = LONGEST,
) -> Stops:  # fmt: skip
    """Stop `count` processes, every fourth with two signals, and let every run come to its end."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # behind `&`, processes are started deaf to Ctrl-C
    draw, found = random.Random(seed), Stops()
    lay_out(folder, *([text] if text else []))
    whole, life = whole_run(folder, backend)
    number = 1
    while len(found.seconds) < count:
        chain, run = 0, folder / "runs" / "net" / str(number + 1)
        while True:
            resuming, born = (run / "spec.yaml").exists(), time.monotonic()
            process = start(folder, *(["--resume", str(run)] if resuming else ["net.yaml"]), backend=backend)
            kind, twice = draw.choice(list(CODES)), draw.random() < 0.25
            if len(found.seconds) < count:
                time.sleep(draw.uniform(0, life))
            running = process.poll() is None and len(found.seconds) < count
            sent = time.monotonic()
            if running:
                process.send_signal(kind)
                if twice:
                    time.sleep(draw.uniform(0, 0.3))
                    process.send_signal(kind)
            try:
                code = process.wait(longest if running else 600)
            except TimeoutExpired:
                found.wrong.append(f"{run}: still there {longest} s after {kind.name}")
                process.kill()
                code = process.wait()
            if not running or code == 0:  # it was through before the signal came
                life = life if resuming else time.monotonic() - born
                break
            chain += 1
            if not (run / "spec.yaml").exists():  # there was no run yet to go on with
                number += run.exists()
                run = folder / "runs" / "net" / str(number + 1)
            found.seconds.append(time.monotonic() - sent)
            early = code == -kind  # before Python had a say
            found.counts[f"{kind.name}{' twice' * twice}{', at the very start' * early}"] += 1
            if code not in (CODES[kind], -kind) or ("Traceback" in said(folder) and not early):
                found.wrong.append(f"{run}: {kind.name}{' twice' * twice} gave {code}: {said(folder)[-1500:]}")
            say(
                f"{len(found.seconds)}: {kind.name}{' twice' * twice} {code} after {found.seconds[-1]:.1f} s: {_last(folder)}"
            )
        number += 1
        found.chains.append(chain)
        found.wrong += judged(folder, run, code, whole)
    return found


def _last(folder: Path) -> str:
    lines = [line for line in said(folder).splitlines() if line.startswith(("error", "interrupted"))]
    return lines[-1][:60] if lines else ""
