"""The journal of a run with room for results that may wait for the next write, so that a step costs one commit."""

from __future__ import annotations

import asyncio

from processors.engine.events import Event, Said
from processors.engine.ports import Journal

SOON_S = 0.05  # a result is not held for longer, however long the other branches take


class Ledger:
    """Writes to a journal. What was held goes first with the next write, whoever makes it.

    A result may be held until something follows from it: whatever has an effect is preceded by a write of its own, and
    so nothing happens before all that led to it is durable. Where nothing follows soon, it is written by itself: a
    branch that has ended must not be made again because the worker died during a long call of another.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._held: tuple[Event, ...] = ()
        self._soon: asyncio.TimerHandle | None = None
        self._flushing: asyncio.Task[None] | None = None
        self._broken: Exception | None = None  # why what was held could not be written

    async def write(self, *events: Event) -> None:
        """Returns when these events and all held ones are durable, to who is cancelled meanwhile too. Raises Fenced."""
        if self._broken is not None:
            raise self._broken
        held, self._held = self._held, ()
        writing = asyncio.ensure_future(self._journal.write(*held, *events))
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            await asyncio.wait([writing])  # what is remembered and what is on record must not part
            writing.exception()  # heard: the run's next write fails as this one did
            raise

    def hold(self, *events: Event) -> None:
        """Keeps the events for the next write, which comes soon."""
        self._held += events
        if self._soon is None:
            self._soon = asyncio.get_running_loop().call_later(SOON_S, self._flush_now)

    def say(self, line: Said) -> None:
        """Stores a log line with the next write, or a moment later."""
        self._journal.say(line)

    async def close(self) -> None:
        """Nothing is written by itself any more once this returns."""
        if self._soon is not None:
            self._soon.cancel()
        if self._flushing is not None:
            await asyncio.wait([self._flushing])

    def _flush_now(self) -> None:
        self._soon = None
        if self._held:
            self._flushing = asyncio.ensure_future(self._flush())

    async def _flush(self) -> None:
        try:
            await self.write()
        except Exception as error:  # noqa: BLE001 - whoever writes next raises it, whatever it is
            self._broken = error
