"""Many inputs in processes of their own: what hangs or crashes there is found, and the others go on."""

from __future__ import annotations

import faulthandler
import hashlib
import importlib
import multiprocessing
import random
import re
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, NamedTuple

from tests.fuzz import mutations, randoms
from tests.fuzz.check import SLOWEST, Outcome, peak_megabytes, shrunk

MAKERS: dict[str, Callable[[random.Random], bytes]] = {"mutations": mutations.mutant, "random": randoms.generated}
HANG = 20
"""Seconds of the processor after which an input counts as one that never ends: others may be at work, too."""
_DEADLOCK = 3600
"""Seconds by the clock after which a process that waits for nothing is ended."""
_TELL = 250
_THOROUGH = 20
"""Of so many inputs one has its fixes applied, too."""


def made(kind: str, seed: int, number: int) -> bytes:
    """An input again."""
    return MAKERS[kind](random.Random(f"{kind} {seed} {number}"))


class Hangs(BaseException):
    """An input took too long; nothing that expects an exception may catch this."""


class Found(NamedTuple):
    """An input that went wrong."""

    kind: str
    number: int
    what: str
    data: bytes


@dataclass
class Tally:
    """What is known about the inputs of one kind."""

    inputs: int = 0
    troubles: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    slowest_number: int = -1
    megabytes: float = 0.0
    megabytes_number: int = -1

    def add(self, other: Tally) -> None:
        """Take another worker's inputs in."""
        self.inputs += other.inputs
        self.seconds += other.seconds
        if other.slowest > self.slowest:
            self.slowest, self.slowest_number = other.slowest, other.slowest_number
        if other.megabytes > self.megabytes:
            self.megabytes, self.megabytes_number = other.megabytes, other.megabytes_number


@dataclass
class Run:
    """A run: its tallies by kind, and each kind of trouble once."""

    seed: int
    tallies: dict[str, Tally] = field(default_factory=dict)
    found: dict[str, Found] = field(default_factory=dict)
    seconds: float = 0.0

    def table(self) -> str:
        """The summary."""
        lines = [
            f"{'inputs':<12}{'count':>10}{'troubles':>10}{'mean ms':>9}{'worst ms':>10}{'(number)':>10}{'worst MB':>10}{'(number)':>10}"
        ]
        for kind, tally in self.tallies.items():
            mean = 1000 * tally.seconds / max(1, tally.inputs)
            lines.append(
                f"{kind:<12}{tally.inputs:>10,}{tally.troubles:>10,}{mean:>9.1f}{1000 * tally.slowest:>10.0f}"
                f"{tally.slowest_number:>10}{tally.megabytes:>10.0f}{tally.megabytes_number:>10}"
            )
        lines.append(f"seed {self.seed}, {self.seconds:.0f} s, {len(self.found)} kinds of trouble")
        return "\n".join(lines)


class Task(NamedTuple):
    """The numbers of one kind for one worker."""

    kind: str
    seed: int
    numbers: range
    check: str


def _work(task: Task, told: Connection, at: Any) -> None:
    """A worker process: check each input, and tell what went wrong."""
    module, _, name = task.check.partition(":")
    check: Callable[..., Outcome] = getattr(importlib.import_module(module), name)

    def hangs(*_: object) -> None:
        raise Hangs

    signal.signal(signal.SIGPROF, hangs)
    with tempfile.TemporaryDirectory() as folder:
        randoms.write_files(Path(folder))
        tally = Tally(megabytes=peak_megabytes())
        for count, number in enumerate(task.numbers):
            at.value = number
            data = made(task.kind, task.seed, number)
            before = peak_megabytes()
            faulthandler.dump_traceback_later(_DEADLOCK, exit=True)
            outcome = _once(check, data, Path(folder), number)
            if outcome.trouble is not None and outcome.trouble.startswith("slow"):
                again = _once(check, data, Path(folder), number)
                outcome = min(outcome, again, key=lambda outcome: outcome.seconds)
            faulthandler.cancel_dump_traceback_later()
            tally.inputs += 1
            tally.seconds += outcome.seconds
            if outcome.seconds > tally.slowest:
                tally.slowest, tally.slowest_number = outcome.seconds, number
            if (peak := peak_megabytes()) > max(before, tally.megabytes):
                tally.megabytes, tally.megabytes_number = peak, number
            if outcome.trouble is not None:
                told.send(Found(task.kind, number, outcome.trouble, data))
            if count % _TELL == _TELL - 1:
                told.send(tally)
                tally = Tally(megabytes=tally.megabytes, megabytes_number=tally.megabytes_number)
        told.send(tally)
        told.send(None)


def _once(check: Callable[..., Outcome], data: bytes, folder: Path, number: int) -> Outcome:
    signal.setitimer(signal.ITIMER_PROF, HANG)
    try:
        return check(data, folder, thorough=number % _THOROUGH == 0)
    except Hangs:
        return Outcome(f"hangs: more than {HANG} s", HANG)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


class _Worker:
    """A process, what it tells, and the number of the input that it is at."""

    def __init__(self, task: Task) -> None:
        context = multiprocessing.get_context("spawn")
        self.task = task
        self.at = context.Value("q", -1)
        self.heard = 0
        self.told, child = context.Pipe(duplex=False)
        self.process = context.Process(target=_work, args=(task, child, self.at), daemon=True)
        self.process.start()
        child.close()


def run(
    counts: dict[str, int],
    seed: int,
    jobs: int,
    *,
    check: str = "tests.fuzz.check:trouble",
    say: Callable[[str], None] = print,
) -> Run:
    """Check so many inputs of each kind in so many processes."""
    result, start, last = Run(seed), time.monotonic(), time.monotonic()
    for kind, count in counts.items():
        tally = result.tallies[kind] = Tally()
        workers = [_Worker(Task(kind, seed, range(job, count, jobs), check)) for job in range(jobs)]
        while workers:
            for worker in list(_heard(workers, result, tally)):
                workers.remove(worker)
                if left := _after(worker, result, tally):
                    workers.append(_Worker(left))
            if time.monotonic() - last > 60:
                last = time.monotonic()
                say(f"{kind}: {tally.inputs:,} of {count:,}, {tally.troubles} troubles, {last - start:.0f} s")
    result.seconds = time.monotonic() - start
    return result


def _heard(workers: list[_Worker], result: Run, tally: Tally) -> Iterator[_Worker]:
    """Take in what workers tell; those that have ended."""
    for worker in workers:
        if worker.told not in wait([each.told for each in workers], timeout=1):
            continue
        try:
            message = worker.told.recv()
        except EOFError:
            worker.process.join()
            yield worker
            continue
        match message:
            case Tally():
                worker.heard += message.inputs
                tally.add(message)
            case Found():
                tally.troubles += 1
                result.found.setdefault(re.sub(r"\d+", "0", message.what), message)
            case None:
                worker.at.value = -1
                worker.process.join()
                yield worker


def _after(worker: _Worker, result: Run, tally: Tally) -> Task | None:
    """What a worker that died leaves to do; None where it did everything."""
    number = worker.at.value
    if number < 0:
        return None
    task, code = worker.task, worker.process.exitcode
    what = f"the process died (exit code {code})"
    done = task.numbers.index(number) + 1
    tally.troubles += 1
    tally.inputs += done - worker.heard
    result.found.setdefault(what, Found(task.kind, number, what, made(task.kind, task.seed, number)))
    left = task.numbers[done:]
    return task._replace(numbers=left) if left else None


def save(found: Found, folder: Path, check: Callable[..., Outcome] | None) -> Path:
    """Write an input that went wrong into `folder`, as small as it gets where `check` can try."""
    folder.mkdir(parents=True, exist_ok=True)
    data = found.data
    if check is not None:
        bound = SLOWEST if found.what.startswith("slow") else None
        form = re.sub(r"\d+", "0", found.what)

        def bad(data: bytes) -> bool:
            outcome = check(data, folder)
            if bound is not None:
                return outcome.seconds > bound
            return outcome.trouble is not None and re.sub(r"\d+", "0", outcome.trouble) == form

        data = shrunk(data, bad) if bad(data) else data
    path = folder / f"{found.kind}-{hashlib.sha256(data).hexdigest()[:10]}.yaml"
    path.write_bytes(data)
    path.with_suffix(".txt").write_text(f"{found.what}\n{found.kind} {found.number}\n", encoding="utf-8")
    return path
