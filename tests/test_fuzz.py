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

import pytest

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


def _chain(count: int, body: str, last: str) -> str:
    """Blocks that call each next one as `body` says."""
    blocks = "".join(f"  b{at}: {body.replace('next', f'b{at + 1}')}\n" for at in range(count))
    return f"blocks:\n{blocks}  b{count}: {last}\n"


def _lists(count: int, value: str) -> str:
    parameters = "".join(f"  p{at + 1}: {value.replace('p', f'p{at}')}\n" for at in range(count))
    return f"parameters:\n  p0: [1, 2]\n{parameters}"


HUGE = {
    "blocks that call twice": _chain(30, "{layers: [next, next]}", "{layers: [relu]}") + "layers: [b0]",
    "blocks that call twice, for nothing": _chain(30, "{layers: [next, next]}", "{layers: []}") + "layers: [b0]",
    "lists of layers that double": _chain(
        30, "{parameters: {x: null}, layers: [{next: {x: [$x, $x]}}]}", "{parameters: {x: null}, layers: $x}"
    )
    + "layers: [{b0: [relu]}]",
    "a long chain of blocks": _chain(5000, "{layers: [next]}", "{layers: [relu]}") + "layers: [b0]",
    "a long cycle of blocks": _chain(3000, "{layers: [next]}", "{layers: [b0]}") + "layers: [b0]",
    "rounds without end": "layers: [{repeat: {times: 1000000000, layers: [relu]}}]",
    "rounds without end, of nothing": "layers: [{repeat: {times: 9999999999, layers: []}}]",
    "rounds of rounds": "layers: [{repeat: {times: 999999, layers: [{repeat: {times: 999999, layers: []}}]}}]",
    "rounds with a mistake": "layers: [{repeat: {times: 9999999, layers: [{add: [a, b]}]}}]",
    "lists that double": _lists(60, "$(p + p)") + "layers: [{repeat: {over: $p60, as: x, layers: [relu]}}]",
    "lists in lists": _lists(60, "[$p, $p]") + "layers: [{when: {condition: $(p60 == p60), layers: [relu]}}]",
    "mappings in mappings": _lists(60, "{a: $p, b: $p}") + "layers: [{dense: $p60}]",
    "a list of layers in itself": "parameters: {x: [$x, $x]}\nlayers: $x",
    "a long chain of parameters": "parameters:\n  p0: 1\n"
    + "".join(f"  p{at + 1}: $(p{at} + 1)\n" for at in range(5000))
    + "layers: [{dense: $p5000}]",
    "aliases of aliases": "layers:\n"
    + "".join(f"  - &a{at} [{', '.join([f'*a{at - 1}' if at else 'relu'] * 10)}]\n" for at in range(10)),
    "thousands of mistakes": "layers:\n" + "".join(f"  - relux{at}\n" for at in range(9000)),
}


@pytest.mark.parametrize("text", HUGE.values(), ids=HUGE)
def test_what_would_take_for_ever_ends_in_a_diagnostic(text: str) -> None:
    start = time.process_time()
    report = pipeline.check_text("input: [8, 8, 3]\n" + text)
    assert any(found.severity == "error" for found in report.diagnostics)
    assert time.process_time() - start < 5


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    started = time.monotonic()
    troubles = hunt(count, seed=int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(1 << 30))
    for what, text in troubles:
        print(f"{what}\n{text!r}\n")
    print(f"{count:,} mutations in {time.monotonic() - started:.0f} s, {len(troubles)} kinds of trouble")
    sys.exit(bool(troubles))
