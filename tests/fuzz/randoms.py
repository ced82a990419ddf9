"""Random inputs: bytes, characters, YAML tokens, and specs after the language's grammar, with files that they name."""

from __future__ import annotations

import random
import string
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.fuzz.mutations import PIECES, mutant
from tests.fuzz.seeds import NAMES, WORDS

FILES = 40
_TOKENS = [
    b"- ", b": ", b"\n", b"\n  ", b"\n    ", b"[", b"]", b"{", b"}", b", ", b"? ", b"&a ", b"*a", b"!", b"|\n", b">-\n", b"'",
    b'"', b"#", b" ", b"\t", b"%", b"@", b"`", b"---\n", b"...\n", b"<<", b"~", b"1", b"-3", b"0.5", b"1e5", b"\\", b"\r", b"$(",
]  # fmt: skip
_ATOMS = [
    "1",
    "2",
    "3",
    "channels",
    "height",
    "width",
    "x",
    "y",
    "filters",
    "'a'",
    "true",
    "null",
    "0.5",
    "[1, 2, 3]",
    "a.channels",
]
_SIGNS = ["+", "-", "*", "/", "//", "%", "**", "==", "<", ">=", "in", "and", "or", "!=", "&", "<<"]
_FUNCTIONS = ["min", "max", "round", "int", "abs", "len", "sum", "range", "floor", "ceil", "eval"]


def _noise(rng: random.Random) -> bytes:
    return rng.randbytes(rng.choice((1, 8, 60, 500)))


def _printable(rng: random.Random) -> bytes:
    letters = string.printable + "×→ßé\u202e\u0301🐍"
    return "".join(rng.choices(letters, k=rng.choice((3, 30, 300)))).encode()


def _tokens(rng: random.Random) -> bytes:
    words = [*_TOKENS, *_TOKENS, *PIECES, *rng.choices(WORDS, k=40)]
    start = rng.choice((b"", b"", b"layers:\n- ", b"input: [8, 8, 3]\nlayers:\n"))
    return start + b"".join(rng.choices(words, k=rng.choice((5, 30, 200, 1000))))


def _expression(rng: random.Random, depth: int = 0) -> str:
    if depth > rng.choice((1, 2, 3, 12)):
        return rng.choice(_ATOMS)
    below = [_expression(rng, depth + 1) for _ in range(3)]
    match rng.randrange(9):
        case 0 | 1 | 2:
            return f"({below[0]} {rng.choice(_SIGNS)} {below[1]})"
        case 3:
            return f"{rng.choice(_FUNCTIONS)}({', '.join(below[: rng.randrange(4)])})"
        case 4:
            return f"({below[0]} if {below[1]} else {below[2]})"
        case 5:
            return f"[{below[0]} for x in {below[1]}]"
        case 6:
            return f"{below[0]}[{below[1]}]"
        case 7:
            return f"{rng.choice(('-', 'not '))}{below[0]}"
        case _:
            return f"[{', '.join(below)}]"


def _text(value: Any) -> str:
    """A value in one line, as YAML's flow style has it."""
    match value:
        case dict():
            return "{" + ", ".join(f"{key}: {_text(item)}" for key, item in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(_text, value)) + "]"
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case str() if value.startswith("$") and set(value) & set(",[]{}'#"):
            return '"' + value.replace('"', "'") + '"'
    return str(value)


class _Grammar:
    """A random spec, mostly as the language has it."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.blocks = [f"b{at}" for at in range(rng.randrange(4))]
        self.parameters = rng.sample(["x", "y", "filters", "body", "channels", "n"], rng.randrange(4))
        self.named: list[str] = []

    def number(self) -> Any:
        rng = self.rng
        if rng.random() < 0.2:
            return f"$({_expression(rng)})"
        if rng.random() < 0.1:
            return rng.choice(["$x", "$y", "$filters", "$n", "$body", 0, -1, 10**9, 0.5, "same", None])
        return rng.choice([1, 2, 3, 4, 8])

    def entry(self, depth: int) -> Any:
        rng, below = self.rng, (lambda: self.layers(depth + 1))
        kind = rng.randrange(17)
        if depth > 4:
            kind %= 8
        entry: dict[str, Any]
        match kind:
            case 0 | 1:
                entry = {
                    "conv2d": {
                        "filters": self.number(),
                        "kernel_size": self.number(),
                        "padding": rng.choice(["same", "valid", 1]),
                    }
                }
            case 2:
                entry = {rng.choice(["max_pooling2d", "up_sampling2d", "zero_padding2d", "dropout"]): self.number()}
            case 3:
                entry = {"dense": {"units": self.number()}}
            case 4:
                return rng.choice(
                    ["relu", "flatten", "batch_normalization", "global_average_pooling2d", "$body", "max_pooling2d"]
                )
            case 5:
                entry = {
                    rng.choice(["add", "concatenate", "dot", "multiply"]): rng.sample(
                        self.named, min(2, len(self.named))
                    )
                    or "a"
                }
            case 6:
                entry = {rng.choice(NAMES): rng.choice([None, 1, {"filters": 3}])}
            case 7:
                entry = {"relu": {}}
            case 8 | 9:
                entry = {"residual": {"layers": below(), "shortcut": rng.choice(["identity", "projection", below()])}}
            case 10 | 11:
                entry = {
                    "branches": {
                        "paths": [below() for _ in range(rng.randrange(4))],
                        "merge": rng.choice(["add", "concatenate"]),
                    }
                }
            case 12 | 13:
                entry = {"repeat": {"times": rng.choice([0, 1, 2, 3, 30, self.number()]), "as": "x", "layers": below()}}
                if rng.random() < 0.4:
                    entry = {"repeat": {"over": [[1, 2], [3, self.number()]], "as": ["x", "y"], "layers": below()}}
            case 14:
                entry = {"when": {"condition": f"$({_expression(rng)})", "layers": below(), "otherwise": below()}}
            case 15 if self.named:
                entry = {"share": rng.choice(self.named)}
            case _:
                entry = {
                    rng.choice([*self.blocks, "conv_norm"]): rng.choice(
                        [None, self.number(), {"filters": self.number()}, below()]
                    )
                }
        if rng.random() < 0.3:
            ((_, arguments),) = entry.items()
            if isinstance(arguments, dict):
                arguments["name"] = name = f"{rng.choice('abcd')}{rng.randrange(9)}"
                self.named.append(name)
                if rng.random() < 0.3:
                    arguments["inputs"] = rng.choice(self.named)
        return entry

    def layers(self, depth: int = 0) -> Any:
        return [
            self.entry(depth) for _ in range(self.rng.choice((0, 1, 1, 2, 3, 5)) if depth else self.rng.randrange(1, 9))
        ]

    def spec(self) -> str:
        rng = self.rng
        lines = [
            rng.choice(
                ["input: [8, 8, 3]", "input: [32, 32, 4]", "input: [null, null, 3]", "inputs: {a: [8, 8, 3], b: [4]}"]
            )
        ]
        if self.parameters:
            lines += ["parameters:", *(f"  {name}: {_text(self.number())}" for name in self.parameters)]
        if self.blocks:
            lines.append("blocks:")
            for name in self.blocks:
                lines += [
                    f"  {name}:",
                    f"    parameters: {rng.choice(['{filters: 3}', '{filters: null, x: 1}', '{body: [relu]}'])}",
                ]
                lines.append(f"    layers: {_text(self.layers(1))}")
        if rng.random() < 0.15:
            lines.append(f"extends: f{rng.randrange(FILES + 1)}.yaml")
        if rng.random() < 0.15:
            lines.append(f"imports: [f{rng.randrange(FILES + 1)}.yaml, f{rng.randrange(FILES)}.yaml]")
        anchor = rng.random() < 0.1
        lines += [
            "layers:",
            *(f"  - {'&a ' if anchor and at == 0 else ''}{_text(item)}" for at, item in enumerate(self.layers())),
        ]
        lines += ["  - *a"] * (3 * anchor)
        if rng.random() < 0.2:
            lines.append(
                f"training: {{epochs: {self.number()}, loss: {rng.choice(['mean_squared_error', 'x', 'binary_crossentropy'])}}}"
            )
        if rng.random() < 0.2:
            lines.append("data: {source: mnist, augmentation: [{random_flip: horizontal}], classes: 3}")
        if rng.random() < 0.1:
            lines.append(f"outputs: {{o: {rng.choice([*self.named, 'a'])}}}")
        return "\n".join(lines) + "\n"


def _grammar(rng: random.Random) -> bytes:
    return _Grammar(rng).spec().encode()


_KINDS: list[Callable[[random.Random], bytes]] = [_noise, _printable, _tokens, _grammar, _grammar, _grammar]


def generated(rng: random.Random) -> bytes:
    """A random input."""
    return rng.choice(_KINDS)(rng)


def write_files(folder: Path) -> None:
    """The files that random specs extend and import: broken ones, circles, and a long chain. The last one is missing."""
    rng = random.Random(0)
    for at in range(FILES):
        ways = {
            0: lambda at: f"extends: f{at + 5}.yaml\nparameters: {{p{at}: 1}}\n".encode(),
            1: lambda at: f"imports: [f{(at + 7) % FILES}.yaml]\nblocks: {{c{at}: [relu]}}\n".encode(),
            2: lambda at: f"extends: f{(at + 5) % FILES}.yaml\n".encode() + _grammar(rng),
            3: lambda at: mutant(rng),
            4: lambda at: _grammar(rng),
        }
        text = ways[at % 5](at)
        (folder / f"f{at}.yaml").write_bytes(text)
