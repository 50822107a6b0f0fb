"""The one event loop of a worker process, in a thread of its own; tasks hand it runs."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from uuid import UUID

import structlog

from processors.conf import knobs
from processors.engine.states import RunState
from processors.runtime.engine_room import EngineRoom
from processors.runtime.heartbeat import Identity
from products.models.base import new_id

log = structlog.get_logger(__name__)
START_S = 30.0


class WorkerLoop:
    """A running event loop with an engine room in it."""

    def __init__(self, *, queues: str = "[]") -> None:
        self.pid = os.getpid()
        self.identity = Identity(new_id(), queues, knobs().runs_most)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="runtime", daemon=True)
        self._thread.start()
        opening = asyncio.run_coroutine_threadsafe(EngineRoom.open(self.identity, knobs()), self._loop)
        self._room = opening.result(START_S)
        self._draining: Future[None] | None = None

    def ring(self, run_ids: Sequence[UUID]) -> Future[int]:
        """Takes what there is room for; done when it has begun, with how many runs that are. Raises psycopg.Error."""
        return asyncio.run_coroutine_threadsafe(self._taken(run_ids), self._loop)

    def submit(self, run_id: UUID) -> Future[RunState | None]:
        """Executes one run; the future is done when the worker has let go of it. Raises psycopg.Error."""
        return asyncio.run_coroutine_threadsafe(self._executed(run_id), self._loop)

    def look(self, look_id: UUID) -> Future[None]:
        """Answers who wants to see something of a resource."""
        return asyncio.run_coroutine_threadsafe(self._room.look(look_id), self._loop)

    def drain(self) -> Future[None]:
        """Takes nothing new and settles or hands back what it has."""
        if self._draining is None:
            self._draining = asyncio.run_coroutine_threadsafe(self._room.drain(), self._loop)
        return self._draining

    def stop(self, *, timeout_s: float = 5.0) -> None:
        """Hands back what is left, closes everything and ends the thread."""
        try:
            if self._draining is not None:
                self._draining.result(knobs().shutdown_grace_s + timeout_s)
            asyncio.run_coroutine_threadsafe(self._room.close(), self._loop).result(timeout_s)
        except TimeoutError:
            log.warning("runtime_did_not_close")
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout_s)
        if not self._thread.is_alive():
            self._loop.close()

    async def _taken(self, run_ids: Sequence[UUID]) -> int:
        return sum(task is not None for task in await self._room.intake.ring(run_ids))

    async def _executed(self, run_id: UUID) -> RunState | None:
        (task,) = await self._room.intake.ring([run_id])
        return await task if task is not None else None


_lock = threading.Lock()
_current: WorkerLoop | None = None


def start(*, queues: str = "[]") -> WorkerLoop:
    """The loop of this process, started if it is not; a forked child gets one of its own."""
    global _current
    with _lock:
        if _current is None or _current.pid != os.getpid():
            _current = WorkerLoop(queues=queues)
        return _current


def running() -> WorkerLoop | None:
    """The loop of this process, if there is one."""
    return _current if _current is not None and _current.pid == os.getpid() else None


def stop() -> None:
    """Ends the loop of this process."""
    global _current
    with _lock:
        current, _current = running(), None
    if current is not None:
        current.stop()
