"""The turns of child runs: those that share a concurrency limit go as far as it allows, and what happens to the rest.

As `processors.services.features` does it for runs that people and programs start.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from uuid import UUID

from processors.engine.events import RunEnded
from processors.engine.states import RunState
from processors.engine.step import StepError, StepFailed
from processors.models import NEVER
from processors.runtime.arrays import Uuids
from processors.runtime.claims import Claim
from processors.runtime.database import Pool, unbroken
from processors.services.sharing import Share, dropped_because
from processors.services.turns import LET_GO, LOCK, MOST, OLDER

Offer = Callable[[Sequence[UUID]], None]
DROPPED = StepError("dropped", "", "caller")

# How many of those that wait for this run have a place of the same limit.
_HELD_ABOVE = """
WITH RECURSIVE above AS (
    SELECT id, parent_id, environment_id, concurrency_key, state FROM processors_run WHERE id = %(run)s
    UNION ALL
    SELECT r.id, r.parent_id, r.environment_id, r.concurrency_key, r.state
    FROM above a JOIN processors_run r ON r.id = a.parent_id
)
SELECT id FROM above WHERE environment_id = %(environment)s AND concurrency_key = %(key)s
    AND state IN ('queued', 'running', 'waiting')
"""

# One that nobody has begun, and that has not got its turn meanwhile.
_DROP = """
WITH gone AS (
    UPDATE processors_run SET state = 'cancelled', finished_at = now(), wake_at = NULL, reason = '',
        error = %(error)s::jsonb, seq = seq + 1
    WHERE id = %(child)s AND state = 'queued' AND wake_at = %(never)s
    RETURNING id, seq, workspace_id, product_id, environment_id, target, finished_at
), said AS (
    INSERT INTO processors_logline (run_id, seq, at, level, step, message)
    SELECT id, seq, finished_at, 'warn', '', %(why)s FROM gone
), measured AS (
    INSERT INTO processors_measuredelta (minute, workspace_id, product_id, environment_id, target, state, bucket, n)
    SELECT date_trunc('minute', finished_at), workspace_id, product_id, environment_id, target, 'cancelled', -1, 1
    FROM gone
)
SELECT finished_at FROM gone
"""

# As `feature_statements.STOP_CHILD`; the rows are locked in the order of their ids.
_STOP = """
WITH older AS (
    SELECT id FROM processors_run
    WHERE id = ANY(%(older)s::uuid[]) AND state IN ('queued', 'running', 'waiting') ORDER BY id FOR UPDATE
)
UPDATE processors_run r SET cancel_requested_at = coalesce(cancel_requested_at, now()), news = news + 1,
    wake_at = CASE state WHEN 'queued' THEN NULL WHEN 'waiting' THEN now() ELSE wake_at END, rang_at = NULL
FROM older WHERE r.id = older.id AND r.id = ANY(%(older)s::uuid[])
RETURNING r.id AS run_id
"""


async def let_go(pool: Pool, environment_id: UUID | None, key: str, offer: Offer) -> list[UUID]:
    """The next of those that share a limit may run: these. Raises psycopg.Error."""
    values = {"environment": environment_id, "key": key, "never": NEVER, "most": MOST}
    gone = [row["run_id"] for row in await unbroken(pool, LET_GO, values, lock=LOCK)]
    if gone:
        offer(gone)
    return gone


async def check_turn(pool: Pool, claim: Claim, share: Share) -> list[UUID]:
    """The runs above the child that have a place themselves. Raises StepFailed where they have all of them."""
    values = {"run": claim.run_id, "environment": claim.environment_id, "key": share.key}
    above = [row["id"] for row in await unbroken(pool, _HELD_ABOVE, values)]
    if len(above) >= share.limit:
        message = (
            f"It would wait for ever: {share.places} may go at once, and those that wait for this one have them all."
        )
        raise StepFailed(StepError("waits_for_itself", message, "configuration"))
    return above


async def take_turn(
    pool: Pool, claim: Claim, run_id: UUID, target: str, share: Share, *, above: list[UUID], offer: Offer
) -> RunEnded | None:
    """Lets the child go if there is a place; if not, it waits, is dropped, or takes the place of older ones.

    How it ended, where it was dropped. May be done again for the same child: what has been decided stays. Raises
    psycopg.Error.
    """
    gone = await let_go(pool, claim.environment_id, share.key, offer)
    if run_id in gone:
        return None
    if share.surplus.then == "drop":
        return await _drop(pool, run_id, dropped_because(share, target))
    if share.surplus.then == "cancel_older":
        await _cancel_older(pool, claim, run_id, share, above, offer)
    return None


async def _drop(pool: Pool, run_id: UUID, why: str) -> RunEnded | None:
    error = replace(DROPPED, message=why)
    text = json.dumps(error.to_json(), ensure_ascii=False)
    rows = await unbroken(pool, _DROP, {"child": run_id, "never": NEVER, "error": text, "why": why})
    return RunEnded(rows[0]["finished_at"], RunState.CANCELLED, error=error) if rows else None


async def _cancel_older(pool: Pool, claim: Claim, run_id: UUID, share: Share, above: list[UUID], offer: Offer) -> None:
    """The oldest first, as many as are over the limit; never one that waits for this child."""
    values = {"environment": claim.environment_id, "key": share.key, "than": run_id, "most": MOST}
    before = [row["id"] for row in await unbroken(pool, OLDER, values)]
    surplus = [one for one in before if one not in above][: max(0, len(before) + 1 - share.limit)]
    if surplus:
        offer([row["run_id"] for row in await unbroken(pool, _STOP, {"older": Uuids(surplus)})])
