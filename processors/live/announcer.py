"""Tells sockets and waiting callers, from a worker's event loop, what was committed; often, but not too often."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import redis
import structlog

from processors.live import wire
from processors.live.topics import Topic

log = structlog.get_logger(__name__)
REMEMBERED = 5_000  # topics whose last hint is remembered


class Announcer:
    """Gathers hints of one loop turn into one round trip; a topic that was just announced waits its interval."""

    def __init__(self, valkey: Any) -> None:
        self._valkey = valkey
        self._latest: dict[Topic, int] = {}  # announced soon
        self._free_at: dict[Topic, float] = {}
        self._out: list[tuple[str, bytes]] = []
        self._sending: asyncio.Task[None] | None = None
        self._closed = False

    def ended(self, run_id: UUID) -> None:
        """A run is settled."""
        self._send(wire.ENDED, str(run_id).encode())

    def changed(self, topic: Topic, seq: int) -> None:
        """There is news on a topic up to `seq`."""
        is_planned = topic in self._latest
        self._latest[topic] = max(seq, self._latest.get(topic, 0))
        if not is_planned:
            loop = asyncio.get_running_loop()
            wait = self._free_at.get(topic, 0) - loop.time()
            if wait > 0:
                loop.call_later(wait, self._announce, topic)
            else:
                self._announce(topic)

    async def close(self) -> None:
        """Says what is to be said now, and nothing any more."""
        self._closed = True
        if self._sending is not None:
            await self._sending

    def _announce(self, topic: Topic) -> None:
        now = asyncio.get_running_loop().time()
        if len(self._free_at) > REMEMBERED:
            self._free_at = {topic: at for topic, at in self._free_at.items() if at > now}
        self._free_at[topic] = now + topic.every_s
        self._send(*wire.hint(topic, self._latest.pop(topic)))

    def _send(self, channel: str, message: bytes) -> None:
        if self._closed:
            return
        self._out.append((channel, message))
        if self._sending is None:
            self._sending = asyncio.get_running_loop().create_task(self._flush())

    async def _flush(self) -> None:
        while self._out:
            out, self._out = self._out, []
            try:
                pipeline = self._valkey.pipeline(transaction=False)
                for channel, message in out:
                    pipeline.publish(channel, message)
                await pipeline.execute()
            except (redis.RedisError, OSError) as error:  # a hint that is lost costs nothing
                log.warning("hints_not_published", hints=len(out), error=type(error).__name__)
        self._sending = None
