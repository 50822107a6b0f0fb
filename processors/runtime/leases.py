"""Keeps the runs of this worker its own: renews their leases in one statement, and hears of those that are not."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import Enum
from uuid import UUID

import psycopg
import structlog

from processors.engine.feature_runner import FeatureRunner
from processors.engine.states import RunState
from processors.runtime.arrays import Ints, Uuids
from processors.runtime.claim_statements import RENEW
from processors.runtime.claims import Claim
from processors.runtime.database import Pool, fetch

log = structlog.get_logger(__name__)


class Stop(Enum):
    """Why a run is stopped from outside."""

    CANCELLED = "cancelled"
    FENCED = "fenced"  # another worker holds it
    HANDED_BACK = "handed back"  # this worker stops


@dataclass(slots=True)
class Held:
    """A run that this worker holds and the task that carries it."""

    claim: Claim
    task: asyncio.Task[RunState]
    stopped: Stop | None = None
    runner: FeatureRunner | None = None  # of a run of a feature, once it runs
    news: int = 0

    def stop(self, why: Stop) -> None:
        """Ends the task at its next wait; the first reason counts. A cancelled feature rolls back before it ends."""
        if self.task.done() or self.stopped not in {None, Stop.CANCELLED}:
            return
        before, self.stopped = self.stopped, why if self.stopped is None or why is not Stop.CANCELLED else self.stopped
        if why is Stop.CANCELLED and self.claim.kind == "feature":
            if self.runner is not None and before is None:
                self.runner.cancel()
        elif before is None or self.claim.kind == "feature":
            self.task.cancel()

    def told(self, news: int | None = None) -> None:
        """The run has heard something; `news`: how often by now, None when that is not known."""
        if self.runner is not None and (news is None or news != self.news):
            self.news = self.news if news is None else news
            self.runner.news()


class Leases:
    """All runs that this worker holds."""

    def __init__(self, pool: Pool, *, lease_s: float) -> None:
        self._pool = pool
        self._lease_s = lease_s
        self._held: dict[UUID, Held] = {}

    def __len__(self) -> int:
        return len(self._held)

    def __contains__(self, run_id: UUID) -> bool:
        return run_id in self._held

    def add(self, held: Held) -> None:
        """From now on it is renewed."""
        self._held[held.claim.run_id] = held

    def remove(self, held: Held) -> None:
        """It is settled, or somebody else's."""
        if self._held.get(held.claim.run_id) is held:
            del self._held[held.claim.run_id]

    def stop(self, run_id: UUID, why: Stop) -> None:
        """Stops one run, if it is here."""
        held = self._held.get(run_id)
        if held is not None:
            held.stop(why)

    def told(self, run_id: UUID) -> None:
        """A run was told something, if it is here."""
        held = self._held.get(run_id)
        if held is not None:
            held.told()

    def stop_all(self, why: Stop) -> None:
        """Stops every run."""
        for held in list(self._held.values()):
            held.stop(why)

    async def renew(self) -> bool:
        """One round; False when the database is away, which is logged: try again soon."""
        held = sorted(self._held.values(), key=lambda one: one.claim.run_id)
        if not held:
            return True
        try:
            rows = await fetch(
                self._pool,
                RENEW,
                {
                    "runs": Uuids(one.claim.run_id for one in held),
                    "fences": Ints(one.claim.fence for one in held),
                    "lease_s": self._lease_s,
                },
            )
        except (psycopg.Error, OSError) as error:
            log.warning("leases_not_renewed", runs=len(held), error=type(error).__name__)
            return False
        found = {row["run_id"]: row for row in rows}
        for one in held:
            row = found.get(one.claim.run_id)
            if row is None:
                one.stop(Stop.FENCED)  # ended ones are done already and do not mind
                continue
            if row["cancel_requested"]:
                one.stop(Stop.CANCELLED)
            one.told(row["news"])
        return True
