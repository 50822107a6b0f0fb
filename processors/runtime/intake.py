"""Takes the runs that doorbells announce, as far as there is room; the others wait in the database.

No thread and no memory waits with them: as places become free, the oldest are fetched from where they are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import UUID

import psycopg
import structlog

from processors.runtime.claims import Claim, Claims
from processors.runtime.executor import Carried, Executor
from processors.runtime.gatherer import Gatherer
from processors.runtime.lanes import Lane, Lanes
from processors.runtime.leases import Leases

log = structlog.get_logger(__name__)
LOT = 100  # claimed in one statement; between two lots what runs gets its turn
FETCH_MOST = 500
FETCH_AFTER_S = 0.05
WAITS = "Waits for its turn: {count} runs of this workspace are under way in this worker."
Line = tuple[UUID, str]  # the workspace and the processor whose runs wait


class Intake:
    """The door of one worker process."""

    def __init__(self, claims: Claims, leases: Leases, executor: Executor, *, places: int) -> None:
        self._claims = claims
        self._leases = leases
        self._executor = executor
        self._lanes = Lanes(places)
        self._gatherer: Gatherer[UUID, Carried | None] = Gatherer(self._take, most=LOT)
        self._lines: dict[Line, None] = {}  # in the order in which they are looked at
        self._fetching: asyncio.Task[None] | None = None
        self._has_left = False
        self._taking = 0
        self.draining = False

    async def ring(self, run_ids: Sequence[UUID]) -> list[Carried | None]:
        """For each run its task, or None when it is not this worker's to take. Raises psycopg.Error."""
        return await asyncio.gather(*(self._gatherer.put(run_id) for run_id in run_ids))

    def close(self) -> None:
        """Takes nothing new; the scheduler rings again, elsewhere."""
        self.draining = True
        self._lines.clear()
        if self._fetching is not None:
            self._fetching.cancel()

    @property
    def is_taking(self) -> bool:
        """Whether a claim is under way: what it brings will have to be handed back."""
        return self._taking > 0

    async def _take(self, run_ids: list[UUID]) -> Sequence[Carried | None]:
        if self.draining:
            return [None] * len(run_ids)
        self._taking += 1
        try:
            return await self._taken(run_ids)
        finally:
            self._taking -= 1

    async def _taken(self, run_ids: list[UUID]) -> Sequence[Carried | None]:
        # A lease of ours may have run out while the database was away: what is in hand is not taken from oneself.
        wanted = [run_id for run_id in dict.fromkeys(run_ids) if run_id not in self._leases]
        if not self._lanes.certainly_takes(len(wanted)):
            wanted = await self._with_room(wanted)
        launched = {claim.run_id: self._launch(claim) for claim in await self._claims.take(wanted)}
        await self._miss([run_id for run_id in wanted if run_id not in launched])
        return [launched.pop(run_id, None) for run_id in run_ids]  # a second doorbell for the same run gets nothing

    async def _miss(self, run_ids: list[UUID]) -> None:
        """A doorbell may be older than the database: of a run that a restored backup does not have."""
        unknown = await self._claims.unknown(run_ids) if run_ids else 0
        if unknown:
            log.warning("doorbell_dropped", runs=unknown, reason="there are no such runs")

    def _launch(self, claim: Claim) -> Carried:
        lane = Lane(claim.workspace_id, claim.target)
        self._lanes.enter(lane)
        task = self._executor.launch(claim)
        task.add_done_callback(lambda _: self._leave(lane))
        return task

    def _leave(self, lane: Lane) -> None:
        self._lanes.leave(lane)
        self._has_left = True
        if self._lines and self._fetching is None and not self.draining:
            self._fetching = asyncio.create_task(self._fetch())

    async def _with_room(self, run_ids: list[UUID]) -> list[UUID]:
        """Those that have a place; the others are left, and their line is remembered."""
        taken: list[tuple[UUID, Lane]] = []
        left: dict[UUID, list[UUID]] = {}
        for row in await self._claims.whose(run_ids):
            lane = Lane(row["workspace_id"], row["target"])
            if self._lanes.has_room(lane):
                self._lanes.enter(lane)
                taken.append((row["run_id"], lane))
            else:
                left.setdefault(lane.workspace_id, []).append(row["run_id"])
                self._lines[lane.workspace_id, row["processor_tag"]] = None
        held = {workspace_id: self._lanes.of_workspace(workspace_id) for workspace_id in left}
        for _, lane in taken:  # whoever is claimed enters again
            self._lanes.leave(lane)
        for workspace_id, waiting in left.items():
            await self._claims.leave(waiting, WAITS.format(count=held[workspace_id]))
            log.info("runs_wait_for_their_turn", workspace_id=str(workspace_id), runs=len(waiting))
        return [run_id for run_id, _ in taken]

    async def _fetch(self) -> None:
        """Looks a moment later, when more places have become free, and as long as there is something to take."""
        try:
            while self._lines:
                await asyncio.sleep(FETCH_AFTER_S)
                self._has_left = False
                if not await self._fetch_round() and not self._has_left:
                    break
        except (psycopg.Error, OSError) as error:
            log.warning("intake_waits", error=type(error).__name__)
        finally:
            self._fetching = None

    async def _fetch_round(self) -> bool:
        """One look into every line that may be served now; whether anything was there."""
        found = False
        for workspace_id, processor in list(self._lines):
            room = self._lanes.room_of(workspace_id)
            full = self._lanes.full_targets(workspace_id)
            if not room:
                continue
            most = min(room, FETCH_MOST)
            run_ids = await self._claims.next(workspace_id, processor, but=full, most=most)
            if not run_ids and not full:
                self._lines.pop((workspace_id, processor), None)
            if run_ids:
                found = True
                await self.ring(run_ids)
        return found
