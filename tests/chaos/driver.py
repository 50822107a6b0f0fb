"""Load over REST: many callers that start runs under idempotency keys and note what they hear."""

from __future__ import annotations

import asyncio
import random
import threading
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.chaos.history import History, Operation, Outcome
from tests.chaos.stage import Way

# Refused before anything was written; whatever else is not a success leaves open what happened.
REFUSALS = frozenset({400, 401, 403, 404, 409, 413, 415, 429})
PATIENCE_S = 12.0


@dataclass
class Driver:
    """Callers in a thread of their own, until they are told to stop."""

    addresses: tuple[str, ...]
    way: Way
    history: History = field(default_factory=History)
    callers: int = 4
    seed: int = 1
    pause_s: float = 0.05
    moods: tuple[str, ...] = ("",)
    prefix: str = "run"
    feature: str = ""  # instead of an action
    _enough: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _number: int = 0
    _asked: int = 0

    def start(self) -> Driver:
        """Callers call."""
        self._thread = threading.Thread(target=lambda: asyncio.run(self._all()), name="driver", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """No new calls; those in flight are heard to their end."""
        self._enough.set()
        if self._thread is not None:
            self._thread.join(PATIENCE_S + 5)

    def settle_unknown(self) -> None:
        """Asks again, by the same key, for every start of which nobody knows whether it happened."""
        asyncio.run(self._again())

    async def _all(self) -> None:
        async with self._session() as session:
            await asyncio.gather(*(self._caller(session, number) for number in range(self.callers)))

    async def _caller(self, session: aiohttp.ClientSession, caller: int) -> None:
        chance = random.Random(self.seed * 1_000 + caller)
        while not self._enough.is_set():
            self._number += 1
            name = f"{self.prefix}-{self.seed}-{caller}-{self._number}"
            operation = Operation(name, f"key-{name}", chance.randrange(1_000), chance.choice(self.moods))
            await self.start_run(session, operation)
            await asyncio.sleep(self.pause_s * (0.5 + chance.random()))

    async def start_run(self, session: aiohttp.ClientSession, operation: Operation) -> None:
        """One start, noted."""
        try:
            status, body = await self._post(session, operation)
        except aiohttp.ClientConnectorError:
            self.history.note(operation, Outcome.FAILED)  # nobody was there to hear it
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            self.history.note(operation, Outcome.UNKNOWN)
        else:
            if status in {200, 201, 202}:
                self.history.note(operation, Outcome.OK, status=status, run=body["id"])
            else:
                self.history.note(operation, Outcome.FAILED if status in REFUSALS else Outcome.UNKNOWN, status=status)

    async def _again(self) -> None:
        async with self._session() as session:
            for operation in self.history.of(Outcome.UNKNOWN):
                await self.start_run(session, operation)

    async def _post(self, session: aiohttp.ClientSession, operation: Operation) -> tuple[int, Any]:
        given = {"id": operation.marker, "amount": operation.amount, "mood": operation.mood}
        what = {"feature": self.feature} if self.feature else {"app": "api", "action": "echo"}
        body = {"product": self.way.product, "environment": "dev", **what, "input": given}
        kind = "feature" if self.feature else "action"
        url = f"{self._address()}/api/v1/workspaces/{self.way.workspace}/processor/{kind}/run"
        async with session.post(url, json=body, headers={"Idempotency-Key": operation.key}) as answer:
            return answer.status, await answer.json(content_type=None)

    def _address(self) -> str:
        """Of one web process after the other, as behind a balancer."""
        self._asked += 1
        return self.addresses[self._asked % len(self.addresses)]

    def _session(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            headers={"Authorization": f"Bearer {self.way.key}"}, timeout=aiohttp.ClientTimeout(total=PATIENCE_S)
        )
