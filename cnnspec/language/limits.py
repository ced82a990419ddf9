"""The bounds that keep a spec from eating the machine (the reference lists them for users)."""

from typing import Final

TEXT_BYTES: Final = 1 << 20
READ_BYTES: Final = 2 << 20
"""So much is read of a file or of standard input: enough to see that it is too large."""
FILES: Final = 100
FILES_BYTES: Final = 4 << 20
"""All extended and imported files of a check together."""
DEPTH: Final = 64
NODES: Final = 100_000
SCALAR_CHARACTERS: Final = 10_000
INTEGER_DIGITS: Final = 19
EXPRESSION_CHARACTERS: Final = 1_000
EXPRESSION_ITEMS: Final = 10_000
EXPRESSION_STEPS: Final = 20_000
"""How many parts of one expression are computed, each turn of a `for` counted."""
CHECK_STEPS: Final = 250_000
"""The same for all expressions of a check together: a second of the processor's time at most."""
CHECK_VALUES: Final = 4_000_000
"""How many values and characters all expressions of a check make or compare: some 150 MB at most."""
ROUND_DIGITS: Final = 400
"""A float has no more digits on either side of its point; `round` would compute the power of ten."""
TEXT_WEIGHT: Final = 100
"""So many characters of a text in a list count as one value."""
EXPANSION_DEPTH: Final = 100
DIAGNOSTICS: Final = 500
GUESSES: Final = 100
"""After so many mistakes, no guesses are made at what was meant."""

# `--allow-large` lifts the four below.
LAYERS: Final = 10_000
UNITS: Final = 1 << 20
PIXELS: Final = 16_384
PARAMETERS: Final = 2_000_000_000
