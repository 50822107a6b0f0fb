"""What a run has been told, for the waits of this run that go on side by side: each signal is for one of them alone."""

from __future__ import annotations

from uuid import UUID

from processors.engine.ports import Signal, Signals


class Inbox:
    """The signals of one run at work. What is given out and not written when the worker goes is there for the next."""

    def __init__(self, signals: Signals) -> None:
        self._signals = signals
        self._given: set[UUID] = set()
        self._unwritten: set[UUID] = set()

    async def next(self, name: str) -> Signal | None:
        """The oldest unused signal of this name that nobody else has been given; it is the caller's from now on."""
        while (signal := await self._signals.next(name, tuple(self._unwritten))) is not None:
            if signal.id not in self._given:  # others may have asked meanwhile
                self._given.add(signal.id)
                self._unwritten.add(signal.id)
                return signal
        return None

    def written(self, signal: Signal) -> None:
        """It is on record that the signal has been used: it is found no more."""
        self._unwritten.discard(signal.id)
