"""Random documents, written and read back: `python -m tests.readback --count 100000`."""

from __future__ import annotations

import argparse
import random
import struct
from typing import Any

from cnnspec.language.diagnostics import Diagnostics
from cnnspec.language.nodes import plain
from cnnspec.language.reader import read
from cnnspec.language.write import write

_PIECES = [
    "a", "b1", "_", "-", " ", "  ", ":", ": ", ",", "#", " #", "'", '"', "\\", "\n", "\t", "\r", "[", "]", "{", "}", "&", "*", "!", "%",
    "@", "`", "|", ">", "?", "$", "$(", ")", "//", "--", "0", "17", ".", "e", "-3", "+", "0x", "0o7", "null", "~", "yes", "true",
    "NaN", ".inf", "2024-01-31", "12:30", "é", "ß", "中", "😀", "\u00a0", "\u2028", "\x85", "\ufeff", "=", "<<", "!!float '1e-05'",
]  # fmt: skip


def text(generator: random.Random) -> str:
    """A text of odd pieces."""
    return "".join(generator.choice(_PIECES) for _ in range(generator.randint(0, 6)))


def number(generator: random.Random) -> float | int:
    """A number of any magnitude: any finite float there is, or a whole number of up to 18 digits."""
    if generator.random() < 0.4:
        return generator.randint(-(10 ** generator.randint(1, 18)), 10 ** generator.randint(1, 18))
    while True:
        value: float = struct.unpack("<d", generator.randbytes(8))[0]
        if value - value == 0:
            return value if generator.random() < 0.5 else round(value, 3) if abs(value) < 1e9 else value


def document(generator: random.Random, depth: int = 0) -> Any:
    """A mapping or a list of anything."""
    if depth and generator.random() < 0.5 + depth / 10:
        return generator.choice([text, text, number, lambda _: generator.choice([None, True, False])])(generator)
    size = generator.choice([0, 1, 1, 2, 3, 5])
    if generator.random() < 0.5:
        return [document(generator, depth + 1) for _ in range(size)]
    keys = (key for key in (text(generator) for _ in range(size)) if key != "<<")
    return {key: document(generator, depth + 1) for key in keys}


def differences(value: Any) -> str | None:
    """What reads back differently; None where nothing does."""
    diagnostics = Diagnostics()
    written = write(value)
    node = read(written, "written.yaml", diagnostics)
    if node is None or list(diagnostics):
        return f"{value!r} was written as {written!r} and not read: {[each.message for each in diagnostics]}"
    found = plain(node)
    return None if repr(found) == repr(value) else f"{value!r} was written as {written!r} and read as {found!r}"


def main() -> None:
    """Count the documents that read back differently."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    generator = random.Random(options.seed)
    wrong = [found for _ in range(options.count) if (found := differences(document(generator))) is not None]
    print("\n".join(wrong[:10]))
    print(f"{options.count:,} documents, {len(wrong)} differences")
    raise SystemExit(bool(wrong))


if __name__ == "__main__":
    main()
