"""What mutations start from: the specs, the zoo and the broken specs. Small ones come up more often."""

from __future__ import annotations

import random
import re
from collections import Counter
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any

import yaml

TESTS = Path(__file__).parents[1]
FOLDERS = (TESTS.parent / "specs", TESTS.parent / "specs" / "zoo", TESTS / "bad")
SEEDS = [path.read_bytes() for folder in FOLDERS for path in sorted(folder.glob("*.yaml"))]
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WEIGHTS = list(accumulate(1 / (200 + len(seed)) for seed in SEEDS))
_WORD = re.compile(rb"[A-Za-z_]\w*")
WORDS = sorted({word for seed in SEEDS for word in _WORD.findall(seed)})
NAMES = sorted(
    word
    for word, count in Counter(word.decode() for seed in SEEDS for word in set(_WORD.findall(seed))).items()
    if count > 1
)


def draw(rng: random.Random) -> bytes:
    """A seed."""
    return rng.choices(SEEDS, cum_weights=_WEIGHTS)[0]


@cache
def trees() -> list[Any]:
    """The seeds that YAML reads, as plain data."""
    found = []
    for seed in sorted(SEEDS, key=len):
        try:
            value = yaml.load(seed, Loader=_LOADER)
        except (yaml.YAMLError, ValueError):
            continue
        if isinstance(value, dict) and len(seed) < 10_000:
            found.append(value)
    return found


def draw_tree(rng: random.Random) -> Any:
    """A seed as plain data; the smaller ones more often."""
    return trees()[int(len(trees()) * rng.random() ** 2)]
