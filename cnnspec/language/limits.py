"""The bounds that keep a spec from eating the machine (the reference lists them for users)."""

from typing import Final

TEXT_BYTES: Final = 1 << 20
DEPTH: Final = 64
NODES: Final = 100_000
SCALAR_CHARACTERS: Final = 10_000
INTEGER_DIGITS: Final = 19
EXPRESSION_CHARACTERS: Final = 1_000
EXPRESSION_ITEMS: Final = 10_000
EXPANSION_DEPTH: Final = 100
DIAGNOSTICS: Final = 500
GUESSES: Final = 100
"""After so many mistakes, no guesses are made at what was meant."""

# `--allow-large` lifts the four below.
LAYERS: Final = 10_000
UNITS: Final = 1 << 20
PIXELS: Final = 16_384
PARAMETERS: Final = 2_000_000_000
