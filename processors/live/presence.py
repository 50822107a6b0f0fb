"""The sign of life of schedulers: kept in Valkey for some minutes, because it is worth nothing afterwards."""

from __future__ import annotations

import os
import socket
import time

import redis
import structlog

from processors.live.publish import valkey

log = structlog.get_logger(__name__)
KEY = "ductape:scheduler"
KEPT_S = 600


def scheduler_lives() -> None:
    """Says that a scheduler of this machine has just looked around; several overwrite each other."""
    try:
        valkey().set(KEY, f"{time.time():.3f} {socket.gethostname()}:{os.getpid()}", ex=KEPT_S)
    except redis.RedisError as error:
        log.warning("presence_not_said", error=type(error).__name__)


def scheduler_heard() -> float | None:
    """Seconds since a scheduler last said so; None when none has for ten minutes, or Valkey does not answer."""
    try:
        said = valkey().get(KEY)
    except redis.RedisError:
        return None
    if not said:
        return None
    return max(0.0, time.time() - float(bytes(said).decode().split(" ", 1)[0]))
