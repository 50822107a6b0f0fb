"""How many files of one workspace are fetched at the same moment: each asks workers again and again until it ends."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import redis
import structlog
from django.conf import settings

from processors.live import wire
from products.lib.errors import TooMany, Unavailable

log = structlog.get_logger(__name__)
MOST = 16
GIVEN_UP_S = 600.0  # after the last part: of a process that died, or of somebody who reads no more
ANSWER_S = 5.0


@dataclass(frozen=True, slots=True)
class FetchPlace:
    """One of them, to be let go."""

    key: str
    id: str

    def keep(self) -> None:
        """It goes on."""
        _told(lambda client: client.zadd(self.key, {self.id: time.time() + GIVEN_UP_S}, xx=True))

    def release(self) -> None:
        """As often as one likes."""
        _told(lambda client: client.zrem(self.key, self.id))


def take_place(workspace_id: UUID, *, by_link: bool = False) -> FetchPlace:
    """Who has no more than a link takes none from the members. Raises TooMany, Unavailable."""
    key = wire.FETCHES.format(workspace=workspace_id) + (":links" if by_link else "")
    place, now = FetchPlace(key, uuid4().hex), time.time()
    try:
        with _client() as client:
            pipeline = client.pipeline()
            pipeline.zremrangebyscore(place.key, "-inf", now)
            pipeline.zadd(place.key, {place.id: now + GIVEN_UP_S})
            pipeline.zcard(place.key)
            pipeline.expire(place.key, int(GIVEN_UP_S))
            *_, taken, _ = pipeline.execute()
    except redis.RedisError:
        raise Unavailable("The workers cannot be reached just now.") from None
    if taken > MOST:
        place.release()
        raise TooMany(f"{MOST} files of this workspace are being fetched; wait until one has ended.")
    return place


def _told(say: Any) -> None:
    """What is not heard is forgotten by itself after a while."""
    try:
        with _client() as client:
            say(client)
    except redis.RedisError as error:
        log.warning("fetch_place_not_told", error=type(error).__name__)


def _client() -> redis.Redis:
    return redis.Redis.from_url(settings.VALKEY_URL, socket_timeout=ANSWER_S)
