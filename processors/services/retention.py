"""Forgets runs as every environment wishes: whole days by dropping their partitions, the rest in small lots."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db import connection
from django.db.models import Max, Model
from django.db.models.functions import Greatest
from django.utils import timezone

from processors.models import KeptFile, StoredFile
from processors.services import definitions, partitions
from products.models import Environment
from products.models.base import least_id

log = structlog.get_logger(__name__)
LOT = 1_000
LOTS = 10  # in one round: there is another in half a minute
ENVIRONMENTS = 2_000
LONGEST_DAYS = 400
FILES = 50  # in one round: their pieces are deleted with them
_definitions = definitions.Round()

# Children first: a run whose children are gone is deleted with the next lot, never the other way round.
_LOT = """
WITH old AS (
    SELECT id FROM processors_run
    WHERE environment_id = %(environment)s AND id < %(before)s AND state = ANY(%(states)s)
    ORDER BY id LIMIT %(lot)s FOR UPDATE SKIP LOCKED
), lines AS (DELETE FROM processors_logline WHERE run_id IN (SELECT id FROM old)
), tries AS (DELETE FROM processors_attempt WHERE run_id IN (SELECT id FROM old)
), steps AS (DELETE FROM processors_step WHERE run_id IN (SELECT id FROM old)
), signals AS (DELETE FROM processors_runsignal WHERE run_id IN (SELECT id FROM old)
), inputs AS (DELETE FROM processors_runinput WHERE run_id IN (SELECT id FROM old)
)
DELETE FROM processors_run WHERE id IN (SELECT id FROM old)
"""


def keep_house() -> None:
    """Makes the days ahead, drops the days that no environment keeps, and deletes what single environments do not."""
    now = timezone.now()
    partitions.make_ahead(now)
    longest = Environment.whole.aggregate(
        days=Max(Greatest("keep_completed_days", "keep_failed_days"))
    )["days"]  # fmt: skip
    partitions.drop_before(now, keep_days=longest or LONGEST_DAYS)
    deleted = sum(_forget(row, now) for row in Environment.objects.order_by("pk")[:ENVIRONMENTS])
    if deleted:
        log.info("runs_forgotten", runs=deleted)
    _delete_some(KeptFile, most=FILES, expires_at__lt=now)
    _delete_some(StoredFile, at__lt=now - timedelta(days=LONGEST_DAYS))
    forgotten = _definitions.go_on()
    if forgotten:
        log.info("definitions_forgotten", definitions=forgotten)


def _delete_some(model: type[Model], *, most: int = LOT, **which: Any) -> None:
    rows = model._default_manager
    rows.filter(pk__in=rows.filter(**which).values("pk")[:most]).delete()


def _forget(environment: Environment, now: datetime) -> int:
    kept = {
        ("completed",): environment.keep_completed_days,
        ("failed", "cancelled", "rolled_back"): environment.keep_failed_days,
    }
    return sum(_delete(environment.pk, list(states), days, now) for states, days in kept.items())


def _delete(environment: UUID, states: list[str], days: int, now: datetime) -> int:
    before = least_id(partitions.day_of(now) - partitions.DAY * days)
    deleted = 0
    for _ in range(LOTS):
        with connection.cursor() as cursor:
            cursor.execute(_LOT, {"environment": environment, "before": before, "states": states, "lot": LOT})
            gone = cursor.rowcount
        deleted += gone
        if gone < LOT:
            break
    return deleted
