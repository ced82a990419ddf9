"""What goes wrong beyond the spec: exit code 3, a message and what to do about it."""

from __future__ import annotations


class Failure(Exception):
    """Data or training failed. `message` says what, `help` what to do."""

    def __init__(self, message: str, help: str | None = None) -> None:
        super().__init__(message)
        self.message, self.help = message, help


class DataError(Failure):
    """The data cannot be read, or does not fit the network."""
