"""The rows of a feature's run by the same writer, with no engine: what the database and the writer allow."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from uuid import UUID

from django.db import connection

from processors.engine.events import RunEnded, Said, StepOpened
from processors.engine.states import RunState, StepState
from processors.models import Run
from processors.runtime.arrays import Uuids
from processors.runtime.database import fetch, open_pool
from processors.runtime.entries import Entry
from processors.runtime.journal import Writer
from products.models import new_id

COPY = """
INSERT INTO processors_run (id, created_at, workspace_id, product_id, environment_id, kind, target, definition_id,
    processor_tag, trigger, actor, request_id, idempotency_key, state, reason, input, retries, timeout_s, fence,
    lost, seq)
SELECT n.id, now(), r.workspace_id, r.product_id, r.environment_id, r.kind, 'bare', r.definition_id, 'bare', 'bench',
    '', '', '', 'running', '', '{}', 0, 0, 1, 0, 0
FROM unnest(%(ids)s::uuid[]) AS n(id), processors_run r WHERE r.id = %(like)s
"""


def bare_journal(*, runs: int, writes: int) -> float:
    """Runs a second, each of so many writes one after the other, all runs side by side."""
    like = Run.objects.filter(kind="feature").order_by("-id").values_list("pk", flat=True).first()
    if like is None:
        raise RuntimeError("a feature must have run before")
    connection.close()
    return asyncio.run(_measure(like, runs, writes))


async def _measure(like: UUID, runs: int, writes: int) -> float:
    pool = await open_pool(most=4)
    try:
        ids = [new_id() for _ in range(runs)]
        await fetch(pool, COPY, {"ids": Uuids(ids), "like": like})
        began = time.perf_counter()
        writer = Writer(pool)
        await asyncio.gather(*(_run(writer, one, writes) for one in ids))
        return runs / (time.perf_counter() - began)
    finally:
        await pool.close()


async def _run(writer: Writer, run_id: UUID, writes: int) -> None:
    base = 0
    for number in range(writes - 1):
        now = datetime.now(UTC)
        opened = StepOpened(
            now, new_id(), f"main/s{number}", "checkpoint", 0, StepState.COMPLETED, {"n": number}, {"n": number}
        )
        await writer.write(
            Entry(run_id, 1, base, (opened, Said(now, "info", "Checkpoint.", opened.tag)), is_feature=True)
        )
        base += 1
    now = datetime.now(UTC)
    ended = RunEnded(now, RunState.COMPLETED)
    await writer.write(Entry(run_id, 1, base, (ended, Said(now, "info", "Completed.")), is_feature=True))
