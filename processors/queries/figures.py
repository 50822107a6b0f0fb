"""The figures of a whole installation for those who operate it: what is open, what waits and who works."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from processors.live.presence import scheduler_heard
from processors.models import Worker
from processors.queries.workers import FORGOTTEN_AFTER, WorkerView, state_of

RECENT = timedelta(minutes=5)
MOST_SERIES = 500
PATIENCE_MS = 3_000  # a database that is busy must not be kept busier by those who watch it

# Both branches are answered from the partial indices of runs that are not over.
_OPEN = """
WITH open AS (
    SELECT workspace_id, processor_tag, state, created_at, wake_at FROM processors_run
    WHERE state IN ('queued', 'waiting')
    UNION ALL
    SELECT workspace_id, processor_tag, state, created_at, wake_at FROM processors_run WHERE state = 'running'
)
SELECT w.tag, o.processor_tag,
    count(*) FILTER (WHERE o.state = 'queued'),
    count(*) FILTER (WHERE o.state = 'running'),
    count(*) FILTER (WHERE o.state = 'waiting'),
    coalesce(extract(epoch FROM now() - min(greatest(o.created_at, o.wake_at)) FILTER (WHERE
        o.state = 'queued' AND (o.wake_at IS NULL OR o.wake_at <= now()))), 0)::float
FROM open o JOIN products_workspace w ON w.id = o.workspace_id
GROUP BY w.tag, o.processor_tag ORDER BY count(*) DESC LIMIT %(most)s
"""

# Ids sort by time, so the newest runs are one range of the primary key.
_RECENT = "SELECT state, count(*) FROM processors_run WHERE id >= %(since)s GROUP BY state"


@dataclass(frozen=True, slots=True)
class Queue:
    """The open runs of one processor of a workspace; `oldest_s` is the age of the oldest one that could start now."""

    workspace: str
    processor: str
    queued: int
    running: int
    waiting: int
    oldest_s: float


@dataclass(frozen=True, slots=True)
class Figures:
    """How an installation stands. `recent` counts the runs of the last five minutes by state."""

    queues: tuple[Queue, ...]
    recent: dict[str, int]
    workers: tuple[WorkerView, ...]
    scheduler_silent_s: float | None  # None: no scheduler was heard of within the last minutes


def figures() -> Figures:
    """For operators, across workspaces; bounded in rows and in time. Raises DatabaseError."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = {PATIENCE_MS}")
        cursor.execute(_OPEN, {"most": MOST_SERIES})
        queues = tuple(Queue(*row) for row in cursor.fetchall())
        cursor.execute(_RECENT, {"since": _first_id_since(RECENT)})
        recent = dict(cursor.fetchall())
        workers = _workers()
    return Figures(queues, recent, workers, scheduler_heard())


def _workers() -> tuple[WorkerView, ...]:
    rows = Worker.objects.filter(heartbeat_at__gte=timezone.now() - FORGOTTEN_AFTER, stopped_at__isnull=True)
    return tuple(WorkerView(row, state_of(row)) for row in rows[:MOST_SERIES])


def _first_id_since(age: timedelta) -> UUID:
    """The lowest UUIDv7 of a moment: its first 48 bits are the milliseconds since 1970."""
    return UUID(int=int((time.time() - age.total_seconds()) * 1000) << 80)
