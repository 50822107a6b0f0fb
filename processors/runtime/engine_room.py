"""Everything one worker process runs its runs with: started once inside its event loop, stopped once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
import redis.asyncio
import structlog
from django.conf import settings

from processors.conf import Knobs
from processors.connectors.http.connector import HttpConnector
from processors.engine.events import Event, RunEnded, RunWaits
from processors.live import topics, wire
from processors.live.announcer import Announcer
from processors.runtime import asks, meters
from processors.runtime.claims import Claim, Claims, Worker
from processors.runtime.clock import WallClock
from processors.runtime.composition import Composer
from processors.runtime.connection_health import ConnectionHealth
from processors.runtime.contact import Contact
from processors.runtime.database import Pool, open_pool
from processors.runtime.executor import Executor, Parts
from processors.runtime.heartbeat import Heartbeat, Identity
from processors.runtime.intake import Intake
from processors.runtime.journal import Writer
from processors.runtime.leases import Leases, Stop
from processors.runtime.loader import Loader
from processors.runtime.looks import Looks
from processors.runtime.resource_connectors import resource_means
from processors.runtime.steps import Means
from processors.runtime.tokens import Tokens
from products.lib.safe_http import GuardedClient
from products.services.egress import address_policy

log = structlog.get_logger(__name__)
WAKES_WITHIN_S = 900.0
WAKES_AFTER_S = 0.02  # the clocks of this process and of the database differ a little
WAKES_MOST = 10_000
ENDS_S = 2.0
HEALTH_EVERY_S = 1.0  # pages show how connections do, and are live


class EngineRoom:
    """One per worker process, inside its loop."""

    def __init__(self, pool: Pool, identity: Identity, knobs: Knobs) -> None:
        self._pool = pool
        self._knobs = knobs
        self._valkey: Any = redis.asyncio.Redis.from_url(settings.VALKEY_URL, socket_timeout=5)
        self._announcer = Announcer(self._valkey)
        self._http = HttpConnector(
            GuardedClient(address_policy(), limit=knobs.runs_most, per_host=knobs.per_host_connections)
        )
        self._health = ConnectionHealth(pool)
        self._resources = resource_means(pool, max_bytes=knobs.response_max_bytes)
        self._moved: set[topics.Topic] = set()
        self._looks = Looks(pool, self._valkey, self._resources)
        self._leases = Leases(pool, lease_s=knobs.lease_s)
        self._heartbeat = Heartbeat(pool, identity)
        # What is renewed in time outlives a gap of this length.
        self._contact = Contact(gap_s=max(knobs.lease_s - knobs.renew_s, 2 * knobs.heartbeat_s))
        self.executor = Executor(self._parts(), self._offer)
        self._wakes = 0
        self._offers: set[asyncio.Task[None]] = set()
        self._looking: set[asyncio.Task[None]] = set()
        worker = Worker(identity.id, identity.name)
        claims = Claims(pool, worker, self._contact, lease_s=knobs.lease_s)
        self.intake = Intake(claims, self._leases, self.executor, places=knobs.runs_most)
        self._background: list[asyncio.Task[None]] = []

    @classmethod
    async def open(cls, identity: Identity, knobs: Knobs) -> EngineRoom:
        """Ready to execute."""
        room = cls(await open_pool(most=knobs.database_connections), identity, knobs)
        room._background = [
            asyncio.create_task(_every(knobs.renew_s, room._renew)),
            asyncio.create_task(_every(knobs.heartbeat_s, room._beat)),
            asyncio.create_task(_every(min(HEALTH_EVERY_S, knobs.heartbeat_s), room._store_health)),
            asyncio.create_task(asks.listen(settings.VALKEY_URL, room.cancel, room.told)),
        ]
        return room

    def cancel(self, run_id: UUID) -> None:
        """Stops a run, if it is here."""
        self._leases.stop(run_id, Stop.CANCELLED)

    def told(self, run_id: UUID) -> None:
        """A run was told something, if it is here."""
        self._leases.told(run_id)

    async def look(self, look_id: UUID) -> None:
        """Answers who wants to see something of a resource."""
        task = asyncio.ensure_future(self._looks.answer(look_id))
        self._looking.add(task)
        task.add_done_callback(self._looking.discard)
        await task

    def _offer(self, run_ids: Sequence[UUID]) -> None:
        """These may be due now: their holder hears of it, and if there is none, they are taken as if one had rung."""
        if self.intake.draining:
            return
        for run_id in run_ids:
            self._leases.told(run_id)
        task = asyncio.create_task(self._offered([run_id for run_id in run_ids if run_id not in self._leases]))
        self._offers.add(task)
        task.add_done_callback(self._offers.discard)

    def _wake_at(self, moment: datetime, run_id: UUID) -> None:
        """Soon enough it is this worker that looks, to the moment; the scheduler would, some seconds later."""
        seconds = (moment - datetime.now(UTC)).total_seconds()
        if seconds < WAKES_WITHIN_S and self._wakes < WAKES_MOST:
            self._wakes += 1
            asyncio.get_running_loop().call_later(max(0.0, seconds) + WAKES_AFTER_S, self._wake, run_id)

    def _wake(self, run_id: UUID) -> None:
        self._wakes -= 1
        self._offer([run_id])

    async def _offered(self, run_ids: Sequence[UUID]) -> None:
        if not run_ids:
            return
        try:
            taken = await self.intake.ring(run_ids)
            elsewhere = [run_id for run_id, task in zip(run_ids, taken, strict=True) if task is None]
            for run_id in elsewhere:
                await self._valkey.publish(wire.NEWS, str(run_id))
        except (psycopg.Error, OSError, redis.RedisError) as error:  # the scheduler rings again
            log.info("offer_not_taken", runs=len(run_ids), error=type(error).__name__)

    async def drain(self) -> None:
        """Takes nothing new, gives what runs a moment, hands the rest back."""
        self.intake.close()
        loop = asyncio.get_running_loop()
        until = loop.time() + self._knobs.shutdown_grace_s
        while self._is_busy and loop.time() < until:
            await asyncio.sleep(0.05)
        while self._is_busy and loop.time() < until + 2:
            self._leases.stop_all(Stop.HANDED_BACK)  # again: a claim that was under way may have come in meanwhile
            await asyncio.sleep(0.02)

    @property
    def _is_busy(self) -> bool:
        return len(self._leases) > 0 or self.intake.is_taking

    async def close(self) -> None:
        """Says goodbye and lets go of every connection."""
        self.intake.close()
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await asyncio.gather(_let_end(self._offers), _let_end(self._looking))
        await self._beat(stopped=True)
        with suppress(psycopg.Error, OSError):
            await self._health.store()
            await self._resources.health.store()
        await self._resources.connectors.close()
        await self._http.close()
        await self._announcer.close()
        await self._valkey.aclose()
        await self._pool.close()

    async def _renew(self) -> float | None:
        """After a round that failed the next comes sooner: leases run out meanwhile."""
        return None if await self._leases.renew() else min(1.0, self._knobs.renew_s / 2)

    async def _beat(self, *, stopped: bool = False) -> None:
        was_heard = await self._heartbeat.beat(
            running=len(self._leases), settled=self.executor.settled, draining=self.intake.draining, stopped=stopped
        )
        if was_heard:
            self._contact.felt()

    async def _store_health(self) -> None:
        """Whoever heard that a run moved on may have read the health too early: they hear once more."""
        moved, self._moved = self._moved, set()
        await self._health.store()
        await self._resources.health.store()
        for topic in moved:
            self._announcer.changed(topic, 0)

    def _parts(self) -> Parts:
        max_bytes = self._knobs.response_max_bytes
        tokens = Tokens(self._pool, self._http, max_bytes=max_bytes)
        return Parts(
            pool=self._pool,
            writer=Writer(self._pool),
            leases=self._leases,
            loader=Loader(self._pool),
            composer=Composer(),
            means=Means(self._http, tokens, self._health, max_bytes, self._resources),
            clock=WallClock(),
            heard=self._heard,
        )

    def _heard(self, claim: Claim, events: tuple[Event, ...], seq: int) -> None:
        """Called after every commit of a run; without events it was just claimed."""
        meters.count(events)
        has_ended = any(isinstance(event, RunEnded) for event in events)
        for event in events:
            if isinstance(event, RunWaits) and event.wake_at is not None:
                self._wake_at(event.wake_at, claim.run_id)
        if has_ended:
            self._announcer.ended(claim.run_id)
        self._announcer.changed(topics.run(claim.run_id), seq)
        if has_ended or not events or any(isinstance(event, RunWaits) for event in events):
            self._announcer.changed(topics.runs(claim.product_id, claim.environment), seq)
            self._moved.add(topics.runs(claim.product_id, claim.environment))
            self._announcer.changed(topics.workspace(claim.workspace_id), seq)


async def _let_end(tasks: set[asyncio.Task[None]]) -> None:
    """A statement under way is let come to its end, for a moment; what is not done by then is broken off."""
    if not tasks:
        return
    _, late = await asyncio.wait(list(tasks), timeout=ENDS_S)
    for task in late:
        task.cancel()
    await asyncio.gather(*late, return_exceptions=True)


async def _every(seconds: float, work: Callable[[], Coroutine[Any, Any, float | None]]) -> None:
    """Again and again; the work may ask to be called sooner by the seconds that it returns."""
    while True:
        sooner: float | None = None
        try:
            sooner = await work()
        except (psycopg.Error, OSError) as error:
            log.warning("background_work_waits", error=type(error).__name__)
        except Exception:
            log.exception("background_work_failed")
        await asyncio.sleep(seconds if sooner is None else sooner)
