"""Folds the counts that gathered since the last time into minutes and quarter hours, and forgets those too old."""

from __future__ import annotations

from django.db import connection
from django.utils import timezone

from processors.models import MeasureDelta, Run

LOT = 20_000
KEEP_DAYS = 400

# One statement: what is taken from one table is in the other, or neither happened.
_FOLD = """
WITH taken AS (
    DELETE FROM processors_measuredelta WHERE id IN (
        SELECT id FROM processors_measuredelta ORDER BY id LIMIT %(lot)s FOR UPDATE SKIP LOCKED)
    RETURNING minute, workspace_id, product_id, environment_id, target, state, bucket, n
), sums AS (
    SELECT minute, workspace_id, product_id, environment_id, target, state, bucket, sum(n) AS n
    FROM taken GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY 4, 1, 5, 6, 7
), added AS (
    INSERT INTO processors_measureminute AS m
        (minute, workspace_id, product_id, environment_id, target, state, bucket, n)
    SELECT * FROM sums
    ON CONFLICT (environment_id, minute, target, state, bucket) DO UPDATE SET n = m.n + excluded.n
), quarters AS (
    SELECT date_bin('15 minutes', minute, timestamptz 'epoch') AS minute, workspace_id, product_id, environment_id,
        coalesce(target, '') AS target, coalesce(state, '') AS state, coalesce(bucket, -2)::smallint AS bucket, sum(n)
    FROM taken GROUP BY 1, 2, 3, 4, GROUPING SETS ((taken.target, taken.state), (taken.bucket))
    HAVING taken.bucket IS NULL OR taken.bucket >= 0 ORDER BY 4, 5, 1, 6, 7
), summed AS (
    INSERT INTO processors_measurequarter AS q
        (minute, workspace_id, product_id, environment_id, target, state, bucket, n)
    SELECT * FROM quarters
    ON CONFLICT (environment_id, target, minute, state, bucket) DO UPDATE SET n = q.n + excluded.n
)
SELECT count(*) FROM taken
"""

_FORGET = """
WITH quarters AS (
    DELETE FROM processors_measurequarter WHERE id IN (
        SELECT id FROM processors_measurequarter WHERE minute < now() - %(days)s * interval '1 day' LIMIT %(lot)s)
)
DELETE FROM processors_measureminute WHERE id IN (
    SELECT id FROM processors_measureminute WHERE minute < now() - %(days)s * interval '1 day' LIMIT %(lot)s)
"""


# As the journal has counted the end of a run (`processors.runtime.statements.MEASURED`), taken away again.
_UNCOUNT = """
INSERT INTO processors_measuredelta (minute, workspace_id, product_id, environment_id, target, state, bucket, n)
SELECT date_trunc('minute', finished_at), workspace_id, product_id, environment_id, target, state,
    CASE WHEN started_at IS NULL THEN -1 ELSE floor(4 * ln(greatest(
        extract(epoch FROM finished_at - started_at)::float8 * 1000, 1)) / ln(2::float8)) END::smallint, -1
FROM processors_run WHERE id = %(run)s AND finished_at IS NOT NULL
"""


def fold() -> int:
    """How many rows were folded, at most 20,000; any number of schedulers may do it at once."""
    with connection.cursor() as cursor:
        cursor.execute(_FOLD, {"lot": LOT})
        return int(cursor.fetchone()[0])


def forget_old() -> None:
    """A bounded lot of minutes and quarters older than 400 days."""
    with connection.cursor() as cursor:
        cursor.execute(_FORGET, {"days": KEEP_DAYS, "lot": LOT})


def uncount(run: Run) -> None:
    """Takes a run out of the counts that is about to go on after its end, in the transaction that lets it."""
    with connection.cursor() as cursor:
        cursor.execute(_UNCOUNT, {"run": run.pk})


def count_cancelled(run: Run) -> None:
    """Counts a run that ended without a worker, in the transaction that ends it."""
    MeasureDelta.objects.create(
        minute=timezone.now().replace(second=0, microsecond=0),
        workspace_id=run.workspace_id,
        product_id=run.product_id,
        environment_id=run.environment_id,
        target=run.target,
        state=run.state,
        bucket=-1,
        n=1,
    )
