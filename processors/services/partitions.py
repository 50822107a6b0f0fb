"""Makes the partitions of the days ahead and drops those of the days that nobody keeps any more.

The tables of runs are partitioned by ranges of the run's id, a UUIDv7 that begins with its time.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from django.db import connection, transaction
from django.db.utils import IntegrityError, OperationalError

from products.models.base import least_id

log = structlog.get_logger(__name__)
TABLES = (
    "processors_run", "processors_runinput", "processors_step", "processors_attempt", "processors_logline",
    "processors_runsignal",
)  # fmt: skip
AHEAD_DAYS = 7
_OPEN = "SELECT EXISTS (SELECT FROM processors_run_d{day} WHERE state IN ('queued', 'running', 'waiting'))"
# For all locks together: pages and workers must not stand in line behind us; there is a next time.
LOCK_PATIENCE_MS = 500
_LATE = "SELECT EXISTS (SELECT FROM {table}_default WHERE {key} >= %s AND {key} < %s)"
DAY = timedelta(days=1)
_ONE_AT_A_TIME = "SELECT pg_try_advisory_xact_lock(hashtext('ductape.partitions'))"


class _StaysError(Exception):
    """The day stays as it is: the text says why."""


def day_of(moment: datetime) -> datetime:
    """Its midnight, UTC."""
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def known_days() -> list[datetime]:
    """The days that have a partition of their own, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
            "WHERE i.inhparent = 'processors_run'::regclass AND c.relname ~ '_d[0-9]{8}$' ORDER BY 1"
        )
        return [datetime.strptime(row[0][-8:], "%Y%m%d").replace(tzinfo=UTC) for row in cursor.fetchall()]


def make_ahead(now: datetime, *, days: int = AHEAD_DAYS) -> list[datetime]:
    """Makes what is missing from today to `days` ahead; the days that were made."""
    known = set(known_days())
    wanted = [day_of(now) + DAY * n for n in range(days + 1)]
    return [day for day in wanted if day not in known and _quietly(_make, day)]


def drop_before(now: datetime, *, keep_days: int) -> list[datetime]:
    """Drops the partitions that lie wholly more than `keep_days` back; the days that were dropped.

    A day with runs that are not over, which may sleep for longer, stays; what is over of it goes row by row.
    """
    last = day_of(now) - DAY * keep_days
    return [day for day in known_days() if day + DAY <= last and not _has_open_runs(day) and _quietly(_drop, day)]


def _quietly(work: Any, day: datetime) -> bool:
    """False when somebody else is at it, or the tables are too busy just now."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_ONE_AT_A_TIME)
            if not cursor.fetchone()[0]:
                return False
            cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_PATIENCE_MS}ms'")
            work(cursor, day)
    except _StaysError as why:
        log.info("partition_stays", day=f"{day:%Y-%m-%d}", why=str(why))
        return False
    except (OperationalError, IntegrityError) as error:  # the second: a first row of the day came in just now
        log.warning("partitions_busy", day=f"{day:%Y-%m-%d}", error=type(error).__name__)
        return False
    log.info("partition_changed", work=work.__name__.strip("_"), day=f"{day:%Y-%m-%d}")
    return True


def _make(cursor: Any, day: datetime) -> None:
    """Attaching an empty table, unlike making a partition, lets readers and writers of the others go on.

    Raises _StaysError: where nobody had made the day in time, its rows lie in the default partition. There they are
    found and forgotten as well, row by row; moving them would hold up all who write.
    """
    for table, _ in _names(day):
        key = "id" if table == TABLES[0] else "run_id"
        cursor.execute(_LATE.format(table=table, key=key), [least_id(day), least_id(day + DAY)])
        if cursor.fetchone()[0]:
            raise _StaysError("its first rows came before its partition")
    for table, name in _names(day):
        cursor.execute(f"CREATE TABLE IF NOT EXISTS {name} (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)")
        cursor.execute(
            f"ALTER TABLE {table} ATTACH PARTITION {name} "
            f"FOR VALUES FROM ('{least_id(day)}') TO ('{least_id(day + DAY)}')"
        )


def _has_open_runs(day: datetime) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_OPEN.format(day=f"{day:%Y%m%d}"))
        return bool(cursor.fetchone()[0])


def _drop(cursor: Any, day: datetime) -> None:
    """Raises _StaysError: once nobody can write to its runs any more they are looked at again.

    Every table has to be had alone for a moment: all are waited for first, and for so long together as for one lock.
    """
    cursor.execute(f"SET LOCAL statement_timeout = {LOCK_PATIENCE_MS}")
    both = (table for names in _names(day) for table in names)
    cursor.execute(f"LOCK TABLE {', '.join(f'ONLY {table}' for table in both)} IN ACCESS EXCLUSIVE MODE")
    cursor.execute("SET LOCAL statement_timeout = 0")
    if _has_open_runs(day):
        raise _StaysError("one of its runs was begun anew")
    for table, name in _names(day):
        cursor.execute(f"ALTER TABLE {table} DETACH PARTITION {name}")
        cursor.execute(f"DROP TABLE {name}")


def _names(day: datetime) -> Iterable[tuple[str, str]]:
    return [(table, f"{table}_d{day:%Y%m%d}") for table in TABLES]
