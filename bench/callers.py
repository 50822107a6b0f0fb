"""Callers of an HTTP address: one at a time, and many at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp


@dataclass(frozen=True, slots=True)
class Call:
    """What is asked, again and again; an answer counts when it has one of `good` and, if `state` is set, that state."""

    url: str
    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)
    good: tuple[int, ...] = (200, 201)
    state: str = ""

    async def once(self, session: aiohttp.ClientSession) -> bool:
        """Whether the answer counts."""
        try:
            async with session.post(self.url, json=self.body, headers=self.headers) as answer:
                found = await answer.json()
        except (aiohttp.ClientError, TimeoutError):
            return False
        return answer.status in self.good and (not self.state or found.get("state") == self.state)


@dataclass(frozen=True, slots=True)
class Measured:
    """The times of good answers in milliseconds, how many were not good, and how long it all took in seconds."""

    times: tuple[float, ...]
    errors: int
    seconds: float


async def one_at_a_time(call: Call, *, count: int) -> Measured:
    """One caller that asks again when it has its answer."""
    async with aiohttp.ClientSession() as session:
        return await _rounds(call, session, callers=1, until=lambda done, _: done >= count)


async def many_at_once(call: Call, *, callers: int, seconds: float) -> Measured:
    """Callers that all ask again as soon as they have an answer, for this long."""
    connector = aiohttp.TCPConnector(limit=callers)
    async with aiohttp.ClientSession(connector=connector) as session:
        return await _rounds(call, session, callers=callers, until=lambda _, passed: passed >= seconds)


async def _rounds(call: Call, session: aiohttp.ClientSession, *, callers: int, until: Any) -> Measured:
    times: list[float] = []
    errors = 0
    began = time.perf_counter()

    async def caller() -> None:
        nonlocal errors
        while not until(len(times) + errors, time.perf_counter() - began):
            asked = time.perf_counter()
            if await call.once(session):
                times.append((time.perf_counter() - asked) * 1000)
            else:
                errors += 1

    await asyncio.gather(*(caller() for _ in range(callers)))
    return Measured(tuple(times), errors, time.perf_counter() - began)
