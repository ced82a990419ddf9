"""Stopping from outside: Ctrl-C and SIGTERM wait for the end of a step.

Raised in the middle of one, they would surface inside TensorFlow, which turns them into errors of its own.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, NoReturn, Self

from cnnspec.training.errors import Interrupted


class Terminated(KeyboardInterrupt):
    """SIGTERM, raised where Ctrl-C would be."""


@contextmanager
def raised_at_once() -> Iterator[None]:
    """While it is entered, SIGTERM is raised as Ctrl-C is; and both once more where what was interrupted, such as a
    native module that was being imported, made an error of its own of them."""
    asked: list[type[KeyboardInterrupt]] = []

    def stop(number: int, frame: FrameType | None) -> NoReturn:
        asked.append(Terminated if number == signal.SIGTERM else KeyboardInterrupt)
        raise asked[0]

    before = {signal.SIGTERM: signal.signal(signal.SIGTERM, stop)}
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        before[signal.SIGINT] = signal.signal(signal.SIGINT, stop)
    try:
        yield
    except Exception as error:
        if asked and not isinstance(error, Interrupted):
            raise asked[0] from None
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Interrupts:
    """While it is entered, the first signal is only noted, for `check` to raise; a second one is raised at once."""

    def __init__(self) -> None:
        self._asked: type[KeyboardInterrupt] | None = None
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():  # Python lets no other thread do this
            for number in (signal.SIGINT, signal.SIGTERM):
                if signal.getsignal(number) is not signal.SIG_IGN:  # as a shell starts what runs behind `&`
                    self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *exception: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        again, self._asked = self._asked, Terminated if number == signal.SIGTERM else KeyboardInterrupt
        if again:
            raise self._asked

    @property
    def asked(self) -> bool:
        """Whether a signal came."""
        return self._asked is not None

    @property
    def terminated(self) -> bool:
        """Whether it was SIGTERM."""
        return self._asked is Terminated

    def check(self) -> None:
        """Raise what was asked for."""
        if self._asked:
            raise self._asked
