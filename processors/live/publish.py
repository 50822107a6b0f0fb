"""Tells sockets and workers, from the synchronous side, that something changed. A hint that is lost costs nothing."""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from uuid import UUID

import redis
import structlog
from django.conf import settings
from django.db import transaction

from processors.live import wire
from processors.live.topics import Topic

log = structlog.get_logger(__name__)


@lru_cache(maxsize=1)
def valkey() -> Any:
    """The process's connections for short commands."""
    return redis.Redis.from_url(settings.VALKEY_URL, socket_timeout=2, socket_connect_timeout=2, max_connections=300)


def changed(*topics: Topic, seq: int = 0) -> None:
    """News on these topics, now."""
    _publish([wire.hint(topic, seq) for topic in topics])


def changed_after_commit(*topics: Topic, seq: int = 0) -> None:
    """News on these topics, once the transaction has committed."""
    transaction.on_commit(lambda: changed(*topics, seq=seq))


def ended(run_id: UUID) -> None:
    """A run has ended without a worker: whoever waits for it may look."""
    _publish([(wire.ENDED, str(run_id).encode())])


def please_cancel(run_id: UUID) -> None:
    """Asks whichever worker holds the run; it would also notice by itself, some seconds later."""
    _publish([(wire.CANCEL, str(run_id).encode())])


def told(run_id: UUID) -> None:
    """Whichever worker holds the run looks at what it was told; it would also notice by itself, some seconds later."""
    _publish([(wire.NEWS, str(run_id).encode())])


def _publish(messages: list[tuple[str, bytes]]) -> None:
    try:
        pipeline = valkey().pipeline(transaction=False)
        for channel, message in messages:
            pipeline.publish(channel, message)
        pipeline.execute()
    except redis.RedisError as error:
        log.warning("hint_not_published", error=type(error).__name__)
