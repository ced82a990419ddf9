"""What the expressions of one check may cost together. Parameters, blocks, imports and overrides draw on the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from cnnspec.language.limits import CHECK_STEPS, CHECK_VALUES


class Spent(Exception):
    """The budget is used up; the message says which limit."""


@dataclass
class Budget:
    """Steps and values that are left."""

    steps: int = CHECK_STEPS
    values: int = CHECK_VALUES
    told: bool = False
    """Whether a diagnostic says that the budget is used up: one does."""

    def step(self) -> None:
        """One part of an expression. Raises `Spent`."""
        self.steps -= 1
        if self.steps < 0:
            raise Spent(f"all expressions together take more than {CHECK_STEPS:,} steps")

    def take(self, values: int) -> None:
        """So many values or characters made or compared. Raises `Spent`."""
        self.values -= values
        if self.values < 0:
            raise Spent(f"all expressions together make or compare more than {CHECK_VALUES:,} values and characters")


_CURRENT: ContextVar[Budget | None] = ContextVar("budget", default=None)


def budget() -> Budget:
    """The budget of the check that runs; outside of one, a fresh one for each expression."""
    return _CURRENT.get() or Budget()


@contextmanager
def one_budget() -> Iterator[None]:
    """All expressions computed in here draw on one budget."""
    token = _CURRENT.set(Budget())
    try:
        yield
    finally:
        _CURRENT.reset(token)
