"""Mutations of a spec's text: bytes, lines, words, numbers, indentation, pieces of other specs."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from tests.fuzz import mutated_trees
from tests.fuzz.seeds import SEEDS, WORDS, draw

_WORD = re.compile(rb"[A-Za-z_][\w]*")
_NUMBER = re.compile(rb"-?\d+(\.\d+)?(e-?\d+)?")
PIECES = [
    b"null", b"true", b"[]", b"{}", b"''", b"~", b"$", b"$()", b"$x", b"$(channels)", b"$(height // 2)", b"&a", b"*a",
    b"- ", b": ", b"? ", b"{a: ", b"[[", b"]]", b"# ", b"\t", b"\n", b"|", b">", b"!!int ", b"<<: ", b"\xff", b"\x00",
    b"\xef\xbb\xbf", "ß×→".encode(), b"---\n", b"...", b"%YAML", b"layers:", b"name: a", b"inputs: a", b"residual",
    b"repeat: {times: 3, layers: [relu]}", b"branches: [[relu], []]", b"when: {condition: true, layers: []}",
    b"add: [a, b]", b"shortcut: projection", b"conv_norm", b"padding: 3", b"$(1/0)", b"$(2 ** 60)", b"$([1] * 9)",
    "\u202e".encode(), "\u0301".encode(), "🐍".encode(), "\u2028".encode(), b"\r", b"\r\n", b"\xc3\x28", b"\xed\xa0\x80",
    b"extends: other.yaml", b"imports: [a.yaml]", b"share: a", b"$(range(9999))", b"$([x for x in range(99)])",
    b"# cnnspec: ignore[unused-output]", b"# cnnspec: ignore-file[]", b"times: 9999999", b"repeat: {times: 99999, layers: [",
]  # fmt: skip
NUMBERS = [
    b"0", b"-1", b"1e9", b"1000000000", b"99999999999999999999", b"x", b"1.5", b"null", b"[1, 2]", b".inf", b"7",
    b"9999", b"16384", b"1048576", b"0x10", b"1_000", b"9223372036854775807", b".nan", b"1e-400",
]  # fmt: skip

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
    return text[:at] + rng.choice(PIECES) + text[at:]


def _spliced(text: bytes, rng: random.Random) -> bytes:
    other = rng.choice(SEEDS)
    start = rng.randrange(len(other) or 1)
    at = rng.randrange(len(text) + 1)
    return text[:at] + other[start : start + rng.randrange(200)] + text[at + rng.randrange(50) :]


def _multiplied(text: bytes, rng: random.Random) -> bytes:
    """A line, or a stretch of the text, many times over."""
    if rng.random() < 0.5:
        lines = text.split(b"\n")
        at = rng.randrange(len(lines))
        lines[at:at] = [lines[at]] * rng.choice((2, 10, 100, 1000))
        return b"\n".join(lines)[:200_000]
    at = rng.randrange(len(text) + 1)
    return text[:at] + text[at : at + rng.randrange(1, 20)] * rng.choice((2, 10, 1000)) + text[at:]


def _misspelt(text: bytes, rng: random.Random) -> bytes:
    """A slip of the finger in a word."""
    found = [word for word in _WORD.finditer(text) if word.end() - word.start() > 2]
    if not found:
        return text
    at = rng.choice(found)
    word = bytearray(at[0])
    here = rng.randrange(len(word) - 1)
    match rng.randrange(3):
        case 0:
            del word[here]
        case 1:
            word[here : here + 2] = word[here : here + 2][::-1]
        case _:
            word.insert(here, word[here])
    return text[: at.start()] + bytes(word) + text[at.end() :]


def _encoded(text: bytes, rng: random.Random) -> bytes:
    match rng.randrange(5):
        case 0:
            return text.replace(b"\n", b"\r")
        case 1:
            return text.replace(b"\n", b"\r\n")
        case 2:
            return text.decode("utf-8", "replace").encode(
                rng.choice(("utf-16", "utf-16-le", "utf-32", "latin-1")), "replace"
            )
        case 3:
            return b"\xef\xbb\xbf" + text
        case _:
            return text.replace(b" ", "\u00a0".encode(), rng.randrange(1, 5))


MUTATIONS: list[Mutation] = [
    _bytes, _lines, _lines, _indentation, _inserted, _inserted, _spliced, _multiplied, _misspelt, _misspelt, _encoded,
    _replaced(_WORD, lambda rng: rng.choice(WORDS)), _replaced(_WORD, lambda rng: rng.choice(WORDS)),
    _replaced(_WORD, lambda rng: rng.choice(PIECES)), _replaced(_NUMBER, lambda rng: rng.choice(NUMBERS)),
    _replaced(_NUMBER, lambda rng: rng.choice(NUMBERS)),
]  # fmt: skip


def mutant(rng: random.Random) -> bytes:
    """A spec with one to four mutations of its text; of its tree before that, in one of three."""
    trees = rng.random() < 0.35
    text = mutated_trees.mutant(rng) if trees else draw(rng)
    for _ in range(rng.choice((0, 0, 1)) if trees else rng.choice((1, 1, 1, 2, 2, 3, 4))):
        text = rng.choice(MUTATIONS)(text, rng)
    return text
