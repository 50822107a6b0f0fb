"""The SQL of runs of features: their journal, how far they have come, what they are told, the runs that they start."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from processors.runtime.statements import CLOSED, ENDED, MEASURED, SAID, STARTED, journal_of

# As `statements.JOURNAL`, and besides: steps are opened, signals taken, and a run that ends tells the run that started
# it. What a run waits for may have come while it was deciding to wait: then it is due at once.
JOURNAL = """
WITH given AS (
    SELECT * FROM unnest(%(run)s::uuid[], %(fence)s::int[], %(base)s::int[], %(lines)s::int[], %(state)s::text[],
        %(output)s::text[], %(error)s::text[], %(wake_at)s::timestamptz[], %(reason)s::text[],
        %(finished_at)s::timestamptz[], %(news)s::int[], %(asks)s::text[], %(parent)s::uuid[], %(moved)s::int[])
        AS g(run_id, fence, base, lines, state, output, error, wake_at, reason, finished_at, news, asks, parent, moved)
), locked AS (
    SELECT r.id, r.fence, r.seq, r.state FROM processors_run r
    WHERE r.id = ANY(%(run)s::uuid[] || %(parents)s::uuid[])
    ORDER BY r.id FOR UPDATE OF r
), held AS (
    SELECT l.id FROM locked l JOIN given g ON g.run_id = l.id
    WHERE l.fence = g.fence AND l.seq = g.base AND l.state = 'running'
), children AS (
    SELECT g.parent AS id, count(*)::int AS n FROM given g JOIN held ON held.id = g.run_id
    WHERE g.parent IS NOT NULL GROUP BY 1
), run AS (
    UPDATE processors_run r SET seq = g.base + g.lines, state = coalesce(g.state, 'running'),
        output = g.output::jsonb, error = coalesce(g.error::jsonb, r.error), reason = g.reason,
        finished_at = g.finished_at, asks = coalesce(g.asks, r.asks),
        news = r.news + coalesce(c.n, 0),
        wake_at = CASE WHEN g.news < r.news + coalesce(c.n, 0) THEN now() ELSE g.wake_at END,
        lost = CASE WHEN g.moved > 0 THEN 0 ELSE r.lost END,
        lease_until = CASE WHEN g.state IS NULL THEN r.lease_until END,
        worker_id = CASE WHEN g.state IS NULL THEN r.worker_id END
    FROM given g JOIN held ON held.id = g.run_id LEFT JOIN children c ON c.id = g.run_id
    WHERE r.id = held.id AND r.id = ANY(%(run)s::uuid[])
    RETURNING r.id, g.base, r.workspace_id, r.product_id, r.environment_id, r.target, g.state, r.started_at,
        r.finished_at, r.error
)"""
_TOLD = """told AS (
    UPDATE processors_run r SET news = r.news + c.n,
        rang_at = CASE WHEN r.state = 'waiting' THEN NULL ELSE r.rang_at END,
        wake_at = CASE WHEN r.state = 'waiting' THEN now() ELSE r.wake_at END
    FROM children c JOIN locked l ON l.id = c.id
    WHERE r.id = c.id AND r.id = ANY(%(parents)s::uuid[]) AND c.id NOT IN (SELECT id FROM held)
)"""
_OPENED = """opened AS (
    INSERT INTO processors_step (id, run_id, tag, kind, index, state, idempotency_key, attempts, input, output, error,
        wake_at, child, started_at, finished_at)
    SELECT o.id, run.id, o.tag, o.kind, o.index, o.state, o.id::text, o.number, o.input::jsonb, o.output::jsonb,
        o.error::jsonb, o.wake_at, o.child, o.started_at, o.finished_at
    FROM unnest(%(o_id)s::uuid[], %(o_run)s::uuid[], %(o_tag)s::text[], %(o_kind)s::text[], %(o_index)s::int[],
        %(o_state)s::text[], %(o_number)s::int[], %(o_input)s::text[], %(o_output)s::text[], %(o_error)s::text[],
        %(o_wake)s::timestamptz[], %(o_child)s::uuid[], %(o_started)s::timestamptz[], %(o_at)s::timestamptz[])
        AS o(id, run_id, tag, kind, index, state, number, input, output, error, wake_at, child, started_at, finished_at)
    JOIN run ON run.id = o.run_id
)"""
_STEP = """step AS (
    UPDATE processors_step s SET state = x.state, output = x.output::jsonb, error = x.error::jsonb,
        attempts = greatest(s.attempts, x.number), wake_at = x.wake_at, child = coalesce(x.child, s.child),
        finished_at = x.finished_at
    FROM unnest(%(s_id)s::uuid[], %(s_run)s::uuid[], %(s_state)s::text[], %(s_output)s::text[], %(s_error)s::text[],
        %(s_number)s::int[], %(s_wake)s::timestamptz[], %(s_child)s::uuid[], %(s_at)s::timestamptz[])
        AS x(id, run_id, state, output, error, number, wake_at, child, finished_at)
    JOIN run ON run.id = x.run_id WHERE s.id = x.id AND s.run_id = x.run_id
)"""
_TAKEN = """taken AS (
    UPDATE processors_runsignal s SET step_id = x.step_id
    FROM unnest(%(g_id)s::uuid[], %(g_run)s::uuid[], %(g_step)s::uuid[]) AS x(id, run_id, step_id)
    JOIN run ON run.id = x.run_id WHERE s.id = x.id AND s.run_id = x.run_id AND s.step_id IS NULL
)"""
PARTS = (
    ("parents", _TOLD), ("finished_at", MEASURED), ("a_id", STARTED), ("e_id", ENDED), ("o_id", _OPENED),
    ("s_id", _STEP), ("g_id", _TAKEN), ("closing", CLOSED), ("l_run", SAID),
)  # fmt: skip


def journal(table: Mapping[str, list[Any]]) -> str:
    """As `statements.journal`."""
    return journal_of(JOURNAL, PARTS, tuple(any(table[name]) for name, _ in PARTS))


# How far a run has come. A try that was lost counts while it is the last one.
PROGRESS = """
SELECT s.id, s.tag, s.index, s.state, s.attempts, s.output, s.error, s.wake_at, s.child, s.finished_at,
    (SELECT g.id FROM processors_runsignal g WHERE g.run_id = s.run_id AND g.step_id = s.id LIMIT 1) AS signal_id,
    (SELECT g.sealed FROM processors_runsignal g WHERE g.run_id = s.run_id AND g.step_id = s.id LIMIT 1) AS signal,
    s.kind, count(a.id) FILTER (WHERE a.state = 'failed') AS failures,
    count(a.id) FILTER (WHERE a.state = 'lost' AND a.number = s.attempts) AS lost
FROM processors_step s LEFT JOIN processors_attempt a ON a.run_id = s.run_id AND a.step_id = s.id
WHERE s.run_id = %(run)s AND s.run_id = ANY(%(runs)s::uuid[])
GROUP BY s.run_id, s.id
"""

# How much the run has been told, and the oldest unused signal of a name besides those that waits of this run have been
# given and not written yet, seen at the same moment.
SIGNAL = """
SELECT r.news, s.id, s.sealed, s.by, s.at FROM processors_run r
LEFT JOIN LATERAL (
    SELECT g.id, g.sealed, g.by, g.at FROM processors_runsignal g
    WHERE g.run_id = r.id AND g.name = %(name)s AND g.step_id IS NULL AND g.id <> ALL(%(besides)s::uuid[])
    ORDER BY g.id LIMIT 1
) s ON true
WHERE r.id = %(run)s
"""

# The run of a child feature: of the same definition, environment and person as the one that starts it, which must
# still be held. The same step asks for the same id however often it asks.
START_CHILD = """
WITH parent AS (
    SELECT * FROM processors_run WHERE id = %(parent)s AND fence = %(fence)s AND state = 'running'
), child AS (
    INSERT INTO processors_run (id, created_at, workspace_id, product_id, environment_id, kind, target, definition_id,
        processor_tag, trigger, actor, started_by_id, request_id, idempotency_key, state, reason, input, retries,
        timeout_s, fence, lost, rang_at, seq, release, parent_id, parent_step, depth, wake_at, concurrency_key,
        concurrency_limit)
    SELECT %(id)s, now(), p.workspace_id, p.product_id, p.environment_id, 'feature', %(target)s, p.definition_id,
        p.processor_tag, 'parent', p.actor, p.started_by_id, p.request_id, '', 'queued', %(reason)s, %(input)s::jsonb,
        0, %(timeout_s)s, 0, 0, now(), 0, p.release, p.id, %(step)s, p.depth + 1, %(wake_at)s, %(key)s, %(limit)s
    FROM parent p ON CONFLICT DO NOTHING RETURNING id
)
INSERT INTO processors_runinput (run_id, sealed) SELECT id, %(sealed)s FROM child
"""

CHILD_END = """
SELECT p.news, c.state, c.output, c.error FROM processors_run p
LEFT JOIN processors_run c ON c.id = %(child)s
WHERE p.id = %(run)s
"""

# Asked to stop; one that waits is due at once, so that it rolls itself back.
STOP_CHILD = """
UPDATE processors_run SET cancel_requested_at = coalesce(cancel_requested_at, now()), news = news + 1,
    wake_at = CASE state WHEN 'queued' THEN NULL WHEN 'waiting' THEN now() ELSE wake_at END, rang_at = NULL
WHERE id = %(child)s AND state IN ('queued', 'running', 'waiting')
RETURNING id AS run_id, state
"""

KEPT = """
SELECT value FROM processors_keptresult
WHERE environment_id = %(environment)s AND key = %(key)s AND expires_at > now()
"""

KEEP = """
INSERT INTO processors_keptresult AS k (environment_id, key, value, expires_at)
VALUES (%(environment)s, %(key)s, %(value)s::jsonb, now() + %(seconds)s::float8 * interval '1 second')
ON CONFLICT (environment_id, key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at
"""

SECRETS = """
SELECT 'secret' AS kind, key AS name, id, sealed, allowed_hosts AS hosts, NULL::jsonb AS given_for
FROM products_secret
WHERE workspace_id = %(workspace)s AND key = ANY(%(secrets)s::text[]) AND (expires_at IS NULL OR expires_at > now())
UNION ALL
SELECT 'value', id::text, id, sealed, '[]'::jsonb, NULL::jsonb FROM products_connectionvalue
WHERE id = ANY(%(values)s::uuid[]) AND sealed IS NOT NULL
"""
