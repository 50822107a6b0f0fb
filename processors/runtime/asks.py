"""Listens for asks to cancel and for news of runs; the renewal of leases hears of what gets lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID

import redis
import redis.asyncio
import structlog

from processors.live import wire

log = structlog.get_logger(__name__)
AGAIN_S = 1.0


async def listen(url: str, cancel: Callable[[UUID], None], told: Callable[[UUID], None]) -> None:
    """Until it is cancelled itself; connects anew whenever the connection breaks."""
    while True:
        client = redis.asyncio.Redis.from_url(url, socket_timeout=None)
        try:
            async with client.pubsub(ignore_subscribe_messages=True) as channel:
                await channel.subscribe(wire.CANCEL, wire.NEWS)
                async for message in channel.listen():
                    _heed(message, told if message["channel"] == wire.NEWS.encode() else cancel)
        except (redis.RedisError, OSError) as error:
            log.warning("cancel_channel_broken", error=type(error).__name__)
        finally:
            await client.aclose()
        await asyncio.sleep(AGAIN_S)


def _heed(message: dict[str, Any], act: Callable[[UUID], None]) -> None:
    try:
        act(UUID(message["data"].decode()))
    except (ValueError, AttributeError):
        log.warning("cancel_message_ignored")
