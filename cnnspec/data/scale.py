"""What is black and white in images deeper than 8 bits. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scale:
    """0 and the most that `bits` hold, or the ends of `range`; without either, what the depth of a file says."""

    bits: int | None = None
    range: tuple[float, float] | None = None


BY_DEPTH = Scale()
