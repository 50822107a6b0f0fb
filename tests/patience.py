"""What a test may say of time: that something ends.

A test that fails on a slow machine tests the machine. Where a fault would make work take minutes or for ever
(a pattern that backtracks, an alias bomb, a quadratic parser), ``ends`` stops it after a time no honest machine needs;
how fast the work is belongs to ``bench``.
"""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

Got = TypeVar("Got")


class TookTooLong(AssertionError):
    """The work used up all the time it was given."""


@contextmanager
def ends(cpu_s: float = 30) -> Iterator[None]:
    """The work inside uses less than ``cpu_s`` seconds of this process's CPU; waiting does not count.

    Only for the main thread of a test. Python code is interrupted; a call into C is told of when it comes back.
    """

    def give_up(*_: Any) -> None:
        raise TookTooLong(f"It was stopped after {cpu_s} s of CPU.")

    began = time.process_time()
    before = signal.signal(signal.SIGPROF, give_up)
    signal.setitimer(signal.ITIMER_PROF, cpu_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
    assert time.process_time() - began < cpu_s


class TooLate(AssertionError):
    """Something did not come true in its time."""


def until(condition: Callable[[], Got], *, seconds: float = 120, what: str = "") -> Got:
    """What the condition gives as soon as it is true. Raises TooLate, which fails a test."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        got = condition()
        if got:
            return got
        time.sleep(0.02)
    raise TooLate(f"not within {seconds:g} s: {what or condition}")
