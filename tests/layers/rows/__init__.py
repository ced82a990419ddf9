"""The tables of the layer tests: rows `(entry, arguments, *input shapes)`, one module for each family."""

import random
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Any

Row = tuple[Any, ...]


def grid(**choices: Iterable[Any]) -> Iterator[dict[str, Any]]:
    """Every combination of the choices, as arguments; a choice of None leaves the argument out."""
    names = list(choices)
    for values in product(*choices.values()):
        yield {name: value for name, value in zip(names, values, strict=True) if value is not None}


def some(rows: Iterable[Row], count: int) -> list[Row]:
    """`count` of the rows, always the same ones."""
    everything = list(rows)
    return random.Random(0).sample(everything, min(count, len(everything)))


def maps(rank: int, channels: int, sizes: Iterable[int | None]) -> list[tuple[int | None, ...]]:
    """Shapes of `rank` spatial axes whose sizes go round through `sizes`, so that they differ from axis to axis."""
    around = list(sizes)
    return [(*(around[(at + 3 * axis) % len(around)] for axis in range(rank)), channels) for at in range(len(around))]


def crossed(
    names: Iterable[str], arguments: Iterable[Mapping[str, Any]], shapes: Iterable[tuple[Any, ...]]
) -> Iterator[Row]:
    """Every entry with all arguments on all shapes."""
    return ((name, dict(given), shape) for name, given, shape in product(list(names), list(arguments), list(shapes)))
