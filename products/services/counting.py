"""Counts in Valkey what must not happen too often, in windows of fixed length; without Valkey nothing is counted."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import redis
import structlog
from django.conf import settings

log = structlog.get_logger(__name__)
# A count is worth a moment, never a wait: a server that hangs may cost one request this much, then the rest nothing.
TIMEOUT_S = 0.25
PAUSE_S = 5.0
# One command however many limits; a window's key goes with its window.
_COUNT = """
local counted = {}
for at, key in ipairs(KEYS) do
    counted[at] = redis.call('INCR', key)
    if counted[at] == 1 then redis.call('EXPIRE', key, ARGV[at]) end
end
return counted
"""


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` in `window_s` seconds; 0 means without limit."""

    name: str
    most: int
    window_s: int


@dataclass(frozen=True, slots=True)
class Count:
    """What one limit has used up, this time included."""

    limit: Limit
    used: int
    resets_in_s: int

    @property
    def remaining(self) -> int:
        """How many more are left in this window."""
        return max(0, self.limit.most - self.used)

    @property
    def exceeded(self) -> bool:
        """Whether this one is too many."""
        return self.used > self.limit.most


class _Link:
    """The connection pool, and until when it is left alone after a failure."""

    def __init__(self, url: str) -> None:
        self.client: Any = redis.Redis.from_url(
            url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S, max_connections=100
        )
        self.script: Any = self.client.register_script(_COUNT)
        self.silent_until = 0.0


@lru_cache(maxsize=2)
def _link(url: str) -> _Link:
    return _Link(url)


def count(*wanted: tuple[Limit, str]) -> list[Count]:
    """Adds one to each (limit, whose) in one round trip. Empty when Valkey does not answer: then all may pass."""
    counted = [(limit, whose) for limit, whose in wanted if limit.most]
    link, now = _link(settings.VALKEY_URL), time.time()
    if not counted or time.monotonic() < link.silent_until:
        return []
    try:
        return _counts(counted, _added(link.script, counted, now), now)
    except redis.RedisError as error:
        link.silent_until = time.monotonic() + PAUSE_S
        log.warning("not_counted", error=type(error).__name__, pause_s=PAUSE_S)
        return []


def _added(script: Any, counted: Sequence[tuple[Limit, str]], now: float) -> list[int]:
    keys = [f"count:{limit.name}:{whose}:{int(now // limit.window_s)}" for limit, whose in counted]
    used: list[int] = script(keys, [limit.window_s + 1 for limit, _ in counted])
    return used


def _counts(counted: Sequence[tuple[Limit, str]], used: Sequence[int], now: float) -> list[Count]:
    return [
        Count(limit, number, max(1, round(limit.window_s - now % limit.window_s)))
        for (limit, _), number in zip(counted, used, strict=True)
    ]
