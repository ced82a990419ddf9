"""Broken specs by the thousand: every mutation of every spec ends in time, with a graph or with diagnostics.

`python -m tests.test_fuzz N [SEED]` runs N mutations and prints what went wrong.
"""

from __future__ import annotations

import os
import random
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

from cnnspec import pipeline
from cnnspec.language import render

TESTS = Path(__file__).parent
SEEDS = [path.read_bytes() for folder in (TESTS.parent / "specs", TESTS / "bad") for path in folder.glob("*.yaml")]
SLOWEST = 1.0
_FOREIGN = ("pydantic", "keras", "traceback", "nonetype", "valueerror", "input should be", "<class", "validation error")
_WORD = re.compile(rb"[A-Za-z_][\w]*")
_NUMBER = re.compile(rb"-?\d+(\.\d+)?(e-?\d+)?")
_PIECES = [
    b"null", b"true", b"[]", b"{}", b"''", b"~", b"$", b"$()", b"$x", b"$(channels)", b"$(height // 2)", b"&a", b"*a",
    b"- ", b": ", b"? ", b"{a: ", b"[[", b"]]", b"# ", b"\t", b"\n", b"|", b">", b"!!int ", b"<<: ", b"\xff", b"\x00",
    b"\xef\xbb\xbf", "ß×→".encode(), b"---\n", b"...", b"%YAML", b"layers:", b"name: a", b"inputs: a", b"residual",
    b"repeat: {times: 3, layers: [relu]}", b"branches: [[relu], []]", b"when: {condition: true, layers: []}",
    b"add: [a, b]", b"shortcut: projection", b"conv_norm", b"padding: 3", b"$(1/0)", b"$(2 ** 60)", b"$([1] * 9)",
]  # fmt: skip
_NUMBERS = [
    b"0",
    b"-1",
    b"1e9",
    b"1000000000",
    b"99999999999999999999",
    b"x",
    b"1.5",
    b"null",
    b"[1, 2]",
    b".inf",
    b"7",
]

Mutation = Callable[[bytes, random.Random], bytes]


def _bytes(text: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(text) + 1)
    return text[:at] + bytes([rng.randrange(256)]) + text[at + rng.randrange(2) :]


def _lines(text: bytes, rng: random.Random) -> bytes:
    lines = text.split(b"\n")
    here, there = rng.randrange(len(lines)), rng.randrange(len(lines))
    match rng.randrange(4):
        case 0:
            lines[here], lines[there] = lines[there], lines[here]
        case 1:
            del lines[here]
        case 2:
            lines.insert(there, lines[here])
        case _:
            del lines[min(here, there) : max(here, there)]
    return b"\n".join(lines)


def _replaced(pattern: re.Pattern[bytes], new: Callable[[random.Random], bytes]) -> Mutation:
    def mutate(text: bytes, rng: random.Random) -> bytes:
        found = list(pattern.finditer(text))
        if not found:
            return text
        at = rng.choice(found)
        return text[: at.start()] + new(rng) + text[at.end() :]

    return mutate


def _indentation(text: bytes, rng: random.Random) -> bytes:
    lines = text.split(b"\n")
    here = rng.randrange(len(lines))
    for at in range(here, min(len(lines), here + rng.choice((1, 1, 3, 99)))):
        lines[at] = b" " * rng.choice((1, 2, 4)) + lines[at] if rng.random() < 0.5 else lines[at][rng.choice((1, 2)) :]
    return b"\n".join(lines)


def _inserted(text: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(text) + 1)
    return text[:at] + rng.choice(_PIECES) + text[at:]


def _spliced(text: bytes, rng: random.Random) -> bytes:
    other = rng.choice(SEEDS)
    start = rng.randrange(len(other) or 1)
    at = rng.randrange(len(text) + 1)
    return text[:at] + other[start : start + rng.randrange(200)] + text[at + rng.randrange(50) :]


_WORDS = sorted({word for seed in SEEDS for word in _WORD.findall(seed)})
MUTATIONS: list[Mutation] = [
    _bytes, _lines, _lines, _indentation, _inserted, _inserted, _spliced,
    _replaced(_WORD, lambda rng: rng.choice(_WORDS)), _replaced(_WORD, lambda rng: rng.choice(_WORDS)),
    _replaced(_WORD, lambda rng: rng.choice(_PIECES)), _replaced(_NUMBER, lambda rng: rng.choice(_NUMBERS)),
    _replaced(_NUMBER, lambda rng: rng.choice(_NUMBERS)),
]  # fmt: skip


def mutant(rng: random.Random) -> bytes:
    """A spec with one to four mutations."""
    text = rng.choice(SEEDS)
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 4))):
        text = rng.choice(MUTATIONS)(text, rng)
    return text


def trouble(text: bytes) -> str | None:
    """What checking `text` did that it must never do, if anything."""
    start = time.process_time()
    try:
        report = pipeline.check_bytes(text, "fuzz.yaml", directory=TESTS)
        written = render.text(report.diagnostics, report.sources)
        render.as_json(report.diagnostics)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    seconds = time.process_time() - start
    if seconds > SLOWEST:
        return f"{seconds:.1f} s"
    if not report.ok and not report.diagnostics:
        return "neither a graph nor a diagnostic"
    lines = report.sources["fuzz.yaml"].split("\n")
    for found in report.diagnostics:
        spoken = f"{found.message} {found.label} {found.help}".lower()
        foreign = next((word for word in _FOREIGN if word in spoken and word.encode() not in text.lower()), None)
        if foreign:
            return f"`{foreign}` in: {found.message}"
        if found.span.line < 1 or found.span.column < 1 or found.span.line > len(lines) + 1:
            return f"a place outside of the text: {found.span}"
    return None if report.ok or "error[" in written else "only warnings, but no graph"


def hunt(count: int, seed: int) -> list[tuple[str, bytes]]:
    """The mutants that made trouble, each kind of trouble once."""
    rng = random.Random(seed)
    kinds: dict[str, bytes] = {}
    for _ in range(count):
        text = mutant(rng)
        what = trouble(text)
        if what is not None:
            kinds.setdefault(re.sub(r"\d+", "0", what), text)
    return list(kinds.items())


def test_no_mutation_of_a_spec_breaks_the_compiler() -> None:
    found = hunt(int(os.environ.get("CNNSPEC_FUZZ", "1500")), seed=1)
    assert found == []


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    started = time.monotonic()
    troubles = hunt(count, seed=int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(1 << 30))
    for what, text in troubles:
        print(f"{what}\n{text!r}\n")
    print(f"{count:,} mutations in {time.monotonic() - started:.0f} s, {len(troubles)} kinds of trouble")
    sys.exit(bool(troubles))
