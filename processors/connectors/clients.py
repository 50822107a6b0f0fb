"""Clients of resources, kept open between calls: one for each resource and fingerprint, bounded, closed when idle."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from uuid import UUID

from processors.connectors.resources import ResourcePlace

KEPT = 100
IDLE_S = 300.0
ClientT = TypeVar("ClientT")


@dataclass(slots=True)
class _Kept(Generic[ClientT]):
    client: ClientT
    fingerprint: str
    used_at: float
    users: int = 0
    retired: bool = field(default=False)


class Clients(Generic[ClientT]):
    """What is in use is never closed; what was replaced or left idle is, at the end of its last use.

    Belongs to the event loop of its first use. `opened` makes a client without connecting it.
    """

    def __init__(
        self,
        opened: Callable[[ResourcePlace], ClientT],
        closed: Callable[[ClientT], Awaitable[None]],
        *,
        idle_s: Callable[[ResourcePlace], float] = lambda _: IDLE_S,
        kept: int = KEPT,
    ) -> None:
        self._opened, self._closed = opened, closed
        self._idle_s, self._most = idle_s, kept
        self._kept: dict[UUID, _Kept[ClientT]] = {}
        self._timers: dict[UUID, asyncio.TimerHandle] = {}
        self._closing: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._kept)

    @asynccontextmanager
    async def use(self, place: ResourcePlace) -> AsyncIterator[ClientT]:
        """The place's client, kept open while inside."""
        entry = self._entry(place)
        entry.users += 1
        try:
            yield entry.client
        finally:
            entry.users -= 1
            await self._rest(entry, place)

    async def close(self) -> None:
        """Close every client, also those in use."""
        for timer in self._timers.values():
            timer.cancel()
        entries = list(self._kept.values())
        self._kept.clear()
        self._timers.clear()
        for entry in entries:
            entry.retired = True
            await self._closed(entry.client)
        if self._closing:
            await asyncio.gather(*self._closing)

    def _entry(self, place: ResourcePlace) -> _Kept[ClientT]:
        now = asyncio.get_running_loop().time()
        found = self._kept.get(place.id)
        if found is not None and found.fingerprint == place.fingerprint:
            found.used_at = now
            return found
        if found is not None:
            self._retire(place.id)
        if len(self._kept) >= self._most:
            idle = [key for key, entry in self._kept.items() if not entry.users]
            self._retire(min(idle or self._kept, key=lambda key: self._kept[key].used_at))
        made = self._kept[place.id] = _Kept(self._opened(place), place.fingerprint, now)
        return made

    async def _rest(self, entry: _Kept[ClientT], place: ResourcePlace) -> None:
        loop = asyncio.get_running_loop()
        entry.used_at = loop.time()
        if entry.retired and not entry.users:
            await self._closed(entry.client)
        elif not entry.retired and place.id not in self._timers:
            self._watch(place.id, self._idle_s(place))

    def _watch(self, key: UUID, idle_s: float, after_s: float | None = None) -> None:
        """Looks after `after_s` seconds; a timer is not set anew at every call."""
        loop = asyncio.get_running_loop()
        self._timers[key] = loop.call_later(idle_s if after_s is None else after_s, self._look, key, idle_s)

    def _look(self, key: UUID, idle_s: float) -> None:
        self._timers.pop(key, None)
        entry = self._kept.get(key)
        if entry is None:
            return
        left = entry.used_at + idle_s - asyncio.get_running_loop().time()
        if left > 0 or entry.users:
            self._watch(key, idle_s, max(left, 0.05))
        else:
            self._retire(key)

    def _retire(self, key: UUID) -> None:
        timer = self._timers.pop(key, None)
        if timer:
            timer.cancel()
        entry = self._kept.pop(key)
        entry.retired = True
        if not entry.users:
            task = asyncio.ensure_future(self._closed(entry.client))
            self._closing.add(task)  # the loop alone would forget it
            task.add_done_callback(self._closing.discard)
