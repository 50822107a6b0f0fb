"""A past: as many stored runs as a busy installation has, with steps, tries, log lines and the counts of them."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db import connection
from django.utils import timezone

from processors.services import measures, partitions

DAYS = 7
LOT = 100_000
FAILS_EVERY, STG_EVERY = 50, 10

# A UUIDv7 of the moment `at`; `salt` tells apart what has the same number.
_FUNCTIONS = """
CREATE OR REPLACE FUNCTION pg_temp.id_at(at timestamptz, number bigint, salt text) RETURNS uuid
LANGUAGE sql IMMUTABLE AS $$
    SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || substr(d, 1, 3) || '8'
        || substr(d, 4, 15))::uuid FROM md5(salt || number) AS d
$$
"""

# Everything is as the last run of the action left it, but for when, where and how it ended.
_RUNS = """
CREATE TEMP TABLE lot ON COMMIT DROP AS
SELECT n, pg_temp.id_at(at, n, 'run') AS id, at, at + (3 + n %% 40) * interval '1 millisecond' AS started,
    at + (8 + n %% 40 + (n * 7919) %% 200) * interval '1 millisecond' AS finished, n %% {fails} = 0 AS fails,
    CASE WHEN n %% {stg} = 0 THEN 'stg' ELSE 'dev' END AS slug,
    (ARRAY['list-products', 'get-product', 'create-order', 'get-order', 'me', 'status', 'echo', 'slow'])[1 + n %% 8]
        AS action
FROM (SELECT n, %(until)s::timestamptz - ((n + random()) / %(count)s) * %(span)s::interval AS at
    FROM generate_series(%(first)s::bigint, %(last)s::bigint) n) AS numbered;
INSERT INTO processors_run (id, created_at, kind, target, processor_tag, trigger, actor, request_id, idempotency_key,
    state, reason, input, output, error, retries, timeout_s, fence, lost, rang_at, started_at, finished_at, seq,
    environment_id, product_id, workspace_id, definition_id)
SELECT lot.id, at, t.kind, split_part(t.target, ':', 1) || ':' || action, t.processor_tag, t.trigger, t.actor,
    t.request_id, '', CASE WHEN fails THEN 'failed' ELSE 'completed' END, '', t.input,
    CASE WHEN NOT fails THEN t.output END, CASE WHEN fails THEN {error} END, t.retries, t.timeout_s, 1, 0, at, started,
    finished, t.seq, e.id, t.product_id, t.workspace_id, t.definition_id
FROM lot JOIN processors_run t ON t.id = %(template)s
JOIN products_environment e ON e.product_id = t.product_id AND e.slug = lot.slug;
INSERT INTO processors_runinput (run_id, sealed)
SELECT lot.id, t.sealed FROM lot JOIN processors_runinput t ON t.run_id = %(template)s;
INSERT INTO processors_step (id, run_id, tag, kind, index, state, idempotency_key, attempts, output, error, started_at,
    finished_at)
SELECT pg_temp.id_at(at, n, 'step'), lot.id, t.tag, t.kind, 0, CASE WHEN fails THEN 'failed' ELSE 'completed' END,
    lot.id::text, 1, CASE WHEN NOT fails THEN t.output END, CASE WHEN fails THEN {error} END, started, finished
FROM lot JOIN processors_step t ON t.run_id = %(template)s;
INSERT INTO processors_attempt (id, run_id, step_id, number, fence, state, request, response, error, started_at,
    finished_at)
SELECT pg_temp.id_at(at, n, 'try'), lot.id, pg_temp.id_at(at, n, 'step'), 1, 1,
    CASE WHEN fails THEN 'failed' ELSE 'completed' END, t.request, t.response, CASE WHEN fails THEN {error} END,
    started, finished
FROM lot JOIN processors_attempt t ON t.run_id = %(template)s;
INSERT INTO processors_logline (run_id, seq, at, level, step, message, data)
SELECT lot.id, t.seq, started + t.seq * interval '1 millisecond', t.level, t.step, t.message, t.data
FROM lot JOIN processors_logline t ON t.run_id = %(template)s;
INSERT INTO processors_measuredelta (minute, workspace_id, product_id, environment_id, target, state, bucket, n)
SELECT date_trunc('minute', finished_at), workspace_id, product_id, environment_id, target, state,
    floor(4 * ln(extract(epoch FROM finished_at - started_at)::float8 * 1000) / ln(2::float8))::smallint, count(*)
FROM processors_run WHERE id IN (SELECT id FROM lot) GROUP BY 1, 2, 3, 4, 5, 6, 7;
"""
_ERROR = (
    '\'{"code": "remote_server_error", "message": "The remote side answered 500.", "fault": "remote", '
    '"retryable": true, "outcome_unknown": true, "details": {"status": 500}}\'::jsonb'
)


def fill(template: UUID, *, count: int, first: int = 0) -> None:
    """Stores runs number `first` to `count`, spread over the last week, after the run `template`."""
    until = timezone.now()
    partitions.make_ahead(until - timedelta(days=DAYS), days=DAYS)
    statement = _RUNS.format(error=_ERROR, fails=FAILS_EVERY, stg=STG_EVERY)
    with connection.cursor() as cursor:
        cursor.execute(_FUNCTIONS)
        for start in range(first, count, LOT):
            values = {
                "until": until, "count": count, "span": timedelta(days=DAYS), "template": template,
                "first": start, "last": min(start + LOT, count) - 1,
            }  # fmt: skip
            cursor.execute("BEGIN")
            cursor.execute(statement, values)
            cursor.execute("COMMIT")
            while measures.fold():
                pass
        cursor.execute("VACUUM ANALYZE")
