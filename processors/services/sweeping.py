"""Finds what nobody holds and rings again: queued runs, due retries, runs of dead workers, imports; and tidies up.

Any number of schedulers may sweep; what one has locked the others skip.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from uuid import UUID

import structlog
from django.db import connection, transaction

from processors.conf import knobs
from processors.services import turns
from processors.services.starting import queue_of
from products import dispatch
from products.services import ended_sessions
from products.services.idempotency import forget_old

log = structlog.get_logger(__name__)
LOT = 1_000
WORKER_SILENT_S = 60

# Due and not rung since it became due, or rung so long ago that the message must have got lost. The workspaces take
# turns, what became due before what merely waits long: thousands of waiting runs of one must not hold up the others.
_UNHELD = """
WITH due AS (
    SELECT r.id, r.workspace_id, r.rang_at, coalesce(r.wake_at, r.lease_until) IS NULL AS in_line
    FROM processors_run r
    WHERE (
        (r.state IN ('queued', 'waiting') AND (r.wake_at <= now() OR (r.wake_at IS NULL AND r.state = 'queued'))
            AND (r.rang_at IS NULL OR r.rang_at < r.wake_at OR r.rang_at < now() - %(again_s)s * interval '1 second')
            AND NOT EXISTS (SELECT FROM processors_processor p WHERE p.workspace_id = r.workspace_id
                AND p.tag = r.processor_tag AND p.paused_at IS NOT NULL))
        OR (r.state = 'running' AND r.lease_until < now()
            AND (r.rang_at IS NULL OR r.rang_at < r.lease_until
                OR r.rang_at < now() - %(again_s)s * interval '1 second'))
    ) AND NOT EXISTS (SELECT FROM products_product g WHERE g.id = r.product_id AND g.deleting_at IS NOT NULL)
    AND NOT EXISTS (SELECT FROM products_environment h WHERE h.id = r.environment_id AND h.deleting_at IS NOT NULL)
), turn AS (
    SELECT id FROM (
        SELECT id, row_number() OVER (PARTITION BY workspace_id ORDER BY in_line, rang_at NULLS FIRST, id) AS turn
        FROM due) AS numbered
    ORDER BY turn, id LIMIT %(lot)s
), free AS (
    SELECT r.id FROM processors_run r JOIN turn ON turn.id = r.id
    WHERE r.state IN ('queued', 'waiting', 'running') ORDER BY r.id FOR UPDATE OF r SKIP LOCKED
)
UPDATE processors_run r SET rang_at = now() FROM free, products_workspace w
WHERE r.id = free.id AND w.id = r.workspace_id
RETURNING r.id, w.tag, r.processor_tag, r.state
"""

_EXPIRED_KEYS = """
DELETE FROM processors_idempotencyrecord WHERE id IN (
    SELECT id FROM processors_idempotencyrecord WHERE expires_at < now() LIMIT %(lot)s FOR UPDATE SKIP LOCKED)
"""

_EXPIRED_RESULTS = """
DELETE FROM processors_keptresult WHERE id IN (
    SELECT id FROM processors_keptresult WHERE expires_at < now() LIMIT %(lot)s FOR UPDATE SKIP LOCKED)
"""

_SILENT_WORKERS = """
UPDATE processors_worker SET stopped_at = heartbeat_at, running = 0
WHERE stopped_at IS NULL AND heartbeat_at < now() - %(silent_s)s * interval '1 second'
"""

_OLD_WORKERS = "DELETE FROM processors_worker WHERE heartbeat_at < now() - interval '7 days'"


@dataclass(frozen=True, slots=True)
class Unheld:
    """A run that nobody works on."""

    id: UUID
    queue: str
    state: str


def ring_again() -> int:
    """Rings for what is due and nobody holds, at most 1,000 runs; for how many of them the broker heard it."""
    if dispatch.broker.seems_away:
        return 0
    turns.let_all_go()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_UNHELD, {"again_s": knobs().ring_again_s, "lot": LOT})
        found = [Unheld(row[0], queue_of(row[1], row[2]), row[3]) for row in cursor.fetchall()]
    wanted = _without_those_in_line(found)
    queues: dict[str, list[str]] = {}
    for run in wanted:
        queues.setdefault(run.queue, []).append(str(run.id))
    rung = sum(dispatch.ring_for_runs(run_ids, queue=queue) for queue, run_ids in queues.items())
    if wanted:
        log.info("rang_again", runs=len(wanted), reached=rung, lost=sum(run.state == "running" for run in wanted))
    return rung


def _without_those_in_line(found: list[Unheld]) -> list[Unheld]:
    """Leaves out queued runs of a queue that nobody empties: their messages are in it, more would make it longer."""
    queued = Counter(run.queue for run in found if run.state == "queued")
    long = {queue for queue, n in queued.items() if dispatch.waiting(queue) * dispatch.RUNS_PER_MESSAGE >= n}
    return [run for run in found if run.state != "queued" or run.queue not in long]


def tidy() -> None:
    """Forgets what is past its life, a bounded lot at a time: keys, answers, results, sessions, workers gone silent."""
    with connection.cursor() as cursor:
        cursor.execute(_EXPIRED_KEYS, {"lot": 5 * LOT})
        cursor.execute(_EXPIRED_RESULTS, {"lot": 5 * LOT})
        cursor.execute(_SILENT_WORKERS, {"silent_s": WORKER_SILENT_S})
        cursor.execute(_OLD_WORKERS)
    forget_old()
    ended_sessions.forget_ended()
