"""Signals wait for a good moment, but not twice."""

from __future__ import annotations

import signal
import threading

import pytest

from cnnspec.training.interrupts import Interrupts, Terminated, raised_at_once


@pytest.mark.parametrize(("number", "expected"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, Terminated)])
def test_the_first_waits_and_the_second_does_not(number: signal.Signals, expected: type[BaseException]) -> None:
    before = signal.getsignal(number)
    with Interrupts() as interrupts:
        interrupts.check()
        signal.raise_signal(number)
        with pytest.raises(expected) as first:
            interrupts.check()
        with pytest.raises(expected) as second:
            signal.raise_signal(number)
    assert type(first.value) is type(second.value) is expected
    assert signal.getsignal(number) is before


def test_other_threads_train_without_it() -> None:
    before = signal.getsignal(signal.SIGINT)
    seen: list[object] = []

    def work() -> None:
        with Interrupts():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]


@pytest.mark.parametrize(("number", "expected"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, Terminated)])
def test_an_import_that_makes_an_error_of_a_signal(number: signal.Signals, expected: type[BaseException]) -> None:
    def importing() -> None:
        try:
            signal.raise_signal(number)
        except KeyboardInterrupt:
            raise ImportError("initialization failed") from None

    before = signal.getsignal(number)
    with pytest.raises(expected), raised_at_once():
        importing()
    assert signal.getsignal(number) is before
    with pytest.raises(ImportError), raised_at_once():
        raise ImportError("of its own")
