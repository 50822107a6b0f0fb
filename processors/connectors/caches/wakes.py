"""Waiters for a key are woken when its value is there, through one subscription for all of a server's caches.

A message may be lost (the server restarts, its user may not subscribe): whoever waits also looks by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

_LOOK_S: Final = 1.0
_LINGERS: Final = 5  # looks without a waiter before the connection is let go


class Wakes:
    """Belongs to one event loop."""

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._waiting: dict[tuple[str, str], set[asyncio.Event]] = {}
        self._channels: set[str] = set()
        self._pubsub: PubSub | None = None
        self._reader: asyncio.Task[None] | None = None

    @contextmanager
    def listening(self, prefix: str, key: str) -> Iterator[asyncio.Event]:
        """Set whenever something happened to the key, while inside."""
        channel, event = f"{prefix}done", asyncio.Event()
        self._waiting.setdefault((channel, key), set()).add(event)
        if self._reader is None or self._reader.done():
            self._channels.clear()
            self._reader = asyncio.ensure_future(self._read())
        try:
            yield event
        finally:
            others = self._waiting[channel, key]
            others.discard(event)
            if not others:
                del self._waiting[channel, key]

    async def close(self) -> None:
        """Let go of the connection; who waits goes on looking."""
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)

    async def _read(self) -> None:
        pubsub = self._client.pubsub()
        idle = 0
        try:
            while self._waiting or idle < _LINGERS:
                idle = 0 if self._waiting else idle + 1
                await self._subscribe(pubsub)
                message = await pubsub.get_message(ignore_subscribe_messages=True, timeout=_LOOK_S)
                if message and message["type"] == "message":
                    self._wake(message["channel"].decode(), message["data"].decode())
        except (RedisError, OSError):
            pass
        finally:
            with suppress(RedisError, OSError):
                await pubsub.aclose()  # type: ignore[no-untyped-call]

    async def _subscribe(self, pubsub: PubSub) -> None:
        new = {channel for channel, _ in self._waiting} - self._channels
        if new:
            self._channels |= new
            await pubsub.subscribe(*new)

    def _wake(self, channel: str, key: str) -> None:
        for event in self._waiting.get((channel, key), ()):
            event.set()
