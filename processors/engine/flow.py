"""The branches of one run: which of them work, which wait, when the whole run lets go of its worker.

A run holds a worker as long as one of its branches works. When all of them wait, and the first is not due at once, the
run is suspended: its branches are given up, and another claim takes them up again from the journal.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from processors.engine.limits import LOOP_WAIT_S
from processors.engine.ports import Clock
from processors.engine.step import StepError

TIMED_OUT = StepError("run_timeout", "The run did not end in the time it was given.", "caller")


class Halted(Exception):
    """The run has failed or was stopped: this branch begins nothing more."""


@dataclass(frozen=True, slots=True)
class Suspended:
    """All branches wait: until `wake_at`, or, without one, for news. `asks`: what one of them wants of a person."""

    wake_at: datetime | None
    reason: str
    asks: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """What ended the run before its end: the error, and the step it came from ("" for the run itself)."""

    error: StepError
    step: str = ""


@dataclass(frozen=True, slots=True)
class _Parked:
    until: datetime | None
    reason: str
    for_news: bool
    asks: str


class Flow:
    """One run's branches. `busy` counts those that work; a branch that waits for others of its run is none of them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._busy = 0
        self._parked: dict[asyncio.Future[None], _Parked] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._over: asyncio.Future[Suspended | None] = asyncio.get_running_loop().create_future()
        self.fault: Fault | None = None

    async def carry(
        self, first: Iterable[Callable[[], Coroutine[Any, Any, None]]], *, ends_by: datetime | None = None
    ) -> Suspended | None:
        """Starts the first branches and waits until all have ended, or the run is suspended.

        When its time is up, at `ends_by`, it is stopped. Raises whatever a branch raised that is none of its own
        business: Fenced, above all.
        """
        timer = self._at(ends_by, partial(self.stop, Fault(TIMED_OUT))) if ends_by else None
        try:
            self._busy += 1
            for branch in first:
                self.start(branch)
            self._rest()
            return await self._over
        finally:
            if timer:
                timer.cancel()
            await self._give_up()

    def start(self, branch: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """One more branch that works."""
        self._busy += 1
        task = asyncio.create_task(self._branch(branch))
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def check(self) -> None:
        """Before anything new begins. Raises Halted."""
        if self.fault is not None:
            raise Halted

    def fail(self, fault: Fault) -> None:
        """The first fault counts: nothing new begins, who waits stops, what is being done comes to its end."""
        if self.fault is not None:
            return
        self.fault = fault
        for waiter in list(self._parked):
            if not waiter.done():
                waiter.set_exception(Halted())

    def stop(self, fault: Fault) -> None:
        """As `fail`, and what is being done is broken off."""
        self.fail(fault)
        for task in list(self._tasks):
            task.cancel()

    def news(self) -> None:
        """Something came from outside: whoever waits for such looks again."""
        for waiter, parked in list(self._parked.items()):
            if parked.for_news:
                _wake(waiter)

    async def park(self, until: datetime | None, reason: str, *, for_news: bool = False, asks: str = "") -> None:
        """Waits until `until`, or for news; the run may be suspended meanwhile. Raises Halted.

        `asks`: what it wants of a person: `approval`, `signal` or `doubt`.
        """
        self.check()
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._parked[waiter] = _Parked(until, reason, for_news, asks)
        self._rest()
        timer = self._at(until, partial(_wake, waiter)) if until else None
        try:
            await waiter
        finally:
            self._busy += 1
            del self._parked[waiter]
            if timer:
                timer.cancel()

    async def side_by_side(self, jobs: Iterable[Callable[[], Awaitable[None]]], at_once: int) -> None:
        """Does all jobs, `at_once` of them at a time, begun in their order. Raises Halted when the run has failed."""
        waiting = iter(jobs)
        left = at_once
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        async def worker() -> None:
            nonlocal left
            try:
                for job in waiting:
                    self.check()
                    await job()
            finally:
                left -= 1
                if not left and not ended.done():
                    self._busy += 1  # the last one hands on to the branch that waits for them all
                    ended.set_result(None)

        for _ in range(at_once):
            self.start(worker)
        self._rest()
        try:
            await ended
        except asyncio.CancelledError:
            if ended.cancelled():  # awaiting it was broken off: nobody hands on any more
                self._busy += 1
            raise
        self.check()

    def _rest(self) -> None:
        """This branch works no longer; the last one turns off the light."""
        self._busy -= 1
        if self._busy or self._over.done():
            return
        if not self._parked:
            self._over.set_result(None)
            return
        if self.fault is not None:
            return  # those that wait are about to stop
        first = min((one.until for one in self._parked.values() if one.until), default=None)
        if first is None or (first - self._clock.now()).total_seconds() > LOOP_WAIT_S:
            self._over.set_result(Suspended(first, self._reason(first), self._asks()))

    def _reason(self, first: datetime | None) -> str:
        parked = list(self._parked.values())
        named = next((one.reason for one in parked if one.until == first), parked[0].reason)
        more = len(parked) - 1
        return named if not more else f"{named} And {more} more {'branch waits' if more == 1 else 'branches wait'}."

    def _asks(self) -> str:
        return next((one.asks for one in self._parked.values() if one.asks), "")

    async def _branch(self, branch: Callable[[], Coroutine[Any, Any, None]]) -> None:
        try:
            await branch()
        except Halted:
            pass  # the fault is on record, and the run is rolled back when the last branch has come to its end
        except asyncio.CancelledError:
            if self.fault is None:
                raise
        self._rest()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is not None and not self._over.done():
            self._over.set_exception(error)

    def _at(self, when: datetime, act: Callable[[], None]) -> asyncio.TimerHandle:
        seconds = max(0.0, (when - self._clock.now()).total_seconds())
        return asyncio.get_running_loop().call_later(seconds, act)

    async def _give_up(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(list(self._tasks))


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
