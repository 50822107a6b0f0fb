"""The worker process as it reports itself every few seconds."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from uuid import UUID

import psutil
import psycopg
import structlog

from processors.runtime.database import Pool, fetch
from products.lib.release import our_version

log = structlog.get_logger(__name__)

_BEAT = """
INSERT INTO processors_worker AS w (id, hostname, pid, queues, version, concurrency, running, settled, memory_bytes,
    draining, started_at, heartbeat_at, stopped_at)
VALUES (%(id)s, %(hostname)s, %(pid)s, %(queues)s::jsonb, %(version)s, %(concurrency)s, %(running)s, %(settled)s,
    %(memory)s, %(draining)s, now(), now(), NULL)
ON CONFLICT (id) DO UPDATE SET running = excluded.running, settled = excluded.settled,
    memory_bytes = excluded.memory_bytes, draining = excluded.draining, heartbeat_at = now(),
    stopped_at = CASE WHEN %(stopped)s THEN now() END
"""


@dataclass(frozen=True, slots=True)
class Identity:
    """What does not change about a worker process. `queues` is a JSON list."""

    id: UUID
    queues: str = "[]"
    concurrency: int = 0

    @property
    def name(self) -> str:
        """As logs and run pages call it."""
        return f"{hostname()}:{os.getpid()}"


def hostname() -> str:
    """At most 200 characters."""
    return socket.gethostname()[:200]


class Heartbeat:
    """Writes the row of this process."""

    def __init__(self, pool: Pool, identity: Identity) -> None:
        self._pool = pool
        self._identity = identity
        self._process = psutil.Process()
        self._version = our_version()

    async def beat(self, *, running: int, settled: int, draining: bool = False, stopped: bool = False) -> bool:
        """One report; False when the database is away, which makes no difference to the runs and is only logged."""
        values = {
            "id": self._identity.id,
            "hostname": hostname(),
            "pid": os.getpid(),
            "queues": self._identity.queues,
            "version": self._version,
            "concurrency": self._identity.concurrency,
            "running": running,
            "settled": settled,
            "memory": self._process.memory_info().rss,
            "draining": draining,
            "stopped": stopped,
        }
        try:
            await fetch(self._pool, _BEAT, values)
        except (psycopg.Error, OSError) as error:
            log.warning("heartbeat_missed", error=type(error).__name__)
            return False
        return True
