"""The SQL by which a worker gets, keeps and gives back runs. All of it locks runs in the order of their ids."""

from __future__ import annotations

# Nothing is begun for a product or an environment that is being deleted.
_STAYS = """NOT EXISTS (SELECT FROM products_product g WHERE g.id = r.product_id AND g.deleting_at IS NOT NULL)
        AND NOT EXISTS (
            SELECT FROM products_environment h WHERE h.id = r.environment_id AND h.deleting_at IS NOT NULL)"""
# A run that may go on now: due, and its processor not paused. One that waits without a time waits for news alone, and
# whoever has some sets the time.
_DUE = f"""{_STAYS} AND r.state IN ('queued', 'waiting')
        AND (r.wake_at <= now() OR (r.wake_at IS NULL AND r.state = 'queued')) AND NOT EXISTS (
            SELECT FROM processors_processor p
            WHERE p.workspace_id = r.workspace_id AND p.tag = r.processor_tag AND p.paused_at IS NOT NULL)"""

# What a claim is, from the CTEs `run`, `step` and `attempt`.
_CLAIMS = """
SELECT run.id AS run_id, run.workspace_id, run.product_id, e.slug AS environment, run.kind, run.target, run.fence,
    run.seq, run.lost, run.retries, run.timeout_s, run.definition_id AS definition_hash, run.created_at,
    run.cancel_requested_at IS NOT NULL AS cancel_requested, run.environment_id, run.started_at, run.trigger, run.news,
    run.release, run.parent_id, run.depth, run.concurrency_key, run.error AS stored_error,
    step.id AS step_id, step.attempts AS number, attempt.id AS attempt_id, i.sealed AS sealed_input, w.data_key,
    (SELECT count(*) FROM processors_attempt a WHERE a.run_id = run.id AND a.state = 'failed') AS failures
FROM run
JOIN products_workspace w ON w.id = run.workspace_id
JOIN products_environment e ON e.id = run.environment_id
LEFT JOIN step ON step.run_id = run.id
LEFT JOIN attempt ON attempt.run_id = run.id
LEFT JOIN processors_runinput i ON i.run_id = run.id
"""

# One statement, one commit: the run is ours, its first step and this try are on record before anything is called.
CLAIM = f"""
WITH asked AS (
    SELECT * FROM unnest(%(runs)s::uuid[], %(steps)s::uuid[], %(attempts)s::uuid[]) AS a(run_id, step_id, attempt_id)
), free AS (
    SELECT r.id, r.state AS before FROM processors_run r
    WHERE r.id = ANY(%(runs)s::uuid[]) AND (
        ({_DUE})
        OR (%(takes_over)s AND r.state = 'running' AND r.lease_until < now() AND {_STAYS}))
    ORDER BY r.id FOR UPDATE OF r
), run AS (
    UPDATE processors_run r SET state = 'running', fence = r.fence + 1, seq = r.seq + 1,
        lost = r.lost + (free.before = 'running')::int,
        lease_until = now() + %(lease_s)s * interval '1 second', worker_id = %(worker)s,
        started_at = coalesce(r.started_at, now()), wake_at = NULL, reason = ''
    FROM free WHERE r.id = free.id AND r.id = ANY(%(runs)s::uuid[]) RETURNING r.*, free.before
), lost AS (
    UPDATE processors_attempt a SET state = 'lost', finished_at = now()
    FROM run WHERE a.run_id = run.id AND a.state = 'running'
), step AS (
    INSERT INTO processors_step (id, run_id, tag, kind, index, state, idempotency_key, attempts, started_at)
    SELECT asked.step_id, run.id, run.target, run.kind, 0, 'running', asked.step_id::text, 1, now()
    FROM run JOIN asked ON asked.run_id = run.id
    WHERE run.lost < %(lost_most)s AND run.cancel_requested_at IS NULL AND run.kind <> 'feature'
    ON CONFLICT (run_id, tag, index) DO UPDATE SET state = 'running', attempts = processors_step.attempts + 1
    RETURNING id, run_id, attempts
), attempt AS (
    INSERT INTO processors_attempt (id, run_id, step_id, number, fence, state, started_at)
    SELECT asked.attempt_id, run.id, step.id, step.attempts, run.fence, 'running', now()
    FROM run JOIN step ON step.run_id = run.id JOIN asked ON asked.run_id = run.id
    RETURNING id, run_id
), line AS (
    INSERT INTO processors_logline (run_id, seq, at, level, step, message)
    SELECT run.id, run.seq, now(), CASE run.before WHEN 'running' THEN 'warn' ELSE 'info' END, '',
        CASE run.before WHEN 'running' THEN 'Its worker was lost; taken over by ' ELSE 'Taken by ' END
        || %(name)s || '.'
    FROM run
)
{_CLAIMS}
"""  # noqa: S608 - put together from our own words
CLAIM_UNLOCKED = CLAIM.replace("FOR UPDATE OF r\n", "FOR UPDATE OF r SKIP LOCKED\n")

# What this worker has claimed without hearing of it: the commit was done, its answer got lost. The tries carry the
# ids that this worker gave them; a run without a try (cancelled, lost too often) has only to be ended.
CLAIMED = f"""
WITH run AS (
    SELECT * FROM processors_run r
    WHERE r.id = ANY(%(runs)s::uuid[]) AND r.worker_id = %(worker)s AND r.state = 'running'
), attempt AS (
    SELECT a.id, a.run_id, a.step_id FROM processors_attempt a JOIN run ON run.id = a.run_id
    WHERE a.run_id = ANY(%(runs)s::uuid[]) AND a.id = ANY(%(attempts)s::uuid[]) AND a.fence = run.fence
        AND a.state = 'running'
), step AS (
    SELECT s.id, s.run_id, s.attempts FROM processors_step s
    JOIN attempt ON attempt.run_id = s.run_id AND attempt.step_id = s.id WHERE s.run_id = ANY(%(runs)s::uuid[])
)
{_CLAIMS}
WHERE attempt.id IS NOT NULL OR run.cancel_requested_at IS NOT NULL OR run.lost >= %(lost_most)s OR run.kind = 'feature'
"""  # noqa: S608 - put together from our own words

# Whose the runs are that a claim would take.
WHOSE = f"""
SELECT r.id AS run_id, r.workspace_id, r.target, r.processor_tag FROM processors_run r
WHERE r.id = ANY(%(runs)s::uuid[]) AND (({_DUE}) OR (r.state = 'running' AND r.lease_until < now()))
"""  # noqa: S608 - put together from our own words

THERE = "SELECT id AS run_id FROM processors_run WHERE id = ANY(%(runs)s::uuid[])"

# What a worker without room leaves. Never rung, as the scheduler sees it: it rings once more, perhaps at another.
WAITS_FOR_ITS_TURN = """
WITH free AS (
    SELECT r.id FROM processors_run r WHERE r.id = ANY(%(runs)s::uuid[]) AND r.state = 'queued' AND r.reason = ''
    ORDER BY r.id FOR UPDATE OF r SKIP LOCKED
)
UPDATE processors_run r SET reason = %(reason)s, rang_at = NULL FROM free
WHERE r.id = free.id AND r.id = ANY(%(runs)s::uuid[])
"""

# The oldest runs of a workspace that wait for a worker.
NEXT = f"""
SELECT r.id AS run_id FROM processors_run r
WHERE r.workspace_id = %(workspace)s AND r.processor_tag = %(processor)s AND r.target <> ALL(%(but)s::text[]) AND {_DUE}
ORDER BY r.id LIMIT %(most)s
"""  # noqa: S608 - put together from our own words

# Who still has the lease gets a longer one and hears whether somebody asked to cancel, and what the run was told.
RENEW = """
WITH held AS (
    SELECT r.id FROM processors_run r
    JOIN unnest(%(runs)s::uuid[], %(fences)s::int[]) AS h(run_id, fence) ON h.run_id = r.id AND h.fence = r.fence
    WHERE r.state = 'running' ORDER BY r.id FOR UPDATE OF r
)
UPDATE processors_run r SET lease_until = now() + %(lease_s)s * interval '1 second' FROM held WHERE r.id = held.id
RETURNING r.id AS run_id, r.cancel_requested_at IS NOT NULL AS cancel_requested, r.news
"""

# A worker that stops gives its run back unfinished; the try is lost, the run is not.
HAND_BACK = """
WITH run AS (
    UPDATE processors_run SET state = 'queued', lease_until = NULL, worker_id = NULL, wake_at = NULL, rang_at = NULL,
        reason = 'Handed back by a worker that stopped.', seq = seq + 1
    WHERE id = %(run)s AND fence = %(fence)s AND state = 'running' RETURNING id, seq
), lost AS (
    UPDATE processors_attempt a SET state = 'lost', finished_at = now()
    FROM run WHERE a.run_id = run.id AND a.state = 'running'
)
INSERT INTO processors_logline (run_id, seq, at, level, step, message)
SELECT id, seq, now(), 'warn', '', 'Handed back: the worker stops.' FROM run
"""
