"""The SQL of the runtime. Whatever changes several runs locks them in the order of their ids, so none deadlock."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

DEFINITION = "SELECT content FROM processors_rundefinition WHERE hash = %(hash)s"

# Everything that many runs have to record, in one statement and one commit. A run takes part only if it is still
# held under the number it was claimed with, and stands where its worker thinks it does. A run in `closing` ends from
# outside its steps (cancelled, worker lost): whatever of it is open ends with it.
MEASURED = """measured AS (
    INSERT INTO processors_measuredelta (minute, workspace_id, product_id, environment_id, target, state, bucket, n)
    SELECT date_trunc('minute', finished_at), workspace_id, product_id, environment_id, target, state,
        CASE WHEN started_at IS NULL THEN -1 ELSE floor(4 * ln(greatest(
            extract(epoch FROM finished_at - started_at)::float8 * 1000, 1)) / ln(2::float8)) END::smallint AS bucket,
        count(*)
    FROM run WHERE finished_at IS NOT NULL GROUP BY 1, 2, 3, 4, 5, 6, 7
)"""
STARTED = """started AS (
    INSERT INTO processors_attempt (id, run_id, step_id, number, fence, state, started_at)
    SELECT a.id, run.id, a.step_id, a.number, a.fence, 'running', a.at
    FROM unnest(%(a_id)s::uuid[], %(a_run)s::uuid[], %(a_step)s::uuid[], %(a_number)s::int[], %(a_fence)s::int[],
        %(a_at)s::timestamptz[]) AS a(id, run_id, step_id, number, fence, at)
    JOIN run ON run.id = a.run_id
)"""
ENDED = """ended AS (
    UPDATE processors_attempt t SET state = x.state, request = x.request::jsonb, response = x.response::jsonb,
        error = x.error::jsonb, finished_at = x.at, next_at = x.next_at
    FROM unnest(%(e_id)s::uuid[], %(e_run)s::uuid[], %(e_state)s::text[], %(e_request)s::text[],
        %(e_response)s::text[], %(e_error)s::text[], %(e_at)s::timestamptz[], %(e_next)s::timestamptz[])
        AS x(id, run_id, state, request, response, error, at, next_at)
    JOIN run ON run.id = x.run_id WHERE t.id = x.id AND t.run_id = x.run_id
)"""
CLOSED = """tries AS (
    UPDATE processors_attempt a SET state = 'failed', finished_at = run.finished_at, error = run.error
    FROM run WHERE run.id = ANY(%(closing)s::uuid[]) AND a.run_id = run.id AND a.state = 'running'
), steps AS (
    UPDATE processors_step s SET state = 'failed', finished_at = run.finished_at, error = run.error
    FROM run WHERE run.id = ANY(%(closing)s::uuid[]) AND s.run_id = run.id
        AND s.state IN ('pending', 'running', 'waiting')
)"""
SAID = """line AS (
    INSERT INTO processors_logline (run_id, seq, at, level, step, message, data)
    SELECT run.id, run.base + l.number, l.at, l.level, l.step, l.message, l.data::jsonb
    FROM unnest(%(l_run)s::uuid[], %(l_number)s::int[], %(l_at)s::timestamptz[], %(l_level)s::text[],
        %(l_step)s::text[], %(l_message)s::text[], %(l_data)s::text[])
        AS l(run_id, number, at, level, step, message, data)
    JOIN run ON run.id = l.run_id
)"""

JOURNAL = """
WITH given AS (
    SELECT * FROM unnest(%(run)s::uuid[], %(fence)s::int[], %(base)s::int[], %(lines)s::int[], %(state)s::text[],
        %(output)s::text[], %(error)s::text[], %(wake_at)s::timestamptz[], %(reason)s::text[],
        %(finished_at)s::timestamptz[])
        AS g(run_id, fence, base, lines, state, output, error, wake_at, reason, finished_at)
), held AS (
    SELECT r.id FROM processors_run r JOIN given g ON g.run_id = r.id
    WHERE r.fence = g.fence AND r.seq = g.base AND r.state = 'running' AND r.id = ANY(%(run)s::uuid[])
    ORDER BY r.id FOR UPDATE OF r
), run AS (
    UPDATE processors_run r SET seq = g.base + g.lines, state = coalesce(g.state, 'running'),
        output = g.output::jsonb, error = g.error::jsonb, wake_at = g.wake_at, reason = g.reason,
        finished_at = g.finished_at,
        lease_until = CASE WHEN g.state IS NULL THEN r.lease_until END,
        worker_id = CASE WHEN g.state IS NULL THEN r.worker_id END
    FROM given g JOIN held ON held.id = g.run_id WHERE r.id = held.id AND r.id = ANY(%(run)s::uuid[])
    RETURNING r.id, g.base, r.workspace_id, r.product_id, r.environment_id, r.target, g.state, r.started_at,
        r.finished_at, r.error
)"""
STEP = """step AS (
    UPDATE processors_step s SET state = x.state, output = x.output::jsonb, error = x.error::jsonb,
        attempts = greatest(s.attempts, x.number), finished_at = x.finished_at
    FROM unnest(%(s_id)s::uuid[], %(s_run)s::uuid[], %(s_state)s::text[], %(s_output)s::text[], %(s_error)s::text[],
        %(s_number)s::int[], %(s_at)s::timestamptz[]) AS x(id, run_id, state, output, error, number, finished_at)
    JOIN run ON run.id = x.run_id WHERE s.id = x.id AND s.run_id = x.run_id
)"""
PARTS = (  # the column that says whether a part has anything to do
    ("finished_at", MEASURED), ("a_id", STARTED), ("e_id", ENDED), ("s_id", STEP), ("closing", CLOSED), ("l_run", SAID),
)  # fmt: skip


def journal(table: Mapping[str, list[Any]]) -> str:
    """The statement that writes these columns, made of the parts that have something to do.

    PostgreSQL sets up every part of a statement for every partition, whether it then writes a row or none.
    """
    return journal_of(JOURNAL, PARTS, tuple(any(table[name]) for name, _ in PARTS))


@lru_cache(maxsize=256)
def journal_of(head: str, parts: tuple[tuple[str, str], ...], wanted: tuple[bool, ...]) -> str:
    """`head`, which makes `given` and `run`, and the wanted parts."""
    chosen = [text for (_, text), is_wanted in zip(parts, wanted, strict=True) if is_wanted]
    return ", ".join([head, *chosen]) + "\nSELECT id AS run_id FROM run\n"


WHERE_IT_STANDS = "SELECT id AS run_id, fence, seq FROM processors_run WHERE id = ANY(%(runs)s::uuid[])"

VALUES = """
WITH given_for AS (
    SELECT allowed_hosts FROM products_connectionenvironment WHERE id = %(connection_environment)s
)
SELECT 'value' AS kind, id::text AS name, id, sealed, '[]'::jsonb AS hosts,
    (SELECT allowed_hosts FROM given_for) AS given_for
FROM products_connectionvalue
WHERE id = ANY(%(values)s::uuid[]) AND connection_environment_id = %(connection_environment)s AND sealed IS NOT NULL
UNION ALL
SELECT 'secret', key, id, sealed, allowed_hosts, (SELECT allowed_hosts FROM given_for) FROM products_secret
WHERE workspace_id = %(workspace)s AND key = ANY(%(secrets)s::text[]) AND (expires_at IS NULL OR expires_at > now())
"""

# last_failure is kept: a page shows the newer of the two.
NOTE_HEALTH = """
UPDATE products_connectionenvironment c SET
    last_success_at = coalesce(h.success_at, c.last_success_at),
    last_failure_at = coalesce(h.failure_at, c.last_failure_at),
    last_failure = coalesce(h.failure, c.last_failure)
FROM unnest(%(ids)s::uuid[], %(success_at)s::timestamptz[], %(failure_at)s::timestamptz[], %(failure)s::text[])
    AS h(id, success_at, failure_at, failure)
WHERE c.id = h.id
"""

LOGIN = """
SELECT id, fingerprint, sealed, expires_at, generation FROM processors_authtoken
WHERE connection_environment_id = %(connection)s
"""

LOGIN_HOLD = """
INSERT INTO processors_authtoken AS t
    (id, created_at, updated_at, connection_environment_id, fingerprint, generation, refreshing_until)
VALUES (%(id)s, now(), now(), %(connection)s, '', 0, now() + %(hold_s)s * interval '1 second')
ON CONFLICT (connection_environment_id) DO UPDATE SET
    refreshing_until = excluded.refreshing_until, updated_at = now()
WHERE (t.refreshing_until IS NULL OR t.refreshing_until < now()) AND t.generation = %(generation)s
RETURNING id, generation
"""

LOGIN_STORE = """
UPDATE processors_authtoken SET sealed = %(sealed)s, fingerprint = %(fingerprint)s, expires_at = %(expires_at)s,
    generation = generation + 1, refreshing_until = NULL, updated_at = now()
WHERE id = %(id)s AND generation = %(generation)s
RETURNING generation
"""

# What the provider refuses is not offered to it again by every run.
GRANT_DROP = """
UPDATE processors_authtoken SET sealed = NULL, refreshing_until = NULL, updated_at = now()
WHERE id = %(id)s AND generation = %(generation)s
"""

LOGIN_LET_GO = """
UPDATE processors_authtoken SET refreshing_until = NULL, updated_at = now()
WHERE id = %(id)s AND generation = %(generation)s
"""
