"""Takes runs for this worker: one conditional update, after which nobody else can write to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from psycopg.errors import LockNotAvailable

from processors.engine.limits import MAX_LOST_CLAIMS
from processors.runtime.arrays import Texts, Uuids
from processors.runtime.claim_statements import CLAIM, CLAIM_UNLOCKED, CLAIMED, NEXT, THERE, WAITS_FOR_ITS_TURN, WHOSE
from processors.runtime.contact import Contact
from processors.runtime.database import AWAY, RECONNECT_S, Patience, Pool, Row, fetch, insist, once
from products.lib.jsontypes import JsonObject
from products.models.base import new_id

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Claim:
    """A run that this worker holds, under the number that every write of it must carry.

    `step_id` and `attempt_id` are None when the run must not be made again: cancelled, or lost too often; and of a run
    of a feature, which opens its steps itself.
    """

    run_id: UUID
    workspace_id: UUID
    product_id: UUID
    environment: str
    kind: str
    target: str
    fence: int
    seq: int
    lost: int
    retries: int
    timeout_s: float
    definition_hash: str
    created_at: datetime
    cancel_requested: bool
    step_id: UUID | None
    attempt_id: UUID | None
    number: int | None
    failures: int
    sealed_input: bytes | None
    data_key: bytes
    environment_id: UUID | None = None
    started_at: datetime | None = None
    trigger: str = ""
    news: int = 0
    release: int | None = None
    parent_id: UUID | None = None
    depth: int = 0
    concurrency_key: str = ""
    stored_error: JsonObject | None = None  # of a run that had ended, and of which an undo is tried again


@dataclass(frozen=True, slots=True)
class Worker:
    """This process as its runs name it."""

    id: UUID
    name: str


class Claims:
    """Claims of one worker, many in one statement."""

    def __init__(self, pool: Pool, worker: Worker, contact: Contact, *, lease_s: float) -> None:
        self._pool = pool
        self._worker = worker
        self._contact = contact
        self._lease_s = lease_s

    async def take(self, run_ids: Sequence[UUID]) -> list[Claim]:
        """Those of the runs that are there, due, held by nobody and not ended. Raises psycopg.Error.

        Waits for as long as a lease while the database is away, and then goes on with what it had claimed unheard.
        """
        if not run_ids:
            return []
        values = self._values(list(dict.fromkeys(run_ids)))
        patience, statement, unheard = Patience(self._lease_s), CLAIM, False
        while True:
            try:
                rows = await once(self._pool, statement, values | {"takes_over": self._is_witness})
                if unheard:
                    rows = await once(self._pool, CLAIMED, values)
                self._contact.felt()
                return [Claim(**row) for row in rows]
            except AWAY as error:
                if isinstance(error, LockNotAvailable) and statement is CLAIM:
                    statement = CLAIM_UNLOCKED  # a run that somebody holds fast must not hold up the others
                    continue
                log.warning("claim_waits", runs=len(run_ids), error=type(error).__name__)
                await patience.after(error)
                unheard = True

    async def whose(self, run_ids: Sequence[UUID]) -> list[Row]:
        """Of those that could be taken: `run_id`, `workspace_id`, `target`, `processor_tag`. Raises psycopg.Error."""
        return await insist(self._pool, WHOSE, {"runs": Uuids(run_ids)})

    async def unknown(self, run_ids: Sequence[UUID]) -> int:
        """How many of them are not there at all. Raises psycopg.Error."""
        return len(run_ids) - len(await insist(self._pool, THERE, {"runs": Uuids(run_ids)}))

    async def leave(self, run_ids: Sequence[UUID], reason: str) -> None:
        """Says in words why these wait. Raises psycopg.Error."""
        await fetch(self._pool, WAITS_FOR_ITS_TURN, {"runs": Uuids(run_ids), "reason": reason})

    async def next(self, workspace_id: UUID, processor_tag: str, *, but: Sequence[str], most: int) -> list[UUID]:
        """The oldest that wait for a worker, without those of the targets in `but`. Raises psycopg.Error."""
        values = {"workspace": workspace_id, "processor": processor_tag, "but": Texts(but), "most": most}
        return [row["run_id"] for row in await fetch(self._pool, NEXT, values)]

    @property
    def _is_witness(self) -> bool:
        """Whether a lease that has run out can only be its holder's fault, who may take a while to connect anew."""
        return self._contact.unbroken_s >= self._lease_s + RECONNECT_S

    def _values(self, run_ids: list[UUID]) -> dict[str, Any]:
        """Each try has its id beforehand: by it a claim is found again whose answer got lost."""
        return {
            "runs": Uuids(run_ids),
            "steps": Uuids(new_id() for _ in run_ids),
            "attempts": Uuids(new_id() for _ in run_ids),
            "lease_s": self._lease_s,
            "worker": self._worker.id,
            "name": self._worker.name,
            "lost_most": MAX_LOST_CLAIMS,
        }
